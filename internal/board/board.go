package board

import (
	"cmp"
	"fmt"
	"iter"
	"sync"
	"time"

	"tokensync/internal/token"
)

// A Board is the tokens of one manifest in memory. It never changes and is safe for concurrent use.
type Board struct {
	manifest Manifest
	chunks   [families][]*chunk
	starts   [families][]uint32 // the first token of each chunk
	pools    packed             // the first pool of each token, and one more
	mints    mints
	orders   []order // of sorts, shared with those that differ in what their lists leave out
	totals   totals
	out      tokenSet // no list shows them
	veil     []string // mints of Without, in order
	veiled   tokenSet // those of them that it holds; out has them too
	points   Points   // that it was recalled with
	past     *past    // nil unless it was recalled
}

// totals are the last sums over the tokens in the lists, which take a reader longer than anything else that it is asked for.
type totals struct {
	mu    sync.Mutex
	at    time.Time
	stats token.Stats
}

// Open reads the chunks that m names: those that previous has are shared with it, the others are fetched, once each.
// previous may be nil. fetch may return damaged bytes: they are checked. It is not called concurrently; a caller that
// wants to fetch chunks side by side asks Missing first.
//
// The board is whole or there is an error: fetch's, or one that wraps ErrFormat or ErrCorrupt.
func Open(m Manifest, previous *Board, fetch func(Ref) ([]byte, error)) (*Board, error) {
	if m.Format != Format {
		return nil, fmt.Errorf("%w: %d, not %d", ErrFormat, m.Format, Format)
	}
	b := &Board{manifest: m, orders: make([]order, len(sorts))}
	have := previous.byHash()
	for _, ref := range m.Chunks {
		of := familyOf(ref.Family)
		if of >= families {
			return nil, fmt.Errorf("%w: no family is called %q", ErrCorrupt, ref.Family)
		}
		c, ok := have[ref]
		if !ok {
			data, err := fetch(ref)
			if err != nil {
				return nil, err
			}
			if c, err = readChunk(ref, of, data); err != nil {
				return nil, err
			}
			have[ref] = c
		}
		b.chunks[of] = append(b.chunks[of], c)
	}
	return b, b.link(previous)
}

// layout returns what b has of a token.
func (b *Board) layout() *layout {
	if b.Len() > 0 && len(b.chunks[writtenFamily]) == 0 {
		return &readable
	}
	return &all
}

// byHash returns b's chunks by what names them.
func (b *Board) byHash() map[Ref]*chunk {
	have := map[Ref]*chunk{}
	if b == nil {
		return have
	}
	for _, list := range b.chunks {
		for _, c := range list {
			have[c.ref] = c
		}
	}
	return have
}

// link puts b's chunks side by side, or says why they do not fit together.
func (b *Board) link(previous *Board) error {
	pools := make([]uint32, 1, b.Len()+1)
	for f := range families {
		if plans[f].writers && len(b.chunks[f]) == 0 {
			continue // see ForReaders
		}
		total := uint32(0)
		for _, c := range b.chunks[f] {
			b.starts[f] = append(b.starts[f], total)
			if err := b.linkPools(f, c, int(total), &pools); err != nil {
				return err
			}
			total += uint32(c.tokens)
		}
		if int(total) != b.Len() {
			return fmt.Errorf("%w: %d tokens in %s, not %d", ErrCorrupt, total, plans[f].name, b.Len())
		}
	}
	b.pools = pack(pools)
	b.out = b.anyOf(statusField, unlisted...)
	return b.mints.index(b, previous)
}

// linkPools takes the number of pools of c's tokens, or compares it with what the first family said.
func (b *Board) linkPools(of family, c *chunk, first int, pools *[]uint32) error {
	if !of.pooled() {
		return nil
	}
	if first+c.tokens > b.Len() {
		return fmt.Errorf("%w: more tokens in %s than %d", ErrCorrupt, plans[of].name, b.Len())
	}
	for i := range c.tokens {
		count := uint32(c.pools.at(i))
		if at := first + i; at+1 == len(*pools) {
			*pools = append(*pools, (*pools)[at]+count)
		} else if (*pools)[at+1]-(*pools)[at] != count {
			return fmt.Errorf("%w: %s and %s do not belong together", ErrCorrupt, plans[of].name, c.ref.Hash)
		}
	}
	return nil
}

