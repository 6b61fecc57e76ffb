package catalog

import (
	"encoding/base64"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

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
		name  string
		query Query
		after board.Position
	}{
		{"created", Query{}, board.Position{Value: 1.77e12, Mint: token.SOL}},
		{"unknown value", Query{Sort: board.TVL}, board.Position{Value: math.Inf(-1), Mint: token.SOL}},
		{"small value", Query{Sort: board.TVL}, board.Position{Value: 5e-324, Mint: token.USDC}},
		{"symbol", Query{Sort: board.Symbol}, board.Position{Text: "éclair <&> \u2028🚀", Mint: token.USDC}},
		{"no symbol", Query{Sort: board.Symbol}, board.Position{Mint: token.USDC}},
		{"search", Query{Search: "É"}, board.Position{Rank: 2, Value: 7, Mint: token.USDC}},
	}
	for _, test := range tests {
		q := normal(t, test.query)
		want := cursor{query: q.binding(), version: 1 << 40, after: &test.after}
		got, err := parseCursor(want.encode(), &q)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(cursor{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		for n := 1; n < len(want.encode()); n++ {
			if _, err := parseCursor(want.encode()[:n], &q); err == nil {
				t.Errorf("%s: cut to %d characters it is still accepted", test.name, n)
			}
		}
	}
}

// TestCursorIsBound to everything that a list depends on, and to nothing else.
func TestCursorIsBound(t *testing.T) {
	t.Parallel()
	plain := normal(t, Query{Sort: board.TVL, Search: "Cat"})
	s := (&cursor{query: plain.binding(), version: 1, after: &board.Position{Value: 1, Mint: token.SOL}}).encode()
	for name, q := range map[string]Query{
		"sort": {Sort: board.Volume, Search: "Cat"}, "no search": {Sort: board.TVL}, "search": {Sort: board.TVL, Search: "Cats"},
		"order":     {Sort: board.TVL, Search: "Cat", Order: "asc"},
		"launchpad": {Sort: board.TVL, Search: "Cat", Launchpad: "met-dbc"},
		"stage":     {Sort: board.TVL, Search: "Cat", Stage: token.Bonding},
		"creator":   {Sort: board.TVL, Search: "Cat", Creator: token.SOL},
		"config":    {Sort: board.TVL, Search: "Cat", Configs: []string{token.SOL}},
	} {
		q := normal(t, q)
		if _, err := parseCursor(s, &q); !isBad(err, "cursor") {
			t.Errorf("another %s: %v", name, err)
		}
	}
	for name, q := range map[string]Query{
		"limit": {Sort: board.TVL, Search: "Cat", Limit: 7}, "case": {Sort: board.TVL, Search: " cAT "}, "explicit": {Sort: board.TVL, Search: "cat", Order: "desc"},
	} {
		q := normal(t, q)
		if _, err := parseCursor(s, &q); err != nil {
			t.Errorf("another %s: %v", name, err)
		}
	}
}

// FuzzCursor: whatever a client sends is refused by name, or is a place that encode could have written.
func FuzzCursor(f *testing.F) {
	plain, search, symbol := normal(f, Query{Sort: board.TVL}), normal(f, Query{Search: "sym"}), normal(f, Query{Sort: board.Symbol})
	queries := []*Query{&plain, &search, &symbol}
	f.Add((&cursor{plain.binding(), 3, &board.Position{Value: 1.5, Mint: token.SOL}}).encode())
	f.Add((&cursor{search.binding(), 3, &board.Position{Rank: 1, Value: 1.5, Mint: token.SOL}}).encode())
	f.Add((&cursor{symbol.binding(), 3, &board.Position{Text: "sym", Mint: token.SOL}}).encode())
	f.Add(base64.RawURLEncoding.EncodeToString(append([]byte{cursorVersion}, "012345678901234567890"...)))
	f.Add("e30")
	f.Fuzz(func(t *testing.T, s string) {
		for _, q := range queries {
			c, err := parseCursor(s, q)
			switch {
			case err != nil && !isBad(err, "cursor"):
				t.Errorf("error %v does not name the cursor", err)
			case err != nil || s == "":
				continue
			case c.encode() != s:
				t.Errorf("%q is accepted and would be written as %q", s, c.encode())
			case !validPosition(c.after, q):
				t.Errorf("accepted %+v", c.after)
			}
		}
	})
}

// isBad reports whether err blames the parameter.
func isBad(err error, parameter string) bool {
	bad, ok := errors.AsType[*ParameterError](err)
	return ok && bad.Name == parameter
}
