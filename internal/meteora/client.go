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
	"time"

	"tokensync/internal/products"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// PageSize is the most pools that Meteora puts on a page, and searchPageSize the most of DAMM v1's search.
const (
	PageSize       = 1000
	searchPageSize = 300
)

// inFlight is how many pages are read at once. With 100 ms to the first byte, eight keep up with 30 pages a second.
const inFlight = 8

// Retry bounds how often a scan asks again.
type Retry = upstream.Retry

// StatusError is an answer other than 200.
type StatusError = upstream.StatusError

// Cache keeps short texts from run to run. It is safe for concurrent use.
type Cache interface {
	// Get returns what is kept under keys; others are left out.
	Get(ctx context.Context, keys []string) (map[string]string, error)
	// Put keeps entries for ttl.
	Put(ctx context.Context, entries map[string]string, ttl time.Duration) error
}

// Options set up a Client. Only Product and BaseURL must be set.
type Options struct {
	Product   token.Product
	BaseURL   string
	UserAgent string           // what requests call themselves; "tokensync" when empty
	Quotes    token.QuoteMints // which side of a pool is not the token; SOL, USDC and USDT by default
	Rate      float64          // the server's limit, in requests a second; the documented one by default
	Retry     Retry            // upstream.DefaultRetry when zero
	Cache     Cache            // keeps how the server was seen to be asked; nil remembers it in this process only
}

// Client reads one product's pools. It is safe for concurrent use.
type Client struct {
	api      products.API
	base     *url.URL
	http     *http.Client
	agent    string
	quotes   token.QuoteMints
	pace     *upstream.Pace
	retry    Retry
	dialects dialects
}

// NewClient checks the options and returns a client for them; nothing is asked yet.
func NewClient(o Options) (*Client, error) {
	api, ok := products.Of(o.Product)
	if !ok {
		return nil, fmt.Errorf("product %q has no API at Meteora", o.Product)
	}
	base, err := upstream.ParseURL(o.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("base URL of %s: %w", o.Product, err)
	}
	if o.Quotes == nil {
		o.Quotes = token.NewQuoteMints()
	}
	if o.Rate == 0 {
		o.Rate = api.Rate
	}
	if o.Retry == (Retry{}) {
		o.Retry = upstream.DefaultRetry
	}
	return &Client{
		api: api, base: base, agent: o.UserAgent, quotes: o.Quotes, retry: o.Retry,
		pace:     upstream.NewPace(o.Rate),
		dialects: dialects{product: o.Product, cache: o.Cache},
		http: &http.Client{
			Transport:     upstream.NewTransport(inFlight),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Product returns what the client reads.
func (c *Client) Product() token.Product { return c.api.Product }

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Pools streams every pool of the launchpads ids, in no particular order, and counts into stats. A pool may come
// twice, when pages drift or one is read again: the later one counts. When the scan could not be completed, the last
// pair has the reason; what came before it is sound. The errors are StatusError, upstream.RefusedError, ErrMalformed,
// ErrParameters, ErrUnreadable and those of net and context.
func (c *Client) Pools(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer c.pace.Note(stats)
		scan := c.newScan(ids, stats)
		var err error
		go func() {
			defer close(scan.out)
			if c.api.List == products.SearchPages {
				err = scan.search(ctx, ids)
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
			yield(token.Pool{}, fmt.Errorf("%s: %w", c.Product(), err))
		}
	}
}

// Errors about answers that are sound and still not what was asked for.
var (
	// ErrParameters is returned when the server did not do what was asked. Meteora ignores parameters that it does not know
	// without a word; going on would read ten pools a page, or the first page for ever.
	ErrParameters = errors.New("the server ignored a parameter")
	// ErrUnreadable is returned when the server refuses some of its pages, from whichever end they are read.
	ErrUnreadable = errors.New("pages cannot be read")
)

// checkPage compares what was asked with what the envelope says; a size of 0 is not repeated by this shape of page. Past
// the end the server may name its last page.
func checkPage(d *Decoder, page, size int64) error {
	e := d.Envelope
	pastEnd := d.Scanned == 0 || e.CurrentPage >= e.Pages && e.CurrentPage < page
	switch {
	case !e.Paged:
		return malformed("an array where a page was asked for")
	case size > 0 && e.PageSize != size: // -1 when it is missing
		return fmt.Errorf("%w: page_size is %d where %d was asked for", ErrParameters, e.PageSize, size)
	case e.CurrentPage >= 0 && e.CurrentPage != page && !pastEnd:
		return fmt.Errorf("%w: current_page is %d where page %d was asked for", ErrParameters, e.CurrentPage, page)
	}
	return nil
}

// Orders of creation. Pages in the ascending one move least while they are read.
const (
	ascending  = "pool_created_at:asc"
	descending = "pool_created_at:desc"
)

// sortedURL asks for one page of all pools.
func (c *Client) sortedURL(page, size int64, order string) string {
	query := paged(page, size)
	query.Set("sort_by", order)
	return c.url("/pools", query)
}

func paged(page, size int64) url.Values {
	return url.Values{"page": {strconv.FormatInt(page, 10)}, "page_size": {strconv.FormatInt(size, 10)}}
}

// searchURL asks for one page of DAMM v1's pools, of some launchpads if the server filters.
func (c *Client) searchURL(page int64, ids []token.LaunchpadID) string {
	query := sized(page)
	for _, id := range ids {
		query.Add("launchpad", string(id))
	}
	return c.url("/pools/search", query)
}

func sized(page int64) url.Values {
	return url.Values{"page": {strconv.FormatInt(page, 10)}, "size": {strconv.Itoa(searchPageSize)}}
}

func (c *Client) url(path string, query url.Values) string {
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + path
	u.RawQuery = query.Encode()
	return u.String()
}
