package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"tokensync/internal/catalog"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/ledger"
	"tokensync/internal/token"
)

// aDay returns a day of which each amount tells n.
func aDay(date string, n int, quotes ...string) ledger.Day {
	at, _ := time.Parse(time.DateOnly, date)
	d := ledger.Day{
		Date: date, From: at.Add(-time.Minute).UnixMilli(), At: at.Add(time.Hour).UnixMilli(),
		Launched: n, Completed: 10 * n, Graduated: 100 * n, Took: []int64{int64(n)},
	}
	amount := token.FromDecimal(int64(n), 0)
	for _, mint := range quotes {
		d.Quotes = append(d.Quotes, ledger.Quote{
			Mint: mint, Symbol: mint[:1], PartnerDue: amount, CreatorsDue: "0.25", USD: "2",
			Sum: ledger.Sum{Amounts: ledger.Amounts{Volume: amount.Mul("1000"), Fees: amount.Mul("8"), Partner: amount, Creators: "7"}},
		})
	}
	return d
}

// saveDays has tokens of two launchpads, and these days.
func saveDays(t *testing.T, b *apitest.Backend, days map[token.LaunchpadID][]ledger.Day) {
	t.Helper()
	fill(t, b, apitest.Tokens(20, apitest.First, apitest.Second))
	for id, list := range days {
		for i := range list {
			if err := b.Sync.SaveDay(t.Context(), id, &list[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// daysOf returns the days that a request is answered with.
func daysOf(t *testing.T, c *client, target string) (from, to string, days []catalog.Day) {
	t.Helper()
	response := c.get(target)
	body := readAll(t, response)
	var list struct {
		From, To string
		Data     []catalog.Day
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s: %v", target, response.StatusCode, body, err)
	}
	return list.From, list.To, list.Data
}

// TestDays: days come in their order, added up over the launchpads that were asked for.
func TestDays(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First, apitest.Second)
	saveDays(t, b, map[token.LaunchpadID][]ledger.Day{
		apitest.First:  {aDay("2025-12-31", 1, token.SOL), aDay("2026-02-04", 2, token.SOL), aDay("2026-02-05", 3, token.SOL)},
		apitest.Second: {aDay("2026-02-05", 5, token.USDC, token.SOL), aDay("2026-02-06", 4)},
		"another":      {aDay("2026-02-05", 1000, token.SOL)},
	})
	c := newAPI(t, b, uncached)
	dates := func(days []catalog.Day) string {
		var list []string
		for _, d := range days {
			list = append(list, d.Date)
		}
		return strings.Join(list, " ")
	}
	for _, test := range []struct{ query, from, to, dates string }{
		{"from=2026-02-04&to=2026-02-06", "2026-02-04", "2026-02-06", "2026-02-04 2026-02-05 2026-02-06"},
		{"to=2026-02-05", "2026-01-07", "2026-02-05", "2026-02-04 2026-02-05"},
		{"from=2025-01-02&to=2026-02-05", "2025-01-02", "2026-02-05", "2025-12-31 2026-02-04 2026-02-05"},
		{"from=2026-02-04&to=2026-02-06&launchpad=" + string(apitest.Second), "2026-02-04", "2026-02-06", "2026-02-05 2026-02-06"},
		{"from=2020-02-29&to=2020-02-29", "2020-02-29", "2020-02-29", ""},
	} {
		from, to, days := daysOf(t, c, "/v1/days?"+test.query)
		if from != test.from || to != test.to || dates(days) != test.dates {
			t.Errorf("%s: %s to %s: %s", test.query, from, to, dates(days))
		}
	}
	_, _, days := daysOf(t, c, "/v1/days?from=2026-02-05&to=2026-02-06")
	median, other := int64(4), int64(4)
	quote := func(mint string, n, volume, fees, creators token.Number, due token.Number) catalog.DayInQuote {
		return catalog.DayInQuote{
			QuoteMint: mint, QuoteSymbol: mint[:1], QuoteUSD: "2", Volume: volume, Fees: fees, Partner: n, Creators: creators, PartnerDue: n, CreatorsDue: due,
		}
	}
	want := []catalog.Day{
		{
			Date: "2026-02-05", Launched: 8, Completed: 80, Graduated: 800, Median: &median,
			VolumeUSD: "26000", FeesUSD: "208", PartnerUSD: "26", CreatorsUSD: "42", From: "2026-02-04T23:59:00Z", UpdatedAt: "2026-02-05T01:00:00Z",
			Quotes: []catalog.DayInQuote{quote(token.SOL, "8", "8000", "64", "14", "0.5"), quote(token.USDC, "5", "5000", "40", "7", "0.25")},
		},
		{
			Date: "2026-02-06", Launched: 4, Completed: 40, Graduated: 400, Median: &other, From: "2026-02-05T23:59:00Z", UpdatedAt: "2026-02-06T01:00:00Z",
			Quotes: []catalog.DayInQuote{},
		},
	}
	if diff := gocmp.Diff(want, days); diff != "" {
		t.Error(diff)
	}
}

// TestDaysByDefault are the last thirty, and answers can be kept and asked for again.
func TestDaysByDefault(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	c := newAPI(t, b, uncached)
	if _, _, days := daysOf(t, c, "/v1/days"); days == nil || len(days) > 0 {
		t.Errorf("before the first board: %+v", days)
	}
	saveDays(t, b, nil)
	from, to, days := daysOf(t, c, "/v1/days")
	first, _ := time.Parse(time.DateOnly, from)
	last, _ := time.Parse(time.DateOnly, to)
	if now := time.Now().UTC(); last.Sub(first) != 29*24*time.Hour || now.Sub(last) > 25*time.Hour || now.Before(last) || len(days) > 0 {
		t.Errorf("%s to %s: %+v", from, to, days)
	}
	response := c.get("/v1/days?to=2026-02-05")
	etag := response.Header.Get("ETag")
	if etag == "" || response.Header.Get("Cache-Control") != "public, max-age=15, stale-while-revalidate=60" {
		t.Errorf("%v", response.Header)
	}
	if again := c.get("/v1/days?to=2026-02-05", "If-None-Match", etag); again.StatusCode != http.StatusNotModified {
		t.Errorf("asked again: %d", again.StatusCode)
	}
}

// TestBadDays: each is a 400 that names the parameter.
func TestBadDays(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	saveDays(t, b, nil)
	c := newAPI(t, b, uncached)
	for _, test := range []struct{ query, parameter, says string }{
		{"from=2026-02-06&to=2026-02-05", "from", "after"},
		{"from=2999-01-01", "from", "after"},
		{"from=2025-01-01&to=2026-02-05", "from", "400"},
		{"from=0001-01-01", "from", "400"},
		{"from=yesterday", "from", "date"},
		{"from=2026-02-30", "from", "date"},
		{"to=2026-2-5", "to", "date"},
		{"to=2026-02-05T00:00:00Z", "to", "date"},
		{"to=1770317281", "to", "date"},
		{"to=", "to", "empty"},
		{"launchpad=nobody", "launchpad", "listed here"},
		{"range=30d", "range", "not a parameter"},
	} {
		response := c.get("/v1/days?" + test.query)
		body := readAll(t, response)
		var problem struct{ Parameter, Detail string }
		if err := json.Unmarshal([]byte(body), &problem); err != nil || response.StatusCode != http.StatusBadRequest ||
			problem.Parameter != test.parameter || !strings.Contains(problem.Detail, test.says) {
			t.Errorf("%s: %d %s", test.query, response.StatusCode, body)
		}
	}
}

// TestRevenueOfTheLastDays adds up what the partner earned: each day at its own price.
func TestRevenueOfTheLastDays(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First, apitest.Second)
	today := time.Now().UTC()
	ago := func(days int) string { return today.AddDate(0, 0, -days).Format(time.DateOnly) }
	saveDays(t, b, map[token.LaunchpadID][]ledger.Day{
		apitest.First:  {aDay(ago(0), 1, token.SOL), aDay(ago(6), 2, token.SOL), aDay(ago(7), 4, token.SOL), aDay(ago(29), 8, token.SOL), aDay(ago(30), 16, token.SOL)},
		apitest.Second: {aDay(ago(0), 100, token.USDC), aDay(ago(1), 200, token.SOL)},
	})
	c := newAPI(t, b, uncached)
	type revenue struct {
		Today []catalog.Income
		Week  []catalog.Income `json:"days_7"`
		Month []catalog.Income `json:"days_30"`
	}
	ask := func(target string) (r revenue, body string) {
		body = readAll(t, c.get(target))
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			t.Fatal(err)
		}
		return r, body
	}
	income := func(mint string, earned, usd token.Number) catalog.Income {
		return catalog.Income{QuoteMint: mint, QuoteSymbol: mint[:1], Earned: earned, EarnedUSD: usd}
	}
	want := revenue{
		Today: []catalog.Income{income(token.USDC, "100", "200"), income(token.SOL, "1", "2")},
		Week:  []catalog.Income{income(token.SOL, "203", "406"), income(token.USDC, "100", "200")},
		Month: []catalog.Income{income(token.SOL, "215", "430"), income(token.USDC, "100", "200")},
	}
	got, _ := ask("/v1/revenue")
	if time.Now().UTC().Day() != today.Day() {
		t.Skip("it is another day by now")
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, body := ask("/v1/revenue?config=" + string(apitest.First)); strings.Contains(body, "today") || strings.Contains(body, "days_") {
		t.Errorf("of one config, by which there is no ledger: %s", body)
	}
}
