package ingest

import (
	"context"
	"fmt"
	"time"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// A breaker opens after openAfter failed runs in a row and stays open for a minute, then twice as long after each
// failed probe, at most half an hour.
const (
	openAfter   = 3
	minCoolDown = time.Minute
	maxCoolDown = 30 * time.Minute
)

// breakerFor returns product's breaker. When the table cannot be read the run goes on as if it were closed.
func (r *run) breakerFor(ctx context.Context, product token.Product) syncrun.Breaker {
	b, err := r.Runs.Breaker(ctx, product)
	if err != nil {
		r.Log.WarnContext(ctx, "the breaker's state could not be read", "product", string(product), "error", err.Error())
		return syncrun.Breaker{Product: product}
	}
	return b
}

// blocked returns why a product must not be asked now, or nil. Past the cool-down the breaker is half-open: the scan may
// go on, and its first page, which is read alone, is the probe.
func blocked(b syncrun.Breaker, now time.Time) error {
	if b.State(now) != syncrun.BreakerOpen {
		return nil
	}
	return fmt.Errorf("%w after %d failed runs, next try %s", errBreakerOpen, b.Failures, b.RetryAt.UTC().Format(time.RFC3339))
}

// next returns the breaker after a run in which its product ended with status.
func next(b syncrun.Breaker, status syncrun.Status, now time.Time) syncrun.Breaker {
	switch status {
	case syncrun.Succeeded, syncrun.Partial: // something was delivered: the server is there
		b.Failures, b.CoolDown, b.RetryAt = 0, 0, time.Time{}
	case syncrun.Failed:
		b.Failures++
		if b.Failures >= openAfter {
			b.CoolDown = min(max(2*b.CoolDown, minCoolDown), maxCoolDown)
			b.RetryAt = now.Add(b.CoolDown)
		}
	case syncrun.Skipped:
	}
	return b
}

// settleTimeout is a breaker's own time to be stored: the run's may be used up, and that is when it matters most.
const settleTimeout = 2 * time.Second

// settleBreaker stores what the run taught, if anything. Another run's newer state wins.
func (r *run) settleBreaker(ctx context.Context, before syncrun.Breaker, status syncrun.Status) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	after := next(before, status, time.Now())
	if after.State(time.Now()) == syncrun.BreakerOpen {
		r.opened++
	}
	if after == before {
		return
	}
	if err := r.Runs.SaveBreaker(ctx, before, after); err != nil {
		r.Log.WarnContext(ctx, "the breaker's state could not be stored", "product", string(before.Product), "error", err.Error())
	}
}
