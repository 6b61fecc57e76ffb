package token

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseLaunchpadIDs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, value string
		want        []LaunchpadID
		err         string // a part of it
	}{
		{"one", "pump.fun", []LaunchpadID{"pump.fun"}, ""},
		{"a list", "a,b,a", []LaunchpadID{"a", "b"}, ""},
		{"space around", " a ,\tb\n", []LaunchpadID{"a", "b"}, ""},
		{"64 characters", strings.Repeat("é", 64), []LaunchpadID{LaunchpadID(strings.Repeat("é", 64))}, ""},
		{"empty", "", nil, "no launchpad ID is set"},
		{"blank", " \t\n", nil, "no launchpad ID is set"},
		{"only commas", ",,", nil, "no launchpad ID is set"},
		{"65 characters", strings.Repeat("x", 65), nil, "65 characters"},
		{"space inside", "a b", nil, "white space"},
		{"tab inside", "a\tb", nil, "control character"},
		{"NUL inside", "a\x00b", nil, "control character"},
		{"no-break space inside", "a\u00a0b", nil, "white space"},
		{"zero-width space inside", "a\u200bb", nil, "control character"},
		{"byte order mark", "\ufeffab", nil, "control character"},
		{"invalid UTF-8", "a\xffb", nil, "control character"},
		{"one bad in a list", "good,b d", nil, `"b d"`},
		{"fee claimer", "claimer:" + incident, []LaunchpadID{"claimer:" + incident}, ""},
		{"creator", "creator:" + incident, []LaunchpadID{"creator:" + incident}, ""},
		{"three claims on one key", incident + ", claimer:" + incident + ",creator:" + incident, []LaunchpadID{incident, "claimer:" + incident, "creator:" + incident}, ""},
		{"fee claimer without a key", "claimer:", nil, "not a public key"},
		{"fee claimer that is a name", "claimer:pump.fun", nil, "not a public key"},
		{"key cut short", "creator:" + incident[:30], nil, "not a public key"},
		{"key with a letter too many", "creator:" + incident + "1", nil, "not a public key"},
		{"claim misspelt", "claimr:" + incident, nil, "written bare"},
		{"claim in capitals", "Creator:" + incident, nil, "written bare"},
		{"space after the colon", "creator: " + incident, nil, "white space"},
		{"in double quotes", `"` + incident + `"`, nil, "written bare"},
		{"in single quotes", "'" + incident + "'", nil, "written bare"},
		{"in typographic quotes", "“" + incident + "”", nil, "written bare"},
		{"in backquotes", "`" + incident + "`", nil, "written bare"},
		{"a JSON array", `["` + incident + `","a"]`, nil, "written bare"},
		{"a JSON object", `{"id":"` + incident + `"}`, nil, "written bare"},
		{"semicolons", incident + ";a", nil, "written bare"},
		{"parentheses", "(a)", nil, "written bare"},
		{"byte order mark in front", "\ufeff" + incident, nil, "control character"},
		{"zero-width space after", incident + "\u200b", nil, "control character"},
		{"a template's placeholder", "<no value>", nil, "written bare"},
		{"a placeholder without spaces", "<none>", nil, "written bare"},
		{"a comma", ",", nil, "no launchpad ID is set"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseLaunchpadIDs(tt.value)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error is %v, want one with %q", err, tt.err)
			}
		})
	}
	if _, err := ParseLaunchpadIDs(""); !errors.Is(err, ErrNoLaunchpadID) {
		t.Errorf("error is %v, not ErrNoLaunchpadID", err)
	}
}

// incident is the launchpad ID of the incident.
const incident = "56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V"

func TestClaim(t *testing.T) {
	t.Parallel()
	for id, want := range map[LaunchpadID]struct {
		by   Claim
		text string
	}{
		"pump.fun": {ByName, "pump.fun"}, "a:b": {ByName, "a:b"},
		incident:              {ByConfig, incident},
		"claimer:" + incident: {ByClaimer, incident}, "creator:" + incident: {ByCreator, incident},
	} {
		if by, text := id.Claim(); by != want.by || text != want.text {
			t.Errorf("%q claims by %q %q", id, by, text)
		}
	}
}

func TestIsPublicKey(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		SOL: true, "11111111111111111111111111111111": true,
		"": false, "pump.fun": false, SOL + "1": false, SOL[1:]: false, strings.Replace(SOL, "S", "0", 1): false,
	} {
		if IsPublicKey(s) != want {
			t.Errorf("IsPublicKey(%q) is not %v", s, want)
		}
	}
}

func TestCleanURI(t *testing.T) {
	t.Parallel()
	long := "https://a.example/" + strings.Repeat("x", 600)
	for in, want := range map[string]string{
		"https://a.example/1.json\x00\x00": "https://a.example/1.json", " ipfs://Qm/é ": "ipfs://Qm/é", "": "",
		"https://a.example/a b": "", "https://a\x07": "", "https://a\u202e": "", "https://\xff": "", long: "", long[:512]: long[:512],
	} {
		if got := CleanURI(in); got != want {
			t.Errorf("CleanURI(%.40q) = %.40q, want %.40q", in, got, want)
		}
	}
}

func TestCleanName(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"plain", "Louie", "Louie"},
		{"trimmed", "  Louie ", "Louie"},
		{"control characters", "a\x00b\x1bc\u0085d\x7f", "abcd"},
		{"line breaks", "a\nb\u2028c", "a b c"},
		{"text direction", "a\u202egpj\u2066b\u200f", "agpjb"},
		{"zero-width spaces", "\u200b\u200b", ""},
		{"soft hyphen", "\u00ad", ""},
		{"word joiner", "\u2060", ""},
		{"Hangul filler", "\u3164", ""},
		{"empty Braille", " \u2800 ", ""},
		{"joiners and selectors alone", "\u200d\ufe0f\U000e0100", ""},
		{"no-break and ideographic spaces", "\u00a0\u3000", ""},
		{"ink between fillers", "\u3164a", "\u3164a"},
		{"emoji with joiners", "👩\u200d🚀", "👩\u200d🚀"},
		{"invalid UTF-8", "a\xffb", "a\ufffdb"},
		{"too long", strings.Repeat("é", 500), strings.Repeat("é", 128)},
		{"only control characters", "\x01\x02", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := CleanName(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
