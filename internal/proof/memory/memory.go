package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/mr-tron/base58"

	"tokensync/internal/config"
	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/ingest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// A Case is a first sync, in as many runs as that takes.
type Case struct {
	Name  string
	Pools int // in all
	Ours  int // of them, those that match

	Tokens, Each int // launched tokens beside them, and how many pools of each others have opened

	Curves  int  // tokens on one config of the chain
	Configs int  // of one fee claimer, with one curve each
	Memory  int  // of the function, in MB; 0 is the template's default
	Dead    bool // the hosts of the curves' metadata
}

// Incident has the number of pools at which the old back end died, and a launchpad of its size.
var Incident = Case{Name: "132,967 pools, 512 ours", Pools: meteoratest.DefaultPools, Ours: meteoratest.DefaultOurs}

// Cases are the sizes that are studied.
var Cases = []Case{
	Incident,
	{Name: "1,329,670 pools, 512 ours", Pools: 10 * meteoratest.DefaultPools, Ours: meteoratest.DefaultOurs},
	{Name: "132,967 pools, 60,000 ours", Pools: meteoratest.DefaultPools, Ours: 60_000},
}

// Wide has few tokens with very many pools, with tags.
var Wide = Case{Name: "150 tokens of 200 pools each", Pools: -1, Ours: -1, Tokens: 150, Each: 199}

// Large are the largest launchpads that were seen on the chain.
var Large = []Case{
	{Name: "175,499 curves of one config", Pools: 1000, Ours: -1, Curves: 175_499, Memory: 512},
	{Name: "60,000 configs of one curve each", Pools: 1000, Ours: -1, Configs: 60_000},
}

// Faced and Faceless are a launchpad of curves with their pictures, and without.
var (
	Faced    = Case{Name: "512 curves with their pictures", Pools: 1000, Ours: -1, Curves: 512}
	Faceless = Case{Name: "512 curves without", Pools: 1000, Ours: -1, Curves: 512, Dead: true}
)

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

// runTimeout is for one run: Lambda's in the template, with time to start. Large launchpads have patience times as long.
const (
	runTimeout    = 6 * time.Minute
	largePatience = 5
)

