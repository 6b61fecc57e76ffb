package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// Shares of the time that is left: for reading products, and for asking by mint after that. The rest is for writing what a
// slow product has delivered until then.
const (
	readShare   = 0.75
	searchShare = 0.35
)

// Of the pools that a server says there are, those that a full scan saw at least, so that nothing is odd, and so that it
// counts as complete.
const (
	fineCoverage  = 0.99
	leastCoverage = 0.9
)

// errLacking means that a product answered, and not to what it was asked.
var errLacking = errors.New("the answers lack pools")

// errBreakerOpen is why a product is not asked at all.
var errBreakerOpen = errors.New("its breaker is open")

// A harvest is what a run gathered.
type harvest struct {
	pools *poolSet
	tasks []*task

	mu        sync.Mutex
	matched   map[token.LaunchpadID]bool // IDs that pools carry
	graduated []string                   // mints that the last board has in another stage
	creators  map[string]int             // how many curves of each were gathered
	isFull    bool                       // there were more pools than room
	share     share                      // of the next run
}

// anything reports whether any product was read, if only in part.
func (h *harvest) anything() bool {
	return slices.ContainsFunc(h.tasks, func(t *task) bool {
		return t.record.Status == syncrun.Succeeded || t.record.Status == syncrun.Partial
	})
}

// incomplete returns the first product after which absence means nothing, "" when all were read to the end.
func (h *harvest) incomplete() token.Product {
	for _, t := range h.tasks {
		if t.err != nil && !errors.Is(t.err, syncrun.ErrUnconfigured) {
			return t.product
		}
	}
	return ""
}

// gather asks all products side by side, each within its own rate, and then for the pools of some tokens by mint. None of
// them can end the run, or starve another: what one delivered before it failed is kept.
func (r *run) gather(ctx context.Context, p *plan) *harvest {
	h := r.newHarvest(p.tasks)
	r.sideBySide(ctx, readShare, p.tasks, func(ctx context.Context, t *task) { t.err = r.read(ctx, p, h, t) })
	r.search(ctx, p, h)
	r.sideBySide(ctx, searchShare, p.tasks, func(ctx context.Context, t *task) { r.weigh(ctx, p, h, t) })
	h.settleShare(p)
	for _, t := range p.tasks {
		r.settleTask(ctx, t)
	}
	r.settleMode(p)
	return h
}

func (r *run) newHarvest(tasks []*task) *harvest {
	limit := r.PoolBytes
	if limit == 0 {
		limit = defaultPoolBytes
	}
	return &harvest{pools: newPoolSet(limit), tasks: tasks, matched: map[token.LaunchpadID]bool{}, creators: map[string]int{}}
}

// sideBySide does something for each task within a share of the time.
func (r *run) sideBySide(ctx context.Context, share float64, tasks []*task, do func(context.Context, *task)) {
	var group sync.WaitGroup
	for _, t := range tasks {
		group.Go(func() {
			ctx, cancel := within(ctx, share)
			defer cancel()
			start := time.Now()
			do(ctx, t)
			t.record.DurationMS += time.Since(start).Milliseconds()
		})
	}
	group.Wait()
}

// read gathers a product's pools of ours: all, or in a refresh those that may have changed.
func (r *run) read(ctx context.Context, p *plan, h *harvest, t *task) error {
	if t.source == nil && (t.finder == nil || len(t.known) == 0) {
		return nil
	}
	if err := r.mayAsk(ctx, t); err != nil {
		return err
	}
	defer r.reportProgress(ctx, t)()
	if err := r.readSource(ctx, p, h, t); err != nil {
		return err
	}
	return r.readKnown(ctx, p, h, t)
}

func (r *run) readSource(ctx context.Context, p *plan, h *harvest, t *task) error {
	if t.source == nil {
		return nil
	}
	if t.follow {
		newest := t.source.(Follower).Newest(ctx, r.ids, p.state.Newest[t.product], &t.stats)
		err := r.collect(p, h, t, newest)
		if !errors.Is(err, syncrun.ErrGap) {
			return err
		}
		t.follow = false
		r.Log.WarnContext(ctx, "a full scan instead of a refresh", "product", string(t.product), "reason", err.Error())
	}
	if source, ok := t.source.(Rememberer); ok && r.record.Mode == ModeRefresh {
		return r.collect(p, h, t, source.Changed(ctx, r.ids, &t.stats))
	}
	if err := r.collect(p, h, t, t.source.Pools(ctx, r.ids, &t.stats)); err != nil {
		return err
	}
	return t.checkCoverage()
}

