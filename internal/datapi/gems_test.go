package datapi

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/catalog"
	"tokensync/internal/token"
)

func TestParseWishes(t *testing.T) {
	t.Parallel()
	keys := func(n int) string { return strings.TrimSuffix(strings.Repeat(`"`+token.SOL+`",`, n), ",") }
	for _, test := range []struct {
		name, body, bad string // bad is the parameter at fault
		want            map[string]*wish
	}{
		{name: "nothing", body: `{}`, want: map[string]*wish{}},
		{
			name: "as the scaffold has it", body: `{"recent":{"timeframe":"24h","partnerConfigs":["` + token.SOL + `"]},"graduated":{"timeframe":"5m"}}`,
			want: map[string]*wish{"recent": {new("24h"), []string{token.SOL}}, "graduated": {Timeframe: new("5m")}},
		},
		{
			name: "without a key", body: `{"aboutToGraduate":{"timeframe":"24h","partnerConfigs":[""]}}`,
			want: map[string]*wish{"aboutToGraduate": {new("24h"), []string{}}},
		},
		{name: "a hundred keys", body: `{"recent":{"partnerConfigs":[` + keys(100) + `]}}`, want: map[string]*wish{
			"recent": {Configs: strings.Split(strings.ReplaceAll(keys(100), `"`, ""), ",")},
		}},
		{name: "too many keys", body: `{"recent":{"partnerConfigs":[` + keys(101) + `]}}`, bad: "recent.partnerConfigs"},
		{name: "no key", body: `{"recent":{"partnerConfigs":["met-dbc"]}}`, bad: "recent.partnerConfigs"},
		{name: "no timeframe at all", body: `{"graduated":{"timeframe":""}}`, bad: "graduated.timeframe"},
		{name: "another timeframe", body: `{"graduated":{"timeframe":"1d"}}`, bad: "graduated.timeframe"},
		{name: "another list", body: `{"recent":{},"trending":{}}`, bad: "trending"},
		{name: "another filter", body: `{"recent":{"minMcap":1}}`, bad: "body"},
		{name: "null for a list", body: `{"recent":null}`, bad: "body"},
		{name: "null for a timeframe", body: `{"recent":{"timeframe":null}}`, bad: "body"},
		{name: "null for a key", body: `{"recent":{"partnerConfigs":[null]}}`, bad: "body"},
		{name: "null", body: `null`, bad: "body"},
		{name: "a list", body: `[]`, bad: "body"},
		{name: "nothing at all", body: ``, bad: "body"},
		{name: "two objects", body: `{} {}`, bad: "body"},
		{name: "broken off", body: `{"recent":{"timeframe":"24h"`, bad: "body"},
		{name: "a number for keys", body: `{"recent":{"partnerConfigs":7}}`, bad: "body"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseWishes([]byte(test.body))
			parameter, isBad := errors.AsType[*catalog.ParameterError](err)
			if test.bad != "" && (!isBad || parameter.Name != test.bad) || test.bad == "" && err != nil {
				t.Errorf("error %v, want %q at fault", err, test.bad)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzWishes: any body is refused by name, or asks for lists that there are, and for the same ones when it is written again.
func FuzzWishes(f *testing.F) {
	for _, body := range []string{
		`{}`, `{"recent":{"timeframe":"24h","partnerConfigs":["` + token.SOL + `",""]}}`, `{"graduated":null}`, `[]`, `{"recent":{}} 1`, `{"recent":{"a":1}}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		wishes, err := parseWishes(body)
		if err != nil {
			if _, isBad := errors.AsType[*catalog.ParameterError](err); !isBad || wishes != nil {
				t.Fatalf("%v, %v", wishes, err)
			}
			return
		}
		for name, w := range wishes {
			if _, ok := lists[name]; !ok || len(w.Configs) > maxConfigs {
				t.Fatalf("list %q of %d keys", name, len(w.Configs))
			}
		}
		text, err := json.Marshal(again(wishes))
		if err != nil {
			t.Fatal(err)
		}
		if back, err := parseWishes(text); err != nil || cmp.Diff(again(wishes), again(back)) != "" {
			t.Fatalf("%s: %v, %v", text, back, err)
		}
	})
}

// again returns wishes as a client would write them.
func again(wishes map[string]*wish) map[string]map[string]any {
	out := map[string]map[string]any{}
	for name, w := range wishes {
		out[name] = map[string]any{"partnerConfigs": append([]string{}, w.Configs...)}
		if w.Timeframe != nil {
			out[name]["timeframe"] = *w.Timeframe
		}
	}
	return out
}
