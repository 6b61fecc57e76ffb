package meteora

import (
	"bytes"
	"testing"
)

func TestNeedleGoesByItsRarestByte(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]byte{ours: 'V', "pump.fun": 'u', "a~b": '~', "": 0} {
		if n := newNeedle(text); text != "" && n.text[n.rare] != want {
			t.Errorf("%q is looked for by %q, not by %q", text, n.text[n.rare], want)
		}
	}
}

// FuzzNeedle compares it with bytes.Contains.
func FuzzNeedle(f *testing.F) {
	for _, p := range []string{"", "a", "aab", "xxaabyy", "aaaab", `{"launchpad":"` + ours + `"}`, ours[1:] + ours} {
		for _, text := range []string{"", "a", "aab", "aaab", ours} {
			f.Add([]byte(p), text)
		}
	}
	f.Fuzz(func(t *testing.T, p []byte, text string) {
		n := newNeedle(text)
		if got, want := n.in(p), bytes.Contains(p, []byte(text)); got != want {
			t.Errorf("%q in %q: %v, want %v", text, p, got, want)
		}
	})
}
