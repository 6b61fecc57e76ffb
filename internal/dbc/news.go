package dbc

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"tokensync/internal/solana"
)

// What looking for new curves may cost in one refresh.
const (
	newsRequests  = 6 // at least
	newsTime      = 10 * time.Second
	newsRows      = 20_000
	changesPages  = 3
	mostTrails    = 3 // configs whose transactions are looked at
	mostWaiting   = 100
	unshortenedAt = 1000 // rows from which a list of changes is held to be shorter than the list of all
)

// errUseless means that a way to new curves does not work on this node, or costs too much there.
var errUseless = errors.New("of no use here")

func useless(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUseless, fmt.Sprintf(format, args...))
}

// byChanges is the cheapest way: one request for all.
const byChanges = "changedSinceSlot"

// A lookout is a way to see new curves.
type lookout struct {
	name  string
	look  func(moved []pool) error
	byWay bool // it goes the way of the last full run
}

// lookouts returns all ways, the cheapest first.
func (s *scan) lookouts() []lookout {
	return []lookout{
		{name: byChanges, look: s.lookAtChanges},
		{name: "the whole list", look: s.lookAtList, byWay: true},
		{name: "signatures", look: s.lookAtSignatures},
		{name: "a walk in parts", look: s.lookAtPart, byWay: true},
	}
}

// news looks for curves that are not known yet, in the first way that works. moved are known curves that have changed
// since the last run: a way that should have shown them and did not is not believed.
func (s *scan) news(moved []pool) error {
	m := &s.now.book
	for _, l := range s.lookouts() {
		if m.isUseless(l.name, s.started) {
			continue
		}
		requests := s.stats.Requests.Load()
		err := l.look(moved)
		s.newsLeft = max(1, s.newsLeft-int(s.stats.Requests.Load()-requests))
		switch {
		case err == nil:
			s.noteNews("by %s", l.name)
			return nil
		case !errors.Is(err, errUseless) && !solana.IsDetour(err):
			return fmt.Errorf("looking for new curves: %w", err)
		}
		if l.byWay && solana.IsDetour(err) { // the way of the last full run
			s.now.isLost = true
			s.noteNews("the next run reads everything: %v", err)
			return nil
		}
		s.giveUp(l.name, err)
	}
	s.noteNews("only full runs find them")
	return nil
}

// giveUp leaves a way alone for a day.
func (s *scan) giveUp(name string, err error) {
	m := &s.now.book
	if m.Useless == nil {
		m.Useless = map[string]int64{}
	}
	m.Useless[name] = s.started.Add(keepWay).Unix()
	s.noteNews("not by %s: %v", name, err)
	if err := s.saveBook(); err != nil {
		s.note(err)
	}
}

// lookAtChanges asks for what was written since the last run, of all configs together.
func (s *scan) lookAtChanges(moved []pool) error {
	listed := map[solana.Key]bool{}
	if err := s.changesSince(s.now.since, func(page *poolPage) {
		for i := range page.refs {
			listed[page.refs[i].address] = true
		}
		s.takeNews(page)
	}); err != nil {
		return err
	}
	return s.now.settleOwed(moved, listed)
}

// changesSince calls take with each page of what was written since a slot, and a minute before it.
func (s *scan) changesSince(slot int64, take func(*poolPage)) error {
	if slot <= 0 {
		return useless("nobody knows since when")
	}
	rows, page := 0, newPoolPage(s.started, s.limits.Pools)
	for err := range s.session.Changes(s.ctx, s.search(), max(1, slot-slotMargin), changesPages, page) {
		switch {
		case errors.Is(err, solana.ErrBudget):
			return useless("it does not shorten the walk")
		case err != nil:
			return err
		}
		rows += len(page.refs)
		take(page)
	}
	if rows > unshortenedAt && rows > len(s.now.refs)/2 {
		return useless("it does not shorten the list")
	}
	return nil
}

// takeNews takes over what a way to new curves has shown.
func (s *scan) takeNews(page *poolPage) {
	s.count(page)
	s.moved = append(s.moved, s.now.learn(page)...)
	if s.now.isTooLarge() { // otherwise they have just been read, and a scan may lag behind that
		s.moved = append(s.moved, s.now.update(page)...)
	}
}

// settleOwed holds a list of changes to what is known to have changed. A node may lag: what it leaves out now it must
// list the next time, or it is not believed any more.
func (k *kept) settleOwed(moved []pool, listed map[solana.Key]bool) error {
	unpaid := 0
	for address := range k.owed {
		if !listed[address] {
			unpaid++
		}
	}
	k.owed = map[solana.Key]bool{}
	if unpaid > 0 {
		return useless("it left out %d curves that had changed", unpaid)
	}
	for i := range moved {
		if !listed[moved[i].address] {
			k.owed[moved[i].address] = true
		}
	}
	if len(k.owed) == 0 {
		k.since = k.slot
	}
	return nil
}

