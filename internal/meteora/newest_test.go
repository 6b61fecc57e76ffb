package meteora_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// lists serves pools in the order of ages, newest first unless a test errs on purpose. Every pool is ours.
func lists(t *testing.T, ages []int64) (url string, requests *int) {
	t.Helper()
	requests = new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*requests++
		query := r.URL.Query()
		page, _ := strconv.Atoi(query.Get("page"))
		size, _ := strconv.Atoi(query.Get("page_size"))
		rows := []map[string]any{}
		for i := (page - 1) * size; i < min(page*size, len(ages)); i++ {
			row := map[string]any{
				"address": key("pool", i), "launchpad": "pad", "created_at": ages[i],
				"token_x": map[string]any{"address": key("mint", i)},
			}
			if ages[i] == 0 {
				delete(row, "created_at")
			}
			rows = append(rows, row)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"total": len(ages), "pages": (len(ages) + size - 1) / size, "current_page": page, "page_size": size, "data": rows,
		})
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

const minute, noon = int64(60_000), int64(1_770_000_000_000)

// every spreads n pools evenly, the newest at noon.
func every(step int64, n int) []int64 {
	ages := make([]int64, n)
	for i := range ages {
		ages[i] = noon - int64(i)*step
	}
	return ages
}

// TestNewest reads no further back than it has to, and never less.
func TestNewest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ages            []int64
		since           int64
		pools, requests int
		err             error
	}{
		"nothing new":             {every(8*minute, 1000), noon, 100, 1, nil},
		"a busy minute":           {every(1000, 1000), noon, 100, 1, nil},
		"all at once":             {slices.Repeat([]int64{noon}, 1000), noon, 100, 1, nil},
		"the overlap is a page":   {every(1000, 1000), noon - 10_000, 200, 2, nil},
		"or ten minutes":          {every(minute, 1000), noon - 85*minute, 100, 1, nil},
		"and not less":            {every(minute, 1000), noon - 90*minute, 200, 2, nil},
		"three pages of new ones": {every(8*minute, 1000), noon - 8*290*minute, 300, 3, nil},
		"fewer pools than a page": {every(minute, 7), 0, 7, 1, nil},
		"no pools":                {nil, noon, 0, 1, nil},
		"too many new ones":       {every(minute, 3000), 0, 2000, 20, syncrun.ErrGap},
		"unknown ages":            {make([]int64, 3000), noon, 2000, 20, syncrun.ErrGap},
		"some unknown ages":       {append([]int64{0, noon, 0}, every(8*minute, 1000)...), noon, 100, 1, nil},
		"unsorted":                {slices.Sorted(slices.Values(every(8*minute, 1000))), noon, 1, 1, syncrun.ErrGap},
		"unsorted and dense":      {slices.Sorted(slices.Values(every(1000, 1000))), noon, 61, 1, syncrun.ErrGap},
		"a little disorder":       {slices.Repeat([]int64{noon, noon - 50_000}, 100), noon, 100, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, requests := lists(t, tt.ages)
			stats, found := new(syncrun.Counts), 0
			var failed error
			for p, err := range newClient(t, token.DLMM, url).Newest(t.Context(), []token.LaunchpadID{"pad"}, tt.since, stats) {
				if failed = err; err == nil && p.Address != key("pool", found) {
					t.Errorf("pool %d is %s", found, p.Address)
				}
				if err == nil {
					found++
				}
			}
			if !errors.Is(failed, tt.err) || found != tt.pools || *requests != tt.requests {
				t.Errorf("%d pools in %d requests, error %v", found, *requests, failed)
			}
			if tt.err == nil && tt.pools > 0 && stats.Newest.Load() != noon {
				t.Errorf("the newest is of %d, want %d", stats.Newest.Load(), noon)
			}
		})
	}
}

// TestNewestOfOurs leaves out what is not ours. DAMM v1 is asked for ours only, and is not read on when it returns others.
func TestNewestOfOurs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		product token.Product
		ignores bool
		old     bool // pools that are not new come too
	}{
		"dlmm": {token.DLMM, false, false}, "damm-v2": {token.DAMMv2, false, false}, "damm-v1": {token.DAMMv1, false, true},
		"damm-v1, filter ignored": {token.DAMMv1, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := start(t, meteoratest.Config{LaunchpadFilter: !tt.ignores})
			world := fake.World(string(tt.product))
			var want []string
			for _, i := range world.Add(3, true) {
				want = append(want, world.Address(i))
			}
			world.Add(20, false)
			var got []string
			ids := []token.LaunchpadID{token.LaunchpadID(fake.Launchpad())}
			for p, err := range newClient(t, tt.product, fake.URL(string(tt.product))).Newest(t.Context(), ids, 1<<50, new(syncrun.Counts)) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, p.Address)
			}
			switch {
			case tt.old && len(got) != ours+3, tt.ignores && len(got) > 1:
				t.Errorf("%d pools", len(got))
			case !tt.ignores && slices.ContainsFunc(want, func(a string) bool { return !slices.Contains(got, a) }):
				t.Errorf("%v lack one of %v", got, want)
			}
		})
	}
}

// TestNewestAgain: an attempt that was cut off does not count among those that follow it.
func TestNewestAgain(t *testing.T) {
	t.Parallel()
	fake := start(t, meteoratest.Config{})
	fake.SetFault(meteoratest.Times(1, meteoratest.Always(meteoratest.Fault{Cut: meteoratest.Reset, After: 60_000})))
	ids := []token.LaunchpadID{token.LaunchpadID(fake.Launchpad())}
	stats := new(syncrun.Counts)
	for _, err := range newClient(t, token.DLMM, fake.URL("dlmm")).Newest(t.Context(), ids, 1<<50, stats) {
		if err != nil {
			t.Error(err)
		}
	}
	if stats.Scanned.Load() != 100 || stats.Requests.Load() != 2 {
		t.Errorf("%d pools in %d requests", stats.Scanned.Load(), stats.Requests.Load())
	}
}
