// Package ingest is the sync: guard, lease, plan, gather, diff, write, publish, record.
//
// It knows neither AWS nor HTTP. Everything it needs from outside is an interface of its own.
package ingest

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/ledger"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// Source is one product's pools.
type Source interface {
	Product() token.Product
	// Pools streams the pools of the launchpads ids and counts into stats. The pair with an error is the last; what came
	// before it is sound. syncrun.ErrUnconfigured means that there is nothing to read from, which is not a failure.
	Pools(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error]
}

// Follower is a Source that can also tell what is new: a refresh needs no full scan of it.
type Follower interface {
	Source
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

// Watcher is a Source that tells between two runs what has changed.
type Watcher interface {
	Source
	// Moved streams those of Pools that have changed since they were last streamed in this process, and new ones. What a call
	// that fails leaves out comes with the next one.
	Moved(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error]
}

// Finder asks one product for single pools, whether or not the product is a Source too.
type Finder interface {
	Product() token.Product
	// ByAddress streams the pools with the given addresses, of whatever launchpad. What it leaves out is undecided.
	ByAddress(ctx context.Context, addresses []string, stats *syncrun.Counts) iter.Seq2[token.Pool, error]
	// Absent returns those of the addresses that are proven to have no pool, also when it returns an error.
	Absent(ctx context.Context, addresses []string, stats *syncrun.Counts) (gone []string, err error)
	// ByMint streams the pools that have one of the mints on either side, seen from that side.
	ByMint(ctx context.Context, mints []string, stats *syncrun.Counts) iter.Seq2[token.Pool, error]
}

// Tokens is the tokens table.
type Tokens interface {
	// Listed streams the mints in a launchpad's lists; it may lag behind by a moment.
	Listed(ctx context.Context, id token.LaunchpadID) iter.Seq2[string, error]
	// Get reads tokens by mint, up to date; unknown ones are left out. One without pools could not be read.
	Get(ctx context.Context, mints []string) iter.Seq2[token.Token, error]
	// Write stores tokens, each mint at most once, asking hold before each batch whether it still may. It takes all tokens,
	// also those that it cannot store.
	Write(ctx context.Context, tokens iter.Seq[token.Token], hold func(context.Context) error) syncrun.WriteResult
}

// An Edition is a run's way from the board that it found to the one that it publishes.
type Edition interface {
	// Board is the board that was found; nil when there is none, or none that can be read.
	Board() *board.Board
	// Loss is why there is no board although one was published.
	Loss() error
	// Generation is the lease's under which the board was published.
	Generation() int64
	// State is what the run that published the board left.
	State() []byte
	// Put stores a chunk of the new board. It is for one goroutine.
	Put(context.Context, board.Chunk) error
	// Settle names tokens that the new board does not list because the operator has hidden them.
	Settle(hidden map[string]bool)
	// Points are those that are kept, also of a board that was lost.
	Points() board.Points
	// PutPoint stores a point, which is one of Points then; readers see it once the board is published.
	PutPoint(ctx context.Context, p board.Point, parts [][]byte) error
	// Publish makes m the board, all or nothing, and sets its version. syncrun.ErrLeaseHeld means that another run was faster.
	Publish(ctx context.Context, m *board.Manifest, state []byte, generation int64) error
}

// Runs is the sync table.
type Runs interface {
	SaveRun(context.Context, syncrun.Record) error
	Breaker(context.Context, token.Product) (syncrun.Breaker, error)
	SaveBreaker(ctx context.Context, before, after syncrun.Breaker) error
	// FullDue reports whether a full scan is due that could not run.
	FullDue(context.Context) (bool, error)
	SetFullDue(context.Context, bool) error
	// LastDay returns the newest day of a launchpad's ledger; ok is false when there is none.
	LastDay(ctx context.Context, id token.LaunchpadID) (day ledger.Day, ok bool, err error)
	SaveDay(ctx context.Context, id token.LaunchpadID, day *ledger.Day) error
	// Hidden returns the mints that the operator has hidden. It may lag behind by a moment.
	Hidden(context.Context) (map[string]bool, error)
}

// A Lease keeps two runs apart. Hold, Shorten and Acquire return syncrun.ErrLeaseHeld when it is another run's.
type Lease interface {
	Hold(context.Context) error
	// Shorten lets the lease run out at a moment, if it is still ours.
	Shorten(ctx context.Context, until time.Time) error
	Release(context.Context) error
	// Generation grows with every change of hands.
	Generation() int64
}

// Memory is what the process has used at most, in bytes.
type Memory interface {
	Peak() (rss, heap int64)
}

// Metrics gets the figures of every run, however it ended.
type Metrics interface {
	Emit(context.Context, syncrun.Outcome)
}

// Sync is everything a run needs. All fields but Faces, Listing, Watch, WriteUnits, PoolBytes and Now have to be set.
type Sync struct {
	Launchpads func(context.Context) ([]token.LaunchpadID, error)
	Sources    []Source
	Finders    []Finder
	Tokens     Tokens
	Edit       func(context.Context) (Edition, error)
	Runs       Runs
	Faces      *Faces   // nil when nobody fetches them
	Listing    *Listing // nil when every token is the launchpad's own
	Acquire    func(ctx context.Context, owner string, until time.Time) (Lease, error)
	Memory     Memory
	Metrics    Metrics
	Log        *slog.Logger
	Watch      Watch
	WriteUnits func() int64     // that the tables have charged so far; nil when nobody counts them
	PoolBytes  int              // that a run may gather; defaultPoolBytes when 0
	Now        func() time.Time // when a run begins, by which all that it sees is dated; time.Now when nil
}

func (s *Sync) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// defaultPoolBytes are some 100,000 pools.
const defaultPoolBytes = 24 << 20
