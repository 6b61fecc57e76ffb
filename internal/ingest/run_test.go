package ingest_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dynamo"
	"tokensync/internal/ingest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// counts are a record's figures that do not depend on the clock.
type counts struct {
	Status                                                     syncrun.Status
	Scanned, Matched                                           int64
	New, Updated, Unchanged, Delisted, Unwritten, WriteBatches int
	Delisting                                                  string
}

func countsOf(r syncrun.Record) counts {
	return counts{
		r.Status, r.PoolsScanned, r.PoolsMatched, r.TokensNew, r.TokensUpdated, r.TokensUnchanged, r.TokensDelisted,
		r.TokensUnwritten, r.WriteBatches, r.Delisting,
	}
}

func check(t *testing.T, what string, got syncrun.Record, want counts) {
	t.Helper()
	if diff := cmp.Diff(want, countsOf(got)); diff != "" {
		t.Errorf("%s: error %q\n%s", what, got.Error, diff)
	}
}

func TestRunsWriteOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mints := w.fake.OurMints("dlmm")
	slices.Sort(mints)
	n := len(mints)
	batches := (n + 24) / 25

	check(t, "first run", w.run(), counts{"succeeded", pools, ours, n, 0, 0, 0, 0, batches, "done"})
	if diff := cmp.Diff(mints, w.listed()); diff != "" {
		t.Error(diff)
	}
	before := w.tokens()
	w.db.items.Store(0)
	check(t, "second run", w.run(), counts{"succeeded", pools, ours, 0, 0, n, 0, 0, 0, "done"})
	if w.db.items.Load() != 0 {
		t.Errorf("the second run put %d items", w.db.items.Load())
	}
	if diff := cmp.Diff(before, w.tokens(), attributes); diff != "" {
		t.Error(diff)
	}

	d := w.fake.World("dlmm")
	d.Touch(d.Ours()[:3]...)
	check(t, "three changed", w.run(), counts{"succeeded", pools, ours, 0, 3, n - 3, 0, 0, 1, "done"})
	after, updated := w.tokens(), 0
	for mint, it := range after {
		if integer(it, "first_seen_at") != integer(before[mint], "first_seen_at") {
			t.Errorf("first_seen_at of %s changed", mint)
		}
		if integer(it, "updated_at") != integer(before[mint], "updated_at") {
			updated++
		}
	}
	if updated != 3 {
		t.Errorf("%d tokens updated", updated)
	}

	d.Add(2, true)
	check(t, "two added", w.run(), counts{"succeeded", pools + 2, ours + 2, 2, 0, n, 0, 0, 1, "done"})
}

// attributes lets cmp look into the SDK's types.
var attributes = cmp.Exporter(func(reflect.Type) bool { return true })

func TestEveryShapeOfAnswer(t *testing.T) {
	t.Parallel()
	for _, product := range []token.Product{token.DLMM, token.DAMMv2, token.DAMMv1} {
		t.Run(string(product), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, product)
			n := len(w.fake.OurMints(string(product)))
			run := w.run()
			if run.Status != syncrun.Succeeded || run.TokensNew != n || run.PoolsMatched != ours || len(w.tokens()) != n {
				t.Errorf("%+v", run)
			}
		})
	}
}

func TestProductsAreMerged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, token.DLMM, token.DAMMv2)
	n := len(w.fake.OurMints())
	check(t, "both", w.run(), counts{"succeeded", 2 * pools, 2 * ours, n, 0, 0, 0, 0, (n + 24) / 25, "done"})
	before := w.tokens()

	w.fake.SetFault(onProduct("damm-v2", meteoratest.Fault{Status: 503}))
	run := w.run()
	check(t, "damm-v2 down", run, counts{"partial", pools, ours, 0, 0, n, 0, 0, 0, "none: damm-v2 was not read to the end"})
	if run.Products[0].Status != syncrun.Succeeded || run.Products[1].Status != syncrun.Failed || !strings.Contains(run.Products[1].Error, "503") {
		t.Errorf("products %+v", run.Products)
	}
	if diff := cmp.Diff(before, w.tokens(), attributes); diff != "" {
		t.Error(diff)
	}

	d := w.fake.World("dlmm")
	d.Touch(d.Ours()[0])
	check(t, "damm-v2 down, a pool of dlmm changed", w.run(), counts{"partial", pools, ours, 0, 1, n - 1, 0, 0, 1, "none: damm-v2 was not read to the end"})
	w.fake.SetFault(nil)
	check(t, "both again", w.run(), counts{"succeeded", 2 * pools, 2 * ours, 0, 0, n, 0, 0, 0, "done"})
}

func onProduct(product string, f meteoratest.Fault) meteoratest.FaultFunc {
	return func(r meteoratest.Request) *meteoratest.Fault {
		if r.Product == product {
			return &f
		}
		return nil
	}
}

