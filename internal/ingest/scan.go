package ingest

import (
	"context"
	"errors"
	"iter"
	"time"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// errBreakerOpen is why a product is not asked at all.
var errBreakerOpen = errors.New("its breaker is open")

// scan reads all products, one after the other. None of them can end the run: what one delivered before it failed
// is kept, and so are its stored pools.
func (r *run) scan(ctx context.Context) {
	for _, source := range r.Sources {
		if finder, ok := source.(Finder); ok {
			r.finders[source.Product()] = finder
		}
		product, err := r.scanProduct(ctx, source)
		if err != nil {
			product.Error = err.Error()
			r.keepPools(product.Product)
			if !errors.Is(err, syncrun.ErrUnconfigured) {
				r.incomplete = string(product.Product)
			}
		}
		r.record.Products = append(r.record.Products, product)
		if product.Product != token.DBC { // the chain's answers hold only our own: they are looked up, not scanned
			r.record.PoolsScanned += product.PoolsScanned
		}
		r.record.PoolsMatched += product.PoolsMatched
		r.record.PoolsInvalid += product.PoolsInvalid
	}
	r.settleMode()
}

// keepPools keeps what the table holds of a product that was not read to the end. With the curves come the DAMM v2 pools
// that their tokens graduated into: they are kept with them.
func (r *run) keepPools(product token.Product) {
	r.keep[product] = true
	if product == token.DBC {
		r.keep[token.DAMMv2] = true
	}
}

func (r *run) scanProduct(ctx context.Context, source Source) (syncrun.ProductRecord, error) {
	start := time.Now()
	product := syncrun.ProductRecord{Product: source.Product(), Status: syncrun.Skipped}
	breaker := r.breakerFor(ctx, product.Product)
	if err := blocked(breaker, start); err != nil {
		r.blocked++
		return product, err
	}
	stats := new(syncrun.Counts)
	err := r.gather(ctx, source, stats)
	product.Status = statusOf(err, stats)
	product.PoolsScanned, product.PoolsMatched = stats.Scanned.Load(), stats.Matched.Load()
	product.PoolsInvalid = stats.Invalid.Load()
	product.RPC, product.RPCCredits = stats.RPC()
	product.DurationMS = time.Since(start).Milliseconds()
	r.refresh.newest[product.Product] = stats.Newest.Load()
	r.countRequests(stats)
	r.settleBreaker(ctx, breaker, product.Status)
	return product, err
}

// gather keeps every pool of ours that source has, or in a refresh those that may have changed.
func (r *run) gather(ctx context.Context, source Source, stats *syncrun.Counts) error {
	defer r.reportProgress(ctx, source.Product(), stats)()
	if mark, ok := r.refresh.marks[source.Product()]; ok {
		err := r.follow(ctx, source.(Follower), mark, stats)
		if !errors.Is(err, syncrun.ErrGap) {
			return err
		}
		r.scanInstead(ctx, source.Product(), err.Error())
	}
	if source, ok := source.(Rememberer); ok && r.record.Mode == ModeRefresh {
		return r.collect(source.Changed(ctx, r.ids, stats), stats)
	}
	return r.collect(source.Pools(ctx, r.ids, stats), stats)
}

// collect keeps pools of ours.
func (r *run) collect(pools iter.Seq2[token.Pool, error], stats *syncrun.Counts) error {
	for pool, err := range pools {
		if err != nil {
			return err
		}
		if r.pools.add(&pool) {
			stats.Matched.Add(1)
		}
	}
	return nil
}

// statusOf tells a product that was read in part from one that was not read at all.
func statusOf(err error, stats *syncrun.Counts) syncrun.Status {
	switch {
	case err == nil:
		return syncrun.Succeeded
	case errors.Is(err, syncrun.ErrUnconfigured):
		return syncrun.Skipped
	case stats.Scanned.Load() > 0:
		return syncrun.Partial
	}
	return syncrun.Failed
}

// progressInterval is how often a scan under way is logged.
const progressInterval = time.Second

// reportProgress logs how far a scan is until its result is called.
func (r *run) reportProgress(ctx context.Context, product token.Product, stats *syncrun.Counts) (stop func()) {
	ticker, done := time.NewTicker(progressInterval), make(chan struct{})
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for {
			select {
			case <-ticker.C:
				rss, heap := r.Memory.Peak()
				r.Log.InfoContext(ctx, "progress", "product", string(product), "pools_scanned", stats.Scanned.Load(),
					"pools_matched", stats.Matched.Load(), "rss_bytes", rss, "heap_bytes", heap)
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done); <-finished }
}
