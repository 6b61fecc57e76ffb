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

	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// maxAddresses is how many pools are asked for at once: a URL of about 4.6 KB. The longest that Meteora accepts is not
// documented, so a refusal is met with halves.
const maxAddresses = 100

// ByAddress streams the pools with the given addresses, of whatever launchpad; those that Meteora does not know are
// left out. It counts into stats. Errors are those of Pools.
func (c *Client) ByAddress(ctx context.Context, addresses []string, stats *token.ScanStats) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		l := &lookup{client: c, retry: upstream.NewRetrier(c.retry), stats: stats}
		for chunk := range slices.Chunk(addresses, maxAddresses) {
			pools, err := l.chunk(ctx, chunk)
			if err != nil {
				yield(token.Pool{}, fmt.Errorf("%s: %d pools by address: %w", c.product, len(chunk), err))
				return
			}
			for _, p := range pools {
				if !yield(p, nil) {
					return
				}
			}
		}
	}
}

// A lookup asks for pools by address, one request at a time.
type lookup struct {
	client *Client
	retry  *upstream.Retrier
	stats  *token.ScanStats
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
	pools, _, err := l.read(ctx, l.client.addressURL(addresses), maxBody)
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

// read reads a body with few pools, and gives all of them, of whatever launchpad.
func (l *lookup) read(ctx context.Context, url string, limit int64) ([]token.Pool, *Decoder, error) {
	var pools []token.Pool
	d := NewDecoder(l.client.product, everyPool(), l.client.quotes)
	last := int64(0)
	w := &worker{
		client: l.client, retry: l.retry, stats: l.stats,
		fetch: &upstream.Fetcher{HTTP: l.client.http, Stats: l.stats}, decoder: d,
		yield: func(p token.Pool) bool {
			if d.Scanned <= last { // another attempt, from the start
				pools = pools[:0]
			}
			last = d.Scanned
			pools = append(pools, p)
			return true
		},
	}
	if err := w.read(ctx, url, limit); err != nil {
		return nil, nil, err
	}
	l.stats.Scanned.Add(d.Scanned)
	l.stats.Invalid.Add(d.Invalid)
	return pools, d, nil
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
