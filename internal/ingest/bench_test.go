package ingest_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/ingest"
	"tokensync/internal/syncrun"
)

// TestOnePercentChanged holds what a launchpad pays for: tokens that changed, and no others.
func TestOnePercentChanged(t *testing.T) {
	t.Parallel()
	const tokens = 1000
	w := newWorldOf(t, meteoratest.Config{Pools: 3000, Ours: tokens + tokens*3/125})
	first := w.run()
	if stored := len(w.tokens()); first.TokensNew != stored || stored < tokens {
		t.Fatalf("%d new tokens, %d stored, want %d", first.TokensNew, stored, tokens)
	}
	dlmm := w.fake.World(meteoratest.DLMM)
	dlmm.Rename(dlmm.Ours()[100 : 100+tokens/100]...)
	before, calls := w.db.items.Load(), w.db.calls.Load()
	second := w.run()
	if items, calls := w.db.items.Load()-before, w.db.calls.Load()-calls; items != tokens/100 || calls != 1 {
		t.Errorf("%d items in %d batches, want %d in 1", items, calls, tokens/100)
	}
	if second.TokensUpdated != tokens/100 || second.TokensNew != 0 || second.TokensUnchanged != first.TokensNew-tokens/100 {
		t.Errorf("%d updated, %d new, %d unchanged", second.TokensUpdated, second.TokensNew, second.TokensUnchanged)
	}
}

// BenchmarkFirstSync writes 10,000 tokens, and after every sync the engine takes the very same items as bare batches, as
// many at once, in no order either.
func BenchmarkFirstSync(b *testing.B) {
	const tokens, writers = 10_000, 4
	var items []map[string]types.AttributeValue
	var sync, bare time.Duration
	for range b.N {
		w := newWorldOf(b, meteoratest.Config{Pools: 2 * tokens, Ours: tokens})
		start := time.Now()
		run, err := w.sync.Run(b.Context(), ingest.Event{})
		if err != nil || run.Status != syncrun.Succeeded {
			b.Fatal(run.Error, err)
		}
		sync += time.Since(start)
		items = w.scan(w.tables.Tokens, func(map[string]types.AttributeValue) bool { return true })
		if len(items) != run.TokensNew {
			b.Fatalf("%d stored, %d new", len(items), run.TokensNew)
		}
		rand.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		tables := engine.TablesFor(b)
		start = time.Now()
		bareBatches(b.Context(), b, tables.Tokens, items, writers)
		bare += time.Since(start)
	}
	written := float64(len(items) * b.N)
	b.ReportMetric(written/sync.Seconds(), "sync-tokens/s")
	b.ReportMetric(written/bare.Seconds(), "bare-tokens/s")
}

// bareBatches sends items with nothing around them.
func bareBatches(ctx context.Context, b *testing.B, table string, items []map[string]types.AttributeValue, writers int) {
	b.Helper()
	batches := make(chan []map[string]types.AttributeValue)
	var work sync.WaitGroup
	for range writers {
		work.Go(func() {
			for batch := range batches {
				puts := make([]types.WriteRequest, len(batch))
				for i, item := range batch {
					puts[i].PutRequest = &types.PutRequest{Item: item}
				}
				in := &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: puts}}
				if out, err := engine.Client().BatchWriteItem(ctx, in); err != nil || len(out.UnprocessedItems) > 0 {
					b.Error(err)
				}
			}
		})
	}
	for batch := range slices.Chunk(items, 25) {
		batches <- batch
	}
	close(batches)
	work.Wait()
}
