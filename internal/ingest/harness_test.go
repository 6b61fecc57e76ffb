package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.uber.org/goleak"

	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dynamo"
	"tokensync/internal/ingest"
	"tokensync/internal/meteora"
	"tokensync/internal/observe"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

var engine *dynamotest.Engine

func TestMain(m *testing.M) {
	var err error
	if engine, err = dynamotest.Start(context.Background(), dynamotest.Options{}); err != nil {
		slog.Error(err.Error())
		os.Exit(1)
	}
	code := m.Run()
	if err := errors.Join(engine.Close(), goleak.Find()); err != nil && code == 0 {
		slog.Error(err.Error())
		code = 1
	}
	os.Exit(code)
}

const pools, ours = 3000, 120

// world is a fake Meteora, an engine's tables, and a sync between them.
type world struct {
	t      testing.TB
	fake   *meteoratest.Server
	db     *faultyDB
	tables dynamotest.Tables
	sync   *ingest.Sync
	ids    string        // the SSM parameter's value
	log    *bytes.Buffer // metrics, a line a run
}

// faultyDB is the real client with faults to switch on.
type faultyDB struct {
	*dynamodb.Client
	write func(*dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) // nil: go on to the engine
	query func() error
	calls atomic.Int64 // of BatchWriteItem
	items atomic.Int64 // put through
}

func (f *faultyDB) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	f.calls.Add(1)
	if f.write != nil {
		if out, err := f.write(in); out != nil || err != nil {
			return out, err
		}
	}
	for _, requests := range in.RequestItems {
		f.items.Add(int64(len(requests)))
	}
	return f.Client.BatchWriteItem(ctx, in, o...)
}

func (f *faultyDB) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	if f.query != nil {
		if err := f.query(); err != nil {
			return nil, err
		}
	}
	return f.Client.Query(ctx, in, o...)
}

// newWorld builds one for products; its sync does not wait long between attempts.
func newWorld(t testing.TB, products ...token.Product) *world {
	t.Helper()
	return newWorldOf(t, meteoratest.Config{Pools: pools, Ours: ours}, products...)
}

func newWorldOf(t testing.TB, of meteoratest.Config, products ...token.Product) *world {
	t.Helper()
	if len(products) == 0 {
		products = []token.Product{token.DLMM}
	}
	tables, err := engine.NewTables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	of.RateLimit = map[string]float64{"dlmm": 0, "damm-v2": 0, "damm-v1": 0}
	of.LaunchpadFilter = true
	of.StandStill = true // these tests count what changes
	w := &world{
		t: t, tables: tables, log: new(bytes.Buffer), db: &faultyDB{Client: engine.Client()},
		fake: meteoratest.New(of),
	}
	if err := w.fake.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.fake.Close() })
	w.ids = w.fake.Launchpad()
	table := dynamo.NewSyncTable(w.db, tables.Sync)
	w.sync = &ingest.Sync{
		Launchpads: func(context.Context) ([]token.LaunchpadID, error) { return token.ParseLaunchpadIDs(w.ids) },
		Sources:    w.sources(products),
		Tokens:     dynamo.NewTokensTable(w.db, tables.Tokens),
		Runs:       table,
		Acquire: func(ctx context.Context, owner string, until time.Time) (ingest.Lease, error) {
			return table.Acquire(ctx, owner, until)
		},
		Memory:  new(observe.Memory),
		Metrics: observe.NewMetrics(w.log, func(string) string { return "128" }),
		Log:     slog.New(slog.DiscardHandler),
	}
	return w
}

func (w *world) sources(products []token.Product) []ingest.Source {
	var sources []ingest.Source
	for _, product := range products {
		client, err := meteora.NewClient(meteora.Options{
			Product: product, BaseURL: w.fake.URL(string(product)), Rate: 1e6,
			Retry: meteora.Retry{Attempts: 3, Budget: 50, Base: time.Millisecond, Max: 50 * time.Millisecond, Patience: 50 * time.Millisecond},
		})
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(client.Close)
		sources = append(sources, client)
	}
	return sources
}

// run syncs once, in full, and checks what holds for every run: the record is stored, and its sums agree.
func (w *world) run() syncrun.Record {
	w.t.Helper()
	return w.runAs(ingest.ModeFull)
}

func (w *world) refresh() syncrun.Record {
	w.t.Helper()
	return w.runAs(ingest.ModeRefresh)
}

func (w *world) runAs(mode string) syncrun.Record {
	w.t.Helper()
	run, err := w.sync.Run(w.t.Context(), ingest.Event{Mode: mode})
	if (err != nil) != (run.Status == syncrun.Failed) {
		w.t.Errorf("status %s, error %v", run.Status, err)
	}
	stored := w.scan(w.tables.Sync, func(it map[string]types.AttributeValue) bool { return str(it, "pk") == "RUN" })
	if !slices.ContainsFunc(stored, func(it map[string]types.AttributeValue) bool {
		var r syncrun.Record
		return json.Unmarshal([]byte(str(it, "record")), &r) == nil && r.RunID == run.RunID && r.Status == run.Status
	}) {
		w.t.Error("the run's record is not in the table")
	}
	return run
}

// scan reads a whole table.
func (w *world) scan(table string, keep func(map[string]types.AttributeValue) bool) []map[string]types.AttributeValue {
	w.t.Helper()
	var items []map[string]types.AttributeValue
	pages := dynamodb.NewScanPaginator(engine.Client(), &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.WithoutCancel(w.t.Context()))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, it := range page.Items {
			if keep(it) {
				items = append(items, it)
			}
		}
	}
	return items
}

// tokens is the tokens table by mint.
func (w *world) tokens() map[string]map[string]types.AttributeValue {
	w.t.Helper()
	byMint := map[string]map[string]types.AttributeValue{}
	for _, it := range w.scan(w.tables.Tokens, func(map[string]types.AttributeValue) bool { return true }) {
		byMint[str(it, "mint")] = it
	}
	return byMint
}

// listed are the mints in the launchpad's lists.
func (w *world) listed() []string {
	var mints []string
	for mint, it := range w.tokens() {
		if str(it, "listing") == w.fake.Launchpad() {
			mints = append(mints, mint)
		}
	}
	slices.Sort(mints)
	return mints
}

func str(it map[string]types.AttributeValue, name string) string {
	switch v := it[name].(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	}
	return ""
}

func integer(it map[string]types.AttributeValue, name string) int64 {
	n, _ := strconv.ParseInt(str(it, name), 10, 64)
	return n
}
