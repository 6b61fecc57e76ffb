package ingest

import (
	"context"
	"iter"
	"slices"

	"tokensync/internal/token"
)

// lookup is how many mints are read at once, BatchGetItem's limit.
const lookup = 100

// changes streams the tokens whose content is not what the table holds: first those that are in the lists, as the
// table streams them, then those that are not, which are new or come back. Only the pools of the scan are in memory,
// never the stored tokens.
func (r *run) changes(ctx context.Context) iter.Seq[token.Token] {
	return func(yield func(token.Token) bool) {
		for _, id := range r.ids {
			if !r.listedChanges(ctx, id, yield) {
				return
			}
		}
		if !r.delist(ctx, yield) {
			return
		}
		for mints := range r.pools.left(lookup) {
			if !r.otherChanges(ctx, mints, yield) {
				return
			}
		}
	}
}

// listedChanges compares the tokens in a launchpad's lists, and remembers those that the scan did not show. Where stored
// pools count beside those that were gathered, tokens are read again with them, many at a time.
func (r *run) listedChanges(ctx context.Context, id token.LaunchpadID, yield func(token.Token) bool) bool {
	var mints []string
	for stored, err := range r.listedOf(ctx, id) {
		if err != nil {
			r.err = err
			return false
		}
		r.listed++
		switch {
		case r.leftToFull(&stored):
			r.stats.Add(&stored, r.start.UnixMilli())
		case !r.pools.has(stored.Mint):
			r.missing = append(r.missing, stored)
		case r.readWhole(&stored):
			if !r.compare(&stored, yield) {
				return false
			}
		default:
			mints = append(mints, stored.Mint)
		}
		if len(mints) == lookup {
			if !r.otherChanges(ctx, mints, yield) {
				return false
			}
			mints = mints[:0]
		}
	}
	return r.otherChanges(ctx, mints, yield)
}

// readWhole says whether every stored pool of a token either was gathered or has gone: nothing is to be kept.
func (r *run) readWhole(stored *token.Stored) bool {
	if len(r.keep) == 0 {
		return true
	}
	return stored.Known != nil && !slices.ContainsFunc(stored.Known, func(k token.PoolKey) bool {
		return r.keep[k.Product] && !r.pools.hasAddress(k.Address)
	})
}

// otherChanges compares tokens by mint; what the table does not hold is new.
func (r *run) otherChanges(ctx context.Context, mints []string, yield func(token.Token) bool) bool {
	for stored, err := range r.Tokens.Get(ctx, mints, len(r.keep) > 0) {
		if err != nil {
			r.err = err
			return false
		}
		if !r.compare(&stored, yield) {
			return false
		}
	}
	for _, mint := range mints {
		if !r.compare(&token.Stored{Mint: mint}, yield) {
			return false
		}
	}
	return true
}

// compare merges the gathered pools of a stored token and yields the token if it changed. One that was compared before
// is passed over.
func (r *run) compare(stored *token.Stored, yield func(token.Token) bool) bool {
	pools, ok := r.pools.take(stored.Mint, r.kept(stored))
	if !ok {
		return true
	}
	if len(r.keep) > 0 && stored.FirstSeenAt != 0 && stored.Known == nil {
		// It has more pools than are stored: without a full scan its sums would be those of some.
		r.stats.Add(stored, r.start.UnixMilli())
		r.record.TokensUnchanged++
		return true
	}
	t := token.Merge(pools)
	r.date(&t, stored)
	merged := t.Stored()
	r.stats.Add(&merged, t.UpdatedAt)
	if merged.Hash == stored.Hash {
		r.record.TokensUnchanged++
		return true
	}
	r.count(stored)
	return yield(t)
}

// date sets when t was seen. The chain does not tell when a curve began: its token is as old as our knowledge of it, also
// after it has graduated into a younger pool. So it stands in its place among the newest from the first run on.
func (r *run) date(t *token.Token, stored *token.Stored) {
	t.UpdatedAt, t.FirstSeenAt = r.start.UnixMilli(), stored.FirstSeenAt
	if t.FirstSeenAt == 0 {
		t.FirstSeenAt = t.UpdatedAt
	}
	if t.Curve != (token.Curve{}) && (t.CreatedAt == 0 || t.FirstSeenAt < t.CreatedAt) {
		t.CreatedAt = t.FirstSeenAt
	}
}

// kept is what stays of a stored token's pools: those of products that were not read to the end. Of a delisted token
// nothing does: its pools are known to be gone.
func (r *run) kept(stored *token.Stored) []token.Pool {
	if stored.Status == token.Delisted {
		return nil
	}
	return slices.DeleteFunc(stored.Pools, func(p token.Pool) bool { return !r.keep[p.Product] })
}

func (r *run) count(stored *token.Stored) {
	if stored.FirstSeenAt == 0 {
		r.record.TokensNew++
	} else {
		r.record.TokensUpdated++
	}
}
