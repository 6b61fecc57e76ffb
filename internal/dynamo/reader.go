package dynamo

import (
	"context"
	"errors"
	"sync"
	"time"

	"tokensync/internal/board"
)

// lookEvery is how long a reader believes the manifest that it saw last.
const lookEvery = 2 * time.Second

// BoardReader keeps the published board in memory. It is safe for concurrent use.
type BoardReader struct {
	table *BoardTable
	warn  func(error) // of points that could not be read; nil when nobody wants them
	kept  partCache

	turn   chan struct{} // holds one value while nobody looks
	mu     sync.Mutex
	board  *board.Board // nil before the first
	rolls  board.Points // that were there at the last look
	looked time.Time
	fault  error // of the last look
}

// NewBoardReader reads the board of a table; it makes no call.
func NewBoardReader(api API, table string) *BoardReader {
	r := &BoardReader{table: NewBoardTable(api, table), turn: make(chan struct{}, 1)}
	r.table.reads = true
	r.turn <- struct{}{}
	return r
}

// Recalling makes r read the points that changes and windows are counted from, too. warn is told what could not be read of
// them: the board is shown without. It returns r, and must be called before r is used.
func (r *BoardReader) Recalling(warn func(error)) *BoardReader {
	r.warn = warn
	return r
}

// Board returns the published board, at most two seconds old, without what the operator has hidden since. When it cannot be
// read it is the last one that could be, and Fault tells why. It is nil, without an error, while none was ever published; with
// one, when there is none to fall back on.
func (r *BoardReader) Board(ctx context.Context) (*board.Board, error) {
	if b, err, fresh := r.held(); fresh {
		return b, err
	}
	select {
	case <-r.turn:
		defer func() { r.turn <- struct{}{} }()
	case <-ctx.Done():
		b, _, _ := r.held()
		return orError(b, ctx.Err())
	}
	if b, err, fresh := r.held(); fresh { // somebody else has looked meanwhile
		return b, err
	}
	b, err := r.look(ctx, r.board)
	return r.keep(b, err)
}

// Fault returns why the last look did not find a newer board, nil when it was fine. The errors are board.ErrFormat,
// board.ErrCorrupt, ErrMissingChunk, and those of the table.
func (r *BoardReader) Fault() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fault
}

// held returns what the last look found, and whether that was a moment ago.
func (r *BoardReader) held() (b *board.Board, err error, fresh bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, err = orError(r.board, r.fault)
	return b, err, !r.looked.IsZero() && time.Since(r.looked) < lookEvery
}

// orError returns b, and err only when there is no b.
func orError(b *board.Board, err error) (*board.Board, error) {
	if b != nil {
		return b, nil
	}
	return nil, err
}

// keep remembers what a look found. One that a client's impatience ended tells nothing.
func (r *BoardReader) keep(b *board.Board, err error) (*board.Board, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !errors.Is(err, context.Canceled) {
		r.looked, r.fault = time.Now(), err
	}
	if b != nil {
		r.board = b
	}
	return orError(r.board, err)
}

// look returns the published board, which is have when nothing newer is there. A read that is not consistent may show an
// older manifest, or a newer one whose chunks it does not show yet: then consistent ones decide.
func (r *BoardReader) look(ctx context.Context, have *board.Board) (*board.Board, error) {
	found, err := r.lookOnce(ctx, have, false)
	if err == nil && (found != nil || have == nil) || err != nil && !isLost(err) {
		return found, err
	}
	return r.lookOnce(ctx, have, true)
}

// lookOnce returns nil when the manifest is missing, or of a version before have's that a consistent read may not confirm.
func (r *BoardReader) lookOnce(ctx context.Context, have *board.Board, consistent bool) (*board.Board, error) {
	there, err := r.table.manifest(ctx, consistent)
	switch {
	case err != nil:
		return nil, err
	case there.err != nil:
		return nil, there.err
	case there.Version == 0:
		return nil, nil
	case have != nil && there.Version < have.Version() && !consistent:
		return nil, nil
	case have != nil && there.Version == have.Version() && there.SyncedAt == have.Manifest().SyncedAt:
		return have.Without(there.hidden), nil
	}
	r.setRolls(there.rolls)
	var parts []board.PartKey
	if r.warn != nil && have == nil { // a board that follows another mostly has them from there
		parts = there.points.Wanted(time.UnixMilli(there.SyncedAt))
	}
	b, data, err := r.table.openWith(ctx, there.Manifest, have, parts, consistent)
	if err != nil {
		return nil, err
	}
	if r.warn != nil {
		fetch := func(keys []board.PartKey) (map[board.PartKey][]byte, error) {
			return r.table.parts(ctx, keys, data, false)
		}
		if err := b.Recall(there.points, have, fetch); err != nil {
			r.warn(err)
		}
	}
	return b.Without(there.hidden), nil
}
