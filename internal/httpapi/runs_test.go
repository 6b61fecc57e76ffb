package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/apitest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

func TestSyncRuns(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	start := time.Date(2026, 2, 5, 18, 48, 1, 0, time.UTC)
	for i := range 60 {
		run := syncrun.Record{
			RunID: fmt.Sprintf("RUN%02d", i), Mode: "full", Status: syncrun.Succeeded, StartedAt: start.Add(time.Duration(i) * time.Minute),
			Launchpads: []token.LaunchpadID{apitest.First}, PoolsScanned: 132967,
			Products: []syncrun.ProductRecord{{Product: token.DLMM, Status: syncrun.Succeeded}, {Product: token.DBC, Status: syncrun.Skipped}},
		}
		if err := b.Sync.SaveRun(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	open := syncrun.Breaker{Product: token.DLMM, Failures: 3, CoolDown: time.Hour, RetryAt: time.Now().Add(time.Hour).Truncate(time.Second)}
	if err := b.Sync.SaveBreaker(t.Context(), syncrun.Breaker{Product: token.DLMM}, open); err != nil {
		t.Fatal(err)
	}
	c := newAPI(t, b, uncached)
	for query, want := range map[string]int{"": 50, "?limit=1": 1, "?limit=100": 60} {
		response := c.get("/v1/sync-runs" + query)
		var got struct {
			Data     []syncrun.Record
			Breakers []map[string]any
		}
		if err := json.Unmarshal([]byte(readAll(t, response)), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Data) != want || got.Data[0].RunID != "RUN59" || got.Data[0].PoolsScanned != 132967 {
			t.Errorf("%s: %d runs, the first is %+v", query, len(got.Data), got.Data[0])
		}
		breakers := []map[string]any{
			{"product": "dlmm", "state": "open", "failures": 3.0, "retry_at": open.RetryAt.UTC().Format(time.RFC3339)},
			{"product": "dbc", "state": "closed", "failures": 0.0, "retry_at": nil},
		}
		if diff := cmp.Diff(breakers, got.Breakers); diff != "" {
			t.Error(diff)
		}
		if cache := response.Header.Get("Cache-Control"); !strings.Contains(cache, "no-store") {
			t.Errorf("Cache-Control %q: it is the operator's", cache)
		}
	}
	for _, limit := range []string{"0", "101", "x"} {
		if p := problem(t, c.get("/v1/sync-runs?limit="+limit)); p.Parameter != "limit" {
			t.Errorf("limit %s: %+v", limit, p)
		}
	}
}
