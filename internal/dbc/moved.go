package dbc

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// errUnread means that no run of this process has left what a look needs.
var errUnread = errors.New("the curves have not been read since the last failure")

// lookSize is how many known curves a look reads where the node cannot tell changes: 20 requests. More of them are read in turns.
const lookSize = 2000

// Moved streams the curves that have changed since the last Pools, Changed or Moved of this process, and the new ones that
// the node tells of. It asks for changes where the node was seen to tell them, which is one request, and one more for what
// has changed; else it reads the known curves by address. Quotes are worth what they were in the last run. The pair with
// an error is the last, and what was not streamed because of it comes with the next call.
func (s *Source) Moved(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		node, err := s.Node(ctx)
		if err != nil {
			yield(token.Pool{}, err)
			return
		}
		last := s.last.Swap(nil)
		defer s.last.CompareAndSwap(nil, last)
		if last == nil || last.view == nil || !last.isOf(node, ids) {
			yield(token.Pool{}, fmt.Errorf("%s: %w", token.DBC, errUnread))
			return
		}
		scan := last.look(ctx, s, stats, yield)
		err = scan.lookAgain()
		left := scan.view
		last.view = &left
		if err != nil && !scan.stopped {
			yield(token.Pool{}, fmt.Errorf("%s: %w", token.DBC, err))
		}
	}
}

// look returns a scan that goes on from k, in k, with the view that the last one left.
func (k *kept) look(ctx context.Context, source *Source, stats *syncrun.Counts, yield func(token.Pool, error) bool) *scan {
	s := newScan(ctx, source, k.node, stats, yield)
	fresh := s.learned
	s.now, s.last, s.view = k, k, *k.view
	s.started, s.oddities, s.classes, s.slots.ask = fresh.started, fresh.oddities, fresh.classes, fresh.slots.ask
	s.turn, s.lookedUp = turn{}, 0
	return s
}

// lookAgain hands out what has moved.
func (s *scan) lookAgain() error {
	k := s.now
	if k.isLost { // the next run reads everything
		return nil
	}
	suspects, err := s.suspects()
	if err != nil {
		return err
	}
	if err := s.readSuspects(suspects); err != nil {
		return err
	}
	if err := s.emitAll(k.unsent); err != nil || s.stopped {
		return err
	}
	k.unsent = nil
	s.flushGraduates()
	s.noteOddities()
	return s.result()
}

// readSuspects reads curves that may have moved. A node that shows the chain as it was before the last look is not believed.
func (s *scan) readSuspects(addresses []solana.Key) error {
	if len(addresses) == 0 {
		return nil
	}
	k := s.now
	page, slot, err := s.reread(addresses)
	switch {
	case err != nil:
		return err
	case slot >= 0 && slot < k.lookedAt():
		s.stats.Note(fmt.Sprintf("a look saw slot %d after slot %d: it was not believed", slot, k.lookedAt()))
		return nil
	}
	k.looked = max(slot, k.lookedAt())
	s.count(page)
	moved := k.update(page)
	learned := k.learn(page)
	k.isDirty = k.isDirty || len(learned) > 0
	k.unsent = append(append(moved, learned...), k.unsent...) // of two states of a pool the newer one is handed out
	return nil
}

// lookedAt returns the slot up to which everything is known.
func (k *kept) lookedAt() int64 { return max(k.slot, k.looked) }

// suspects lists the curves that may have moved: those that the node says were written, else known ones.
func (s *scan) suspects() ([]solana.Key, error) {
	k := s.now
	if !k.book.isUseless(byChanges, s.started) {
		changed, err := s.changed()
		if err == nil || !errors.Is(err, errUseless) && !solana.IsDetour(err) {
			return changed, err
		}
		s.giveUp(byChanges, err)
	}
	var list []solana.Key
	list, k.lookTurn = k.unsettled(k.lookTurn%max(1, len(k.refs)), lookSize)
	return list, nil
}

// changed lists the curves that were written since the last look, and that are not known as they are now.
func (s *scan) changed() (list []solana.Key, err error) {
	k := s.now
	err = s.changesSince(k.lookedAt(), func(page *poolPage) {
		s.unreadable(page.faults)
		for i := range page.refs {
			if at, ok := k.find(page.refs[i].address); !ok || k.refs[at].sum != page.refs[i].sum {
				list = append(list, page.refs[i].address)
			}
		}
	})
	return list, err
}
