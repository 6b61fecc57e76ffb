// Package ingest is the sync: guard, lease, scan, merge, diff, write, record.
//
// It knows neither AWS nor HTTP. Everything it needs from outside is an interface of its own.
package ingest

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// Source is one product's pools.
type Source interface {
	Product() token.Product
	// Pools streams the pools of the launchpads ids and counts into stats. The pair with an error is the last; what came
	// before it is sound. syncrun.ErrUnconfigured means that there is nothing to read from, which is no failure.
	Pools(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error]
}

// Finder is a Source that can also be asked for single pools.
type Finder interface {
	// ByAddress streams the pools with the given addresses, of whatever launchpad; those that are gone are left out.
	ByAddress(ctx context.Context, addresses []string, stats *syncrun.Counts) iter.Seq2[token.Pool, error]
}

// Follower is a Finder that can also tell what is new: a refresh needs no full scan of it.
type Follower interface {
	Finder
	// Newest streams the pools of the launchpads ids created since a moment, in Unix milliseconds. syncrun.ErrGap means that
	// there are too many new ones.
	Newest(ctx context.Context, ids []token.LaunchpadID, since int64, stats *syncrun.Counts) iter.Seq2[token.Pool, error]
}

// Rememberer is a Source that keeps what it has read, so that a refresh need only read what has changed.
type Rememberer interface {
	Source
	// Changed streams what Pools does.
	Changed(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error]
}

// Tokens is the tokens table.
type Tokens interface {
	// Listed streams what is in a launchpad's lists, without pools; it may lag behind by a moment.
	Listed(ctx context.Context, id token.LaunchpadID) iter.Seq2[token.Stored, error]
	// Get reads tokens by mint, up to date; unknown ones are left out.
	Get(ctx context.Context, mints []string, pools bool) iter.Seq2[token.Stored, error]
	// Write stores tokens, each mint at most once, asking hold before each batch whether it still may.
	Write(ctx context.Context, tokens iter.Seq[token.Token], hold func(context.Context) error) syncrun.WriteResult
}

// Runs is the sync table.
type Runs interface {
	SaveRun(context.Context, syncrun.Record) error
	SaveStats(context.Context, token.Stats, time.Time) error
	Breaker(context.Context, token.Product) (syncrun.Breaker, error)
	SaveBreaker(ctx context.Context, before, after syncrun.Breaker) error
	// Watermarks are how far products have been read, and whether a full scan is due that could not run.
	Watermarks(context.Context) (marks []syncrun.Watermark, fullDue bool, err error)
	SaveWatermark(context.Context, syncrun.Watermark) error
	SetFullDue(context.Context, bool) error
}

// A Lease keeps two runs apart. Hold and Acquire answer syncrun.ErrLeaseHeld when it is another run's.
type Lease interface {
	Hold(context.Context) error
	Release(context.Context) error
}

// Memory is what the process has used at most, in bytes.
type Memory interface {
	Peak() (rss, heap int64)
}

// Metrics gets the figures of every run, however it ended.
type Metrics interface {
	Emit(context.Context, syncrun.Outcome)
}

// Sync is everything a run needs. All fields have to be set.
type Sync struct {
	Launchpads func(context.Context) ([]token.LaunchpadID, error)
	Sources    []Source
	Tokens     Tokens
	Runs       Runs
	Acquire    func(ctx context.Context, owner string, until time.Time) (Lease, error)
	Memory     Memory
	Metrics    Metrics
	Log        *slog.Logger
}
