package ingest

import (
	"context"
	"iter"
	"slices"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// storedMints is how many tokens are read from the table at once, BatchGetItem's limit.
const storedMints = 100

// A change is a token as it is now. It may be the same as before.
type change struct {
	token.Token
	write  bool         // its item has to be written
	before *token.Token // as the last board has it, or else the table; empty when it is new
}

// diff streams the new board's tokens, and those that leave it: the last board's in their order, then those that it does not have, which
// were gathered, or found by a run that did not publish: nobody would ask for these again. Only the gathered pools are in memory, packed,
// and a hundred stored tokens. The pair with an error is the last.
func (r *run) diff(ctx context.Context, p *plan, h *harvest, l leaving) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		for t := range p.previous.All() {
			if p.ahead[t.Mint] {
				t.Written = token.Written{} // it is not what the item says
			}
			c := r.known(&t, h, l)
			c.before = &t
			if !yield(c, nil) {
				return
			}
		}
		for mints := range slices.Chunk(h.pools.without(p.previous.Has), storedMints) {
			stored, err := r.read100(ctx, mints)
			if err != nil {
				yield(change{}, err)
				return
			}
			for _, mint := range mints {
				before := stored[mint]
				c := r.other(mint, before, h, l)
				c.before = &before
				if !yield(c, nil) {
					return
				}
			}
		}
		for c, err := range r.unshown(ctx, p, h) {
			if !yield(c, err) {
				return
			}
		}
	}
}

// itemsAhead returns the mints of a board's tokens whose items differ from it in kind: a run has written them that did not
// publish.
func (r *run) itemsAhead(ctx context.Context, b *board.Board) (map[string]bool, error) {
	ahead, tokens := map[string]bool{}, make([]token.Token, 0, storedMints)
	compare := func() error {
		mints := make([]string, len(tokens))
		for i := range tokens {
			mints[i] = tokens[i].Mint
		}
		stored, err := r.read100(ctx, mints)
		for i := range tokens {
			if item, ok := stored[mints[i]]; !ok || !tokens[i].SameKind(&item) {
				ahead[mints[i]] = true
			}
		}
		tokens = tokens[:0]
		return err
	}
	for t := range b.All() {
		if tokens = append(tokens, t); len(tokens) == storedMints {
			if err := compare(); err != nil {
				return nil, err
			}
		}
	}
	return ahead, compare()
}

// unshown streams the tokens in the table's lists that a run has found which did not publish, and that were not gathered.
func (r *run) unshown(ctx context.Context, p *plan, h *harvest) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		if p.ahead == nil {
			return
		}
		isKnown := func(mint string) bool { return p.previous.Has(mint) || h.pools.hasMint(mint) }
		for _, id := range r.ids {
			for t, err := range r.stored(ctx, id, isKnown) {
				if err != nil {
					yield(change{}, err)
					return
				}
				before := t
				t.UpdatedAt = r.at // it is new to readers
				c := r.unseen(&t)
				if c.before = &before; !yield(c, nil) {
					return
				}
			}
		}
	}
}

// read100 reads tokens that are not on the last board; new ones are not stored yet.
func (r *run) read100(ctx context.Context, mints []string) (map[string]token.Token, error) {
	stored := make(map[string]token.Token, len(mints))
	for t, err := range r.Tokens.Get(ctx, mints) {
		if err != nil {
			return nil, err
		}
		stored[t.Mint] = t
	}
	return stored, nil
}

