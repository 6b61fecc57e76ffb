package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/ledger"
	"tokensync/internal/products"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// A plan is what a run knows before it asks anyone: the last board, and whom to ask for what.
type plan struct {
	edition   Edition
	previous  *board.Board // of this run's launchpads only
	state     state
	mode      string // of the run
	tasks     []*task
	turn      []string        // mints whose pools are asked for by mint, as it is their turn
	nextShare share           // of the tokens, for the next run
	fullDue   bool            // a full run was turned away, or this one has asked a watch to give way
	ahead     map[string]bool // mints whose items a run has written that did not publish; nil when there was none
}

// state is what a run leaves for the next one, published together with its board.
type state struct {
	// Newest is when the newest pool of a product was created that the board takes account of, in Unix milliseconds; 0 is
	// unknown. A product that is missing was never read to the end.
	Newest map[token.Product]int64 `json:"newest,omitempty"`
	// Turn counts the chunks of mints that were asked for in turns.
	Turn int `json:"turn,omitempty"`
	// Books are those of the running day.
	Books map[token.LaunchpadID]ledger.Books `json:"books,omitempty"`
	// Share is the part of the tokens that the next run gathers.
	Share share `json:"share,omitzero"`
	// Anchors is when the pools' anchors were set, in Unix milliseconds.
	Anchors int64 `json:"anchors,omitempty"`
}

// anchorsLive is how long boards are told from the same anchors: setting them costs as much as the markets of all pools.
const anchorsLive = time.Hour

// A task is one product's part of a run.
type task struct {
	product token.Product
	source  Source // nil when the product is only looked up
	finder  Finder // nil when it cannot be
	follow  bool   // only what is new is read, instead of everything
	known   []poolID

	stats   syncrun.Counts
	side    syncrun.Counts   // of look-ups beside a scan, and by mint: what they read is not scanned
	breaker *syncrun.Breaker // nil until it was read
	record  syncrun.ProductRecord
	err     error // why it was not read to the end
	lookups error // what is amiss with its look-ups
}

// A poolID names a pool as one of its token's.
type poolID struct{ address, mint string }

// plan reads the last board and chooses whom to ask for what. A product that cannot be followed is scanned as in a full
// run; a source that is no Follower always is.
func (r *run) plan(ctx context.Context, lease Lease) (*plan, error) {
	edition, err := r.Edit(ctx)
	if err != nil {
		return nil, err
	}
	if loss := edition.Loss(); loss != nil {
		r.Log.WarnContext(ctx, "the board is lost and built anew", "error", loss.Error())
	}
	p := &plan{edition: edition, mode: r.record.Mode, fullDue: r.asked}
	if r.at = r.start.UnixMilli(); edition.Board() != nil { // a watch has published since then, or another clock is ahead
		r.at = max(r.at, edition.Board().SyncedAt().UnixMilli()+1)
	}
	if json.Unmarshal(edition.State(), &p.state) != nil || p.state.Newest == nil {
		p.state.Newest = map[token.Product]int64{}
	}
	r.anchors = r.start.Sub(time.UnixMilli(p.state.Anchors)) >= anchorsLive
	if r.record.Mode == ModeRefresh {
		if p.fullDue, err = r.Runs.FullDue(ctx); err != nil {
			return nil, err
		}
	}
	if b := edition.Board(); b != nil {
		r.lastSync = b.Manifest().SyncedAt
	}
	if p.previous, err = r.previous(ctx, edition.Board()); err != nil {
		return nil, err
	}
	if edition.Board() != nil && lease.Generation() > edition.Generation()+1 { // a run was here since then
		if p.ahead, err = r.itemsAhead(ctx, p.previous); err != nil {
			return nil, err
		}
	}
	r.assign(ctx, p)
	p.survey(r.turns())
	return p, nil
}

// previous returns the board that was found, for the launchpads of this run: without those that have gone, and of those that
// it does not know with what the table has of them.
func (r *run) previous(ctx context.Context, found *board.Board) (*board.Board, error) {
	if found != nil && sameIDs(found.Launchpads(), r.ids) {
		return found, nil
	}
	var known []token.LaunchpadID
	kept := map[string]bool{}
	if found != nil {
		known = found.Launchpads()
	}
	return board.Make(board.Manifest{Launchpads: r.ids}, func(yield func(token.Token, error) bool) {
		for t := range r.keptOf(found) {
			kept[t.Mint] = true
			if !yield(t, nil) {
				return
			}
		}
		for _, id := range r.ids {
			if slices.Contains(known, id) {
				continue
			}
			for t, err := range r.stored(ctx, id, func(mint string) bool { return kept[mint] }) {
				if found != nil { // else readers have to read everything
					t.UpdatedAt = r.at
				}
				if !yield(t, err) {
					return
				}
			}
		}
	})
}

// keptOf streams the tokens of found, which may be nil, that are of this run's launchpads.
func (r *run) keptOf(found *board.Board) iter.Seq[token.Token] {
	return func(yield func(token.Token) bool) {
		if found == nil {
			return
		}
		for t := range found.All() {
			if slices.Contains(r.ids, t.Launchpad) && !yield(t) {
				return
			}
		}
	}
}

