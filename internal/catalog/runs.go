package catalog

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// Runs is what an operator looks at.
type Runs struct {
	Runs     []syncrun.Record // newest first
	Breakers []Breaker        // of every product that is read, in the order of token.Products
}

// Breaker is a product's circuit breaker at this moment.
type Breaker struct {
	Product  token.Product
	State    string
	Failures int       // in a row
	RetryAt  time.Time // when an open one lets a run try again; zero when it is closed
}

// Runs returns the newest records, and the breakers of the products in the last of them.
func (c *Catalog) Runs(ctx context.Context, limit int) (Runs, error) {
	limit, err := checkLimit(limit)
	if err != nil {
		return Runs{}, err
	}
	var runs []syncrun.Record
	var stored []syncrun.Breaker
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { runs, err = c.History.Runs(ctx, limit); return err })
	group.Go(func() (err error) { stored, err = c.History.Breakers(ctx); return err })
	if err := group.Wait(); err != nil {
		return Runs{}, unavailable("reading the runs", err)
	}
	return Runs{Runs: runs, Breakers: breakers(runs, stored, time.Now())}, nil
}

// breakers returns the stored ones, and closed ones for products that have none.
func breakers(runs []syncrun.Record, stored []syncrun.Breaker, now time.Time) []Breaker {
	out := []Breaker{}
	for _, product := range token.Products {
		b := syncrun.Breaker{Product: product}
		i := slices.IndexFunc(stored, func(b syncrun.Breaker) bool { return b.Product == product })
		if i >= 0 {
			b = stored[i]
		}
		if i >= 0 || isRead(runs, product) {
			out = append(out, Breaker{Product: product, State: string(b.State(now)), Failures: b.Failures, RetryAt: b.RetryAt})
		}
	}
	return out
}

// isRead reports whether any of the runs has read a product.
func isRead(runs []syncrun.Record, product token.Product) bool {
	return slices.ContainsFunc(runs, func(r syncrun.Record) bool {
		return slices.ContainsFunc(r.Products, func(p syncrun.ProductRecord) bool { return p.Product == product })
	})
}
