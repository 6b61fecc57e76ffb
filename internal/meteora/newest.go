package meteora

import (
	"context"
	"fmt"
	"iter"
	"time"

	"tokensync/internal/products"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// Bounds of the newest pools.
const (
	// newestPageSize is some hours of DLMM's new pools, and a fifth of what 512 pools by address weigh.
	newestPageSize = 100
	// maxNewestPages is as far as a refresh goes back: 2,000 new pools, 1.5 % of a full scan of DLMM.
	maxNewestPages = 20
	// Behind the newest pool that the last run saw, this many older ones are read once more, or those of this long, for
	// Meteora may list pools some time after their creation.
	overlapPools = newestPageSize
	overlapTime  = 10 * time.Minute
	// maxDisorder is how much newer than those before it a pool may be.
	maxDisorder = time.Minute
)

// Newest streams the pools of the launchpads ids that were created since a moment, in Unix milliseconds, some older
// ones too, and counts into stats. When there are more new pools than are worth asking for, or the server does not sort
// them, the last pair has syncrun.ErrGap; its other errors are those of Pools.
//
// DAMM v1 has no such order but filters by launchpad: there it is all of ids' pools. A server that ignores the filter, or
// refuses it, is not read to the end, and that is not an error: what is new is left to the next full scan.
func (c *Client) Newest(
	ctx context.Context, ids []token.LaunchpadID, since int64, stats *syncrun.Counts,
) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		defer c.pace.Note(stats)
		n := &newest{asker: c.newAsker(upstream.NewRetrier(c.retry), stats), filter: NewFilter(ids), since: since, ours: yield}
		read := n.pages
		if c.api.List == products.SearchPages {
			read = func(ctx context.Context) error { return n.search(ctx, ids) }
		}
		if err := read(ctx); err != nil {
			yield(token.Pool{}, fmt.Errorf("%s: newest pools: %w", c.Product(), err))
		}
	}
}

// newest reads new pools, newest first, until it is sure that all since a moment have come.
type newest struct {
	*asker
	filter *Filter
	since  int64
	ours   func(token.Pool, error) bool // gets the pools that filter chooses
	oldest int64                        // when the page's oldest pool was created, 0 if none has an age
	behind int                          // pools that are not newer than since
}

func (n *newest) pages(ctx context.Context) error {
	for page := int64(1); page <= maxNewestPages; page++ {
		pools, err := n.list(ctx, n.client.sortedURL(page, newestPageSize, descending))
		if err == nil {
			err = checkPage(n.decoder, page, newestPageSize)
		}
		if err != nil {
			return fmt.Errorf("page %d: %w", page, err)
		}
		n.oldest = 0 // between two pages, new pools may have come in
		for _, p := range pools {
			if err := n.age(p.CreatedAt); err != nil {
				return err
			}
			if n.filter.choose(&p) && !n.ours(p, nil) {
				return nil
			}
		}
		if n.isCovered() || n.decoder.Scanned == 0 || n.decoder.Envelope.Pages >= 0 && page >= n.decoder.Envelope.Pages {
			return nil
		}
	}
	return syncrun.ErrGap
}

// age notes when the next pool was created, 0 if that is unknown. A server that does not sort would end the search at
// once, and no new pool would ever be found.
func (n *newest) age(created int64) error {
	if created == 0 {
		return nil
	}
	if n.oldest == 0 {
		n.oldest = created
	}
	if created > n.oldest+maxDisorder.Milliseconds() {
		return fmt.Errorf("%w: they are not sorted by pool_created_at:desc", syncrun.ErrGap)
	}
	n.stats.Created(created)
	n.oldest = min(n.oldest, created)
	if created <= n.since {
		n.behind++
	}
	return nil
}

// isCovered reports whether what was read reaches back far enough.
func (n *newest) isCovered() bool {
	return n.behind >= overlapPools || n.oldest != 0 && n.oldest < n.since-overlapTime.Milliseconds()
}

// search reads DAMM v1's pools of the launchpads, as long as the server keeps to them.
func (n *newest) search(ctx context.Context, ids []token.LaunchpadID) error {
	for page := range int64(maxNewestPages) {
		pools, err := n.list(ctx, n.client.searchURL(page, ids))
		if err == nil {
			err = checkPage(n.decoder, page, 0)
		}
		if isFinal(err) {
			n.stats.Note("the server refuses to be asked for a launchpad's own pools: new ones are left to a full scan")
			return nil
		}
		if err != nil {
			return fmt.Errorf("page %d: %w", page, err)
		}
		for _, p := range pools {
			if !n.filter.choose(&p) || !n.ours(p, nil) {
				return nil
			}
		}
		if len(pools) == 0 {
			return nil
		}
	}
	return nil
}
