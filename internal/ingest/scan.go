package ingest

import (
	"context"
	"errors"
	"time"

	"tokensync/internal/token"
)

// ErrUnconfigured is what a source answers when it has nothing to read from: its product is skipped.
var ErrUnconfigured = errors.New("not configured")

// scan reads all products, one after the other. None of them can end the run: what one delivered before it failed
// is kept, and so are its stored pools.
func (r *run) scan(ctx context.Context) {
	for _, source := range r.Sources {
		product := r.scanProduct(ctx, source)
		if product.Status != token.Succeeded {
			r.keep[product.Product] = true
		}
		r.record.Products = append(r.record.Products, product)
		r.record.PoolsScanned += product.PoolsScanned
		r.record.PoolsMatched += product.PoolsMatched
		r.record.PoolsInvalid += product.PoolsInvalid
	}
}

func (r *run) scanProduct(ctx context.Context, source Source) token.ProductRun {
	start := time.Now()
	stats := new(token.ScanStats)
	product := token.ProductRun{Product: source.Product(), Status: token.Succeeded}
	defer r.reportProgress(product.Product, stats)()
	for pool, err := range source.Pools(ctx, r.ids, stats) {
		if err != nil {
			product.Error = err.Error()
			product.Status = statusOf(err, stats)
			break
		}
		if r.pools.add(&pool) {
			product.PoolsMatched++
			stats.Matched.Add(1)
		}
	}
	product.PoolsScanned, product.PoolsInvalid = stats.Scanned.Load(), stats.Invalid.Load()
	product.DurationMS = time.Since(start).Milliseconds()
	r.record.BytesRead += stats.Bytes.Load()
	r.record.UpstreamRequests += stats.Requests.Load()
	r.record.UpstreamRetries += stats.Retries.Load()
	return product
}

// statusOf tells a product that was read in part from one that was not read at all.
func statusOf(err error, stats *token.ScanStats) token.RunStatus {
	switch {
	case errors.Is(err, ErrUnconfigured):
		return token.Skipped
	case stats.Scanned.Load() > 0:
		return token.Partial
	}
	return token.Failed
}

// productTroubles counts products that failed and those that were cut short. Skipped ones are no trouble.
func (r *run) productTroubles() (failed, cut int) {
	for _, p := range r.record.Products {
		switch p.Status {
		case token.Failed:
			failed++
		case token.Partial:
			cut++
		case token.Succeeded, token.Skipped:
		}
	}
	return failed, cut
}

// progressInterval is how often a scan under way is logged.
const progressInterval = time.Second

// reportProgress logs how far a scan is until its result is called.
func (r *run) reportProgress(product token.Product, stats *token.ScanStats) (stop func()) {
	ticker, done := time.NewTicker(progressInterval), make(chan struct{})
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for {
			select {
			case <-ticker.C:
				rss, heap := r.Memory.Peak()
				r.Log.Info("progress", "product", string(product), "pools_scanned", stats.Scanned.Load(),
					"pools_matched", stats.Matched.Load(), "rss_bytes", rss, "heap_bytes", heap)
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done); <-finished }
}
