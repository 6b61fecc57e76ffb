package httpapi_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/apitest"
	"tokensync/internal/token"
)

const gemsPath = "/datapi/v1/pools/gems"

func (c *client) post(target, body string, header ...string) *http.Response {
	c.t.Helper()
	r := httptest.NewRequestWithContext(c.t.Context(), http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return c.do(r)
}

// card is what the tests look at in a card of the scaffold's.
type card struct {
	BaseAsset    struct{ ID string }
	CreatedAt    string
	BondingCurve json.Number
}

func mintsOfCards(t *testing.T, response *http.Response) map[string][]string {
	t.Helper()
	text := readAll(t, response)
	var lists map[string]struct{ Pools []card }
	if err := json.Unmarshal([]byte(text), &lists); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%d %s: %v", response.StatusCode, text, err)
	}
	out := map[string][]string{}
	for name, list := range lists {
		out[name] = []string{}
		for _, c := range list.Pools {
			out[name] = append(out[name], c.BaseAsset.ID)
		}
	}
	return out
}

// launchedTokens returns tokens in all stages, of two configs and of none, with equal and with unknown values.
func launchedTokens(n int) []token.Token {
	tokens := apitest.Tokens(n, apitest.First)
	for i := range tokens {
		t := &tokens[i]
		t.Curve.Stage = []token.Stage{token.Bonding, token.Graduated, token.Migrating, ""}[i%4]
		t.Curve.Config = []string{token.SOL, token.USDC, ""}[i%3]
		t.Curve.Progress = token.Number(fmt.Sprintf("0.%02d", i%50+10))
		if t.Curve.Stage == token.Graduated {
			t.GraduatedAt = t.CreatedAt + int64(i%7)*60_000
		}
	}
	return tokens
}

// wantedList returns a list as fun-launch.md has it: sorted by what a card shows, and equal ones by mint, as the board has them.
func wantedList(tokens []token.Token, stage token.Stage, value func(*token.Token) float64, configs ...string) []string {
	var found []token.Token
	for _, t := range tokens {
		if t.Curve.Stage == stage && (len(configs) == 0 || slices.Contains(configs, t.Curve.Config)) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(x, y token.Token) int { return cmp.Compare(value(&y), value(&x)) })
	mints := []string{}
	for _, t := range found[:min(len(found), 30)] {
		mints = append(mints, t.Mint)
	}
	return mints
}

