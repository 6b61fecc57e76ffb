package httpapi_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/catalog"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dev/proc"
	"tokensync/internal/dev/worldtest"
	"tokensync/internal/httpapi"
	"tokensync/internal/ledger"
	"tokensync/internal/token"
)

// renewed is a board that every look finds new, as it is after a run in which every dollar has moved: nothing was made of it yet. It has a day's
// points in memory, the same tokens in each, and a creator with as many tokens as one may have whose fees no run sums up.
type renewed struct {
	manifest board.Manifest
	chunks   map[string][]byte
	points   board.Points
	parts    map[board.PartKey][]byte
	rolls    board.Points // of all points but the last
	opened   *board.Board // whose chunks the next one shares
	next     *board.Board
	creator  string
}

const (
	firstTokens = 10_000
	prolific    = 100 // tokens of one creator, from where on runs sum up his fees
)

func newRenewed(tb testing.TB) *renewed {
	tb.Helper()
	w := worldtest.World{Tick: 24*60 + 1}
	r := &renewed{chunks: map[string][]byte{}, parts: map[board.PartKey][]byte{}, creator: worldtest.Key("creator", 0)}
	tokens := w.Tokens(firstTokens)
	for i := 0; i < len(tokens); i += len(tokens) / prolific {
		tokens[i].Curve.Creator = r.creator
	}
	m, err := board.Build(apitest.Held(tokens), func(c board.Chunk) error { r.chunks[c.Hash] = c.Data; return nil })
	if err != nil {
		tb.Fatal(err)
	}
	r.manifest = m
	r.manifest.Version, r.manifest.SyncedAt, r.manifest.Launchpads = 1, w.At(), []token.LaunchpadID{worldtest.Pad}
	r.manifest.Epoch = 1
	r.point(tb, w, tokens)
	r.roll(tb)
	r.renew(tb)
	return r
}

// point makes points every half hour of a day, and every five minutes of its last hour.
func (r *renewed) point(tb testing.TB, w worldtest.World, tokens []token.Token) {
	tb.Helper()
	for minutes := 24 * 60; minutes > 0; minutes -= 5 {
		if minutes > 60 && minutes%30 > 0 {
			continue
		}
		grid := board.FiveMinutes
		if minutes%30 == 0 {
			grid = board.HalfHour
		}
		writer := board.NewPointWriter(board.Point{At: w.At()/1000 - int64(minutes)*60, Grid: grid})
		for i := range tokens {
			writer.Add(&tokens[i])
		}
		p, parts, err := writer.Finish()
		if err != nil {
			tb.Fatal(err)
		}
		r.points = append(r.points, p)
		for i, data := range parts {
			r.parts[board.PartKey{At: p.At, Part: i}] = data
		}
	}
}

// roll puts the points together, as runs do, but for the last.
func (r *renewed) roll(tb testing.TB) {
	tb.Helper()
	m, _ := board.Points(nil).Merge(r.points[:len(r.points)-1])
	roll, damage, err := m.Write(
		func([]board.PartKey) (map[board.PartKey][]byte, error) { return maps.Clone(r.parts), nil },
		func(k board.PartKey, data []byte) error { r.parts[k] = data; return nil },
	)
	if err != nil || damage != nil {
		tb.Fatal(err, damage)
	}
	r.rolls = m.Rolls(roll)
}

// renew makes the board that is found next.
func (r *renewed) renew(tb testing.TB) {
	tb.Helper()
	b, err := board.Open(r.manifest, r.opened, func(ref board.Ref) ([]byte, error) { return r.chunks[ref.Hash], nil })
	if err != nil {
		tb.Fatal(err)
	}
	if err := b.Recall(r.points, r.opened, func([]board.PartKey) (map[board.PartKey][]byte, error) { return r.parts, nil }); err != nil {
		tb.Fatal(err)
	}
	r.opened, r.next = b, b
}

func (r *renewed) Board(context.Context) (*board.Board, error) { return r.next, nil }
func (r *renewed) Fault() error                                { return nil }

func (r *renewed) Samples(_ context.Context, points board.Points, mint string) ([]board.Sample, error) {
	return r.rolls.SamplesOf(points, mint, r.parts, func(err error) { panic(err) }), nil
}

func (r *renewed) Days(context.Context, token.LaunchpadID, string, string) (days []ledger.Day, err error) {
	for i := range 100 {
		date := r.next.SyncedAt().AddDate(0, 0, i-99).Format(time.DateOnly)
		days = append(days, ledger.Day{Date: date, Quotes: []ledger.Quote{{Mint: token.SOL, USD: "150"}}})
	}
	return days, nil
}

// api serves the board that is found next, from no cache.
func (r *renewed) api() http.Handler {
	c := &catalog.Catalog{Boards: r, Past: r, Ledger: r, Interval: time.Minute}
	return httpapi.New(c, uncached, apitest.Quiet()).Handler(httpapi.Functions()...)
}

