package httpapi_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tokensync/internal/board"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/study"
	"tokensync/internal/dev/worldtest"
	"tokensync/internal/dynamo"
	"tokensync/internal/httpapi"
	"tokensync/internal/ledger"
	"tokensync/internal/token"
)

// metered returns a backend of n tokens whose reads are counted, with the points of a month and the days of a year.
func metered(t *testing.T, n int) (*apitest.Backend, *dynamotest.Meter) {
	t.Helper()
	meter, err := dynamotest.StartMeter(t.Context(), engine.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := meter.Close(); err != nil {
			t.Error(err)
		}
	})
	counted := dynamodb.New(engine.Client().Options(), func(o *dynamodb.Options) { o.BaseEndpoint = new(meter.URL()) })
	b := newBackend(t, func(dynamo.API) dynamo.API { return counted }, worldtest.Pad)
	now, tokens := time.Now(), worldtest.World{}.Tokens(n)
	publishMonth(t, b.Board, now, tokens)
	for i := range 365 {
		day := ledger.Day{Date: now.AddDate(0, 0, -i).UTC().Format(time.DateOnly), Launched: i, Quotes: []ledger.Quote{{Mint: token.SOL, USD: "150.123"}}}
		if err := b.Sync.SaveDay(t.Context(), worldtest.Pad, &day); err != nil {
			t.Fatal(err)
		}
	}
	b.Look()
	return b, meter
}

// publishMonth publishes tokens with all the points that charts of a month have.
func publishMonth(t *testing.T, table *dynamo.BoardTable, now time.Time, tokens []token.Token) {
	t.Helper()
	e, err := table.Edit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, err := board.Build(apitest.Held(tokens), func(c board.Chunk) error { return e.Put(t.Context(), c) })
	if err != nil {
		t.Fatal(err)
	}
	points := map[int64]board.Grid{}
	for grid := range board.Day + 1 {
		for at := now.Truncate(grid.Step()); now.Sub(at) < min(grid.Life(), []time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour}[grid]); at = at.Add(-grid.Step()) {
			points[at.Unix()] = grid
		}
	}
	for _, at := range slices.Sorted(maps.Keys(points)) {
		w := board.NewPointWriter(board.Point{At: at, Grid: points[at]})
		for i := range tokens {
			w.Add(&tokens[i])
		}
		p, parts, err := w.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if err := e.PutPoint(t.Context(), p, parts); err != nil {
			t.Fatal(err)
		}
	}
	m.SyncedAt, m.Launchpads, m.Epoch = now.UnixMilli(), []token.LaunchpadID{worldtest.Pad}, 1
	if err := e.Publish(t.Context(), &m, nil, 1); err != nil {
		t.Fatal(err)
	}
}

// maxUnits is how many read units an anonymous request takes in a warm function.
const maxUnits = 2

// TestReadUnits: few are read, whatever is asked: the board is in memory, and a chart is read of rolls.
func TestReadUnits(t *testing.T) {
	t.Parallel()
	tokens := study.Size(1000, firstTokens)
	b, meter := metered(t, tokens)
	handler := httpapi.New(b.Catalog, uncached, apitest.Quiet()).Handler(httpapi.Functions()...)
	list := (&renewed{creator: worldtest.Key("creator", 0)}).anonymous(tokens)
	var unknown []string
	for i := range 100 {
		unknown = append(unknown, worldtest.Key("unknown", i))
	}
	for name, target := range map[string]string{
		"unknown token": "/v1/tokens/" + unknown[0], "unknown mints": "/v1/tokens?mints=" + strings.Join(unknown, ","),
		"unknown cards": "/datapi/v1/pools?assetIds=" + strings.Join(unknown, ","), "unknown history": "/v1/tokens/" + unknown[1] + "/history",
		"unknown holders": "/datapi/v1/holders/" + unknown[2], "unknown description": "/datapi/v1/assets/" + unknown[3] + "/description",
		"health": "/v1/health", "spec": "/v1/openapi.json", "transactions": "/datapi/v1/txs/" + unknown[4],
		"a year of days": "/v1/days?from=" + time.Now().AddDate(0, 0, -390).Format(time.DateOnly),
	} {
		list[name] = getting(target)
	}
	for _, name := range []string{"stats", "days"} {
		serve(t, handler, list[name](t.Context())) // now it is warm
	}
	for range 3 {
		serve(t, handler, list["unknown mints"](t.Context())) // and nothing is left for requests like this
	}
	for _, name := range slices.Sorted(maps.Keys(list)) {
		meter.Take()
		r := list[name](t.Context())
		w := serveAny(handler, r)
		units := meter.Take().Read
		t.Logf("%-24s %d %5.1f units", name, w, units)
		if units > maxUnits || w >= http.StatusInternalServerError && name != "health" {
			t.Errorf("%s: status %d, %v read units, want at most %v", name, w, units, maxUnits)
		}
	}
}
