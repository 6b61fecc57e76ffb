package meteoratest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"
)

func TestRemoveAndRestore(t *testing.T) {
	t.Parallel()
	s := start(t, small())
	w := s.World(DLMM)
	gone := append(w.Ours()[:3:3], 0, 1, 2500, 4999)
	w.Remove(gone...)
	for _, by := range []string{"pool_created_at:asc", "pool_created_at:desc", "tvl:desc", "volume_1h:asc"} {
		rows := readAll(t, s, DLMM, "sort_by", by)
		seen := map[string]bool{}
		for _, r := range rows {
			seen[*r.Address] = true
		}
		if len(rows) != 5000-len(gone) || len(seen) != len(rows) {
			t.Errorf("%s: %d rows, %d pools", by, len(rows), len(seen))
		}
		if slices.ContainsFunc(gone, func(i int) bool { return seen[w.Address(i)] }) {
			t.Errorf("%s: a removed pool is listed", by)
		}
	}
	resp, _, _ := get(t, client(t, true), s.URL(DLMM)+"/pools/"+w.Address(2500))
	p := getPage(t, client(t, true), s.URL(DLMM), "filter_by", "pool_address="+w.Address(2500))
	if resp.StatusCode != http.StatusNotFound || p.Total != 0 {
		t.Errorf("a removed pool: status %d, total %d", resp.StatusCode, p.Total)
	}
	if len(w.Ours()) != 509 || w.Matching(DefaultLaunchpad) != 509 || s.World(DAMMv2).Total() != 5000 {
		t.Errorf("%d ours, %d matching", len(w.Ours()), w.Matching(DefaultLaunchpad))
	}
	w.Restore(gone...)
	if w.Total() != 5000 || len(w.Ours()) != 512 {
		t.Errorf("restored: %d pools, %d ours", w.Total(), len(w.Ours()))
	}
}

func TestAdd(t *testing.T) {
	t.Parallel()
	s := start(t, small())
	w := s.World(DLMM)
	newest := readAll(t, s, DLMM, "sort_by", "pool_created_at:asc")[4999].createdMS()
	w.Remove(w.Add(1, true)...)
	mine := w.Add(2, true)
	w.Add(3, false)
	rows := readAll(t, s, DLMM, "sort_by", "pool_created_at:desc")
	if len(rows) != 5005 || w.Total() != 5005 {
		t.Fatalf("%d rows, %d pools", len(rows), w.Total())
	}
	for i, r := range rows[:5] {
		if r.createdMS()+1000 <= newest || r.TVL <= 0 {
			t.Errorf("row %d: created %d after %d, TVL %v", i, r.createdMS(), newest, r.TVL)
		}
	}
	if got := *rows[4].Address; got != w.Address(mine[0]) {
		t.Errorf("the first of the added is %s", got)
	}
	if rows[4].launchpad() != DefaultLaunchpad || w.Matching(DefaultLaunchpad) != 514 || len(s.OurMints(DLMM)) != 502 {
		t.Errorf("%d matching, %d mints", w.Matching(DefaultLaunchpad), len(s.OurMints(DLMM)))
	}
	if rows[4].mint() != w.Mint(mine[0]) || !slices.Contains(s.OurMints(), rows[4].mint()) {
		t.Error("the added pool's mint is not among ours")
	}
}

func TestTouchAndBlacklist(t *testing.T) {
	t.Parallel()
	w := New(small()).World(DLMM)
	i := w.Ours()[5]
	before := w.JSON(i)
	w.Blacklist(true, i)
	if !bytes.Contains(w.JSON(i), []byte(`"is_blacklisted":true`)) {
		t.Error("not blacklisted")
	}
	w.Blacklist(false, i)
	if !bytes.Equal(w.JSON(i), before) {
		t.Error("the blacklist left something behind")
	}
	w.Touch(i)
	first := w.JSON(i)
	w.Touch(i)
	if bytes.Equal(first, before) || bytes.Equal(first, w.JSON(i)) {
		t.Error("a touch changes nothing")
	}
}

func TestTick(t *testing.T) {
	t.Parallel()
	cfg := small()
	cfg.StandStill = true
	s, twin := New(cfg), New(cfg)
	w := s.World(DLMM)
	for range 3 {
		before := map[int][]byte{}
		for _, i := range w.Ours() {
			before[i] = w.JSON(i)
		}
		s.Tick()
		twin.Tick()
		changed := 0
		for i, text := range before {
			if !bytes.Equal(text, w.JSON(i)) {
				changed++
			}
			if !bytes.Equal(w.JSON(i), twin.World(DLMM).JSON(i)) {
				t.Fatal("ticks differ between two servers of one seed")
			}
		}
		if changed < 20 || changed > 100 {
			t.Errorf("%d of 512 changed", changed)
		}
	}
}

// TestAnswersKeepOneView changes the world while a page is held up in its middle.
func TestAnswersKeepOneView(t *testing.T) {
	t.Parallel()
	cfg := small()
	cfg.Fault = OnPage(DLMM, 1, Fault{Cut: Stall, After: 200_000, Pause: 200 * time.Millisecond})
	s := start(t, cfg)
	response, err := client(t, false).Get(s.URL(DLMM) + "/pools?page=1&page_size=1000&sort_by=pool_created_at:asc")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	first := make([]byte, 1000)
	if _, err := io.ReadFull(response.Body, first); err != nil {
		t.Fatal(err)
	}
	s.World(DLMM).Remove(998, 999)
	s.Tick()
	var p page
	if err := json.NewDecoder(io.MultiReader(bytes.NewReader(first), response.Body)).Decode(&p); err != nil {
		t.Fatal(err)
	}
	if len(p.Data) != 1000 || *p.Data[999].Address != s.World(DLMM).Address(999) || s.World(DLMM).Total() != 4998 {
		t.Errorf("%d rows, total %d", len(p.Data), s.World(DLMM).Total())
	}
}

func TestWorldsWithoutPools(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Pools: -1, PoolsOf: map[string]int{DAMMv2: 3, DAMMv1: 1}, RateLimit: noLimits})
	if p := getPage(t, client(t, true), s.URL(DLMM)); p.Total != 0 || p.Pages != 0 || len(p.Data) != 0 {
		t.Errorf("%+v", p)
	}
	if rows := readAll(t, s, DAMMv2); len(rows) != 3 || len(s.World(DAMMv2).Ours()) != 3 {
		t.Errorf("%d rows, %d ours", len(rows), len(s.World(DAMMv2).Ours()))
	}
	none := New(Config{Pools: 10, Ours: -1})
	if n := none.World(DLMM).Matching(DefaultLaunchpad); n != 0 || len(none.OurMints()) != 0 {
		t.Errorf("%d matching, want none", n)
	}
}
