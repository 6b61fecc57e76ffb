package meteora

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// maxQuoteBody bounds the answer to a question for one pool.
const maxQuoteBody = 1 << 20

// QuotePrice is what mint is worth in US dollars by the word of the deepest pool that has it as token_x, or else as
// token_y; "" when there is none. It counts into stats; errors are those of Pools.
func (c *Client) QuotePrice(ctx context.Context, mint string, stats *syncrun.Counts) (token.Number, error) {
	fetch := &upstream.Fetcher{HTTP: c.http, Stats: stats}
	retry := upstream.NewRetrier(c.retry)
	for _, side := range []string{"token_x", "token_y"} {
		body, err := c.quoteBody(ctx, fetch, retry, c.url(url.Values{
			"page": {"1"}, "page_size": {"1"}, "sort_by": {"tvl:desc"}, "filter_by": {side + "=" + mint},
		}))
		if err != nil {
			return "", fmt.Errorf("%s: price of %s: %w", c.product, mint, err)
		}
		if price := body.priceOf(mint); price.Known() {
			return price, nil
		}
	}
	return "", nil
}

// quotePools is as much of a page as has prices.
type quotePools struct {
	Data []struct {
		X quoteSide `json:"token_x"`
		Y quoteSide `json:"token_y"`
	} `json:"data"`
}

type quoteSide struct {
	Address string          `json:"address"`
	Price   json.RawMessage `json:"price"` // a number, or one in a string
}

// priceOf is the first price of mint above 0. The server's filter is asked for and not trusted.
func (q *quotePools) priceOf(mint string) token.Number {
	for _, p := range q.Data {
		for _, side := range []quoteSide{p.X, p.Y} {
			n, ok := token.ParseNumber(strings.Trim(string(side.Price), `"`))
			if ok && side.Address == mint && n.Float64() > 0 {
				return n
			}
		}
	}
	return ""
}

func (c *Client) quoteBody(ctx context.Context, fetch *upstream.Fetcher, retry *upstream.Retrier, url string) (*quotePools, error) {
	for attempt := 1; ; attempt++ {
		pools, err := c.tryQuote(ctx, fetch, url)
		if err == nil {
			return pools, nil
		}
		if !retry.Pause(ctx, attempt, err) {
			return nil, upstream.WithoutURL(err)
		}
		fetch.Stats.Retries.Add(1)
	}
}

func (c *Client) tryQuote(ctx context.Context, fetch *upstream.Fetcher, url string) (*quotePools, error) {
	if err := c.limit.Wait(ctx); err != nil {
		return nil, fmt.Errorf("waiting for the rate limit: %w", err)
	}
	body, err := fetch.Get(ctx, url, maxQuoteBody)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	pools := new(quotePools)
	if err := json.Unmarshal(b, pools); err != nil {
		return nil, malformed("%v", err)
	}
	return pools, nil
}
