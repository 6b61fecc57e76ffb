// Command watch measures how soon a trade on a bonding curve shows in GET /v1/changes, with a watch and without, and what a day of
// watching takes: `make bench-watch`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"tokensync/internal/proof/command"
)

// Bounds of the 95th percentile, from a trade to its new price.
const (
	mostWatching = 6 * time.Second
	mostWaiting  = 65 * time.Second
)

// span is how long trades take in all with a watch; without one they need some ticks.
const (
	spanWatching = 5 * time.Minute
	spanWaiting  = 4 * time.Minute
)

func main() {
	trades := flag.Int("trades", 200, "how many trades are timed; 0 is none")
	watch := flag.Duration("watch", 5*time.Second, "from one look to the next")
	ticks := flag.Int("ticks", 5, "how many ticks of the day are run; the rest is like them, and 0 is no day")
	flag.Parse()
	command.Main("bench-watch", func(ctx context.Context) error { return run(ctx, os.Stdout, *trades, *watch, *ticks) })
}

func run(ctx context.Context, w io.Writer, trades int, watch time.Duration, ticks int) error {
	if ticks > 0 {
		if err := days(ctx, w, ticks); err != nil {
			return err
		}
	}
	if trades == 0 {
		return nil
	}
	_, _ = fmt.Fprintf(w, "\n| watch | trades | p50, s | p95, s | the slowest, s | p95 at most, s |\n| --- | ---: | ---: | ---: | ---: | ---: |\n")
	var missed []error
	for _, s := range []struct {
		Study
		most time.Duration
	}{
		{Study{Trades: trades, Watch: watch, Span: spanWatching}, mostWatching},
		{Study{Trades: trades, Span: spanWaiting}, mostWaiting},
	} {
		fmt.Fprintf(os.Stderr, "timing %d trades in %v\n", s.Trades, s.Span)
		took, err := Measure(ctx, s.Study)
		if err != nil {
			return err
		}
		slices.Sort(took)
		p95 := share(took, 0.95)
		_, _ = fmt.Fprintf(w, "| %s | %d | %.1f | %.1f | %.1f | %.0f |\n", name(s.Watch), len(took), share(took, 0.5).Seconds(),
			p95.Seconds(), took[len(took)-1].Seconds(), s.most.Seconds())
		if p95 > s.most {
			missed = append(missed, fmt.Errorf("%s: p95 is %v, more than %v", name(s.Watch), p95, s.most))
		}
	}
	return errors.Join(missed...)
}

func name(watch time.Duration) string {
	if watch == 0 {
		return "none"
	}
	return "each " + watch.String()
}

// share returns what a part of sorted durations do not exceed.
func share(sorted []time.Duration, part float64) time.Duration {
	return sorted[int(part*float64(len(sorted)-1))]
}
