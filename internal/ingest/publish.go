package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// writeShare is the part of the time that is left in which items may be written; the rest is for publishing.
const writeShare = 0.8

// A publication is a new board on its way to its readers.
type publication struct {
	edition  Edition
	previous *board.Board
	plan     *plan // what of it is for the next run
	earners  earners
	isMore   bool // of a run that has published already: without a change there is nothing to publish
}

// publish writes the items of the tokens that need it and publishes the board of those that it holds, in one pass. It
// reports whether readers see the new board.
func (r *run) publish(ctx context.Context, lease Lease, p publication, changes iter.Seq2[change, error]) (bool, error) {
	items := newItemWriter(ctx, r.Tokens, lease.Hold)
	data := map[string][]byte{} // of the new board's chunks
	put := func(c board.Chunk) error {
		data[c.Hash] = c.Data
		return p.edition.Put(ctx, c)
	}
	shown := map[string]bool{} // mints of the new board's lists
	point := r.newPoint(p.edition.Points())
	m, err := board.Build(point.sampling(p.earners.summing(items.writing(changes, shown))), put)
	result := items.close()
	r.bookItems(result)
	if err != nil {
		r.unpublished = true
		return false, fmt.Errorf("building the board: %w", err)
	}
	if len(result.Unwritten) > 0 {
		if m, err = r.forget(m, p.previous, data, result.Unwritten, shown, put); err != nil {
			return false, fmt.Errorf("building the board: %w", err)
		}
	}
	if p.isMore && slices.Equal(m.Chunks, p.previous.Manifest().Chunks) {
		return true, nil
	}
	r.putPoint(ctx, p.edition, point)
	return r.announce(ctx, lease, p, &m, shown), nil
}

// publishMore publishes what changes makes of the board that this run has published last, and reports what publish does.
func (r *run) publishMore(ctx context.Context, lease Lease, left *plan, changes func(Edition) iter.Seq2[change, error]) (bool, error) {
	edition, err := r.Edit(ctx)
	if err != nil {
		return false, err
	}
	b := edition.Board()
	if b == nil || b.Version() != r.record.BoardVersion {
		return false, fmt.Errorf("the board is no longer this run's: %w", syncrun.ErrLeaseHeld)
	}
	r.at = max(time.Now().UnixMilli(), b.SyncedAt().UnixMilli()+1)
	return r.publish(ctx, lease, publication{edition, b, left, newEarners(nil, b), true}, changes(edition))
}

// stuckAfter is how long a curve may be complete before somebody has to look at it: Meteora's keepers take minutes.
const stuckAfter = 24 * time.Hour

// watching finds tokens whose migration is due for too long.
func (r *run) watching(changes iter.Seq2[change, error]) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		for c, err := range changes {
			done := c.Curve.CompletedAt
			if c.Curve.Stage == token.Migrating && done != 0 && r.start.Sub(time.UnixMilli(done)) > stuckAfter {
				r.stuck++
				r.stuckMint = cmp.Or(r.stuckMint, c.Mint)
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// bookItems counts what became of items.
func (r *run) bookItems(result syncrun.WriteResult) {
	r.record.WriteBatches += result.Batches
	r.record.ItemsWritten += result.Items
	r.record.TokensUnwritten += len(result.Unwritten)
	if result.Err != nil {
		r.trouble = append(r.trouble, fmt.Errorf("writing tokens: %w", result.Err))
	}
}

// forget builds the board once more, for the next run to try again the items that were not written: without their marks, and
// with the delisted tokens, which nobody would meet again. These are shown.
func (r *run) forget(
	m board.Manifest, previous *board.Board, data map[string][]byte, mints []string, shown map[string]bool, put func(board.Chunk) error,
) (board.Manifest, error) {
	unwritten := make(map[string]bool, len(mints))
	for _, mint := range mints {
		unwritten[mint] = true
	}
	b, err := board.Open(m, previous, func(ref board.Ref) ([]byte, error) { return data[ref.Hash], nil })
	if err != nil {
		return m, err
	}
	return board.Build(func(yield func(token.Token, error) bool) {
		for t := range b.All() {
			if unwritten[t.Mint] {
				t.Written = token.Written{}
			}
			if !yield(t, nil) {
				return
			}
		}
		for _, mint := range mints {
			if t, ok := previous.Token(mint); ok && r.delisted[mint] {
				shown[mint] = t.Status == token.Listed
				if !yield(t, nil) {
					return
				}
			}
		}
	}, put)
}

// announce switches readers to the new board. When that fails they keep the last one, and the next run does it all again.
func (r *run) announce(ctx context.Context, lease Lease, p publication, m *board.Manifest, shown map[string]bool) bool {
	m.SyncedAt, m.Launchpads, m.Earned = r.at, slices.Clone(r.ids), p.earners.published()
	m.Follow(p.edition.Board(), rand.Uint64(), shown)
	p.edition.Settle(r.hidden)
	err := lease.Hold(ctx)
	if err != nil {
		err = fmt.Errorf("publishing the board: %w", err)
	}
	var state []byte
	if err == nil {
		state, err = p.plan.next(r)
	}
	if err == nil {
		err = p.edition.Publish(ctx, m, state, lease.Generation())
	}
	if err != nil {
		r.trouble, r.unpublished = append(r.trouble, err), true
		return false
	}
	r.record.BoardVersion, r.record.BoardBytes = m.Version, 0
	for _, ref := range m.Chunks {
		r.record.BoardBytes += int64(ref.Size)
	}
	return true
}

// settleFullDue takes back what turnedAway asked for.
func (r *run) settleFullDue(ctx context.Context, p *plan) {
	if !p.fullDue || errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	if err := r.Runs.SetFullDue(ctx, false); err != nil {
		r.Log.WarnContext(ctx, "another full scan will follow", "error", err.Error())
	}
}

// An itemWriter sends tokens to the table while somebody else takes them for the board.
type itemWriter struct {
	tokens chan token.Token
	result chan syncrun.WriteResult
}

func newItemWriter(ctx context.Context, table Tokens, hold func(context.Context) error) *itemWriter {
	w := &itemWriter{tokens: make(chan token.Token), result: make(chan syncrun.WriteResult, 1)}
	go func() {
		ctx, cancel := within(ctx, writeShare)
		defer cancel()
		w.result <- table.Write(ctx, w.all, hold)
	}()
	return w
}

func (w *itemWriter) all(yield func(token.Token) bool) {
	for t := range w.tokens {
		if !yield(t) {
			break
		}
	}
	for range w.tokens { // so that nobody waits for ever
	}
}

// writing passes on the tokens that a board holds, notes the mints of the listed ones in shown, and has the items written that
// need it. Its tokens carry the marks of items that are on their way.
func (w *itemWriter) writing(changes iter.Seq2[change, error], shown map[string]bool) iter.Seq2[token.Token, error] {
	return func(yield func(token.Token, error) bool) {
		for c, err := range changes {
			if err == nil && c.write {
				c.Written = c.WriteMark()
				w.tokens <- c.Token
			}
			if err == nil && !board.Holds(c.Status) {
				continue
			}
			if c.Status == token.Listed {
				shown[c.Mint] = true
			}
			if !yield(c.Token, err) {
				return
			}
		}
	}
}

// close waits until everything is written, or given up.
func (w *itemWriter) close() syncrun.WriteResult {
	close(w.tokens)
	return <-w.result
}