func TestTheGuard(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"empty": "", "blank": " \n", "too long": strings.Repeat("x", 65), "white space": "a b", "control": "a\x00b",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.ids = value
			run := w.run()
			if run.Status != syncrun.Failed || run.Error == "" || len(w.tokens()) != 0 {
				t.Errorf("%+v", run)
			}
			if n := w.fake.Stats("dlmm").Requests; n != 0 {
				t.Errorf("Meteora saw %d requests", n)
			}
		})
	}
}

func TestUnknownModeFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run, err := w.sync.Run(t.Context(), ingest.Event{Mode: "fulll"})
	if run.Status != syncrun.Failed || err == nil || !strings.Contains(err.Error(), "fulll") || w.fake.Stats("dlmm").Requests != 0 {
		t.Errorf("%+v, %v", run, err)
	}
}

func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.SetFault(meteoratest.Always(meteoratest.Fault{Delay: 100 * time.Millisecond}))
	var both sync.WaitGroup
	var runs [2]syncrun.Record
	for i := range runs {
		both.Go(func() { runs[i] = w.run() })
	}
	both.Wait()
	statuses := []string{string(runs[0].Status), string(runs[1].Status)}
	slices.Sort(statuses)
	if diff := cmp.Diff([]string{"skipped", "succeeded"}, statuses); diff != "" {
		t.Error(diff)
	}
	w.fake.SetFault(nil)
	if run := w.run(); run.Status != syncrun.Succeeded {
		t.Errorf("after both: %+v", run)
	}
}

func TestALeaseRunsOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	table := dynamo.NewSyncTable(engine.Client(), w.tables.Sync)
	crashed, err := table.Acquire(t.Context(), "crashed", time.Now().Add(300*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	if run := w.run(); run.Status != syncrun.Skipped || run.Error == "" || run.UpstreamRequests != 0 {
		t.Errorf("while it is held: %+v", run)
	}
	time.Sleep(310 * time.Millisecond)
	if run := w.run(); run.Status != syncrun.Succeeded {
		t.Errorf("once it ran out: %+v", run)
	}
	if err := crashed.Hold(t.Context()); !errors.Is(err, syncrun.ErrLeaseHeld) {
		t.Errorf("the crashed holder may still write: %v", err)
	}
}

// TestLostLeaseStopsWriting lets another run take over between two batches.
func TestLostLeaseStopsWriting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	table := dynamo.NewSyncTable(engine.Client(), w.tables.Sync)
	var once sync.Once
	w.db.write = func(*dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) {
		once.Do(func() {
			_, err := engine.Client().DeleteItem(context.Background(), &dynamodb.DeleteItemInput{
				TableName: &w.tables.Sync, Key: map[string]types.AttributeValue{
					"pk": &types.AttributeValueMemberS{Value: "LEASE"}, "sk": &types.AttributeValueMemberS{Value: "LEASE"},
				},
			})
			if _, err2 := table.Acquire(context.Background(), "other", time.Now().Add(time.Second)); err != nil || err2 != nil {
				t.Error(err, err2)
			}
		})
		return nil, nil
	}
	run := w.run()
	if run.Status != syncrun.Partial || run.TokensUnwritten == 0 || !strings.Contains(run.Error, "another run") {
		t.Errorf("%+v", run)
	}
	if n := len(w.tokens()); n != run.TokensNew || n+run.TokensUnwritten != len(w.fake.OurMints("dlmm")) {
		t.Errorf("%d tokens stored, record %+v", n, run)
	}
}

func TestUnprocessedItems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var calls int
	var mu sync.Mutex
	w.db.write = func(in *dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) {
		mu.Lock()
		defer mu.Unlock()
		requests := in.RequestItems[w.tables.Tokens]
		if calls++; calls%2 == 0 || len(requests) == 1 {
			return nil, nil
		}
		// A fifth stays out, as throttling leaves it; the rest goes through.
		left := requests[:max(1, len(requests)/5)]
		in.RequestItems[w.tables.Tokens] = requests[len(left):]
		out, err := engine.Client().BatchWriteItem(context.Background(), in)
		if err == nil {
			out.UnprocessedItems = map[string][]types.WriteRequest{w.tables.Tokens: left}
		}
		return out, err
	}
	n := len(w.fake.OurMints("dlmm"))
	check(t, "a fifth unprocessed", w.run(), counts{"succeeded", pools, ours, n, 0, 0, 0, 0, (n + 24) / 25, "done"})
	if len(w.tokens()) != n {
		t.Errorf("%d tokens of %d stored", len(w.tokens()), n)
	}
}

func TestUnprocessedForGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.db.write = func(in *dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) {
		return &dynamodb.BatchWriteItemOutput{UnprocessedItems: in.RequestItems}, nil
	}
	n := len(w.fake.OurMints("dlmm"))
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	run, err := w.sync.Run(ctx, ingest.Event{})
	check(t, "nothing goes through", run, counts{"partial", pools, ours, 0, 0, 0, 0, n, 0, "done"})
	if err != nil || !strings.Contains(run.Error, "unprocessed") {
		t.Errorf("error %v, record's %q", err, run.Error)
	}
	w.db.write = nil
	check(t, "the next run", w.run(), counts{"succeeded", pools, ours, n, 0, 0, 0, 0, (n + 24) / 25, "done"})
}

func TestTableDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := len(w.fake.OurMints("dlmm"))
	down := errors.New("connection refused")
	w.db.write = func(*dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) { return nil, down }
	check(t, "no writes", w.run(), counts{"partial", pools, ours, 0, 0, 0, 0, n, 0, "done"})
	if calls := w.db.calls.Load(); calls > 8 {
		t.Errorf("%d writes were tried on a table that is down", calls)
	}
	w.db.write = nil
	w.db.query = func() error { return down }
	run := w.run()
	check(t, "no reads", run, counts{"failed", pools, ours, 0, 0, 0, 0, 0, 0, "none"})
	if !strings.Contains(run.Error, "connection refused") {
		t.Errorf("error %q", run.Error)
	}
	w.db.query = nil
	check(t, "up again", w.run(), counts{"succeeded", pools, ours, n, 0, 0, 0, 0, (n + 24) / 25, "done"})
}

func TestDelisting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	n, d := len(w.fake.OurMints("dlmm")), w.fake.World("dlmm")
	before := w.tokens()
	gone := d.Ours()[5]
	mint := d.Mint(gone)
	d.Remove(gone)
	check(t, "one removed", w.run(), counts{"succeeded", pools - 1, ours - 1, 0, 0, n - 1, 1, 0, 1, "done"})
	it := w.tokens()[mint]
	if str(it, "status") != "delisted" || str(it, "listing") != "" || slices.Contains(w.listed(), mint) {
		t.Errorf("status %q, listing %q", str(it, "status"), str(it, "listing"))
	}
	check(t, "still gone", w.run(), counts{"succeeded", pools - 1, ours - 1, 0, 0, n - 1, 0, 0, 0, "done"})
	d.Restore(gone)
	check(t, "back again", w.run(), counts{"succeeded", pools, ours, 0, 1, n - 1, 0, 0, 1, "done"})
	it = w.tokens()[mint]
	if str(it, "status") != "listed" || integer(it, "first_seen_at") != integer(before[mint], "first_seen_at") {
		t.Errorf("status %q, first seen %d, before %d", str(it, "status"), integer(it, "first_seen_at"), integer(before[mint], "first_seen_at"))
	}
}

// TestDriftDelistsNothing hides pools from the pages while Meteora still knows them by address.
func TestDriftDelistsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	n, d := len(w.fake.OurMints("dlmm")), w.fake.World("dlmm")
	d.Touch(d.Ours()...)
	w.fake.SetFault(meteoratest.OnPage("dlmm", 2, meteoratest.Fault{Shift: 100}))
	run := w.run()
	if run.Status != syncrun.Succeeded || run.TokensDelisted != 0 || run.PoolsScanned != pools || run.TokensUpdated != n {
		t.Errorf("%d of %d updated, record %+v", run.TokensUpdated, n, run)
	}
	if len(w.listed()) != n {
		t.Errorf("%d of %d listed", len(w.listed()), n)
	}
}

func TestMassDelistingIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	n, d := len(w.fake.OurMints("dlmm")), w.fake.World("dlmm")
	d.Remove(d.Ours()[12:]...) // a scan that shows 10 %
	run := w.run()
	if run.TokensDelisted != 0 || !strings.HasPrefix(run.Delisting, "refused: ") || len(w.listed()) != n {
		t.Errorf("%d listed, record %+v", len(w.listed()), run)
	}
}

func TestBlacklistedTokensLeaveTheLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	n, d := len(w.fake.OurMints("dlmm")), w.fake.World("dlmm")
	bad := d.Ours()[7]
	d.Blacklist(true, bad)
	check(t, "blacklisted", w.run(), counts{"succeeded", pools, ours, 0, 1, n - 1, 0, 0, 1, "done"})
	if slices.Contains(w.listed(), d.Mint(bad)) || str(w.tokens()[d.Mint(bad)], "status") != "blacklisted" {
		t.Error("it is still listed")
	}
	check(t, "still", w.run(), counts{"succeeded", pools, ours, 0, 0, n, 0, 0, 0, "done"})
	d.Blacklist(false, bad)
	check(t, "no longer", w.run(), counts{"succeeded", pools, ours, 0, 1, n - 1, 0, 0, 1, "done"})
}

