package meteora

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

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
	// Behind the newest pool that the last run saw, so many older ones are read once more, or those of so long a time, for
	// Meteora may list pools some time after their creation.
	overlapPools = newestPageSize
	overlapTime  = 10 * time.Minute
	// disorder is how much newer than those before it a pool may be.
	disorder = time.Minute
)

// Newest streams the pools of the launchpads ids that were created since a moment, in Unix milliseconds, some older
// ones too, and counts into stats. When there are more new pools than are worth asking for, or the server does not sort
// them, the last pair has syncrun.ErrGap; its other errors are those of Pools.
//
// DAMM v1 has no such order but filters by launchpad: there it is all of ids' pools. A server that ignores the filter is
// not read to the end, and that is no error: what is new is left to the next full scan.
func (c *Client) Newest(
	ctx context.Context, ids []token.LaunchpadID, since int64, stats *syncrun.Counts,
) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		n := &newest{
			lookup: c.newLookup(upstream.NewRetrier(c.retry), stats),
			ids:    ids, since: since, ours: yield,
		}
		read := n.pages
		if c.product == token.DAMMv1 {
			read = n.array
		}
		if err := read(ctx); err != nil {
			yield(token.Pool{}, fmt.Errorf("%s: newest pools: %w", c.product, err))
		}
	}
}

// newest reads new pools, newest first, until it is sure that all since a moment have come.
type newest struct {
	*lookup
	ids    []token.LaunchpadID
	since  int64
	ours   func(token.Pool, error) bool // gets the pools of ids
	oldest int64                        // when the page's oldest pool was created, 0 if none has an age
	behind int                          // pools that are not newer than since
}

func (n *newest) pages(ctx context.Context) error {
	for page := int64(1); page <= maxNewestPages; page++ {
		pools, err := n.read(ctx, n.client.sortedURL(page, newestPageSize, "pool_created_at:desc"))
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
			if slices.Contains(n.ids, p.Launchpad) && !n.ours(p, nil) {
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
	if created > n.oldest+disorder.Milliseconds() {
		return fmt.Errorf("%w: they are not sorted by pool_created_at:desc", syncrun.ErrGap)
	}
	n.stats.Created(created)
	n.oldest = min(n.oldest, created)
	if created <= n.since {
		n.behind++
	}
	return nil
}

// isCovered says whether what was read reaches back far enough.
func (n *newest) isCovered() bool {
	return n.behind >= overlapPools || n.oldest != 0 && n.oldest < n.since-overlapTime.Milliseconds()
}

// array reads DAMM v1's pools of the launchpads, as long as the server keeps to them.
func (n *newest) array(ctx context.Context) error {
	stopped := false
	n.begin = nil
	n.yield = func(p token.Pool) bool {
		stopped = stopped || !slices.Contains(n.ids, p.Launchpad) || !n.ours(p, nil)
		return !stopped
	}
	if err := n.worker.read(ctx, n.client.arrayURL(n.ids), maxArrayBody); err != nil {
		return err
	}
	n.count()
	return nil
}
