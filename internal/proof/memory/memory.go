package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/syncrun"
)

// A Case is a first, full sync of one product.
type Case struct {
	Name  string
	Pools int // in all
	Ours  int // of them, those that match
}

// Incident has the number of pools at which the old back end died, and a launchpad of its size.
var Incident = Case{"132,967 pools, 512 ours", meteoratest.DefaultPools, meteoratest.DefaultOurs}

// Cases are the sizes that are studied.
var Cases = []Case{
	Incident,
	{"1,329,670 pools, 512 ours", 10 * meteoratest.DefaultPools, meteoratest.DefaultOurs},
	{"132,967 pools, 60,000 ours", meteoratest.DefaultPools, 60_000},
}

// Settings are what may differ between two runs of a case.
type Settings struct {
	Binary      string            // instead of the one of `make local`
	Environment map[string]string // of the function
}

// Usage is what a run used.
type Usage struct {
	PeakRSS  int64 // bytes
	PeakHeap int64 // bytes
	CPU      time.Duration
	Duration time.Duration
}

// runTimeout is Lambda's in the template, with time to start.
const runTimeout = 6 * time.Minute

// Measure syncs once, in a process of its own and into empty tables. A run that did not read every pool and write every
// token is an error.
func (c Case) Measure(ctx context.Context, s Settings) (_ Usage, err error) {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	o := dev.WorldOptions{
		Options: dev.Options{Environment: s.Environment}, Meteora: meteoratest.Config{Pools: c.Pools, Ours: c.Ours},
	}
	if s.Binary != "" {
		o.Binaries = map[string]string{dev.SyncFunction: s.Binary}
	}
	w, err := dev.StartWorld(ctx, o)
	if err != nil {
		return Usage{}, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	run, err := w.Sync(ctx, dev.FullSync)
	if err != nil {
		return Usage{}, err
	}
	r := run.Record
	if r.Status != syncrun.Succeeded || r.PoolsScanned != int64(c.Pools) || r.PoolsMatched != matched(w) || r.TokensUnwritten > 0 {
		return Usage{}, fmt.Errorf("%w: %s", errBadRun, run.Line)
	}
	return Usage{
		PeakRSS: max(r.PeakRSSBytes, run.Result.PeakRSS), PeakHeap: r.PeakHeapBytes, CPU: run.Result.CPU, Duration: run.Result.Duration,
	}, nil
}

// matched returns how many pools Meteora has of our tokens: those that carry the launchpad, and those that are found by mint.
func matched(w *dev.World) (n int64) {
	all := map[string]bool{}
	for _, product := range []string{meteoratest.DLMM, meteoratest.DAMMv2} {
		for _, pools := range w.Meteora.World(product).PoolsOf(w.Meteora.OurMints(meteoratest.DLMM)...) {
			for _, pool := range pools {
				all[pool] = true
			}
		}
	}
	return int64(len(all))
}

// errBadRun reports a run that did not read or write everything.
var errBadRun = errors.New("the sync did not read and write everything")

// LimitShare is GOMEMLIMIT's share of a limit, as in the template.
const LimitShare = 0.85

// patience is how much longer than usual a run in a container may take: one that takes longer only reads its own pages
// again and again.
const patience = 2

// Passes reports whether the case passes in a container of that size within the time that it may take. It returns
// ErrNoContainers where containers cannot be made.
func (c Case) Passes(ctx context.Context, bytes int64, within time.Duration) (passes bool, err error) {
	container, err := newContainer(bytes)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, container.remove()) }()
	limited, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_, failed := c.Measure(limited, Settings{
		Binary: container.script, Environment: map[string]string{"GOMEMLIMIT": fmt.Sprint(int64(float64(bytes) * LimitShare))},
	})
	return failed == nil, ctx.Err()
}

// Smallest returns the smallest container in MiB, up to most, in which the case passes three times in a row, or 0.
func (c Case) Smallest(ctx context.Context, most int64) (int64, error) {
	start := time.Now()
	if _, err := c.Measure(ctx, Settings{}); err != nil {
		return 0, err
	}
	within := patience * time.Since(start)
	least, enough := int64(1), most+1
	for least < enough {
		middle := (least + enough) / 2
		ok, err := c.Passes(ctx, middle<<20, within)
		if err != nil {
			return 0, err
		}
		if ok {
			enough = middle
		} else {
			least = middle + 1
		}
	}
	for ; enough <= most; enough++ {
		ok, err := c.twice(ctx, enough<<20, within)
		if ok || err != nil {
			return enough, err
		}
	}
	return 0, nil
}

// twice tries again what has passed once: near its least memory, a run passes only now and then.
func (c Case) twice(ctx context.Context, bytes int64, within time.Duration) (ok bool, err error) {
	for range 2 {
		if ok, err = c.Passes(ctx, bytes, within); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}
