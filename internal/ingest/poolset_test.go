package ingest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/token"
)

// TestPoolSet keeps mints apart whose hashes are the same, and gives each of them once.
func TestPoolSet(t *testing.T) {
	t.Parallel()
	for name, hash := range map[string]func(string) uint64{
		"hashes differ": newPoolSet().hash, "all the same": func(string) uint64 { return 7 },
		"neighbours": func(s string) uint64 { return uint64(len(s)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newPoolSet()
			s.hash = hash
			add := func(mint string, n int) {
				s.add(&token.Pool{Address: fmt.Sprint(mint, n), Base: token.Asset{Mint: mint}})
			}
			mints := []string{"a", "bb", "c", "dd", "e"}
			for n := range 3 {
				for _, mint := range mints {
					add(mint, n)
				}
			}
			if !s.has("a") || s.has("x") {
				t.Error("has")
			}
			first, ok := s.take("c", []token.Pool{{Address: "kept"}})
			if diff := cmp.Diff([]string{"kept", "c0", "c1", "c2"}, addresses(first)); diff != "" || !ok {
				t.Error(diff)
			}
			if _, ok := s.take("c", nil); ok || !s.has("c") {
				t.Error("taken twice")
			}
			var left []string
			for few := range s.left(2) {
				if len(few) > 2 {
					t.Errorf("%d at a time", len(few))
				}
				left = append(left, few...)
				for _, mint := range few {
					s.take(mint, nil)
				}
			}
			slices.Sort(left)
			if diff := cmp.Diff([]string{"a", "bb", "dd", "e"}, left); diff != "" {
				t.Error(diff)
			}
			add("c", 9) // found once more, after it was used
			if again, ok := s.take("c", nil); !ok || len(again) != 1 || again[0].Address != "c9" {
				t.Errorf("%v", again)
			}
		})
	}
}

func addresses(pools []token.Pool) (list []string) {
	for _, p := range pools {
		list = append(list, p.Address)
	}
	return list
}
