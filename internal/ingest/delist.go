package ingest

import (
	"context"
	"fmt"
	"slices"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// A scan that misses more than a fifth of the listed tokens, and more than ten, is not believed.
const (
	maxDelistShare = 5
	maxDelistFew   = 10
)

// What a record says of delisting.
const (
	delistingNone    = "none" // nothing was scanned, or a refresh found nothing amiss
	delistingDone    = "done"
	delistingRefused = "refused: "
)

// delist streams the tokens that have gone: a complete scan did not show them, and Meteora does not know any of their
// pools by address either. Pages drift while they are read, so absence alone proves nothing.
func (r *run) delist(ctx context.Context, yield func(token.Token) bool) bool {
	missing := r.missing
	r.missing = nil
	if reason := r.doubt(len(missing)); reason != "" {
		r.record.Delisting = reason
		r.stay(missing)
		return true
	}
	r.record.Delisting = delistingDone
	for chunk := range slices.Chunk(missing, lookup) {
		if !r.delistChunk(ctx, chunk, yield) {
			return false
		}
	}
	return true
}

// doubt says why this run must delist nothing.
func (r *run) doubt(missing int) string {
	switch {
	case r.record.Mode == ModeRefresh:
		return delistingNone // write says how many tokens were left to the next full scan
	case r.incomplete != "":
		return "none: " + r.incomplete + " was not read to the end"
	case missing > maxDelistFew && missing*maxDelistShare > r.listed:
		return fmt.Sprintf(delistingRefused+"the scan misses %d of %d tokens", missing, r.listed)
	}
	return ""
}

// stay counts tokens that remain in the lists as they are.
func (r *run) stay(tokens []token.Stored) {
	for i := range tokens {
		r.stats.Add(&tokens[i], r.start.UnixMilli())
	}
}

func (r *run) delistChunk(ctx context.Context, missing []token.Stored, yield func(token.Token) bool) bool {
	mints := make([]string, len(missing))
	for i := range missing {
		mints[i] = missing[i].Mint
	}
	var tokens []token.Stored
	for stored, err := range r.Tokens.Get(ctx, mints, true) {
		if err != nil {
			r.err = err
			return false
		}
		tokens = append(tokens, stored)
	}
	alive, err := r.alive(ctx, tokens)
	if err != nil {
		r.record.Delisting = "none: " + err.Error()
		r.stay(tokens)
		return true
	}
	for i := range tokens {
		if !r.settleMissing(&tokens[i], alive, yield) {
			return false
		}
	}
	return true
}

// settleMissing delists a token without any pool left. One that still has pools stays; those of ours have been
// gathered, and are compared later.
func (r *run) settleMissing(stored *token.Stored, alive map[string]bool, yield func(token.Token) bool) bool {
	living := slices.ContainsFunc(stored.Pools, func(p token.Pool) bool { return alive[p.Address] })
	switch {
	case r.pools.has(stored.Mint):
		return true
	case living || len(stored.Pools) == 0 || stored.Status != token.Listed:
		r.stats.Add(stored, r.start.UnixMilli())
		return true
	}
	t := token.Merge(stored.Pools)
	r.date(&t, stored)
	t.Status = token.Delisted
	r.record.TokensDelisted++
	return yield(t)
}

// alive asks Meteora for the pools of tokens by address. A pool that cannot be asked for counts as alive.
func (r *run) alive(ctx context.Context, tokens []token.Stored) (map[string]bool, error) {
	alive := map[string]bool{}
	asked := map[token.Product][]string{}
	for _, stored := range tokens {
		for _, p := range stored.Pools {
			if r.finders[p.Product] == nil {
				alive[p.Address] = true
				continue
			}
			asked[p.Product] = append(asked[p.Product], p.Address)
		}
	}
	for product, addresses := range asked {
		if err := r.find(ctx, r.finders[product], addresses, alive); err != nil {
			return nil, err
		}
	}
	return alive, nil
}

// find marks the pools that are still there, and gathers those that are ours: the scan has only missed them.
func (r *run) find(ctx context.Context, finder Finder, addresses []string, alive map[string]bool) error {
	stats := new(syncrun.Counts)
	defer r.countRequests(stats)
	for p, err := range finder.ByAddress(ctx, addresses, stats) {
		if err != nil {
			return err
		}
		alive[p.Address] = true
		if slices.Contains(r.ids, p.Launchpad) {
			r.pools.add(&p)
		}
	}
	return nil
}

func (r *run) countRequests(stats *syncrun.Counts) {
	r.record.BytesRead += stats.Bytes.Load()
	r.record.UpstreamRequests += stats.Requests.Load()
	r.record.UpstreamRetries += stats.Retries.Load()
	r.throttles += stats.Throttle.Load()
}