// Measure syncs into empty tables, in a process of its own. Runs that did not read every pool and write every token are an
// error.
func (c Case) Measure(ctx context.Context, s Settings) (_ Usage, err error) {
	timeout := runTimeout
	if c.Curves+c.Configs > 0 {
		timeout *= mostRuns * largePatience
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	w, err := dev.StartWorld(ctx, c.options(s))
	if err != nil {
		return Usage{}, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if c.Curves+c.Configs > 0 {
		return c.inTurns(ctx, w)
	}
	run, err := w.Sync(ctx, dev.FullSync)
	if err != nil {
		return Usage{}, err
	}
	r := run.Record
	isWhole := c.Tokens > 0 || r.PoolsScanned == int64(c.Pools)
	isMatched := r.PoolsMatched == c.matched(w) || c.Ours > ingest.MaxNewMints && r.PoolsMatched >= int64(c.Ours)
	if r.Status != syncrun.Succeeded || !isWhole || !isMatched || r.TokensUnwritten > 0 {
		return Usage{}, fmt.Errorf("%w: %s", errBadRun, run.Line)
	}
	return usageOf(run), nil
}

func (c Case) options(s Settings) dev.WorldOptions {
	environment := maps.Clone(s.Environment)
	if environment == nil {
		environment = map[string]string{}
	}
	environment[config.SolanaRPCRate], environment[config.SolanaScanRate] = "200", "50" // what is measured is memory
	patience := 1
	if c.Curves+c.Configs > 0 {
		patience = largePatience
	}
	o := dev.WorldOptions{
		Options: dev.Options{Environment: environment, Memory: c.Memory, Patience: patience}, Meteora: meteoratest.Config{Pools: c.Pools, Ours: c.Ours, Strangers: c.Each},
	}
	if s.Binary != "" {
		o.Binaries = map[string]string{dev.SyncFunction: s.Binary}
	}
	id := metDBC
	switch {
	case c.Tokens > 0:
		o.Meteora.Launched, o.LaunchpadID = launched(c.Tokens), &id
	case c.Curves > 0:
		o.Chain = &rpctest.Config{Tokens: c.Curves, Launches: []rpctest.Launch{{Key: rpctest.DefaultLaunchpad}}}
		id, o.Products = rpctest.DefaultLaunchpad, []string{string(token.DBC)}
		o.LaunchpadID = &id
	case c.Configs > 0:
		o.Chain = &rpctest.Config{Tokens: -1}
		id, o.Products = "claimer:"+claimer, []string{string(token.DBC)}
		o.LaunchpadID = &id
	}
	return o
}

// What Meteora calls tokens of bonding curves, and somebody who makes a config a coin.
const (
	metDBC  = "met-dbc"
	claimer = "5Q544fKrFoe6tsEbD7S8EmxGTJYAKtTVhAW5Q5pge4j1"
)

// launched returns n tokens that have graduated.
func launched(n int) []meteoratest.Launched {
	tokens := make([]meteoratest.Launched, n)
	for i := range tokens {
		tokens[i] = meteoratest.Launched{Mint: keyOf(1, i), Pool: keyOf(2, i), Quote: token.SOL}
	}
	return tokens
}

// keyOf returns the public key of a thing's number.
func keyOf(what byte, n int) string {
	return base58.Encode(binary.BigEndian.AppendUint64(append([]byte{what}, make([]byte, 23)...), uint64(n)))
}

// mostRuns is how many full runs a large launchpad may take until each curve was handed out.
const mostRuns = 12

// inTurns runs until all curves are there, and then a refresh, all in one process.
func (c Case) inTurns(ctx context.Context, w *dev.World) (used Usage, err error) {
	if c.Configs > 0 {
		w.Chain.AddSingles(c.Configs, rpctest.Launch{Claimer: claimer})
	}
	w.Faces.SetDead(c.Dead)
	w.Chain.Tick() // what is there was written before
	found, event := 0, dev.FullSync
	for range mostRuns {
		run, err := w.Sync(ctx, event)
		if err != nil {
			return used, err
		}
		r := run.Record
		fmt.Printf("%s: %s run %s: %d new tokens, peak RSS %.1f MiB, %v, CPU since the first %v\n", c.Name, r.Mode, r.Status, r.TokensNew,
			mib(r.PeakRSSBytes), run.Result.Duration.Round(time.Second), run.Result.CPU.Round(time.Second))
		used = used.or(usageOf(run))
		found += r.TokensNew
		switch isDone := found == c.Curves+c.Configs; {
		case r.TokensUnwritten > 0 || r.Status != syncrun.Succeeded && r.Status != syncrun.Partial:
			return used, fmt.Errorf("%w: %s", errBadRun, run.Line)
		case isDone != (r.Status == syncrun.Succeeded):
			return used, fmt.Errorf("%w: %d tokens by now: %s", errBadRun, found, run.Line)
		case isDone && event == dev.Refresh:
			return used, nil
		case isDone:
			event = dev.Refresh
			w.Tick()
		}
	}
	return used, fmt.Errorf("%w: %d of %d tokens after %d runs", errBadRun, found, c.Curves+c.Configs, mostRuns)
}

func usageOf(run dev.Run) Usage {
	r := run.Record
	return Usage{PeakRSS: max(r.PeakRSSBytes, run.Result.PeakRSS), PeakHeap: r.PeakHeapBytes, CPU: run.Result.CPU, Duration: run.Result.Duration}
}

// or returns the larger figures of two runs.
func (u Usage) or(v Usage) Usage {
	return Usage{max(u.PeakRSS, v.PeakRSS), max(u.PeakHeap, v.PeakHeap), max(u.CPU, v.CPU), max(u.Duration, v.Duration)}
}

// matched returns how many pools Meteora has of our tokens: those that carry the launchpad, and those that are found by mint.
func (c Case) matched(w *dev.World) int64 {
	mints := w.Meteora.OurMints(meteoratest.DLMM)
	for i := range c.Tokens {
		mints = append(mints, keyOf(1, i))
	}
	all := map[string]bool{}
	for _, product := range []string{meteoratest.DLMM, meteoratest.DAMMv2} {
		for _, pools := range w.Meteora.World(product).PoolsOf(mints...) {
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