// checkCoverage compares what a full scan saw with what the server says there is.
func (t *task) checkCoverage() error {
	total, unique := t.stats.Total.Load(), t.stats.Unique.Load()
	if total == 0 {
		return nil
	}
	t.record.Coverage = min(1, float64(unique)/float64(total))
	switch {
	case t.record.Coverage < leastCoverage:
		return fmt.Errorf("the scan saw %d of the %d pools that the server says there are", unique, total)
	case t.record.Coverage < fineCoverage:
		t.stats.Note(fmt.Sprintf("the scan saw %d of the %d pools that the server says there are", unique, total))
	}
	return nil
}

// readKnown asks for the pools of the last board that have not been gathered yet, by address. When fewer than nine tenths of
// a refresh's come back, something is odd; that they have gone is for a full run to prove.
func (r *run) readKnown(ctx context.Context, p *plan, h *harvest, t *task) error {
	if t.finder == nil {
		return nil
	}
	var addresses []string
	for _, k := range t.known {
		if p.state.Share.has(k.mint, p.mode) && !h.pools.has(k.address, k.mint) {
			addresses = append(addresses, k.address)
		}
	}
	if len(addresses) == 0 {
		return nil
	}
	stats, isRefresh := &t.side, t.follow || t.source == nil && r.record.Mode == ModeRefresh
	if isRefresh {
		stats = &t.stats
	}
	if err := r.collect(p, h, t, r.ours(p, h, t.finder.ByAddress(ctx, addresses, stats))); err != nil {
		return err
	}
	seen := int64(len(t.known) - len(addresses))
	asked, found := seen+stats.Asked.Load(), seen+stats.Found.Load()
	if isRefresh && found*10 < asked*9 {
		t.lookups = fmt.Errorf("%w: of %d known pools that were asked for only %d came back", errLacking, asked, found)
	}
	return nil
}

// ours passes on the pools of our tokens, and those of our launchpads.
func (r *run) ours(p *plan, h *harvest, pools iter.Seq2[token.Pool, error]) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		for pool, err := range pools {
			mint := pool.Base.Mint
			isOurs := err != nil || slices.Contains(r.ids, pool.Launchpad) || p.previous.Has(mint) || h.pools.hasMint(mint)
			if isOurs && !yield(pool, err) {
				return
			}
		}
	}
}

// collect keeps pools. What is not a pool with a token is one row's fault.
func (r *run) collect(p *plan, h *harvest, t *task, pools iter.Seq2[token.Pool, error]) error {
	for pool, err := range pools {
		switch {
		case err != nil:
			return err
		case !pool.Valid():
			t.stats.Invalid.Add(1)
			continue
		case !slices.Contains(r.ids, pool.Launchpad):
			pool.Launchpad = "" // somebody else's, though its token is ours
		}
		if !t.takesTurns() && !p.state.Share.has(pool.Base.Mint, p.mode) {
			continue
		}
		isNew, err := h.pools.add(&pool)
		if err != nil {
			h.markFull()
			return err
		}
		if isNew {
			t.stats.Matched.Add(1)
		}
		h.note(p, &pool)
	}
	return nil
}

func (h *harvest) markFull() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.isFull = true
}

// note keeps which IDs matched, and which tokens have graduated since the last board.
func (h *harvest) note(p *plan, pool *token.Pool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if pool.Launchpad != "" {
		h.matched[pool.Launchpad] = true
	}
	if pool.Product == token.DBC && pool.Curve.Creator != "" {
		h.creators[pool.Curve.Creator]++
	}
	if pool.Curve.Stage != token.Graduated {
		return
	}
	if before, ok := p.previous.Token(pool.Base.Mint); ok && before.Curve.Stage != token.Graduated {
		h.graduated = append(h.graduated, pool.Base.Mint)
	}
}

// MaxNewMints bounds how many new tokens a run asks for by mint; the others take their turns.
const MaxNewMints = 5000

// search asks for every pool of some tokens by mint, whatever launchpad it carries: of those that are new or have
// graduated, and of the others in turns. A look-up that fails keeps what is known.
func (r *run) search(ctx context.Context, p *plan, h *harvest) {
	fresh := slices.DeleteFunc(h.pools.without(p.previous.Has), func(mint string) bool { return r.isForeign(h, mint) })
	fresh = append(fresh[:min(len(fresh), MaxNewMints)], h.graduated...)
	searchers := p.searchers()
	r.sideBySide(ctx, searchShare, searchers, func(ctx context.Context, t *task) {
		mints := slices.Clone(fresh)
		if r.record.Mode == ModeFull || searchers[p.state.Turn%len(searchers)] == t {
			mints = append(mints, p.turn...)
		}
		slices.Sort(mints)
		mints = slices.Compact(mints)
		if len(mints) == 0 || t.err != nil && !errors.Is(t.err, syncrun.ErrIncomplete) {
			return
		}
		err := r.mayAsk(ctx, t)
		if err == nil {
			err = r.collect(p, h, t, r.ours(p, h, t.finder.ByMint(ctx, mints, &t.side)))
		}
		t.lookups = errors.Join(t.lookups, err)
	})
}

