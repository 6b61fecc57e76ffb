package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/token"
)

func poolOf(mint string, n int) token.Pool {
	return token.Pool{Address: fmt.Sprint(mint, n), Base: token.Asset{Mint: mint}}
}

// TestPoolSet keeps mints and pools apart whose hashes are the same.
func TestPoolSet(t *testing.T) {
	t.Parallel()
	for name, hash := range map[string]func(string) uint64{
		"hashes differ": newPoolSet(0).hash, "all the same": func(string) uint64 { return 7 },
		"neighbours": func(s string) uint64 { return uint64(len(s)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newPoolSet(1 << 20)
			s.hash = hash
			mints := []string{"a", "bb", "c", "dd", "e"}
			for n := range 3 {
				for _, mint := range mints {
					p := poolOf(mint, n)
					if isNew, err := s.add(&p); !isNew || err != nil {
						t.Errorf("pool %s: new %v, error %v", p.Address, isNew, err)
					}
				}
			}
			if !s.hasMint("a") || s.hasMint("x") || !s.has("bb2", "bb") || s.has("bb2", "c") || s.has("bb3", "bb") {
				t.Error("has")
			}
			if diff := cmp.Diff([]string{"c0", "c1", "c2"}, addressesOf(s.of("c"))); diff != "" || len(s.of("x")) != 0 {
				t.Error(diff)
			}
			got := s.without(func(mint string) bool { return mint == "c" })
			if diff := cmp.Diff([]string{"a", "bb", "dd", "e"}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestARepeatedPoolIsKeptOnce: the later answer counts, a launchpad that only one of them names stays, and a server that
// repeats itself for ever fills no memory.
func TestARepeatedPoolIsKeptOnce(t *testing.T) {
	t.Parallel()
	s := newPoolSet(1 << 20)
	for i := range 10_000 {
		p := poolOf("m", i%3)
		p.TVLUSD, p.Blacklisted = token.Number(fmt.Sprint(1_000_000+i)), i > 5000
		if i < 3 {
			p.Launchpad = "pad"
		}
		if isNew, err := s.add(&p); isNew != (i < 3) || err != nil {
			t.Fatalf("pool %d: new %v, error %v", i, isNew, err)
		}
	}
	pools := s.of("m")
	if len(pools) != 3 || pools[0].TVLUSD != "1009999" || pools[2].Launchpad != "pad" || !s.allBlacklisted("m") || s.allBlacklisted("x") {
		t.Errorf("%+v", pools)
	}
	if s.bytes > 3*(refBytes+200) {
		t.Errorf("%d bytes for 3 pools", s.bytes)
	}
	long := poolOf("m", 0)
	long.Name = strings.Repeat("x", 500)
	if isNew, err := s.add(&long); isNew || err != nil || s.of("m")[0].Name != long.Name || len(s.of("m")) != 3 {
		t.Errorf("a longer answer: new %v, error %v, %+v", isNew, err, s.of("m"))
	}
}

// TestPoolSetIsBounded: what is known is still renewed when there is no room for more.
func TestPoolSetIsBounded(t *testing.T) {
	t.Parallel()
	const limit = 100 << 10
	s, n := newPoolSet(limit), 0
	for ; ; n++ {
		p := poolOf("m", n)
		if _, err := s.add(&p); errors.Is(err, errFull) {
			break
		}
	}
	if n < 300 || s.bytes > limit || len(s.of("m")) != n {
		t.Errorf("%d pools in %d bytes", n, s.bytes)
	}
	again := poolOf("m", 0)
	again.Blacklisted = true
	if isNew, err := s.add(&again); isNew || err != nil || !s.of("m")[0].Blacklisted {
		t.Errorf("new %v, error %v", isNew, err)
	}
}

func addressesOf(pools []token.Pool) (list []string) {
	for i := range pools {
		list = append(list, pools[i].Address)
	}
	slices.Sort(list)
	return list
}

// TestShares: every part has its turn, also when one of them alone is more than there is room for.
func TestShares(t *testing.T) {
	t.Parallel()
	const limit = 1000
	for _, mode := range []string{ModeFull, ModeRefresh} {
		var s share
		seen := map[byte]int{}
		for range 2000 {
			first, width := *s.first(mode), s.Width
			isFull := width == 0 || width > 4 || width > 1 && first < 4 // part 0 is too large for any run
			if first == 0 && width == 1 {
				isFull = true
			}
			if !isFull {
				for i := range width {
					seen[first+byte(i)]++
				}
			}
			s = s.next(mode, isFull, limit/2, 0, limit)
		}
		if len(seen) != parts-1 || seen[0] > 0 {
			t.Errorf("%s: %d parts had turns, part 0 %d", mode, len(seen), seen[0])
		}
	}
	if s := (share{Width: 128, Full: 7}).next(ModeFull, false, 10, 0, limit); s != (share{}) {
		t.Errorf("with room for all: %+v", s)
	}
	for _, tt := range []struct{ used, beside, width int }{{399, 0, 0}, {400, 0, 128}, {100, 749, 0}, {100, 750, 128}} {
		if s := (share{Width: 128}).next(ModeFull, false, tt.used, tt.beside, limit); s.Width != tt.width {
			t.Errorf("%d bytes used, %d beside: width %d, want %d", tt.used, tt.beside, s.Width, tt.width)
		}
	}
	var all share
	for i := range 1000 {
		if !all.has(fmt.Sprint(i), ModeFull) {
			t.Fatal("all of them lacks one")
		}
	}
}
