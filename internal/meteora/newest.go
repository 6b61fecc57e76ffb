package meteora

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// Bounds of the newest pools.
const (
	// newestPageSize is a few minutes of a product's new pools, and a fifth of what 512 pools by address weigh.
	newestPageSize = 100
	// maxNewestPages of new pools are as far as a refresh goes back: 2,000 pools, some 1.5 % of a full scan of DLMM.
	maxNewestPages = 20
	// newestOverlap is read again each time, for pools that Meteora lists some time after their creation.
	newestOverlap = 10 * time.Minute
)

// Newest streams the pools of the launchpads ids that were created since a moment, in Unix milliseconds, some older
// ones too, and counts into stats. When there are more new pools than are worth asking for, the last pair has
// token.ErrGap; its other errors are those of Pools.
//
// DAMM v1 has no such order but filters by launchpad: there it is all of ids' pools. A server that ignores the filter is
// not read to the end, and that is no error: what is new is left to the next full scan.
func (c *Client) Newest(
	ctx context.Context, ids []token.LaunchpadID, since int64, stats *token.ScanStats,
) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		n := &newest{
			lookup: lookup{client: c, retry: upstream.NewRetrier(c.retry), stats: stats},
			ids:    ids, until: since - newestOverlap.Milliseconds(), yield: yield,
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

// newest reads new pools, newest first, until one was created before until.
type newest struct {
	lookup
	ids   []token.LaunchpadID
	until int64
	yield func(token.Pool, error) bool
}

func (n *newest) pages(ctx context.Context) error {
	for page := int64(1); page <= maxNewestPages; page++ {
		pools, d, err := n.read(ctx, n.client.sortedURL(page, newestPageSize, "pool_created_at:desc"), maxBody)
		if err == nil {
			err = checkPage(d, page, newestPageSize)
		}
		if err != nil {
			return fmt.Errorf("page %d: %w", page, err)
		}
		oldest, err := n.ages(pools)
		if err != nil || !n.ours(pools) {
			return err
		}
		atEnd := d.Scanned == 0 || d.Envelope.Pages >= 0 && page >= d.Envelope.Pages
		if atEnd || oldest != 0 && oldest < n.until {
			return nil
		}
	}
	return token.ErrGap
}

// ages notes how new a page's pools are, and gives the age of the last. A server that sorts otherwise than it was asked
// to would end the search at once, and no new pool would ever be found.
func (n *newest) ages(pools []token.Pool) (oldest int64, err error) {
	for i := range pools {
		at := pools[i].CreatedAt
		if at == 0 {
			continue
		}
		if oldest != 0 && at > oldest+newestOverlap.Milliseconds() {
			return 0, fmt.Errorf("%w: pools are not sorted by pool_created_at:desc", ErrParameters)
		}
		n.stats.Created(at)
		oldest = at
	}
	return oldest, nil
}

// ours yields those pools that are ours. It is false when the consumer wants no more.
func (n *newest) ours(pools []token.Pool) bool {
	for _, p := range pools {
		if slices.Contains(n.ids, p.Launchpad) && !n.yield(p, nil) {
			return false
		}
	}
	return true
}

// array reads DAMM v1's pools of the launchpads, as long as the server keeps to them.
func (n *newest) array(ctx context.Context) error {
	stopped := false
	w := &worker{
		client: n.client, retry: n.retry, stats: n.stats,
		fetch:   &upstream.Fetcher{HTTP: n.client.http, Stats: n.stats},
		decoder: NewDecoder(token.DAMMv1, everyPool(), n.client.quotes),
		yield: func(p token.Pool) bool {
			stopped = stopped || !slices.Contains(n.ids, p.Launchpad) || !n.yield(p, nil)
			return !stopped
		},
	}
	if err := w.read(ctx, n.client.arrayURL(n.ids), maxArrayBody); err != nil {
		return err
	}
	n.stats.Scanned.Add(w.decoder.Scanned)
	n.stats.Invalid.Add(w.decoder.Invalid)
	return nil
}
