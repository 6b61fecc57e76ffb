package dbc

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"tokensync/internal/solana"
)

// errNothing means that a walk found nothing where there was something before. No curve is ever closed.
var errNothing = errors.New("the node shows none of the curves that are known")

// readAll walks through the program, or on from where the last run stopped. Known curves that it does not come by are
// read by address: a walk that leaves one out proves nothing.
func (s *scan) readAll(before []ref) (err error) {
	if s.now.slot, err = s.session.Slot(s.ctx); err != nil {
		s.now.slot = 0 // changes cannot be asked for
	}
	page := s.turnPage()
	err = s.explore(&expedition{
		what: "curves", q: s.search(), ways: &s.now.book.Pools, page: page,
		take: func() error { return s.take(page) }, count: func() int { return len(s.now.refs) }, known: len(before),
	})
	flushErr := s.release()
	s.now.book.Short = s.now.book.Short || page.isShort
	switch {
	case s.stopped:
		return s.makeDo()
	case err != nil && !errors.Is(err, solana.ErrBudget):
		return errors.Join(err, s.saveBook())
	case flushErr != nil:
		return flushErr
	}
	s.now.sort()
	if err := s.readMissed(before, err == nil); err != nil {
		return err
	}
	if s.stopped {
		return s.makeDo()
	}
	s.settle(err == nil)
	return s.save(before)
}

// makeDo has the next runs hand out no more than the consumer had room for in this one.
func (s *scan) makeDo() error {
	if s.isOver() {
		return nil // it was the time that was short
	}
	s.now.book.limit(s.handed, s.started)
	if s.last != nil {
		s.last.book.limit(s.handed, s.started) // it is what the next run in this process starts from
	}
	return s.saveBook()
}

func (s *scan) isOver() bool { return s.ctx.Err() != nil }

// limit leaves room for nine tenths of some curves in the runs of the next day.
func (m *notebook) limit(curves int, now time.Time) {
	m.Room, m.RoomUntil = max(curves*9/10, 1), now.Add(keepWay).Unix()
}

// turnPage returns where a walk's curves are gathered: all that there is room for, of a launchpad that is known to be larger
// those whose turn it is, and one of each launchpad ID, so that none looks as if it matched nothing. A walk that goes on
// keeps to the share with which it began.
func (s *scan) turnPage() *poolPage {
	m := &s.now.book
	if m.Pools.At == nil || m.Width == 0 {
		m.Width, m.Of, m.Short = allShares, allShares, false
		s.limits.makeRoomFor(m.Known)
		if room := s.room(); m.Known > room {
			m.Of = s.limits.shares(m.Known)
			m.Width = min(turnWidth(m.Known, room), m.Of)
			m.Turn %= m.Of
		} else {
			s.limits.Pools = room
		}
	}
	page := newPoolPage(s.started, s.limits.Pools)
	page.share, page.always = share{m.Turn, m.Width, m.Of}, s.isFirstOfID
	return page
}

func (s *scan) isFirstOfID(p *pool) bool {
	c := s.claimOf(p)
	if c == nil || s.shown[c.id] {
		return false
	}
	s.shown[c.id] = true
	return true
}

// An expedition is a search for something by the ways that a node may take.
type expedition struct {
	what  string
	q     *solana.Search
	ways  *ways
	page  solana.Page
	take  func() error // of what page holds
	count func() int   // of what was taken
	known int          // that were there before
}

// explore tries ways one after the other: where it stopped first, then the one that worked last.
func (s *scan) explore(e *expedition) (err error) {
	for _, at := range s.attempts(e) {
		err = s.walk(e, at)
		if err == nil && e.count() == 0 && e.known > 0 {
			err = errNothing
		}
		switch {
		case s.stopped:
			return nil
		case err == nil:
			s.praise(e, at)
			return nil
		case errors.Is(err, solana.ErrBudget):
			e.ways.At = at
			s.leave("the walk for %s goes on in the next run: %v, %d found so far", e.what, at, e.ways.Found+e.count())
			return err
		case !solana.IsDetour(err) && !errors.Is(err, errNothing):
			return fmt.Errorf("looking for %s: %w", e.what, err)
		}
		e.ways.At, e.ways.Found = nil, 0
		s.stats.Note(fmt.Sprintf("no way to %s: %v: %v", e.what, at.Way, err))
	}
	e.ways.Until = 0 // the next run tries all ways again
	return fmt.Errorf("looking for %s: %w", e.what, err)
}

// attempts returns the positions from which to walk, the most promising first.
func (s *scan) attempts(e *expedition) []*solana.Position {
	var attempts []*solana.Position
	if w := e.ways; w.At != nil && w.At.Search == e.q.ID() {
		attempts = append(attempts, w.At)
	} else {
		w.At, w.Found = nil, 0
	}
	ways := e.q.Ways(s.now.book.Costs)
	if e.ways.Until > s.started.Unix() && len(ways) > 0 && ways[0].Method != e.ways.Way.Method {
		slices.Reverse(ways)
	}
	for _, way := range ways {
		attempts = append(attempts, &solana.Position{Way: way})
	}
	return attempts
}

