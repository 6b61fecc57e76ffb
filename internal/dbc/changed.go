package dbc

import (
	"fmt"
	"slices"

	"tokensync/internal/solana"
)

// What a refresh may ask for, and how far a node may go back without being told so.
const (
	turnSize        = 6000 // known curves read by one refresh of a launchpad that is too large to be kept: 60 requests
	refreshRequests = 10   // for known curves and new ones together, and more where there are many
	slotMargin      = 150  // a minute: backends of one node differ by less
)

// read reads all, or what a refresh needs where earlier runs have left enough to go on from.
func (s *scan) read(before []ref, isRefresh bool) error {
	book := &s.now.book
	isGap := s.last == nil && len(before) < book.Known
	isYoung := book.Shown < allShares && book.Of == allShares // there are curves that no run has handed out yet
	if !isRefresh || book.Pools.At != nil || len(before) == 0 || isGap || isYoung || s.last != nil && s.last.isLost {
		return s.readAll(before)
	}
	return s.refresh(before)
}

// refresh reads known curves by address and looks for new ones. What is settled is left to full runs.
func (s *scan) refresh(before []ref) (err error) {
	k := s.now
	k.inherit(s.last, before)
	due := k.due()
	page, slot, err := s.reread(due)
	if err != nil {
		return err
	}
	if s.wentBack(slot) {
		return s.emitAll(k.pools)
	}
	s.count(page)
	s.moved = k.update(page)
	s.newsLeft = max(newsRequests, refreshRequests-(len(due)+chunkSize-1)/chunkSize)
	if k.slot = max(slot, k.slot); k.since == 0 {
		k.since = k.book.Slot
	}
	if err := s.news(slices.Clone(s.moved)); err != nil {
		return err
	}
	return s.handOut(before, len(due))
}

// handOut streams all pools where they are kept, else those that have moved.
func (s *scan) handOut(before []ref, read int) error {
	k := s.now
	pools := k.pools
	if k.isTooLarge() {
		pools = s.moved
		s.stats.Note(fmt.Sprintf("%d of %d known curves read again, all of them in turns", read, len(k.refs)))
	} else if lost := len(k.refs) - len(k.pools); lost > 0 {
		s.leave("%d known curves did not come back", lost)
	}
	if err := s.emitAll(pools); err != nil || s.stopped {
		return err
	}
	if len(before) == len(k.refs) && !k.isDirty {
		return nil
	}
	k.book.Known = len(k.refs)
	return s.save(before)
}

// inherit takes over what the last run of this process knew, or the addresses that the cache had.
func (k *kept) inherit(last *kept, before []ref) {
	k.refs = slices.Clone(before)
	k.compactAt = len(k.refs)
	if last == nil {
		k.slot = k.book.Slot
		return
	}
	k.slot, k.since, k.owed, k.next = last.slot, last.since, last.owed, last.next
	k.trails, k.roll = last.trails, last.roll
	if !k.isTooLarge() {
		k.pools = slices.Clone(last.pools)
	}
}

// due returns the curves to read again: all that are not settled, of a launchpad that is not kept as many as make a turn.
func (k *kept) due() []solana.Key {
	most := len(k.refs)
	if k.isTooLarge() {
		most = min(most, turnSize)
	}
	due, next := k.unsettled(k.next, most)
	if k.isTooLarge() {
		k.next = next
	}
	return due
}

// unsettled lists up to most curves that are not settled, from a place in refs on and around its end, and the place after them.
func (k *kept) unsettled(from, most int) (list []solana.Key, next int) {
	n := 0
	for ; n < len(k.refs) && len(list) < most; n++ {
		if r := k.refs[(from+n)%len(k.refs)]; !r.isSettled {
			list = append(list, r.address)
		}
	}
	return list, (from + n) % max(1, len(k.refs))
}

// wentBack reports whether a node shows the chain as it was well before the last run: nothing of that is believed. If it
// stays so, the next run reads everything anew.
func (s *scan) wentBack(slot int64) bool {
	if slot < 0 || slot+slotMargin >= s.now.slot {
		return false
	}
	s.leave("the node went back from slot %d to %d: nothing that it showed was believed", s.now.slot, slot)
	s.now.isLost = true
	return true
}

// update takes over what was read of known pools, and returns those that have moved.
func (k *kept) update(page *poolPage) (moved []pool) {
	n := 0
	for _, chunk := range page.chunks {
		for i := range chunk {
			r := page.refs[n]
			n++
			at, ok := k.find(r.address)
			if !ok || k.refs[at].sum == r.sum {
				continue
			}
			if k.refs[at].sum != 0 || k.isTooLarge() {
				moved = append(moved, chunk[i])
			}
			k.refs[at] = r
			k.put(&chunk[i])
		}
	}
	return moved
}

// put takes over the newest state of a pool.
func (k *kept) put(p *pool) {
	if k.isTooLarge() {
		return
	}
	at, ok := slices.BinarySearchFunc(k.pools, p.address, func(p pool, a solana.Key) int { return p.address.Compare(a) })
	if ok {
		k.pools[at] = *p
	} else {
		k.pools = slices.Insert(k.pools, at, *p)
	}
}

// learn takes over pools that were not known, and returns them.
func (k *kept) learn(page *poolPage) (learned []pool) {
	n := 0
	for _, chunk := range page.chunks {
		for i := range chunk {
			if at, ok := k.find(chunk[i].address); !ok {
				k.refs = slices.Insert(k.refs, at, page.refs[n])
				k.put(&chunk[i])
				learned = append(learned, chunk[i])
			}
			n++
		}
	}
	return learned
}

func (s *scan) noteNews(format string, args ...any) {
	s.stats.Note("new curves: " + fmt.Sprintf(format, args...))
}
