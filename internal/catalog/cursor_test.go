package catalog

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/token"
)

var cursorIDs = []token.LaunchpadID{"met-dbc", "pump.fun"}

func normal(t testing.TB, q Query) Query {
	t.Helper()
	q, err := q.normal()
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestCursorRoundTrip(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		query     Query
		positions map[token.LaunchpadID]Position
	}{
		{"created", Query{}, map[token.LaunchpadID]Position{"met-dbc": {"-1", token.SOL}}},
		{"two launchpads", Query{Sort: SortTVL}, map[token.LaunchpadID]Position{"met-dbc": {"0.000000000001", token.SOL}, "pump.fun": {"1.8e40", token.USDC}}},
		{"symbol", Query{Search: "É"}, map[token.LaunchpadID]Position{"pump.fun": {"éclair <&> \u2028🚀", token.USDC}}},
		{"no symbol", Query{Sort: SortSymbol}, map[token.LaunchpadID]Position{"pump.fun": {" ", token.USDC}}},
	}
	for _, test := range tests {
		q := normal(t, test.query)
		want := &cursor{query: q.binding(), positions: test.positions}
		got, err := parseCursor(want.encode(), &q, cursorIDs)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(cursor{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		for n := range want.encode() {
			if n == 0 {
				continue // no cursor at all
			}
			if _, err := parseCursor(want.encode()[:n], &q, cursorIDs); err == nil {
				t.Errorf("%s: cut to %d characters it is still accepted", test.name, n)
			}
		}
	}
}

// FuzzCursor: whatever a client sends is refused by name, or is a place that encode could have written, in a partition
// that the query reads anyway and inside its prefix.
func FuzzCursor(f *testing.F) {
	plain, search := normal(f, Query{Sort: SortTVL}), normal(f, Query{Search: "sym"})
	queries := []*Query{&plain, &search}
	f.Add((&cursor{plain.binding(), map[token.LaunchpadID]Position{"pump.fun": {"1.5", token.SOL}}}).encode())
	f.Add((&cursor{search.binding(), map[token.LaunchpadID]Position{"met-dbc": {"sym1", token.SOL}}}).encode())
	f.Add("e30")
	f.Fuzz(func(t *testing.T, s string) {
		for _, q := range queries {
			c, err := parseCursor(s, q, cursorIDs)
			var bad *ParameterError
			switch {
			case err != nil && (!errors.As(err, &bad) || bad.Name != "cursor"):
				t.Errorf("error %v does not name the cursor", err)
			case err != nil || s == "":
				continue
			case c.encode() != s:
				t.Errorf("%q is accepted and would be written as %q", s, c.encode())
			}
			for id, p := range c.positions {
				if id != "met-dbc" && id != "pump.fun" || !p.valid(q) {
					t.Errorf("accepted %s %+v", id, p)
				}
			}
		}
	})
}
