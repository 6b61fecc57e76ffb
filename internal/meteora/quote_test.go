package meteora_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/meteora"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

func quoteClient(t *testing.T, url string) *meteora.Client {
	t.Helper()
	client, err := meteora.NewClient(meteora.Options{
		Product: token.DLMM, BaseURL: url, Rate: 1e6,
		Retry: meteora.Retry{Attempts: 2, Budget: 5, Base: time.Millisecond, Max: time.Second, Patience: 2 * time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// TestQuotePrice asks the fake Meteora, whose prices are fixed.
func TestQuotePrice(t *testing.T) {
	t.Parallel()
	fake := meteoratest.New(meteoratest.Config{Pools: 3000})
	if err := fake.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fake.Close() })
	client := quoteClient(t, fake.URL(meteoratest.DLMM))
	for mint, want := range map[string]token.Number{
		token.SOL: "121.37", token.USDC: "0.9998", token.USDT: "1.0001", "11111111111111111111111111111111": "",
	} {
		stats := new(syncrun.Counts)
		got, err := client.QuotePrice(t.Context(), mint, stats)
		if got != want || err != nil || stats.Requests.Load() == 0 {
			t.Errorf("price of %s = %q, %v; want %q", mint, got, err, want)
		}
	}
}

// TestQuotePriceTrustsNothing: not the filter, not the kinds of values, not the first answer.
func TestQuotePriceTrustsNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		want token.Number
		fail bool
	}{
		"other tokens":  {`{"data":[{"token_x":{"address":"other","price":5},"token_y":{"address":"more","price":6}}]}`, "", false},
		"second pool":   {`{"data":[{},{"token_y":{"address":"mint","price":6.5}}]}`, "6.5", false},
		"text":          {`{"data":[{"token_x":{"address":"mint","price":"7"}}]}`, "7", false},
		"null":          {`{"data":[{"token_x":{"address":"mint","price":null}}]}`, "", false},
		"zero":          {`{"data":[{"token_x":{"address":"mint","price":0.0}}]}`, "", false},
		"below zero":    {`{"data":[{"token_x":{"address":"mint","price":-1}}]}`, "", false},
		"empty":         {`{"data":[]}`, "", false},
		"cut off":       {`{"data":[{"token_x":{"address":"mint"`, "", true},
		"another shape": {`[]`, "", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, test.body)
			}))
			t.Cleanup(server.Close)
			stats := new(syncrun.Counts)
			got, err := quoteClient(t, server.URL).QuotePrice(t.Context(), "mint", stats)
			if got != test.want || (err != nil) != test.fail {
				t.Errorf("price %q, error %v", got, err)
			}
			if test.fail && stats.Retries.Load() != 1 {
				t.Errorf("%d retries", stats.Retries.Load())
			}
		})
	}
}
