package dynamo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// writers is how many batches are on their way at once.
const writers = 4

// maxFailedBatches ends a write whose batches fail one after the other: the table is out of reach.
const maxFailedBatches = 3

// Write stores tokens in batches of 25, each mint at most once, until ctx ends; before every batch it asks hold
// whether it may still write. The SDK never retries unprocessed items: that is done here, with full jitter. What stays
// out is returned, and nothing that was written is taken back.
func (s *TokensTable) Write(ctx context.Context, tokens iter.Seq[token.Token], hold func(context.Context) error) syncrun.WriteResult {
	w := &writer{tokens: s, hold: hold, batches: make(chan []write)}
	var workers sync.WaitGroup
	for range writers {
		workers.Go(func() { w.work(ctx) })
	}
	w.feed(tokens)
	close(w.batches)
	workers.Wait()
	return w.result
}

// A write is one token on its way.
type write struct {
	syncrun.Unwritten // what it is until it is written
	item              item
}

type writer struct {
	tokens  *TokensTable
	hold    func(context.Context) error
	batches chan []write

	mu     sync.Mutex
	result syncrun.WriteResult
	failed int // batches in a row
}

// feed marshals tokens one batch ahead of the workers, so that memory holds a few batches and never all tokens.
func (w *writer) feed(tokens iter.Seq[token.Token]) {
	batch := make([]write, 0, MaxBatchWriteItems)
	for t := range tokens {
		next := write{Unwritten: syncrun.Unwritten{Mint: t.Mint, FirstSeenAt: t.FirstSeenAt}}
		var err error
		if next.item, err = marshalToken(&t); err != nil {
			w.leave([]write{next}, err)
			continue
		}
		if batch = append(batch, next); len(batch) == MaxBatchWriteItems {
			w.batches <- batch
			batch = make([]write, 0, MaxBatchWriteItems)
		}
	}
	if len(batch) > 0 {
		w.batches <- batch
	}
}

func (w *writer) work(ctx context.Context) {
	for batch := range w.batches {
		if err := w.givenUp(ctx); err != nil {
			w.leave(batch, err)
			continue
		}
		left, err := w.tokens.writeBatch(ctx, batch)
		w.settle(batch, left, err)
	}
}

// givenUp says why no further batch may be written.
func (w *writer) givenUp(ctx context.Context) error {
	w.mu.Lock()
	failed := w.failed >= maxFailedBatches
	w.mu.Unlock()
	switch {
	case failed:
		return errors.New("too many batches failed in a row")
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return w.hold(ctx)
}

func (w *writer) settle(batch, left []write, err error) {
	w.mu.Lock()
	if len(left) < len(batch) {
		w.result.Batches++
		w.failed = 0
	} else {
		w.failed++
	}
	w.mu.Unlock()
	w.leave(left, err)
}

func (w *writer) leave(left []write, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range left {
		w.result.Unwritten = append(w.result.Unwritten, l.Unwritten)
	}
	if w.result.Err == nil {
		w.result.Err = err
	}
}

// writeBatch writes one batch and returns what stayed out and why.
func (s *TokensTable) writeBatch(ctx context.Context, batch []write) (left []write, err error) {
	left = batch
	for attempt := 0; len(left) > 0; attempt++ {
		if err := pause(ctx, attempt); err != nil {
			return left, fmt.Errorf("%d items unprocessed: %w", len(left), err)
		}
		out, err := s.api.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{s.table: requests(left)},
		})
		if refused(err) && len(left) > 1 { // one bad item fails all 25: find it
			return s.writeHalves(ctx, left)
		}
		if err != nil {
			return left, fmt.Errorf("writing %d tokens: %w", len(left), err)
		}
		left = stillLeft(left, out.UnprocessedItems[s.table])
	}
	return nil, nil
}

func (s *TokensTable) writeHalves(ctx context.Context, batch []write) ([]write, error) {
	half := len(batch) / 2
	left, err := s.writeBatch(ctx, batch[:half:half])
	more, moreErr := s.writeBatch(ctx, batch[half:])
	return append(slices.Clip(left), more...), errors.Join(err, moreErr)
}

// refused says whether DynamoDB found fault with the request itself: an item too large, a value out of range.
func refused(err error) bool {
	var invalid *awshttp.ResponseError
	var throttled *types.ProvisionedThroughputExceededException
	var limited *types.RequestLimitExceeded
	var missing *types.ResourceNotFoundException
	if errors.As(err, &throttled) || errors.As(err, &limited) || errors.As(err, &missing) {
		return false
	}
	return errors.As(err, &invalid) &&
		(isValidation(err) || invalid.HTTPStatusCode() == http.StatusRequestEntityTooLarge)
}

func isValidation(err error) bool {
	var api interface{ ErrorCode() string }
	return errors.As(err, &api) && api.ErrorCode() == "ValidationException"
}

func requests(batch []write) []types.WriteRequest {
	puts := make([]types.WriteRequest, len(batch))
	for i, w := range batch {
		puts[i].PutRequest = &types.PutRequest{Item: w.item}
	}
	return puts
}

func stillLeft(batch []write, unprocessed []types.WriteRequest) []write {
	mints := make(map[string]bool, len(unprocessed))
	for _, r := range unprocessed {
		if r.PutRequest != nil {
			mints[item(r.PutRequest.Item).getText(attrMint)] = true
		}
	}
	var left []write
	for _, w := range batch {
		if mints[w.Mint] {
			left = append(left, w)
		}
	}
	return left
}

// Pauses before unprocessed keys or items are tried again.
const (
	firstPause = 50 * time.Millisecond
	maxPause   = 3 * time.Second
)

// pause waits with full jitter before a further attempt. When ctx would end during the wait, it says so at once.
func pause(ctx context.Context, attempt int) error {
	if attempt == 0 {
		return ctx.Err()
	}
	wait := rand.N(min(firstPause<<min(attempt-1, 10), maxPause))
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return context.DeadlineExceeded
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
