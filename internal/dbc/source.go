package dbc

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// Cache keeps what rarely changes from run to run, as short texts.
type Cache interface {
	// Get answers what is kept under keys; others are left out.
	Get(ctx context.Context, keys []string) (map[string]string, error)
	// Put keeps entries for ttl; 0 means for ever.
	Put(ctx context.Context, entries map[string]string, ttl time.Duration) error
}

// Graduates finds pools of an AMM by address and counts into stats. The pair with an error is the last.
type Graduates interface {
	ByAddress(ctx context.Context, addresses []string, stats *syncrun.Counts) iter.Seq2[token.Pool, error]
}

// Quotes knows what a mint is worth in US dollars; "" is unknown. It counts into stats.
type Quotes interface {
	QuotePrice(ctx context.Context, mint string, stats *syncrun.Counts) (token.Number, error)
}

// Source is the product dbc. All fields must be set.
type Source struct {
	// Node returns the RPC node of this run. Its error ends the run of the product as it is.
	Node        func(context.Context) (*solana.Client, error)
	Cache       Cache
	Graduates   Graduates // of DAMM v2
	GraduatesV1 Graduates // of DAMM v1; may be nil
	Quotes      Quotes

	last atomic.Pointer[kept] // of the last complete run; a run takes it away and brings back its own
}

// Product is token.DBC.
func (s *Source) Product() token.Product { return token.DBC }

// Pools streams the bonding curves of every launchpad ID that names a key on the chain, as token.LaunchpadID.Claim has it.
// A token that graduated comes with its AMM pool, under the same ID.
// The pair with an error is the last; what came before it is sound. The errors are Node's, and those of
// solana.Session, Cache and Graduates.
func (s *Source) Pools(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	s.last.Store(nil)
	return s.stream(ctx, ids, stats, nil)
}

func (s *Source) stream(
	ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts, last *kept,
) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		node, err := s.Node(ctx)
		if err != nil {
			yield(token.Pool{}, err)
			return
		}
		scan := newScan(ctx, s, node.NewSession(stats), stats, yield)
		scan.now = newKept(node)
		if last != nil && last.node == node {
			scan.last = last
		}
		if err := scan.run(ids); err != nil && !scan.stopped {
			yield(token.Pool{}, fmt.Errorf("%s: %w", token.DBC, err))
		}
	}
}

// A scan is one run of the product.
type scan struct {
	ctx     context.Context //nolint:containedctx // a scan lives no longer than the call that made it
	source  *Source
	session *solana.Session
	stats   *syncrun.Counts
	yield   func(token.Pool, error) bool
	last    *kept // nil when everything is to be read
	now     *kept
	trouble error // the first failure that cost values, not pools
	stopped bool  // the consumer wants no more
	learned
}

func newScan(ctx context.Context, source *Source, session *solana.Session, stats *syncrun.Counts, yield func(token.Pool, error) bool) *scan {
	return &scan{ctx: ctx, source: source, session: session, stats: stats, yield: yield, learned: newLearned(session)}
}

func (s *scan) run(ids []token.LaunchpadID) error {
	claims, err := s.claims(ids)
	if err != nil {
		return err
	}
	if len(claims) == 0 {
		s.noteOddities()
		return s.trouble
	}
	if s.now.slot, err = s.session.Slot(s.ctx); err != nil {
		s.now.slot = 0 // the next run reads everything
	}
	if err := s.loadTurn(); err != nil {
		return err
	}
	for i := range claims {
		for _, kind := range poolKinds {
			if err := s.pools(&claims[i], kind); err != nil || s.stopped {
				return err
			}
		}
	}
	s.flushGraduates()
	if !s.stopped {
		s.finish()
	}
	return s.trouble
}

// pools reads the pools of one config and kind, or what has changed of them.
func (s *scan) pools(c *claim, k kind) error {
	at := place{c.key, k.discriminator}
	if s.last != nil {
		if known, ok := s.last.pools[at]; ok {
			return s.changed(c, k, known)
		}
	}
	return s.read(c, k, 0, func(pools []pool) error {
		s.now.add(at, pools)
		return s.emitAll(c, pools)
	})
}

// changed reads what has changed since the last run, and hands out all.
func (s *scan) changed(c *claim, k kind, known []pool) error {
	changes := map[solana.Key]pool{}
	if err := s.read(c, k, s.last.slot, func(pools []pool) error {
		for _, p := range pools {
			changes[p.address] = p
		}
		return nil
	}); err != nil {
		return err
	}
	all := update(known, changes)
	s.now.add(place{c.key, k.discriminator}, all)
	for chunk := range slices.Chunk(all, chunkSize) {
		if err := s.emitAll(c, chunk); err != nil || s.stopped {
			return err
		}
	}
	return nil
}

// read calls visit for pools of one config and kind that were written since a slot, a few at a time. They are valid only
// during the call.
func (s *scan) read(c *claim, k kind, since int64, visit func([]pool) error) error {
	page := &poolPage{kind: k, claim: c}
	query := solana.Query{
		Program: program, Slice: solana.Slice{Offset: 0, Length: poolSliceEnd},
		Matches:      []solana.Match{{Offset: 0, Bytes: k.discriminator[:]}, c.match()},
		ChangedSince: since,
	}
	for err := range s.session.ProgramAccounts(s.ctx, query, page) {
		if err != nil {
			return fmt.Errorf("pools of %s: %w", c.key, err)
		}
		s.stats.Scanned.Add(page.scanned())
		s.unreadable(page.faults)
		for _, chunk := range page.chunks {
			if err := visit(chunk); err != nil || s.stopped {
				return err
			}
		}
	}
	return nil
}

// chunkSize is how many pools are finished together: one look-up in the cache, one on the chain.
const chunkSize = 100

// A poolPage gathers the pools of one answer in chunks, so that its growth copies nothing.
type poolPage struct {
	kind   kind
	claim  *claim
	chunks [][]pool
	spare  [][]pool
	faults faults
}

// Reset empties the page and keeps its memory.
func (p *poolPage) Reset() {
	p.spare = append(p.spare, p.chunks...)
	p.chunks, p.faults = p.chunks[:0:0], p.faults[:0]
}

// Add decodes a pool; what is unreadable is counted.
func (p *poolPage) Add(a *solana.Account) {
	decoded, err := decodePool(a, p.kind)
	if err == nil && keyAt(a.Data, p.claim.at) != p.claim.key {
		err = errStray
	}
	if err != nil {
		p.faults = append(p.faults, fault{a.Key, err})
		return
	}
	last := len(p.chunks) - 1
	if last < 0 || len(p.chunks[last]) == chunkSize {
		p.chunks = append(p.chunks, p.chunk())
		last++
	}
	p.chunks[last] = append(p.chunks[last], decoded)
}

func (p *poolPage) chunk() []pool {
	if n := len(p.spare); n > 0 {
		chunk := p.spare[n-1][:0]
		p.spare = p.spare[:n-1]
		return chunk
	}
	return make([]pool, 0, chunkSize)
}

func (p *poolPage) scanned() int64 {
	n := int64(len(p.faults))
	for _, chunk := range p.chunks {
		n += int64(len(chunk))
	}
	return n
}

func (s *scan) emit(p token.Pool) bool {
	if !s.stopped && !s.yield(p, nil) {
		s.stopped = true
	}
	return !s.stopped
}

// note keeps the first trouble, for the end of the stream.
func (s *scan) note(err error) {
	if s.trouble == nil {
		s.trouble = err
	}
}
