package meteora

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// maxAddresses is how many pools are asked for at once: a URL of about 4.6 KB. The longest that Meteora accepts is not
// documented, so a refusal is met with halves.
const maxAddresses = 100

// ByAddress streams the pools with the given addresses, of whatever launchpad and in no particular order; those that
// Meteora does not know are left out. It counts into stats. Errors are those of Pools.
func (c *Client) ByAddress(ctx context.Context, addresses []string, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		answers := c.lookUp(ctx, slices.Collect(slices.Chunk(addresses, maxAddresses)), stats)
		defer func() {
			cancel()
			for range answers { // until the workers are gone
			}
		}()
		for a := range answers {
			if a.err != nil {
				yield(token.Pool{}, fmt.Errorf("%s: pools by address: %w", c.product, a.err))
				return
			}
			for _, p := range a.pools {
				if !yield(p, nil) {
					return
				}
			}
		}
	}
}

// An answer has the pools of one request, or why there are none.
type answer struct {
	pools []token.Pool
	err   error
}

// lookUp asks for chunks of addresses, several at once, until all are answered or ctx ends.
func (c *Client) lookUp(ctx context.Context, chunks [][]string, stats *syncrun.Counts) <-chan answer {
	todo, answers, retry := make(chan []string, len(chunks)), make(chan answer), upstream.NewRetrier(c.retry)
	for _, chunk := range chunks {
		todo <- chunk
	}
	close(todo)
	var workers sync.WaitGroup
	for range min(inFlight, len(chunks)) {
		workers.Go(func() {
			l := c.newLookup(retry, stats)
			for chunk := range todo {
				pools, err := l.chunk(ctx, chunk)
				select {
				case answers <- answer{pools, err}:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	go func() { workers.Wait(); close(answers) }()
	return answers
}

// A lookup reads bodies with few pools, one after the other, and gives all of them, of whatever launchpad.
type lookup struct {
	*worker
	pools []token.Pool
}

func (c *Client) newLookup(retry *upstream.Retrier, stats *syncrun.Counts) *lookup {
	l := &lookup{worker: c.newWorker(everyPool(), retry, stats)}
	l.begin = func() { l.pools = nil }
	l.yield = func(p token.Pool) bool { l.pools = append(l.pools, p); return true }
	return l
}

// read answers the pools of a body.
func (l *lookup) read(ctx context.Context, url string) ([]token.Pool, error) {
	if err := l.worker.read(ctx, url, maxBody); err != nil {
		return nil, err
	}
	l.count()
	return l.pools, nil
}

// chunk asks for addresses, in halves when the server finds the request too long.
func (l *lookup) chunk(ctx context.Context, addresses []string) ([]token.Pool, error) {
	pools, err := l.ask(ctx, addresses)
	var status *StatusError
	tooLong := errors.As(err, &status) && (status.Code == http.StatusRequestURITooLong || status.Code == http.StatusBadRequest)
	if !tooLong || len(addresses) == 1 {
		return pools, err
	}
	half := len(addresses) / 2
	first, err := l.chunk(ctx, addresses[:half])
	if err != nil {
		return nil, err
	}
	second, err := l.chunk(ctx, addresses[half:])
	return append(first, second...), err
}

func (l *lookup) ask(ctx context.Context, addresses []string) ([]token.Pool, error) {
	pools, err := l.read(ctx, l.client.addressURL(addresses))
	if err != nil {
		return nil, err
	}
	for _, p := range pools {
		if !slices.Contains(addresses, p.Address) {
			return nil, fmt.Errorf("%w: pool %s was not asked for", ErrParameters, p.Address)
		}
	}
	return pools, nil
}

func (c *Client) addressURL(addresses []string) string {
	if c.product == token.DAMMv1 {
		return c.url(url.Values{"address": addresses})
	}
	return c.url(url.Values{
		"page": {"1"}, "page_size": {strconv.Itoa(PageSize)},
		"filter_by": {"pool_address=[" + strings.Join(addresses, "|") + "]"},
	})
}