// walk goes on from at.
func (s *scan) walk(e *expedition, at *solana.Position) error {
	budget := solana.Budget{Requests: s.limits.Requests, Until: s.started.Add(s.limits.Time)}
	for err := range s.session.Walk(s.ctx, e.q, at, budget, e.page) {
		if err != nil {
			return err
		}
		if err := e.take(); err != nil || s.stopped {
			return err
		}
	}
	return nil
}

// take keeps what is known of the pools of a page, and hands them out when there are enough.
func (s *scan) take(page *poolPage) error {
	s.count(page)
	s.now.add(page)
	for _, chunk := range page.chunks {
		if s.pending = append(s.pending, chunk...); len(s.pending) < emitSize {
			continue
		}
		if err := s.release(); err != nil || s.stopped {
			return err
		}
	}
	page.limit = s.limits.Pools - len(s.seen) - len(s.pending)
	return nil
}

// release hands out what is pending.
func (s *scan) release() error {
	err := s.emitAll(s.pending)
	s.pending = s.pending[:0]
	return err
}

func (s *scan) count(page *poolPage) {
	s.stats.Scanned.Add(int64(len(page.refs) + len(page.faults)))
	s.unreadable(page.faults)
}

// praise remembers the way that led to the end, and what it cost.
func (s *scan) praise(e *expedition, at *solana.Position) {
	w, costs := e.ways, &s.now.book.Costs
	if w.Way != at.Way {
		s.now.book.Useless = nil // the node has other ways than before
	}
	w.Way, w.Until, w.At = at.Way, s.started.Add(keepWay).Unix(), nil
	w.Requests, w.Time = at.Requests, at.Time
	costs.Counting = at.Counting() || costs.Counting && at.Spread == solana.All
	if at.Spread == solana.All {
		costs.Pages = at.Requests
	}
	s.stats.Note(fmt.Sprintf("%s found by %v", e.what, at))
}

// readMissed reads known curves by address that the walk did not come by in this run.
func (s *scan) readMissed(before []ref, isWhole bool) error {
	var missed []solana.Key
	for i := range before {
		if !s.now.knows(before[i].address) {
			missed = append(missed, before[i].address)
		}
	}
	w := &s.now.book.Pools
	isRest := w.Found > 0 // earlier runs of this walk have come by them
	w.Found += len(s.now.refs)
	if len(missed) == 0 {
		return nil
	}
	if len(before) > s.limits.Kept || s.now.isTooLarge() {
		s.now.add(&poolPage{refs: pick(before, missed)})
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
	if err := s.take(page); err != nil {
		return err
	}
	s.now.sort()
	return s.release()
}

// settle decides what the next run starts from.
func (s *scan) settle(isWhole bool) {
	m := &s.now.book
	s.now.since = s.now.slot
	if !isWhole {
		m.Known = max(m.Known, len(s.now.refs))
		return
	}
	m.Known, m.Pools.Found, m.Slot = max(m.Pools.Found, len(s.now.refs)), 0, s.now.slot
	switch {
	case m.Width < allShares && m.Short && m.Width > 1:
		m.limit(s.room(), s.started) // fewer shares from here on, so that none of them is left out
	case m.Width < allShares:
		m.Turn = (m.Turn + m.Width) % m.Of
		m.Shown = min(m.Shown+m.Width, allShares)
	case !m.Short:
		m.Shown = allShares
	}
	handed := len(s.seen)
	switch {
	case m.Of < allShares:
		s.leave("%d of %d curves in this run: there are more than the function has memory for, and the others are left out", handed, m.Known)
	case m.Shown < allShares:
		s.leave("%d of %d curves in this run, the others in the next ones", handed, m.Known)
	case m.Width < allShares:
		s.stats.Note(fmt.Sprintf("%d of %d curves in this run, all of them in turns", handed, m.Known))
	}
}

// room returns how many pools this run may hand out.
func (s *scan) room() int {
	if m := &s.now.book; m.RoomUntil > s.started.Unix() {
		return min(m.Room, s.limits.Pools)
	}
	return s.limits.Pools
}

// turnWidth returns how many of the 256 shares of a launchpad are handed out in a run that has room for room pools. They are not all alike.
func turnWidth(known, room int) int { return max(1, allShares*9/10*room/known) }

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

// pick returns the refs of addresses, both in order.
func pick(refs []ref, addresses []solana.Key) []ref {
	picked := make([]ref, 0, len(addresses))
	for i := range refs {
		if n := len(picked); n < len(addresses) && refs[i].address == addresses[n] {
			picked = append(picked, refs[i])
		}
	}
	return picked
}