func TestChangedLaunchpadID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := len(w.fake.OurMints("dlmm"))
	w.run()
	first := w.ids
	w.ids = "met-dbc"
	run := w.run()
	others := len(w.fake.World("dlmm").Mints("met-dbc"))
	if run.Status != syncrun.Succeeded || run.TokensNew != others || run.TokensDelisted != 0 || len(w.listed()) != n {
		t.Errorf("%d of the old ID listed, %d of the new ID expected: %+v", len(w.listed()), others, run)
	}
	w.ids = first + ",met-dbc"
	if run := w.run(); run.TokensNew != 0 || run.TokensUnchanged != n+others || len(run.Launchpads) != 2 {
		t.Errorf("both IDs: %+v", run)
	}
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.SetFault(meteoratest.Always(meteoratest.Fault{Status: 503}))
	for range 3 {
		if run := w.run(); run.Status != syncrun.Failed || run.UpstreamRequests != 3 {
			t.Errorf("%+v", run)
		}
	}
	run := w.run()
	if run.Status != syncrun.Skipped || run.UpstreamRequests != 0 || !strings.Contains(run.Error, "breaker") {
		t.Errorf("with an open breaker: %+v", run)
	}
	table := dynamo.NewSyncTable(engine.Client(), w.tables.Sync)
	b, err := table.Breaker(t.Context(), token.DLMM)
	if err != nil || b.CoolDown != time.Minute {
		t.Fatalf("%+v, %v", b, err)
	}
	past := b
	past.RetryAt = time.Now().Add(-time.Second)
	if err := table.SaveBreaker(t.Context(), b, past); err != nil {
		t.Fatal(err)
	}
	if run := w.run(); run.Status != syncrun.Failed || run.UpstreamRequests == 0 {
		t.Errorf("failed probe: %+v", run)
	}
	if b, _ = table.Breaker(t.Context(), token.DLMM); b.CoolDown != 2*time.Minute || b.State(time.Now()) != syncrun.BreakerOpen {
		t.Errorf("after a failed probe: %+v", b)
	}
	past = b
	past.RetryAt = time.Now().Add(-time.Second)
	if err := table.SaveBreaker(t.Context(), b, past); err != nil {
		t.Fatal(err)
	}
	w.fake.SetFault(nil)
	if run := w.run(); run.Status != syncrun.Succeeded {
		t.Errorf("good probe: %+v", run)
	}
	if b, _ = table.Breaker(t.Context(), token.DLMM); b.State(time.Now()) != syncrun.BreakerClosed || b.Failures != 0 {
		t.Errorf("after a good probe: %+v", b)
	}
}

// hungTable takes what is stored at the end of a run and never answers.
type hungTable struct {
	ingest.Runs
	until []time.Time // how long each call was ready to wait
}

func (h *hungTable) hang(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	h.until = append(h.until, deadline)
	<-ctx.Done()
	return ctx.Err()
}

func (h *hungTable) SaveRun(ctx context.Context, _ syncrun.Record) error { return h.hang(ctx) }

func (h *hungTable) SaveStats(ctx context.Context, _ token.Stats, _ time.Time) error {
	return h.hang(ctx)
}

func TestHungTableLeavesTimeForMetrics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	table := &hungTable{Runs: w.sync.Runs}
	w.sync.Runs = table
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	run, err := w.sync.Run(ctx, ingest.Event{})
	if err != nil || len(table.until) == 0 || w.log.Len() == 0 {
		t.Fatalf("run %+v, error %v, %d calls, metrics %q", run, err, len(table.until), w.log)
	}
	deadline, _ := ctx.Deadline()
	for _, until := range table.until {
		if !until.Before(deadline) {
			t.Errorf("the table is waited for until %v, the function's own end", until)
		}
	}
}

func TestDeadlineHalfway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.SetFault(meteoratest.OnPage("dlmm", 3, meteoratest.Fault{Cut: meteoratest.Stall, After: 10000, Pause: time.Minute}))
	ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
	defer cancel()
	run, err := w.sync.Run(ctx, ingest.Event{})
	// A batch that the deadline cut off counts as unwritten, though the engine may have taken it.
	stored := len(w.tokens())
	if err != nil || run.Status != syncrun.Partial || run.PoolsScanned != 2000 || run.TokensNew < 50 ||
		stored < run.TokensNew || stored > run.TokensNew+run.TokensUnwritten {
		t.Errorf("%d tokens stored, error %v, record %+v", stored, err, run)
	}
	w.fake.SetFault(nil)
	if run := w.run(); run.Status != syncrun.Succeeded || len(w.tokens()) != len(w.fake.OurMints("dlmm")) {
		t.Errorf("the next run: %+v", run)
	}
}