func TestGems(t *testing.T) {
	t.Parallel()
	b, tokens := newBackend(t, nil, apitest.First), launchedTokens(300)
	// Values that differ, for the lists are compared with simple ones.
	for i := range tokens {
		tokens[i].CreatedAt = cmp.Or(tokens[i].CreatedAt, apitest.Epoch.UnixMilli()) + int64(i)
		if tokens[i].GraduatedAt += int64(i); i%5 == 0 {
			tokens[i].GraduatedAt = 0
		}
		tokens[i].Curve.Progress = token.Number(fmt.Sprintf("0.%04d", (i*7919)%10000))
	}
	fill(t, b, tokens)
	c := newAPI(t, b, uncached)
	created := func(t *token.Token) float64 { return float64(t.CreatedAt) }
	graduated := func(t *token.Token) float64 { return float64(t.GraduatedAt) }
	shown := func(t *token.Token) float64 { return float64(cmp.Or(t.GraduatedAt, t.CreatedAt)) }
	progress := func(t *token.Token) float64 { return t.Curve.Progress.Float64() }
	one, two := `"partnerConfigs":["`+token.SOL+`"]`, `"partnerConfigs":["`+token.USDT+`","`+token.USDC+`"]`
	for body, want := range map[string]map[string][]string{
		`{}`: {},
		`{"recent":{"timeframe":"24h"},"aboutToGraduate":{"timeframe":"24h"},"graduated":{"timeframe":"24h","partnerConfigs":[""]}}`: {
			"recent": wantedList(tokens, token.Bonding, created), "aboutToGraduate": wantedList(tokens, token.Bonding, progress),
			"graduated": wantedList(tokens, token.Graduated, graduated),
		},
		`{"recent":{"timeframe":"24h",` + one + `},"graduated":{"timeframe":"1h",` + two + `}}`: {
			"recent":    wantedList(tokens, token.Bonding, created, token.SOL),
			"graduated": wantedList(tokens, token.Graduated, shown, token.USDC),
		},
		`{"recent":{"partnerConfigs":["` + token.USDT + `"]}}`: {"recent": {}},
	} {
		if diff := gocmp.Diff(want, mintsOfCards(t, c.post(gemsPath, body))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

func TestCards(t *testing.T) {
	t.Parallel()
	b, tokens := newBackend(t, nil, apitest.First), launchedTokens(8)
	tokens[1].Status, tokens[2].Status, tokens[3].Status, tokens[4].Status = token.Hidden, token.Unapproved, token.Blacklisted, token.Delisted
	tokens[0].Holders, tokens[5].Holders = "12", ""
	tokens[0].Face.Description = "The <good> dog."
	fill(t, b, tokens)
	c := newAPI(t, b, uncached)
	mint := func(i int) string { return tokens[i].Mint }
	all := []string{mint(6), mint(1), mint(2), mint(0), mint(3), mint(4), apitest.Mint(99), mint(0)}
	response := c.get("/datapi/v1/pools?assetIds=" + strings.Join(all, ","))
	var answer struct{ Pools []card }
	if err := json.Unmarshal([]byte(readAll(t, response)), &answer); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, card := range answer.Pools {
		got = append(got, card.BaseAsset.ID)
	}
	if diff := gocmp.Diff([]string{mint(6), mint(0), mint(4)}, got); diff != "" {
		t.Errorf("cards (-want +got):\n%s", diff)
	}
	for target, want := range map[string]string{
		"/datapi/v1/pools?assetIds=" + apitest.Mint(99):                                             `{"pools":[]}`,
		"/datapi/v1/holders/" + mint(0):                                                             `{"holders":[],"count":12}`,
		"/datapi/v1/holders/" + mint(5):                                                             `{}`,
		"/datapi/v1/assets/" + mint(0) + "/description":                                             `{"description":"The \u003cgood\u003e dog."}`,
		"/datapi/v1/assets/" + mint(5) + "/description":                                             `{}`,
		"/datapi/v1/txs/" + mint(0):                                                                 `{"txs":[]}`,
		"/datapi/v1/txs/" + mint(0) + "?fromTs=2026-02-05T18:48:01.000Z&traderAddress=" + token.SOL: `{"txs":[]}`,
		"/datapi/v2/charts/" + mint(0) + "?interval=15_MINUTE&baseAsset=" + mint(0) + "&from=1770317281000&to=1770403681000&candles=329&type=price": `{"candles":[]}`,
	} {
		response := c.get(target)
		if body := readAll(t, response); body != want || response.StatusCode != http.StatusOK || response.Header.Get("ETag") == "" {
			t.Errorf("%s: %d %s", target, response.StatusCode, body)
		}
	}
	for _, target := range []string{
		"/datapi/v1/holders/" + apitest.Mint(99), "/datapi/v1/holders/" + mint(1), "/datapi/v1/assets/" + mint(2) + "/description",
		"/datapi/v2/charts/" + apitest.Mint(99),
	} {
		if p := problem(t, c.get(target)); p.Status != http.StatusNotFound {
			t.Errorf("%s: %+v", target, p)
		}
	}
}

func TestBadInputOfTheFrontEnd(t *testing.T) {
	t.Parallel()
	c := newAPI(t, newBackend(t, nil, apitest.First), uncached)
	mint := token.SOL
	for target, parameter := range map[string]string{
		"/datapi/v1/pools": "assetIds", "/datapi/v1/pools?assetIds=": "assetIds", "/datapi/v1/pools?assetIds=me": "assetIds",
		"/datapi/v1/pools?assetIds=" + mint + "&limit=1":                    "limit",
		"/datapi/v1/pools?assetIds=" + strings.Repeat(mint+",", 100) + mint: "assetIds",
		"/datapi/v1/holders/me":                                             "mint",
		"/datapi/v1/assets/me/description":                                  "mint",
		"/datapi/v1/txs/me":                                                 "mint",
		"/datapi/v1/txs/" + mint + "?limit=" + strings.Repeat("1", 65):      "limit",
		"/datapi/v1/txs/" + mint + "?cursor=1":                              "cursor",
		"/datapi/v2/charts/me":                                              "mint",
		"/datapi/v2/charts/" + mint + "?interval=1_YEAR":                    "interval",
		"/datapi/v2/charts/" + mint + "?from=yesterday":                     "from",
		"/datapi/v2/charts/" + mint + "?candles=0":                          "candles",
		"/datapi/v2/charts/" + mint + "?baseAsset=me":                       "baseAsset",
		"/datapi/v2/charts/" + mint + "?type=volume":                        "type",
	} {
		if p := problem(t, c.get(target)); p.Status != http.StatusBadRequest || p.Parameter != parameter {
			t.Errorf("%s: %+v", target, p)
		}
	}
	for body, parameter := range map[string]string{
		`{`: "body", `{"trending":{}}`: "trending", `{"recent":{"partnerConfigs":["me"]}}`: "recent.partnerConfigs",
		`{"recent":{` + strings.Repeat(" ", 16<<10) + `}}`: "body",
	} {
		if p := problem(t, c.post(gemsPath, body)); p.Status != http.StatusBadRequest || p.Parameter != parameter {
			t.Errorf("%.60s: %+v", body, p)
		}
	}
	if p := problem(t, c.post(gemsPath+"?a=1", `{}`)); p.Parameter != "a" {
		t.Errorf("with a query: %+v", p)
	}
	if p := problem(t, c.post(gemsPath, `{}`, "Content-Type", "text/plain")); p.Status != http.StatusUnsupportedMediaType {
		t.Errorf("as text: %+v", p)
	}
	response := c.get(gemsPath)
	if p := problem(t, response); p.Status != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "POST, OPTIONS" {
		t.Errorf("GET: %+v, %v", p, response.Header)
	}
	if p := problem(t, c.post("/v1/stats", `{}`)); p.Status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %+v", p)
	}
}

// TestGemsAreKept for a moment by this process alone: a browser does not keep what it has posted for.
func TestGemsAreKept(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	fill(t, b, launchedTokens(40))
	caching := uncached
	caching.Memory, caching.MemoryBytes = time.Hour, 1<<20
	c := newAPI(t, b, caching)
	const recent, all = `{"recent":{"timeframe":"24h"}}`, `{"recent":{"timeframe":"24h"},"graduated":{"timeframe":"24h"}}`
	first := c.post(gemsPath, recent)
	if first.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", first.Header)
	}
	was := mintsOfCards(t, first)
	fill(t, b, launchedTokens(80)[40:])
	if diff := gocmp.Diff(was, mintsOfCards(t, c.post(gemsPath, recent, "If-None-Match", first.Header.Get("ETag")))); diff != "" {
		t.Errorf("not kept: %s", diff)
	}
	if now := mintsOfCards(t, c.post(gemsPath, all)); len(now["graduated"]) != 20 || len(now["recent"]) != 20 {
		t.Errorf("another body: %v", now)
	}
	if packed := c.post(gemsPath, all, "Accept-Encoding", "gzip"); packed.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("headers %v", packed.Header)
	}
}

