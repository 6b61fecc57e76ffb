// Package catalog is what front ends read: lists with cursors, search, single tokens, stats and health.
//
// It knows neither AWS nor HTTP. Everything it needs from outside is an interface of its own.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// Row is one token in a list.
type Row struct {
	Mint    string
	Key     string // the value by which the list is sorted: a number's digits, or text
	Summary string // token.Summary as JSON, as the sync stored it
}

// Page asks for one stretch of one index.
type Page struct {
	Launchpad  token.LaunchpadID
	Sort       Sort
	Descending bool
	Prefix     string      // only with SortSymbol: symbols that begin so
	Stage      token.Stage // "" is any, and none
	After      *Position   // nil starts at the beginning
	Limit      int
}

// Position is the place of a row in an index.
type Position struct{ Key, Mint string }

// Detail is one token with its pools.
type Detail struct {
	Summary   string // token.Summary as JSON
	Status    token.Status
	Launchpad token.LaunchpadID
	Stage     token.Stage
	Pools     []token.Pool
}

// Tokens is the tokens table.
type Tokens interface {
	// Page reads rows in the index's order, at most limit. There may be more behind rest, and are none when it is nil. With a
	// stage that few tokens are in, rows can be fewer although there are more: it does not search for ever.
	Page(context.Context, Page) (rows []Row, rest *Position, err error)
	// Rows reads tokens by mint, at most 100, listed or not; unknown ones are left out. Key stays empty.
	Rows(ctx context.Context, mints []string) ([]Row, error)
	// Token answers false when the mint is not stored.
	Token(ctx context.Context, mint string) (Detail, bool, error)
	// Ping tells whether the table answers at all.
	Ping(context.Context) error
}

// Synced is the stats item.
type Synced struct {
	Stats token.Stats
	At    time.Time // zero before the first sync
}

// History is the sync table.
type History interface {
	// Synced answers the zero value before the first sync.
	Synced(context.Context) (Synced, error)
	// Runs reads the newest run records, at most limit.
	Runs(ctx context.Context, limit int) ([]syncrun.Record, error)
	// Breakers reads those that have ever tripped; a product without one is closed.
	Breakers(context.Context) ([]syncrun.Breaker, error)
}

// Catalog answers reads. Launchpads, Tokens and History have to be set, Interval for Health only.
type Catalog struct {
	Launchpads func(context.Context) ([]token.LaunchpadID, error)
	Tokens     Tokens
	History    History
	Interval   time.Duration // the shortest schedule of syncs
}

// Errors that decide what a client is told. An error that is neither of these nor a *ParameterError is a bug.
var (
	ErrNotFound    = errors.New("there is no such token")
	ErrUnavailable = errors.New("the store does not answer")
)

// ParameterError is a value that a client must mend. Its texts may be shown to the client.
type ParameterError struct {
	Name   string // the parameter, as the client spelled it
	Reason string
}

func (e *ParameterError) Error() string { return e.Name + " " + e.Reason }

func badParameter(name, format string, args ...any) error {
	return &ParameterError{Name: name, Reason: fmt.Sprintf(format, args...)}
}

// unavailable marks an error of a store. Whatever its reason, a later try may succeed, and the client is not at fault.
func unavailable(doing string, err error) error {
	return fmt.Errorf("%s: %w: %w", doing, ErrUnavailable, err)
}
