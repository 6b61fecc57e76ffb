// Command memory holds the sync's memory to its budget and to what was recorded last: `make memory`.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"tokensync/internal/dev"
	"tokensync/internal/meteora/meteoratest"
	"tokensync/internal/token"
)

const mib = 1 << 20

// Bounds of the peak resident set.
const (
	budget  = 64 * mib
	margin  = 1.10 // above what was recorded
	samples = 3    // of which the smallest counts: a busy machine only adds to it
)

// recorded is what baseline.json holds.
type recorded struct {
	Pools        int   `json:"pools"`
	PeakRSSBytes int64 `json:"peak_rss_bytes"`
}

func main() {
	baseline := flag.String("baseline", "internal/cmd/memory/baseline.json", "file with the recorded figure")
	update := flag.Bool("update", false, "record the figure anew")
	profiled := flag.String("profiled", "", "a sync-tokens built with the tag profile; empty writes no profile")
	profile := flag.String("profile", "build/sync-tokens.heap.pprof", "where its heap profile goes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *baseline, *update)
	if err == nil && *profiled != "" {
		err = writeProfile(ctx, *profiled, *profile)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, file string, update bool) error {
	text, err := os.ReadFile(file)
	if err != nil && !update {
		return err
	}
	last := recorded{Pools: meteoratest.DefaultPools}
	if err == nil {
		if err := json.Unmarshal(text, &last); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	peak := int64(1 << 62)
	for range samples {
		one, err := measure(ctx, last.Pools, dev.Options{})
		if err != nil {
			return err
		}
		fmt.Printf("%d pools, peak RSS %.1f MiB\n", last.Pools, float64(one)/mib)
		peak = min(peak, one)
	}
	if update {
		text, err := json.Marshal(recorded{last.Pools, peak})
		return errors.Join(err, os.WriteFile(file, append(text, '\n'), 0o644))
	}
	return judge(peak, last.PeakRSSBytes)
}

// judge compares a peak with the budget and with the recorded one, both in bytes.
func judge(peak, last int64) error {
	fmt.Printf("the smallest is %.1f MiB: the budget is %d MiB, recorded are %.1f MiB\n", float64(peak)/mib, budget/mib, float64(last)/mib)
	switch {
	case peak > budget:
		return fmt.Errorf("%.1f MiB are more than the budget", float64(peak)/mib)
	case float64(peak) > margin*float64(last):
		return fmt.Errorf("%.1f MiB are more than %.0f %% of what was recorded; if it is worth it, make memory UPDATE=1", float64(peak)/mib, 100*margin)
	}
	return nil
}

// measure is the peak resident set of one cold sync of so many pools, 512 of them ours.
func measure(ctx context.Context, pools int, o dev.Options) (_ int64, err error) {
	fake := meteoratest.New(meteoratest.Config{Pools: pools})
	if err := fake.Start(); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, fake.Close()) }()
	id := fake.Launchpad()
	o.Upstream, o.Products, o.LaunchpadID = fake, []string{meteoratest.DLMM}, &id
	stack, err := dev.Start(ctx, o)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stack.Close()) }()
	run, err := stack.Sync(ctx, dev.FullSync)
	if err != nil {
		return 0, err
	}
	if run.Record.Status != token.Succeeded || run.Record.PoolsScanned != int64(pools) {
		return 0, fmt.Errorf("the sync %s after %d pools: %s", run.Record.Status, run.Record.PoolsScanned, run.Record.Error)
	}
	return run.Result.PeakRSS, nil
}

// writeProfile runs the sync once more, in a binary that writes its heap profile.
func writeProfile(ctx context.Context, binary, path string) error {
	_, err := measure(ctx, meteoratest.DefaultPools, dev.Options{
		Binaries: map[string]string{"sync-tokens": binary}, Environment: map[string]string{"HEAP_PROFILE": path},
	})
	if err != nil {
		return fmt.Errorf("heap profile: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("heap profile: %w", err)
	}
	fmt.Println("heap profile:", path)
	return nil
}