// anonymous returns the requests that anybody may send to a board of some tokens, each as dear as it can be made: they ask for whole pages of
// what is spread over the board.
func (r *renewed) anonymous(tokens int) map[string]func(context.Context) *http.Request {
	get := getting
	var mints []string
	for i := range 100 {
		mints = append(mints, worldtest.Key("mint", i*tokens/100))
	}
	hundred, mint := strings.Join(mints, ","), mints[50]
	list := map[string]func(context.Context) *http.Request{
		"mints":       get("/v1/tokens?mints=" + hundred),
		"changes":     get("/v1/changes?since=1.1"),
		"version":     get("/v1/changes"),
		"token":       get("/v1/tokens/" + mint),
		"fees":        get("/v1/creators/" + r.creator + "/fees"),
		"stats":       get("/v1/stats"),
		"days":        get("/v1/days?from=2025-11-01&to=2026-02-05"),
		"cards":       get("/datapi/v1/pools?assetIds=" + hundred),
		"holders":     get("/datapi/v1/holders/" + mint),
		"chart":       get("/datapi/v2/charts/" + mint + "?interval=1_MINUTE&baseAsset=" + mint + "&candles=1000&type=price"),
		"description": get("/datapi/v1/assets/" + mint + "/description"),
		"gems": func(ctx context.Context) *http.Request {
			const body = `{"recent":{"timeframe":"24h"},"aboutToGraduate":{"timeframe":"24h"},"graduated":{"timeframe":"24h"}}`
			request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/datapi/v1/pools/gems", strings.NewReader(body))
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Accept-Encoding", "gzip")
			return request
		},
	}
	for _, sort := range board.Sorts {
		list["sort="+string(sort)] = get("/v1/tokens?limit=100&sort=" + string(sort))
	}
	for _, q := range []string{"a", "cat", "do", "nothing", mint[:8]} {
		list["q="+q] = get("/v1/tokens?limit=100&q=" + url.QueryEscape(q))
	}
	list["q=a, sort=fees"] = get("/v1/tokens?limit=100&q=a&sort=fees&order=asc&stage=bonding&launchpad=" + string(worldtest.Pad))
	list["creator"] = get("/v1/tokens?limit=100&sort=price_change&creator=" + r.creator)
	for i, span := range []string{"1h", "24h", "7d", "30d"} {
		list["history="+span] = get("/v1/tokens/" + mints[i] + "/history?range=" + span)
	}
	return list
}

// getting returns what makes a request for target.
func getting(target string) func(context.Context) *http.Request {
	return func(ctx context.Context) *http.Request {
		request := httptest.NewRequestWithContext(ctx, http.MethodGet, target, nil)
		request.Header.Set("Accept-Encoding", "gzip")
		return request
	}
}

// serveAny sends a request and returns the answer's status.
func serveAny(handler http.Handler, request *http.Request) int {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, request)
	return w.Code
}

// serve sends a request and returns the processor's time that its answer took.
func serve(tb testing.TB, handler http.Handler, request *http.Request) time.Duration {
	tb.Helper()
	w, before := httptest.NewRecorder(), proc.Own()
	handler.ServeHTTP(w, request)
	took := proc.Own() - before
	if w.Code != http.StatusOK {
		tb.Fatalf("%s: %d %.200s", request.URL, w.Code, w.Body)
	}
	return took
}

// BenchmarkFirstRequest measures the processor's time of the first request of each kind after a run in which every dollar has moved, at
// 10,000 tokens.
func BenchmarkFirstRequest(b *testing.B) {
	r := newRenewed(b)
	handler, list := r.api(), r.anonymous(firstTokens)
	for _, name := range slices.Sorted(maps.Keys(list)) {
		b.Run(name, func(b *testing.B) {
			hold, took := proc.Hold(b, 5*time.Millisecond), time.Duration(0)
			for b.Loop() {
				r.renew(b)
				took += serve(b, handler, list[name](b.Context()))
			}
			hold(took, b.N)
		})
	}
}

// TestFirstRequests of each kind after a run stay within a bound that is far above what they take, so that a busy machine does not matter: the
// least of some tries counts, and of the processor's time alone.
func TestFirstRequests(t *testing.T) { // alone, for it measures the process
	const tries, most = 5, 25 * time.Millisecond
	r := newRenewed(t)
	handler, list := r.api(), r.anonymous(firstTokens)
	for _, name := range slices.Sorted(maps.Keys(list)) {
		least := time.Hour
		for range tries {
			r.renew(t)
			least = min(least, serve(t, handler, list[name](t.Context())))
		}
		if least > most {
			t.Errorf("%s took %v of the processor, want at most %v", name, least, most)
		}
	}
}
