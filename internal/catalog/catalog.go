// Package catalog is what front ends read: lists with cursors, searches, single tokens, stats and health.
//
// It knows neither AWS nor HTTP. Everything it needs from outside is an interface of its own.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// Boards is where the board comes from.
type Boards interface {
	// Board returns the published board, a moment old at most; when it cannot be read, the last one that could be. It is nil,
	// without an error, while none was ever published; with one, when there is none to fall back on.
	Board(context.Context) (*board.Board, error)
	// Fault returns why the last look found no newer board, nil when it was fine.
	Fault() error
}

// Items is the tokens table: of every token that was ever ours, listed or not.
type Items interface {
	// Get reads tokens by mint, at most 100; unknown ones are left out, and one that cannot be read has no status. The pair
	// with an error is the last.
	Get(ctx context.Context, mints []string) iter.Seq2[token.Token, error]
	// Token returns false when the mint is not stored.
	Token(ctx context.Context, mint string) (token.Token, bool, error)
	// Ping reports whether the table answers at all.
	Ping(context.Context) error
}

// History is the sync table.
type History interface {
	// Runs reads the newest run records, at most limit.
	Runs(ctx context.Context, limit int) ([]syncrun.Record, error)
	// Breakers reads those that have ever tripped; a product without one is closed.
	Breakers(context.Context) ([]syncrun.Breaker, error)
}

// Hider hides tokens and shows them again.
type Hider interface {
	// Hide hides a token; of one that is hidden already only the reason changes.
	Hide(ctx context.Context, mint, reason string) (token.Hiding, error)
	// Show returns what was hidden, the zero value when nothing was.
	Show(ctx context.Context, mint string) (token.Hiding, error)
	// Hidden returns what is hidden, in the order of mints, at most limit behind the mint after, and whether there is more.
	Hidden(ctx context.Context, after string, limit int) (page []token.Hiding, more bool, err error)
}

// Catalog answers reads, and takes the operator's word. Its fields must be set for what is asked of it: lists,
// stats and the queue need Boards, single tokens Boards and Items, charts Boards and Past, runs History, days Boards and
// Ledger, hiding Hider, and health Launchpads, Boards, Items, History and Interval. It is safe for concurrent use.
type Catalog struct {
	Launchpads func(context.Context) ([]token.LaunchpadID, error)
	Boards     Boards
	Items      Items
	History    History
	Hider      Hider
	Past       Past
	Ledger     Ledger
	Interval   time.Duration // the shortest schedule of syncs

	walks shelf // boards whose cursors were given out here
	seen  shelf // boards that were the newest when a list was asked for
	books books

	lookups lookups
}

// Errors that decide what a client is told. An error that is neither of these nor a *ParameterError is a bug.
var (
	ErrNotFound    = errors.New("there is no such token")
	ErrUnavailable = errors.New("the store does not answer")
)

// ParameterError is a value that a client must correct. Its texts may be shown to the client.
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
