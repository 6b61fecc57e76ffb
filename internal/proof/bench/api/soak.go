package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"golang.org/x/sync/errgroup"

	"tokensync/internal/dev"
)

// What a soak must hold: many clients, two rounds.
const (
	soakClients = 32
	maxTail     = 3.0 // p99 to the median of a route
	maxGrowth   = 1.1 // of the functions' memory from the first round to the second
)

var errSoak = errors.New("the soak found something")

// soak asks every route with many clients in two rounds of a length, and finds what only shows then: answers that fail, a
// tail that is long, memory that grows.
func soak(ctx context.Context, w *dev.World, mints []string, length time.Duration) error {
	all := routes(mints)
	each := length / time.Duration(len(all))
	var failed []error
	var before int64
	for round := range 2 {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			var targets []vegeta.Target
			for _, path := range all[name] {
				targets = append(targets, vegeta.Target{Method: http.MethodGet, URL: w.URL() + path})
			}
			route, err := attack(ctx, name, targets, each, soakClients)
			if err == nil && round > 0 && route.P99 > maxTail*route.P50 { // the first has cold starts
				err = fmt.Errorf("%w: %s: p99 %.2f ms, median %.2f", errSoak, name, route.P99, route.P50)
			}
			fmt.Printf("round %d: %-36s %8.0f requests/s, median %.2f ms, p99 %.2f ms\n", round+1, name, route.PerSecond, route.P50, route.P99)
			failed = append(failed, err)
		}
		after, err := largest(ctx, w)
		fmt.Fprintf(os.Stderr, "round %d: the largest function has taken %.1f MiB\n", round+1, float64(after)/(1<<20))
		if round > 0 && float64(after) > maxGrowth*float64(before) {
			err = fmt.Errorf("%w: memory grew from %d to %d bytes", errSoak, before, after)
		}
		before, failed = after, append(failed, err)
	}
	return errors.Join(failed...)
}

// largest returns the most memory that a function of the API has taken, whichever of its sandboxes it was: many are asked at once, so that
// no one of them answers for all.
func largest(ctx context.Context, w *dev.World) (most int64, err error) {
	for _, f := range w.Template().Functions {
		if len(f.Routes) == 0 {
			continue
		}
		var group errgroup.Group
		var peaks [soakClients]int64
		for i := range peaks {
			group.Go(func() error {
				result, err := w.Invoke(ctx, f.Name, []byte(`{"mode":"none"}`))
				peaks[i] = result.PeakRSS
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return 0, err
		}
		most = max(most, slices.Max(peaks[:]))
	}
	return most, nil
}
