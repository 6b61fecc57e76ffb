package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"tokensync/internal/board"
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

const pools, ours = 1500, 60

// world is a fake Meteora, an engine's tables, and a sync between them.
type world struct {
	t      testing.TB
	fake   *meteoratest.Server // nil in a bubble
	client *dynamodb.Client
	db     *faultyDB // the same, for the sync
	tables dynamotest.Tables
	sync   *ingest.Sync
	ids    string        // the SSM parameter's value
	log    *bytes.Buffer // metrics, a line a run
}

// faultyDB is the real client with faults to switch on.
type faultyDB struct {
	*dynamodb.Client
	write func(*dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) // nil: go on to the engine
	get   func(*dynamodb.BatchGetItemInput) error
	put   func(table, pk string) error // of one item
	calls atomic.Int64                 // of BatchWriteItem
	items atomic.Int64                 // put through
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

func (f *faultyDB) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	if f.get != nil {
		if err := f.get(in); err != nil {
			return nil, err
		}
	}
	return f.Client.BatchGetItem(ctx, in, o...)
}

func (f *faultyDB) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if f.put != nil {
		if err := f.put(*in.TableName, str(in.Item, "pk")); err != nil {
			return nil, err
		}
	}
	return f.Client.PutItem(ctx, in, o...)
}

func (f *faultyDB) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if f.put != nil {
		if err := f.put(*in.TableName, str(in.Key, "pk")); err != nil {
			return nil, err
		}
	}
	return f.Client.UpdateItem(ctx, in, o...)
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
	w := newSync(t, engine.Client(), engine.TablesFor(t))
	of.RateLimit = map[string]float64{"dlmm": 0, "damm-v2": 0, "damm-v1": 0}
	of.LaunchpadFilter = true
	of.StandStill = true // these tests count what changes
	w.fake = meteoratest.New(of)
	if err := w.fake.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.fake.Close() })
	w.ids = w.fake.Launchpad()
	w.read(products)
	return w
}

// bubble calls do in a bubble, whose time stands still while anybody works: no deadline depends on how busy the machine is.
// The sync of its world has no sources yet. None may be a server's client, for time does not go on while one waits for
// bytes; so the connections to the engine are not kept.
func bubble(t *testing.T, do func(t *testing.T, w *world)) {
	t.Helper()
	tables := engine.TablesFor(t)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 2, 5, 18, 48, 1, 0, time.UTC)))
		client := dynamodb.New(engine.Client().Options(), func(o *dynamodb.Options) {
			o.HTTPClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		})
		w := newSync(t, client, tables)
		w.ids = "pad"
		do(t, w)
	})
}

// newSync returns a world with nothing but a sync without sources.
func newSync(t testing.TB, client *dynamodb.Client, tables dynamotest.Tables) *world {
	t.Helper()
	w := &world{t: t, client: client, tables: tables, log: new(bytes.Buffer), db: &faultyDB{Client: client}}
	table, editions := dynamo.NewSyncTable(w.db, tables.Sync), dynamo.NewBoardTable(w.db, tables.Board)
	w.sync = &ingest.Sync{
		Launchpads: func(context.Context) ([]token.LaunchpadID, error) { return token.ParseLaunchpadIDs(w.ids) },
		Tokens:     dynamo.NewTokensTable(w.db, tables.Tokens),
		Edit:       func(ctx context.Context) (ingest.Edition, error) { return editions.Edit(ctx) },
		Runs:       table,
		Acquire: func(ctx context.Context, owner string, until time.Time) (ingest.Lease, error) {
			return table.Acquire(ctx, owner, until)
		},
		Memory: new(observe.Memory),
		Metrics: observe.NewMetrics(w.log, func(name string) string {
			return map[string]string{observe.DetailVariable: "detailed", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128"}[name]
		}),
		Log: slog.New(slog.DiscardHandler),
	}
	return w
}

// read makes products the sync's sources, and finders.
func (w *world) read(products []token.Product) {
	for _, product := range products {
		client, err := meteora.NewClient(meteora.Options{
			Product: product, BaseURL: w.fake.URL(string(product)), Rate: 1e6,
			Retry: meteora.Retry{Attempts: 3, Budget: 50, Base: time.Millisecond, Max: 50 * time.Millisecond, Patience: 50 * time.Millisecond},
		})
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(client.Close)
		w.sync.Sources, w.sync.Finders = append(w.sync.Sources, client), append(w.sync.Finders, client)
	}
}

// board returns what a reader sees.
func (w *world) board() *board.Board {
	w.t.Helper()
	b, err := dynamo.NewBoardReader(w.client, w.tables.Board).Board(context.WithoutCancel(w.t.Context()))
	if err != nil {
		w.t.Fatal(err)
	}
	if b == nil {
		if b, err = board.Make(board.Manifest{}, func(func(token.Token, error) bool) {}); err != nil {
			w.t.Fatal(err)
		}
	}
	return b
}

// token returns a token on the board.
func (w *world) token(mint string) token.Token {
	w.t.Helper()
	t, ok := w.board().Token(mint)
	if !ok {
		w.t.Errorf("%s is not on the board", mint)
	}
	return t
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
	stored, err := dynamo.NewSyncTable(w.client, w.tables.Sync).Runs(context.WithoutCancel(w.t.Context()), 50)
	if err != nil || !slices.ContainsFunc(stored, func(r syncrun.Record) bool { return r.RunID == run.RunID && r.Status == run.Status }) {
		w.t.Errorf("the run's record is not in the table: %v", err)
	}
	return run
}

// scan reads a whole table.
func (w *world) scan(table string, keep func(map[string]types.AttributeValue) bool) []map[string]types.AttributeValue {
	w.t.Helper()
	var items []map[string]types.AttributeValue
	pages := dynamodb.NewScanPaginator(w.client, &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
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

// tokens returns the tokens table by mint.
func (w *world) tokens() map[string]token.Token {
	w.t.Helper()
	var mints []string
	for _, it := range w.scan(w.tables.Tokens, func(map[string]types.AttributeValue) bool { return true }) {
		mints = append(mints, str(it, "mint"))
	}
	byMint := map[string]token.Token{}
	for t, err := range dynamo.NewTokensTable(w.client, w.tables.Tokens).Get(context.WithoutCancel(w.t.Context()), mints) {
		if err != nil {
			w.t.Fatal(err)
		}
		byMint[t.Mint] = t
	}
	return byMint
}

// listed returns the mints in the board's lists, and those in the table's lists, which must be the same.
func (w *world) listed() []string {
	w.t.Helper()
	var mints, stored []string
	for mint := range w.board().Mints() {
		mints = append(mints, mint)
	}
	for mint, t := range w.tokens() {
		if t.Status == token.Listed && slices.Contains(w.board().Launchpads(), t.Launchpad) {
			stored = append(stored, mint)
		}
	}
	slices.Sort(mints)
	slices.Sort(stored)
	if diff := cmp.Diff(mints, stored); diff != "" {
		w.t.Errorf("the table's lists are not the board's: %s", diff)
	}
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
