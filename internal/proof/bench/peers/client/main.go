// Command client reads pages with the sync's own client: retries, watchdogs, eight pages in flight.
package main

import (
	"context"
	"runtime/debug"

	"tokensync/internal/meteora"
	"tokensync/internal/proof/bench/peer"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

func main() {
	debug.SetGCPercent(25) // as the sync does
	peer.MainOf(func(t *peer.Task) error {
		client, err := meteora.NewClient(meteora.Options{Product: token.DLMM, BaseURL: t.Base + "/dlmm", Rate: 1e6})
		if err != nil {
			return err
		}
		var stats syncrun.Counts
		for p, err := range client.Pools(context.Background(), []token.LaunchpadID{token.LaunchpadID(t.ID)}, &stats) {
			if err != nil {
				return err
			}
			t.Found(p.Address)
		}
		t.Saw(int(stats.Scanned.Load()))
		return nil
	})
}
