package dbc

import (
	"errors"
	"fmt"
	"slices"

	"tokensync/internal/solana"
)

// errNothing means that a walk found nothing where there was something before. No curve is ever closed.
var errNothing = errors.New("the node shows none of the curves that are known")

// readAll walks through the program, or on from where the last run stopped. Known curves that it does not come by are
// read by address: a walk that leaves one out proves nothing.
func (s *scan) readAll() error {
	before, err := s.remember()
	if err != nil {
		return err
	}
	if s.now.slot, err = s.session.Slot(s.ctx); err != nil {
		s.now.slot = 0 // changes cannot be asked for
	}
	err = s.walk(before)
	switch {
	case s.stopped:
		return nil
	case err != nil && !errors.Is(err, solana.ErrBudget):
		return errors.Join(err, s.saveBook())
	}
	s.now.sort()
	if err := s.readMissed(before, err == nil); err != nil || s.stopped {
		return err
	}
	s.settle(err == nil)
	return s.save(before)
}

// walk tries ways one after the other, where it stopped first, then the one that worked last.
func (s *scan) walk(before []ref) (err error) {
	q, m := s.search(), &s.now.book
	for _, at := range s.attempts(q) {
		err = s.walkBy(q, at)
		if err == nil && len(s.now.refs) == 0 && len(before) > 0 {
			err = errNothing
		}
		switch {
		case s.stopped:
			return nil
		case err == nil:
			s.praise(at)
			return nil
		case errors.Is(err, solana.ErrBudget):
			m.At = at
			s.leave("the walk goes on in the next run: %v, %d curves so far", at, m.Found+len(s.now.refs))
			return err
		case !solana.IsDetour(err) && !errors.Is(err, errNothing):
			return fmt.Errorf("looking for curves: %w", err)
		}
		m.At, m.Found = nil, 0
		s.stats.Note(fmt.Sprintf("no way to the curves: %v: %v", at.Way, err))
	}
	m.Until = 0 // the next run tries all ways again
	return fmt.Errorf("looking for curves: %w", err)
}

// attempts are the positions from which to walk, the most promising first.
func (s *scan) attempts(q *solana.Search) []*solana.Position {
	m := &s.now.book
	var attempts []*solana.Position
	if m.At != nil && m.At.Search == q.ID() {
		attempts = append(attempts, m.At)
	} else {
		m.At, m.Found = nil, 0
	}
	ways := q.Ways(m.Costs)
	if m.Until > s.started.Unix() {
		slices.SortStableFunc(ways, func(a, b solana.Way) int {
			return boolOrder(a.Method == m.Way.Method) - boolOrder(b.Method == m.Way.Method)
		})
	}
	for _, way := range ways {
		attempts = append(attempts, &solana.Position{Way: way})
	}
	return attempts
}

// boolOrder sorts true before false.
func boolOrder(b bool) int {
	if b {
		return 0
	}
	return 1
}

// walkBy walks from at on, and hands out what it comes by.
func (s *scan) walkBy(q *solana.Search, at *solana.Position) error {
	page := newPoolPage(s.started, s.limits.Pools)
	if known := s.now.book.Known; known > s.limits.Pools {
		page.share = share{s.now.book.Turn, max(1, 256*s.limits.Pools/known)}
	}
	budget := solana.Budget{Requests: int64(s.limits.Requests), Until: s.started.Add(s.limits.Time)}
	for err := range s.session.Walk(s.ctx, q, at, budget, page) {
		if err != nil {
			return err
		}
		if err := s.take(page); err != nil || s.stopped {
			return err
		}
		page.limit = s.limits.Pools - len(s.seen)
	}
	return nil
}

// take hands out the pools of a page, and keeps what is known of them.
func (s *scan) take(page *poolPage) error {
	s.stats.Scanned.Add(int64(len(page.refs)) + page.invalid)
	s.stats.Invalid.Add(page.invalid)
	for _, chunk := range page.chunks {
		if err := s.emitAll(chunk); err != nil || s.stopped {
			return err
		}
	}
	s.now.add(page.refs, page.pools())
	return nil
}

// praise remembers the way that led to the end, and what it cost.
func (s *scan) praise(at *solana.Position) {
	m := &s.now.book
	m.Way, m.Until, m.At = at.Way, s.started.Add(keepWay).Unix(), nil
	m.Requests, m.Time = at.Requests, at.Time
	m.Costs.Counting = at.Counting()
	if at.Spread == solana.All {
		m.Costs.Pages = at.Requests
	}
	s.stats.Note("curves found by " + at.String())
}

// readMissed reads known curves by address that the walk did not come by in this run.
func (s *scan) readMissed(before []ref, isWhole bool) error {
	var missed []solana.Key
	for i := range before {
		if !s.now.knows(before[i].address) {
			missed = append(missed, before[i].address)
		}
	}
	isRest := s.now.book.Found > 0 // earlier runs of this walk have come by them
	s.now.book.Found += len(s.now.refs)
	if len(missed) == 0 {
		return nil
	}
	if len(before) > s.limits.Kept || s.now.isTooLarge() {
		s.now.add(pick(before, missed), nil)
		s.now.sort()
		return nil
	}
	page, _, err := s.reread(missed)
	if err != nil || s.stopped {
		return err
	}
	if isWhole && !isRest && len(page.refs) > 0 {
		s.stats.Note(fmt.Sprintf("the walk left out %d curves that are there", len(page.refs)))
	}
	defer s.now.sort()
	return s.take(page)
}

// settle decides what the next run starts from.
func (s *scan) settle(isWhole bool) {
	m := &s.now.book
	if isWhole {
		m.Known, m.Found, m.Slot = max(m.Found, len(s.now.refs)), 0, s.now.slot
	} else {
		m.Known = max(m.Known, len(s.now.refs))
	}
	s.now.since = s.now.slot
	if handed := len(s.seen); isWhole && m.Known > s.limits.Pools {
		m.Turn += byte(max(1, 256*s.limits.Pools/m.Known))
		s.leave("%d of %d curves in this run, the others in the next ones, in turns", handed, m.Known)
	}
}

// reread reads pools by address, and at which slot they were so; what is gone or not ours is left out.
func (s *scan) reread(addresses []solana.Key) (page *poolPage, slot int64, err error) {
	page, slot = newPoolPage(s.started, len(addresses)), -1
	for chunk := range slices.Chunk(addresses, chunkSize) {
		part := newPoolPage(s.started, len(chunk))
		if err := s.session.Accounts(s.ctx, chunk, solana.Slice{Length: poolSliceEnd}, func(_ int, a *solana.Account) {
			part.Add(a)
		}); err != nil {
			return nil, 0, fmt.Errorf("reading %d curves by address: %w", len(addresses), err)
		}
		page.join(part, s.isOurs)
		if at := s.session.LastSlot(); at >= 0 && (slot < 0 || at < slot) {
			slot = at
		}
	}
	return page, slot, nil
}

func (s *scan) isOurs(p *pool) bool { return s.claimOf(p) != nil }

// pick is the refs of addresses, both in order.
func pick(refs []ref, addresses []solana.Key) []ref {
	picked := make([]ref, 0, len(addresses))
	for i := range refs {
		if n := len(picked); n < len(addresses) && refs[i].address == addresses[n] {
			picked = append(picked, refs[i])
		}
	}
	return picked
}
