package meteora

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// maxQuoteBody bounds the answer to a question for one pool.
const maxQuoteBody = 1 << 20

// QuotePrice returns what mint is worth in US dollars by the word of the deepest pool that has it as token_x, or else as
// token_y; "" when there is none. It counts into stats; errors are those of Pools.
func (c *Client) QuotePrice(ctx context.Context, mint string, stats *syncrun.Counts) (token.Number, error) {
	fetch, retry := c.newFetcher(stats), upstream.NewRetrier(c.retry)
	for _, field := range []string{tokenX, tokenY} {
		query := paged(1, 1)
		query.Set("sort_by", "tvl:desc")
		query.Set("filter_by", single.filter(field, []string{mint}))
		var pools quotePools
		err := retry.Do(ctx, stats, func(ctx context.Context) (err error) {
			pools, err = readQuotes(ctx, fetch, c.url("/pools", query))
			return err
		})
		if err != nil {
			return "", fmt.Errorf("%s: price of %s: %w", c.Product(), mint, err)
		}
		if price := pools.priceOf(mint); price.Known() {
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

// priceOf returns the first price of mint above 0. The server's filter is asked for and not trusted.
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

func readQuotes(ctx context.Context, fetch *upstream.Fetcher, url string) (pools quotePools, err error) {
	body, err := fetch.Get(ctx, url, maxQuoteBody)
	if err != nil {
		return pools, err
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	if err != nil {
		return pools, err
	}
	if err := json.Unmarshal(b, &pools); err != nil {
		return pools, malformed("%v", err)
	}
	return pools, nil
}