// mayAsk returns why a product must not be asked now, or nil. It reads the product's breaker the first time.
func (r *run) mayAsk(ctx context.Context, t *task) error {
	if t.breaker == nil {
		b := r.breakerFor(ctx, t.product)
		t.breaker = &b
	}
	return blocked(*t.breaker, r.start)
}

// settleTask works out how a product ended, and books what it cost.
func (r *run) settleTask(ctx context.Context, t *task) {
	rec, stats, side := &t.record, &t.stats, &t.side
	if t.breaker == nil { // there was nothing to ask
		return
	}
	err := errors.Join(t.err, t.lookups)
	rec.Status = t.status(err)
	if err != nil {
		rec.Error = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	rec.PoolsScanned, rec.PoolsMatched = stats.Scanned.Load(), stats.Matched.Load()
	rec.PoolsInvalid = stats.Invalid.Load() + side.Invalid.Load()
	rec.RPC, rec.RPCCredits = stats.RPC()
	for _, note := range side.Notes() {
		stats.Note(note)
	}
	rec.Notes = stats.Notes()
	if errors.Is(err, errBreakerOpen) {
		r.blocked++
	} else {
		r.settleBreaker(ctx, *t.breaker, rec.Status)
	}
	r.book(t)
}

// status tells a product that was read in part from one that was not read at all.
func (t *task) status(err error) syncrun.Status {
	switch {
	case err == nil:
		return syncrun.Succeeded
	case errors.Is(err, syncrun.ErrUnconfigured):
		return syncrun.Skipped
	case errors.Is(err, syncrun.ErrIncomplete), errors.Is(err, errLacking), t.stats.Scanned.Load()+t.side.Scanned.Load() > 0:
		return syncrun.Partial
	case t.stats.Requests.Load()+t.side.Requests.Load() == 0 && (errors.Is(err, errBreakerOpen) || errors.Is(err, context.DeadlineExceeded)):
		return syncrun.Skipped // it was never asked
	}
	return syncrun.Failed
}

// book adds a product's figures to the run's.
func (r *run) book(t *task) {
	rec := &r.record
	rec.Products = append(rec.Products, t.record)
	if t.product != token.DBC { // the chain's answers hold only our own: they are looked up, not scanned
		rec.PoolsScanned += t.record.PoolsScanned
	}
	rec.PoolsMatched += t.record.PoolsMatched
	rec.PoolsInvalid += t.record.PoolsInvalid
	r.bookRequests(&t.stats)
	r.bookRequests(&t.side)
}

func (r *run) bookRequests(stats *syncrun.Counts) {
	r.record.BytesRead += stats.Bytes.Load()
	r.record.UpstreamRequests += stats.Requests.Load()
	r.record.UpstreamRetries += stats.Retries.Load()
	r.throttles += stats.Throttle.Load()
	r.record.LookupsAsked += stats.Asked.Load()
	r.record.LookupsFound += stats.Found.Load()
}

// bookRPC adds what a node was asked after its product was read.
func (r *run) bookRPC(stats *syncrun.Counts) {
	requests, credits := stats.RPC()
	for i := range r.record.Products {
		p := &r.record.Products[i]
		if p.Product != token.DBC || len(requests) == 0 {
			continue
		}
		if p.RPC == nil {
			p.RPC = map[string]int64{}
		}
		for method, n := range requests {
			p.RPC[method] += n
		}
		p.RPCCredits += credits
	}
}

// settleMode calls a refresh that had to scan everything what it was: a full run.
func (r *run) settleMode(p *plan) {
	scanned, followed := 0, 0
	for _, t := range p.tasks {
		if _, ok := t.source.(Follower); ok && t.follow {
			followed++
		} else if ok {
			scanned++
		}
	}
	if r.record.Mode == ModeRefresh && followed == 0 && scanned > 0 {
		r.record.Mode = ModeFull
	}
}

// progressInterval is how often a scan under way is logged.
const progressInterval = time.Second

// reportProgress logs how far a product is until its result is called.
func (r *run) reportProgress(ctx context.Context, t *task) (stop func()) {
	ticker, done := time.NewTicker(progressInterval), make(chan struct{})
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for {
			select {
			case <-ticker.C:
				rss, heap := r.Memory.Peak()
				r.Log.InfoContext(ctx, "progress", "product", string(t.product), "pools_scanned", t.stats.Scanned.Load(),
					"pools_matched", t.stats.Matched.Load(), "rss_bytes", rss, "heap_bytes", heap)
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done); <-finished }
}
