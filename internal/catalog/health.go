package catalog

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// staleAfter is how many intervals without a successful run make the data stale.
const staleAfter = 3

// recentRuns is where the last success is looked for: more than any schedule fits into staleAfter intervals.
const recentRuns = 25

// Check is the outcome of one check. Detail may be shown to anyone.
type Check struct {
	OK     bool
	Detail string
	Err    error // for the log
}

// Health is every check.
type Health struct {
	LaunchpadID Check
	Table       Check
	Board       Check
	Sync        Check
	Breakers    Check
	LastSuccess time.Time // when the last successful run ended; zero if there is none
}

// OK reports whether all checks passed.
func (h *Health) OK() bool {
	return h.LaunchpadID.OK && h.Table.OK && h.Board.OK && h.Sync.OK && h.Breakers.OK
}

// Health makes all checks at once; how long it takes is for ctx to say.
func (c *Catalog) Health(ctx context.Context) Health {
	var h Health
	var group sync.WaitGroup
	group.Go(func() { h.LaunchpadID = c.checkLaunchpads(ctx) })
	group.Go(func() { h.Table = c.checkTable(ctx) })
	group.Go(func() { h.Board = c.checkBoard(ctx) })
	group.Go(func() { h.Sync, h.LastSuccess = c.checkSync(ctx) })
	group.Go(func() { h.Breakers = c.checkBreakers(ctx) })
	group.Wait()
	return h
}

func passed(format string, args ...any) Check {
	return Check{OK: true, Detail: fmt.Sprintf(format, args...)}
}

func failed(err error, format string, args ...any) Check {
	return Check{Err: err, Detail: fmt.Sprintf(format, args...)}
}

func (c *Catalog) checkLaunchpads(ctx context.Context) Check {
	ids, err := c.Launchpads(ctx)
	if err != nil || len(ids) == 0 {
		return failed(err, "no valid launchpad ID can be read from its parameter: syncs do not run")
	}
	return passed("%d configured", len(ids))
}

func (c *Catalog) checkTable(ctx context.Context) Check {
	if err := c.Items.Ping(ctx); err != nil {
		return failed(err, "the tokens table does not answer")
	}
	return passed("answers")
}

func (c *Catalog) checkBoard(ctx context.Context) Check {
	b, err := c.Boards.Board(ctx)
	switch {
	case err != nil:
		return failed(err, "the board cannot be read: lists are not answered")
	case b == nil:
		return failed(nil, "no sync has published a board yet: lists are empty")
	}
	age, limit := time.Since(b.SyncedAt()).Round(time.Second), staleAfter*c.Interval
	if fault := c.Boards.Fault(); fault != nil {
		return failed(fault, "the board cannot be read: lists are %v old", age)
	}
	if age > limit {
		return failed(nil, "the board is %v old, more than %v", age, limit)
	}
	return passed("version %d with %d tokens is %v old", b.Version(), b.Count(token.Listed), max(0, age))
}

func (c *Catalog) checkSync(ctx context.Context) (Check, time.Time) {
	runs, err := c.History.Runs(ctx, recentRuns)
	if err != nil {
		return failed(err, "the run records cannot be read"), time.Time{}
	}
	for i := range runs {
		if runs[i].Status != syncrun.Succeeded {
			continue
		}
		ended := runs[i].StartedAt.Add(time.Duration(runs[i].DurationMS) * time.Millisecond)
		age, limit := time.Since(ended).Round(time.Second), staleAfter*c.Interval
		if age > limit {
			return failed(nil, "the last successful sync ended %v ago, more than %v", age, limit), ended
		}
		return passed("the last successful sync ended %v ago", max(0, age)), ended
	}
	return failed(nil, "none of the last %d syncs succeeded", len(runs)), time.Time{}
}

func (c *Catalog) checkBreakers(ctx context.Context) Check {
	breakers, err := c.History.Breakers(ctx)
	if err != nil {
		return failed(err, "the circuit breakers cannot be read")
	}
	var open []string
	for _, b := range breakers {
		if b.State(time.Now()) == syncrun.BreakerOpen {
			open = append(open, string(b.Product))
		}
	}
	if len(open) > 0 {
		return failed(nil, "open for %s: Meteora fails and is left alone for a while", strings.Join(open, ", "))
	}
	return passed("none is open")
}