// Missing lists the chunks of m that b, which may be nil, does not have.
func (b *Board) Missing(m *Manifest) (missing []Ref) {
	have := b.byHash()
	for _, ref := range m.Chunks {
		if _, ok := have[ref]; !ok {
			missing = append(missing, ref)
			have[ref] = nil
		}
	}
	return missing
}

// Manifest returns what b was opened with. It must not be changed.
func (b *Board) Manifest() Manifest { return b.manifest }

// Version returns the manifest's version.
func (b *Board) Version() int64 { return b.manifest.Version }

// SyncedAt returns when the run began that published b; the zero time when that is not known.
func (b *Board) SyncedAt() time.Time {
	if b.manifest.SyncedAt == 0 {
		return time.Time{}
	}
	return time.UnixMilli(b.manifest.SyncedAt).UTC()
}

// Launchpads returns those whose tokens b holds. The slice must not be changed.
func (b *Board) Launchpads() []token.LaunchpadID { return b.manifest.Launchpads }

// Len returns how many tokens b holds, in its lists or not.
func (b *Board) Len() int { return b.manifest.Tokens }

// All yields every token that b holds with its pools, in the board's order.
func (b *Board) All() iter.Seq[token.Token] {
	return func(yield func(token.Token) bool) {
		r := reader{board: b}
		for i := range b.Len() {
			var t token.Token
			if r.token(i, b.layout(), &t); !yield(t) {
				return
			}
		}
	}
}

// Has reports whether b holds the mint, in its lists or not.
func (b *Board) Has(mint string) bool {
	_, ok := b.find(idOf(mint))
	return ok
}

// Token returns the token with its pools, in the lists or not.
func (b *Board) Token(mint string) (t token.Token, ok bool) {
	i, ok := b.find(idOf(mint))
	if !ok {
		return t, false
	}
	r := reader{board: b}
	r.token(i, b.layout(), &t)
	return t, true
}

// Tokens returns those of the mints that b holds, in its lists or not, in the order of mints.
func (b *Board) Tokens(mints []string) Page {
	p := Page{board: b}
	for _, mint := range mints {
		if i, ok := b.find(idOf(mint)); ok {
			p.found = append(p.found, uint32(i))
		}
	}
	return p
}

// keepTotals is how long sums of one board stand: only which tokens are new depends on the time.
const keepTotals = time.Minute

// Totals sums up the tokens in the lists; now decides which are new, to the minute. The result must not be changed.
func (b *Board) Totals(now time.Time) token.Stats {
	b.totals.mu.Lock()
	defer b.totals.mu.Unlock()
	if b.totals.at.IsZero() || now.Sub(b.totals.at).Abs() >= keepTotals {
		b.totals.at, b.totals.stats = now, b.sum(now)
	}
	return b.totals.stats
}

func (b *Board) sum(now time.Time) token.Stats {
	stats := token.Stats{Launchpads: b.Launchpads()}
	r := b.sweeping()
	for i := range b.Len() {
		if !b.lists(i) {
			continue
		}
		if r.i = i; token.Status(r.text(statusField, 0)) != token.Listed {
			continue
		}
		born := cmp.Or(r.int(createdField), r.int(firstSeenField))
		stats.Count(token.Stage(r.text(stageField, 0)), born, now.UnixMilli())
		stats.TVLUSD += r.amount(tvlField, 0).Float64()
		lately := r.lately()
		stats.Volume24hUSD += lately.dayVolume().Float64()
		stats.Fees24hUSD += lately.dayFees().Float64()
	}
	return stats
}