// stored streams the tokens in a launchpad's lists as the table has them, but for those that isKnown.
func (r *run) stored(ctx context.Context, id token.LaunchpadID, isKnown func(mint string) bool) iter.Seq2[token.Token, error] {
	return func(yield func(token.Token, error) bool) {
		var mints []string
		for mint, err := range r.Tokens.Listed(ctx, id) {
			if err != nil {
				yield(token.Token{}, err)
				return
			}
			if !isKnown(mint) {
				mints = append(mints, mint)
			}
		}
		for t, err := range r.Tokens.Get(ctx, mints) {
			isListed := t.Status == token.Listed && t.Launchpad == id && len(t.Pools) > 0
			if (err != nil || isListed) && !yield(t, err) {
				return
			}
		}
	}
}

func sameIDs(a, b []token.LaunchpadID) bool {
	unique := func(ids []token.LaunchpadID) []token.LaunchpadID {
		return slices.Compact(slices.Sorted(slices.Values(ids)))
	}
	return slices.Equal(unique(a), unique(b))
}

// assign makes the tasks: one for each product that is read or asked.
func (r *run) assign(ctx context.Context, p *plan) {
	for _, source := range r.Sources {
		t := newTask(source.Product())
		t.source = source
		t.follow = r.canFollow(ctx, p, source)
		p.tasks = append(p.tasks, t)
	}
	for _, finder := range r.Finders {
		p.task(finder.Product()).finder = finder
	}
}

func newTask(product token.Product) *task {
	return &task{product: product, record: syncrun.ProductRecord{Product: product, Status: syncrun.Skipped}}
}

// task returns the task of a product, a new one when it has none.
func (p *plan) task(product token.Product) *task {
	if i := slices.IndexFunc(p.tasks, func(t *task) bool { return t.product == product }); i >= 0 {
		return p.tasks[i]
	}
	t := newTask(product)
	p.tasks = append(p.tasks, t)
	return t
}

// canFollow reports whether it is enough to read what is new of a product.
func (r *run) canFollow(ctx context.Context, p *plan, source Source) bool {
	_, ok := source.(Follower)
	if !ok || r.record.Mode != ModeRefresh {
		return false
	}
	_, wasRead := p.state.Newest[source.Product()]
	found := p.edition.Board()
	var why string
	switch {
	case p.fullDue:
		why = "a full scan could not run when it was due"
	case found == nil || !wasRead:
		why = "it was never read to the end"
	case !sameIDs(found.Launchpads(), r.ids):
		why = "the launchpad IDs have changed"
	default:
		return true
	}
	r.Log.WarnContext(ctx, "a full scan instead of a refresh", "product", string(source.Product()), "reason", why)
	return false
}

// How many mints make a turn, which leaves a request of a hundred room for new ones, and how many such chunks a run asks
// for. A refresh asks one product for
// one chunk.
const (
	turnMints  = 90
	fullChunks = 20
)

// turns returns how many chunks of mints are asked for in turns.
func (r *run) turns() int {
	if r.record.Mode == ModeRefresh {
		return 1
	}
	return fullChunks
}

// survey notes which pools are known, and whose turn it is; strangers' tokens are not worth asking for.
func (p *plan) survey(chunks int) {
	n := p.previous.Len() - p.previous.Count(token.Unapproved)
	all := (n + turnMints - 1) / turnMints
	first := 0
	if all > 0 {
		first = p.state.Turn / max(1, len(p.searchers())) % all * turnMints
	}
	i := 0
	for t := range p.previous.All() {
		if t.Status == token.Unapproved {
			continue
		}
		if (i-first+all*turnMints)%max(1, all*turnMints) < chunks*turnMints {
			p.turn = append(p.turn, t.Mint)
		}
		i++
		for j := range t.Pools {
			task := p.task(t.Pools[j].Product)
			task.known = append(task.known, poolID{t.Pools[j].Address, t.Mint})
		}
	}
}

// searchers returns the tasks that can be asked by mint: the servers of the other products take no such filter.
func (p *plan) searchers() []*task {
	return slices.DeleteFunc(slices.Clone(p.tasks), func(t *task) bool {
		api, _ := products.Of(t.product)
		return t.finder == nil || !api.Filters
	})
}

// next returns what this run leaves.
func (p *plan) next(r *run) ([]byte, error) {
	next := state{
		Newest: map[token.Product]int64{}, Turn: p.state.Turn + 1, Anchors: p.state.Anchors, Share: p.nextShare, Books: r.closeBooks(),
	}
	if r.anchors {
		next.Anchors = r.start.UnixMilli()
	}
	if r.record.Mode == ModeFull {
		next.Turn = p.state.Turn + r.turns()*len(p.searchers())
	}
	found := p.edition.Board()
	for _, t := range p.tasks {
		before, wasRead := p.state.Newest[t.product]
		wasRead = wasRead && found != nil && sameIDs(found.Launchpads(), r.ids)
		isRead := t.err == nil || p.state.Share.isPart() && errors.Is(t.err, syncrun.ErrIncomplete)
		if t.source == nil || !isRead && !wasRead {
			continue
		}
		if isRead { // a pool from the future would hide all that are created until then
			before = min(max(t.stats.Newest.Load(), before), r.start.UnixMilli())
		}
		next.Newest[t.product] = before
	}
	b, err := json.Marshal(next)
	if err != nil {
		return nil, fmt.Errorf("encoding the run's state: %w", err)
	}
	return b, nil
}