// known returns what has become of a token of the last board.
func (r *run) known(before *token.Token, h *harvest, l leaving) change {
	kept, seen := l.remaining(before, h), h.pools.of(before.Mint)
	if len(kept)+len(seen) == 0 {
		return r.delist(before)
	}
	if len(seen) == 0 && len(kept) == len(before.Pools) || before.PoolCount > len(before.Pools) && !r.sawAll(before, seen) {
		// Nothing new is known, or without a complete scan its sums would be those of some pools.
		return r.unseen(before)
	}
	t := r.merge(append(kept, seen...), before)
	if t.Status != token.Listed && l.stay {
		t.Status = token.Listed
	}
	r.review(&t)
	if r.isLook && t.Status != token.Listed && t.Status == before.Status {
		return r.unseen(before) // no list shows it: the next run is early enough
	}
	if t.Same(before) {
		r.record.TokensUnchanged++
		t.UpdatedAt = before.UpdatedAt
		return change{Token: t, write: before.Written.Hour == 0}
	}
	r.record.TokensUpdated++
	return change{Token: t, write: !t.SameKind(before) || t.Stale()}
}

// unseen returns a token of which nothing new is known; the rules may be others.
func (r *run) unseen(before *token.Token) change {
	t := *before
	if r.review(&t); t.Status != before.Status {
		t.UpdatedAt = r.at
		r.record.TokensUpdated++
		return change{Token: t, write: true}
	}
	r.record.TokensUnchanged++
	return change{Token: t, write: t.Written.Hour == 0}
}

// sawAll reports whether at least as many pools of a token were gathered as it had, of which not all are stored.
func (r *run) sawAll(before *token.Token, seen []token.Pool) bool {
	return len(seen) >= before.PoolCount
}

// delist returns a token without any pool left.
func (r *run) delist(before *token.Token) change {
	t := *before
	r.delisted[t.Mint] = true
	t.Status, t.UpdatedAt = token.Delisted, r.at
	r.record.TokensDelisted++
	return change{Token: t, write: true}
}

// other returns a token that is not on the last board: a new one, or one that the table has, out of the lists until now or
// written by a run that died before it published.
func (r *run) other(mint string, stored token.Token, h *harvest, l leaving) change {
	stored.Mint = mint
	t := r.merge(append(l.remaining(&stored, h), h.pools.of(mint)...), &stored)
	r.review(&t)
	switch {
	case stored.FirstSeenAt == 0:
		r.record.TokensNew++
		return change{Token: t, write: true}
	case t.Same(&stored):
		r.record.TokensUnchanged++
		if t.Status != token.Listed { // else it is new to readers, who ask for what has changed
			t.UpdatedAt = stored.UpdatedAt
		}
		return change{Token: t, write: t.Written.Hour == 0}
	}
	r.record.TokensUpdated++
	return change{Token: t, write: !t.SameKind(&stored) || t.Stale()}
}

// merge makes a token of its pools, and keeps of the one before what pools do not tell.
func (r *run) merge(pools []token.Pool, before *token.Token) token.Token {
	for i := range pools {
		if !slices.Contains(r.ids, pools[i].Launchpad) {
			pools[i].Launchpad = ""
		}
	}
	now := r.at
	if r.isLook {
		now = 0 // it is of the run, and makes nobody the deepest in another one
	}
	t := token.MergeAfter(before, pools, now)
	if t.Launchpad == "" {
		t.Launchpad = before.Launchpad
	}
	t.UpdatedAt, t.FirstSeenAt = r.at, before.FirstSeenAt
	t.Face, t.Written = before.Face, before.Written
	if t.FirstSeenAt == 0 {
		t.FirstSeenAt = t.UpdatedAt
	}
	t.CreatedAt = created(&t)
	t.NameCollision = r.names.collide(&t)
	r.trade(&t, before)
	t.Anchored(before.Pools, r.anchors)
	return t
}

// created returns when a token began. Where its curve's creation is not known, or its first pool's, our first sight of it stands
// in: so it stands in its place among the newest from the first run on, also after it has graduated into a younger pool.
func created(t *token.Token) int64 {
	began := slices.ContainsFunc(t.Pools, func(p token.Pool) bool { return p.Address == t.CurvePool && p.CreatedAt != 0 })
	if t.CreatedAt == 0 || t.CurvePool != "" && !began && t.FirstSeenAt < t.CreatedAt {
		return t.FirstSeenAt
	}
	return t.CreatedAt
}
