package dev_test

import (
	"encoding/json"
	"testing"
	"time"

	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/token"
)

// TestInventPast: a week that was made up is on the API, of tokens at Meteora and on the chain, and the next runs go on from it.
func TestInventPast(t *testing.T) {
	t.Parallel()
	ids := rpctest.DefaultLaunchpad + "," + meteoratest.DefaultLaunchpad
	w, err := dev.StartWorld(t.Context(), dev.WorldOptions{
		Options: dev.Options{LaunchpadID: &ids}, Meteora: meteoratest.Config{Pools: 2000, Ours: 50}, Chain: &rpctest.Config{Tokens: 50},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := w.InventPast(t.Context()); err == nil {
		t.Error("a past of no tokens")
	}
	for range 2 {
		if run, err := w.Sync(t.Context(), dev.FullSync); err != nil || run.Record.BoardVersion == 0 {
			t.Fatalf("%+v, %v", run.Record, err)
		}
		if err := w.InventPast(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Sync(t.Context(), dev.Refresh); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"?sort=volume&limit=100", "?sort=last_trade&stage=bonding&limit=100"} {
		var list struct{ Data []row }
		decode(t, w, "/v1/tokens"+query, &list)
		old, charts := 0, 0
		for _, r := range list.Data {
			if r.CreatedAt.After(time.Now().Add(-25 * time.Hour)) {
				continue
			}
			var h struct{ Points []any }
			decode(t, w, "/v1/tokens/"+r.Mint+"/history?range=24h", &h)
			if old++; len(h.Points) >= 47 && r.Change["24h"] != "" {
				charts++
			}
		}
		if old == 0 || charts < old/2 {
			t.Errorf("%s: of %d old tokens only %d have a chart", query, old, charts)
		}
	}
}

type row struct {
	Mint      string
	CreatedAt time.Time               `json:"created_at"`
	Change    map[string]token.Number `json:"price_change_pct"`
}

func decode(t *testing.T, w *dev.World, path string, into any) {
	t.Helper()
	_, body := get(t, w.URL(), path)
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v: %s", path, err, body)
	}
}