// lookAtList lists all addresses again, where that costs little.
func (s *scan) lookAtList([]pool) error {
	m := &s.now.book
	if m.Pools.Way.Method == "" || m.Pools.Requests > int64(max(newsRequests, s.newsLeft)) || m.Pools.Time > newsTime || len(s.now.refs) > newsRows {
		return useless("it takes %d requests and %v", m.Pools.Requests, m.Pools.Time.Round(time.Second))
	}
	if m.Pools.Requests > int64(s.newsLeft) {
		s.noteNews("the next refresh looks")
		return nil
	}
	q := s.newSearch()
	q.Slice.Length = poolMintAt // what is searched for lies before it
	fresh, page := []solana.Key(nil), &addressPage{}
	rows := 0
	for err := range s.session.Walk(s.ctx, q, &solana.Position{Way: m.Pools.Way}, solana.Budget{Requests: int64(s.newsLeft)}, page) {
		if errors.Is(err, solana.ErrBudget) {
			return useless("it takes more than %d requests", s.newsLeft)
		} else if err != nil {
			return err
		}
		rows += len(page.addresses)
		for _, address := range page.addresses {
			if !s.now.knows(address) {
				fresh = append(fresh, address)
			}
		}
	}
	if rows == 0 && len(s.now.refs) > 0 {
		return useless("%v", errNothing)
	}
	return s.lookUpNews(fresh, nil)
}

// An addressPage gathers the addresses of one answer.
type addressPage struct{ addresses []solana.Key }

// Reset empties the page.
func (p *addressPage) Reset() { p.addresses = p.addresses[:0] }

// Add takes the account's address.
func (p *addressPage) Add(a *solana.Account) { p.addresses = append(p.addresses, a.Key) }

// lookUpNews reads accounts that may be new curves. Faults that isExpected reports, if it is not nil, are not oddities.
func (s *scan) lookUpNews(addresses []solana.Key, isExpected func(fault) bool) error {
	if len(addresses) == 0 {
		return nil
	}
	page, _, err := s.reread(addresses)
	if err != nil {
		return err
	}
	if isExpected != nil {
		page.faults = slices.DeleteFunc(page.faults, isExpected)
	}
	s.takeNews(page)
	return nil
}

// A trail is the transactions that mention a config.
type trail struct {
	last    string   // the newest that was listed
	again   string   // that was asked for in vain
	waiting []string // those that are to be looked at, the oldest first
	silent  int      // how often in a row nothing was listed although curves had moved
}

// lookAtSignatures looks into the transactions that mention a config: a launch does, and its pool is among its accounts.
func (s *scan) lookAtSignatures(moved []pool) error {
	if len(s.ours) > mostTrails {
		return useless("there are %d keys", len(s.ours))
	}
	left := max(1, s.newsLeft-len(s.ours)-1)
	candidates := map[solana.Key]bool{}
	for i := range s.ours {
		t, err := s.follow(s.ours[i].key, moved)
		if err != nil {
			return err
		}
		for ; left > 0 && len(t.waiting) > 0; left-- {
			keys, err := s.session.TransactionKeys(s.ctx, t.waiting[0])
			if err != nil {
				return err
			}
			if len(keys) == 0 && t.again != t.waiting[0] { // the node does not have it yet
				t.again = t.waiting[0]
				break
			}
			t.waiting = t.waiting[1:]
			for _, k := range keys {
				candidates[k] = true
			}
		}
	}
	return s.lookUpNews(s.unknown(candidates), fault.isOfAnotherKind)
}

// isOfAnotherKind reports whether an account is not a pool: transactions name vaults, mints and programs beside it.
func (f fault) isOfAnotherKind() bool {
	return errors.Is(f.err, errOwner) || errors.Is(f.err, errLength) || errors.Is(f.err, errDiscriminator)
}

func (s *scan) unknown(candidates map[solana.Key]bool) (unknown []solana.Key) {
	for k := range candidates {
		if !s.now.knows(k) {
			unknown = append(unknown, k)
		}
	}
	return unknown
}

// follow lists what is new on a config's trail.
func (s *scan) follow(config solana.Key, moved []pool) (*trail, error) {
	t := s.now.trails[config]
	if t == nil {
		t = &trail{}
		s.now.trails[config] = t
	}
	signatures, err := s.session.SignaturesForAddress(s.ctx, config, t.last, 0)
	if err != nil {
		return nil, err
	}
	for i := len(signatures) - 1; i >= 0; i-- {
		if sig := &signatures[i]; !sig.Failed && sig.Slot >= s.now.since-slotMargin {
			t.waiting = append(t.waiting, sig.Text)
		}
		t.last = signatures[i].Text
	}
	if t.silent++; len(signatures) > 0 || !anyOf(moved, config) {
		t.silent = 0
	}
	switch {
	case t.silent > 1:
		return nil, useless("curves move without them")
	case len(t.waiting) > mostWaiting:
		t.waiting = nil
		return nil, useless("there are too many to look at")
	}
	return t, nil
}

func anyOf(pools []pool, key solana.Key) bool {
	for i := range pools {
		if pools[i].config == key || pools[i].creator == key {
			return true
		}
	}
	return false
}

// lookAtPart walks a few pages on through the program, round and round.
func (s *scan) lookAtPart([]pool) error {
	k, q := s.now, s.search()
	if k.book.Pools.Way.Method == "" {
		return useless("there was no walk yet")
	}
	if k.roll == nil || k.roll.Search != q.ID() {
		k.roll = &solana.Position{Way: k.book.Pools.Way}
	}
	page := newPoolPage(s.started, s.limits.Pools)
	for err := range s.session.Walk(s.ctx, q, k.roll, solana.Budget{Requests: int64(s.newsLeft)}, page) {
		if errors.Is(err, solana.ErrBudget) {
			s.noteNews("%d of some %d requests of a round", k.roll.Requests, k.book.Pools.Requests)
			return nil
		}
		if err != nil {
			k.roll = nil // its key may be too old
			return err
		}
		s.takeNews(page)
	}
	k.roll = nil
	return nil
}