// TestCardsAreBounded: a hundred cards with the longest texts take a third of a Lambda's response at most.
func TestCardsAreBounded(t *testing.T) {
	t.Parallel()
	const most = 2 << 20
	b, tokens := newBackend(t, nil, apitest.First), launchedTokens(100)
	var mints []string
	for i := range tokens {
		tokens[i].Name, tokens[i].Symbol = token.CleanName(strings.Repeat("<", 1000)), token.CleanSymbol(strings.Repeat("<", 1000))
		link := token.CleanURI("https://" + strings.Repeat("<", 500))
		tokens[i].Face = token.Face{ImageURL: link, Website: link, Twitter: link, Telegram: link}
		tokens[i].Curve.Stage = []token.Stage{token.Bonding, token.Graduated}[i%2]
		mints = append(mints, tokens[i].Mint)
	}
	fill(t, b, tokens)
	c := newAPI(t, b, uncached)
	body := readAll(t, c.post(gemsPath, `{"recent":{},"aboutToGraduate":{},"graduated":{}}`))
	cards := readAll(t, c.get("/datapi/v1/pools?assetIds="+strings.Join(mints, ",")))
	if len(body) > most || len(cards) > most || strings.Count(body, `"chain"`) != 90 || strings.Count(cards, `"chain"`) != 100 {
		t.Errorf("%d and %d bytes", len(body), len(cards))
	}
}

// TestChartOfTheFrontEnd publishes a board every five minutes of a day, and folds its points as the scaffold asks.
func TestChartOfTheFrontEnd(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	c := newAPI(t, b, uncached)
	const last = 26 * 60
	end := time.Now().UTC().Truncate(time.Hour).Add(time.Second)
	for minute := 0; minute <= last; minute += 5 {
		tok := traded(minute)
		tok.TotalSupply = "1000"
		if err := b.PublishPoint(t.Context(), []token.Token{tok}, end.Add(time.Duration(minute-last)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	type candle struct {
		Time                           int64
		Open, High, Low, Close, Volume float64
	}
	ask := func(query string) []candle {
		t.Helper()
		from := end.Add(-23*time.Hour - 45*time.Minute).UnixMilli()
		var answer struct{ Candles []candle }
		body := readAll(t, c.get(fmt.Sprintf("/datapi/v2/charts/%s?baseAsset=%[1]s&from=%d&%s", apitest.Mint(1), from, query)))
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return answer.Candles
	}
	got := ask("interval=15_MINUTE&type=price&candles=329")
	price := func(minute int) float64 { return float64(100+minute) / 1000 }
	hour := end.Unix() - 1
	// A point each half hour until an hour ago, and one each five minutes since. The price only rises.
	want := []candle{}
	for minute := last - 47*30; minute < last-60; minute += 30 {
		want = append(want, candle{hour + int64(minute-last)*60, price(minute - 30), price(minute), price(minute - 30), price(minute), 300})
	}
	want[0].Open, want[0].Low = want[0].Close, want[0].Close
	for i, end := range []int{last - 50, last - 35, last - 20, last - 5, last} {
		open := want[len(want)-1].Close
		want = append(want, candle{hour - int64(60-15*i)*60, open, price(end), open, price(end), []float64{400, 150, 150, 150, 50}[i]})
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("by the quarter of an hour (-want +got):\n%s", diff)
	}
	if newest := ask("interval=1_SECOND&candles=3"); len(newest) != 3 || newest[2].Time-newest[1].Time != 300 {
		t.Errorf("no finer than it is: %+v", newest)
	}
	caps := ask("interval=1_HOUR&type=mcap&candles=1")
	if len(caps) != 1 || caps[0].Close != price(last)*1000 {
		t.Errorf("market cap: %+v", caps)
	}
}
