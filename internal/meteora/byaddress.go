package meteora

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// ByAddress streams the pools with the given addresses, of whatever launchpad and in no particular order. A pool that does
// not come is undecided, never absent. It counts into stats, what was asked for and what came back too; errors are those
// of Pools.
//
// Where the server takes one address a request only, they are asked for in the order given, and what ctx's deadline
// leaves no time for is not asked: that is not an error.
func (c *Client) ByAddress(ctx context.Context, addresses []string, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		defer c.pace.Note(stats)
		if len(addresses) == 0 {
			return
		}
		q := c.newInquiry(ctx, poolAddress, unique(addresses), stats)
		q.count = func(asked, found int) {
			stats.Asked.Add(int64(asked))
			stats.Found.Add(int64(found))
		}
		if err := q.run(ctx, func(p token.Pool) bool { return yield(p, nil) }); err != nil {
			yield(token.Pool{}, fmt.Errorf("%s: pools by address: %w", c.Product(), err))
		}
	}
}

// ByMint streams every pool that has one of the mints on either side, whatever its launchpad, with that mint as the base;
// where both sides are asked for, token_x is. A pool may come twice. It counts into stats; errors are those of Pools. Of a
// product that cannot be asked so, DAMM v1 and the list of DBC, nothing comes.
func (c *Client) ByMint(ctx context.Context, mints []string, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		defer c.pace.Note(stats)
		if !c.api.Filters || len(mints) == 0 {
			return
		}
		mints := unique(mints)
		for _, field := range []string{tokenX, tokenY} {
			q, stopped := c.newInquiry(ctx, field, mints, stats), false
			q.orient = c.orientTo(mints)
			err := q.run(ctx, func(p token.Pool) bool { stopped = !yield(p, nil); return !stopped })
			if err != nil {
				yield(token.Pool{}, fmt.Errorf("%s: pools by %s: %w", c.Product(), field, err))
			}
			if err != nil || stopped {
				return
			}
		}
	}
}

// orientTo returns what tells a pool's token from its quote when the token is known to be one of mints.
func (c *Client) orientTo(mints []string) func(x, y token.Asset) (base, quote token.Asset) {
	ours := make(map[string]bool, len(mints))
	for _, mint := range mints {
		ours[mint] = true
	}
	return func(x, y token.Asset) (base, quote token.Asset) {
		switch {
		case ours[x.Mint]:
			return x, y
		case ours[y.Mint]:
			return y, x
		}
		return c.quotes.Orient(x, y)
	}
}

// unique drops repeats, and keeps the order.
func unique(values []string) []string {
	known := make(map[string]bool, len(values))
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool {
		again := known[v]
		known[v] = true
		return again
	})
}

// Absent returns those of the addresses at which there is no pool any more: each was asked for alone, in a form in which a
// pool that the server lists came back, and the answer was complete and empty. What it does not return is undecided. With
// an error come those that were proven before it; errors are those of Pools.
func (c *Client) Absent(ctx context.Context, addresses []string, stats *syncrun.Counts) (gone []string, err error) {
	if len(addresses) == 0 {
		return nil, nil
	}
	defer c.pace.Note(stats)
	retry := upstream.NewRetrier(c.retry)
	f, err := c.newAsker(retry, stats).trustedWitness(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: absent pools: %w", c.Product(), err)
	}
	askers := sync.Pool{New: func() any { return c.newAsker(retry, stats) }}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for _, address := range unique(addresses) {
		group.Go(func() error {
			a := askers.Get().(*asker)
			defer askers.Put(a)
			got, err := a.ask(ctx, f, poolAddress, []string{address})
			if err == nil && got.complete && len(got.pools) == 0 {
				mu.Lock()
				defer mu.Unlock()
				gone = append(gone, address)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return gone, fmt.Errorf("%s: absent pools: %w", c.Product(), err)
	}
	return gone, nil
}

// trustedWitness returns a form in which a pool that is asked for alone comes back. A server that has no such form denies
// every pool.
func (a *asker) trustedWitness(ctx context.Context) (form, error) {
	pools, err := a.sample(ctx)
	if err != nil {
		return "", err
	}
	if len(pools) == 0 {
		return "", fmt.Errorf("%w: it lists no pool to ask for", ErrParameters)
	}
	living := []string{pools[0].Address}
	for _, f := range a.client.witnesses() {
		got, err := a.ask(ctx, f, poolAddress, living)
		if err == nil && len(got.pools) > 0 {
			return f, nil
		}
		if err != nil && !isFinal(err) && !errors.Is(err, ErrParameters) {
			return "", err
		}
	}
	return "", errNoForm
}
