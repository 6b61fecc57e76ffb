package httpapi_test

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/apitest"
	"tokensync/internal/token"
)

// history is the answer of a token's history.
type history struct {
	Points []struct {
		Time      time.Time
		PriceUSD  token.Number `json:"price_usd"`
		Price     token.Number
		VolumeUSD token.Number `json:"volume_usd"`
	}
	Interval string
	SyncedAt *time.Time `json:"synced_at"`
}

func (c *client) history(target string) (h history) {
	c.t.Helper()
	body := readAll(c.t, c.get(target))
	if err := json.Unmarshal([]byte(body), &h); err != nil {
		c.t.Fatalf("%s: %v: %s", target, err, body)
	}
	return h
}

// traded returns a token on its curve, after some minutes in which one of ten dollars' worth of quote is traded in each.
func traded(minutes int) token.Token {
	price := token.FromDecimal(int64(100+minutes), -4)
	mint, start := apitest.Mint(1), time.Now().Add(-48*time.Hour).UnixMilli()
	p := token.Pool{
		Address: apitest.Mint(2), Product: token.DBC, Launchpad: apitest.First, Base: token.Asset{Mint: mint, PriceUSD: price.Mul("10")},
		Price: price, QuoteMint: token.SOL, QuoteUSD: "10", CreatedAt: start,
		Curve: token.Curve{
			Stage: token.Bonding, Config: string(apitest.First), Creator: mint,
			Earnings: token.Earnings{FeesQuote: token.FromDecimal(int64(minutes)*8, -3), VolumeQuote: token.FromDecimal(int64(minutes), 0)},
		},
	}
	t := token.Merge([]token.Pool{p})
	t.FirstSeenAt = start + 1000
	return t
}

// TestHistory publishes a board each minute of a day, and compares what the API makes of its points with what was published.
func TestHistory(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	c := newAPI(t, b, uncached)
	if h := c.history("/v1/tokens/" + apitest.Mint(1) + "/history"); len(h.Points) > 0 || h.Interval != "30m" || h.SyncedAt != nil {
		t.Errorf("before the first board: %+v", h)
	}
	const last = 26 * 60
	end := time.Now().UTC().Truncate(time.Hour).Add(time.Second)
	for minute := 0; minute <= last; minute += 5 {
		if err := b.PublishPoint(t.Context(), []token.Token{traded(minute)}, end.Add(time.Duration(minute-last)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	for span, want := range map[string]struct {
		interval string
		minutes  int
		points   int
	}{"1h": {"5m", 5, 12}, "24h": {"30m", 30, 48}} {
		h := c.history("/v1/tokens/" + apitest.Mint(1) + "/history?range=" + span)
		if len(h.Points) != want.points || h.Interval != want.interval || h.SyncedAt == nil {
			t.Fatalf("%s: %d points, %s", span, len(h.Points), h.Interval)
		}
		for i, p := range h.Points {
			minute := last - (want.points-1-i)*want.minutes
			price := token.FromDecimal(int64(100+minute), -4)
			got := []token.Number{p.Price, p.PriceUSD, p.VolumeUSD}
			if diff := cmp.Diff([]token.Number{price, price.Mul("10"), token.Number(strconv.Itoa(want.minutes * 10))}, got); diff != "" {
				t.Errorf("%s, point %d (-want +got):\n%s", span, i, diff)
			}
			if !p.Time.Equal(end.Add(time.Duration(minute-last) * time.Minute)) {
				t.Errorf("%s, point %d at %s", span, i, p.Time)
			}
		}
	}
	if h := c.history("/v1/tokens/" + apitest.Mint(7) + "/history?range=7d"); len(h.Points) > 0 || h.Interval != "6h" || h.SyncedAt == nil {
		t.Errorf("a mint without points: %+v", h)
	}
	var chart struct{ Candles []struct{ Time int64 } }
	body := readAll(t, c.get("/datapi/v2/charts/"+apitest.Mint(1)+"?interval=1_HOUR&type=price"))
	if err := json.Unmarshal([]byte(body), &chart); err != nil || len(chart.Candles) < 2 {
		t.Errorf("the scaffold's chart: %v: %s", err, body)
	}
	row := c.list("/v1/tokens?sort=price_change").Data[0]
	if change := row["price_change_pct"].(map[string]any); change["5m"] == nil || change["24h"] == nil {
		t.Errorf("%v", change)
	}
	if since := row["since"].(map[string]any)["24h"]; since != end.Add(-24*time.Hour).Format(time.RFC3339) || row["volume_24h_usd"] != json.Number("14400") {
		t.Errorf("a volume of %v since %v", row["volume_24h_usd"], since)
	}
}
