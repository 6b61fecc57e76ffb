package meteora

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/time/rate"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// PageSize is the most pools that Meteora puts on a page.
const PageSize = 1000

// inFlight is how many pages are read at once. With 100 ms to the first byte, eight keep up with 30 pages a second.
const inFlight = 8

// Retry bounds how often a scan asks again.
type Retry = upstream.Retry

// StatusError is an answer other than 200.
type StatusError = upstream.StatusError

// Options set up a Client. Only Product and BaseURL have to be given.
type Options struct {
	Product token.Product
	BaseURL string
	Quotes  token.QuoteMints // which side of a pool is not the token; SOL, USDC and USDT by default
	Rate    float64          // requests a second; Meteora's limit for the product, less a margin, by default
	Retry   Retry            // upstream.DefaultRetry when zero
}

// Client reads one product's pools. It is for many goroutines.
type Client struct {
	product token.Product
	base    *url.URL
	http    *http.Client
	quotes  token.QuoteMints
	limit   *rate.Limiter
	retry   Retry
}

// rateMargin keeps evenly spaced requests below the limit although the network pushes some of them together.
const rateMargin = 0.9

// documentedRate is what Meteora allows in requests a second.
func documentedRate(p token.Product) float64 {
	if p == token.DLMM {
		return 30
	}
	return 10
}

// NewClient checks the base URL and builds a client for it.
func NewClient(o Options) (*Client, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("base URL %q of %s is not an http or https URL", o.BaseURL, o.Product)
	}
	if o.Quotes == nil {
		o.Quotes = token.NewQuoteMints()
	}
	if o.Rate == 0 {
		o.Rate = documentedRate(o.Product) * rateMargin
	}
	if o.Retry == (Retry{}) {
		o.Retry = upstream.DefaultRetry
	}
	return &Client{
		product: o.Product, base: base, quotes: o.Quotes, retry: o.Retry,
		limit: rate.NewLimiter(rate.Limit(o.Rate), 1),
		http: &http.Client{
			Transport:     upstream.NewTransport(inFlight),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Product is what the client reads.
func (c *Client) Product() token.Product { return c.product }

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Pools streams every pool of the launchpads ids, in no particular order, and counts into stats. A pool may come
// twice, when pages drift or one is read again: the later one counts. When the scan could not be completed, the last
// pair has the reason; what came before it is sound. The errors are StatusError, ErrMalformed, ErrParameters and
// those of net and context.
func (c *Client) Pools(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		scan := c.newScan(ids, stats)
		var err error
		go func() {
			defer close(scan.out)
			if c.product == token.DAMMv1 {
				err = scan.array(ctx, ids)
			} else {
				err = scan.pages(ctx)
			}
		}()
		for p := range scan.out {
			if !yield(p, nil) {
				cancel()
				for range scan.out { // until the workers are gone
				}
				return
			}
		}
		if err != nil {
			yield(token.Pool{}, fmt.Errorf("%s: %w", c.product, err))
		}
	}
}

// ErrParameters means that the server did not do what was asked. Meteora ignores parameters that it does not know
// without a word; going on would read ten pools a page, or the first page for ever.
var ErrParameters = errors.New("the server ignored a parameter")

// checkPage compares what was asked with what the envelope says. Past the end the server may name its last page.
func checkPage(d *Decoder, page, size int64) error {
	e := d.Envelope
	pastEnd := d.Scanned == 0 || e.CurrentPage >= e.Pages && e.CurrentPage < page
	switch {
	case !e.Paged:
		return malformed("an array where a page was asked for")
	case e.PageSize >= 0 && e.PageSize != size:
		return fmt.Errorf("%w: page_size is %d where %d was asked for", ErrParameters, e.PageSize, size)
	case e.CurrentPage >= 0 && e.CurrentPage != page && !pastEnd:
		return fmt.Errorf("%w: current_page is %d where page %d was asked for", ErrParameters, e.CurrentPage, page)
	}
	return nil
}

func (c *Client) pageURL(page int64) string {
	return c.sortedURL(page, PageSize, "pool_created_at:asc") // the order that moves least while it is read
}

func (c *Client) sortedURL(page, size int64, order string) string {
	return c.url(url.Values{
		"page":      {strconv.FormatInt(page, 10)},
		"page_size": {strconv.FormatInt(size, 10)},
		"sort_by":   {order},
	})
}

func (c *Client) arrayURL(ids []token.LaunchpadID) string {
	query := url.Values{}
	for _, id := range ids {
		query.Add("launchpad", string(id))
	}
	return c.url(query)
}

func (c *Client) url(query url.Values) string {
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + "/pools"
	u.RawQuery = query.Encode()
	return u.String()
}
