package ingest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"tokensync/internal/board"
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
	edition, err := w.sync.Edit(t.Context()) // a reader does not know what the table holds
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, byMint(edition.Board())); diff != "" {
		t.Errorf("the board is not what the items say: %s", diff)
	}
	w.db.items.Store(0)
	second := w.run()
	check(t, "second run", second, counts{"succeeded", pools, ours, 0, 0, n, 0, 0, 0, "done"})
	if w.db.items.Load() != 0 || second.BoardVersion != 2 || second.BoardBytes == 0 {
		t.Errorf("the second run put %d items; %+v", w.db.items.Load(), second)
	}
	if diff := cmp.Diff(before, w.tokens()); diff != "" {
		t.Error(diff)
	}

	d := w.fake.World("dlmm")
	d.Rename(d.Ours()[:3]...)
	renamed := w.run()
	check(t, "three changed", renamed, counts{"succeeded", pools, ours, 0, 3, n - 3, 0, 0, 1, "done"})
	updated := 0
	for mint, now := range byMint(w.board()) {
		if now.FirstSeenAt != before[mint].FirstSeenAt {
			t.Errorf("first_seen_at of %s changed", mint)
		}
		if now.UpdatedAt != before[mint].UpdatedAt {
			updated++
		}
	}
	if updated != 3 || renamed.ItemsWritten != 3 {
		t.Errorf("%d tokens updated, %d items written", updated, renamed.ItemsWritten)
	}

	w.run() // which of the new names are another's is known by now
	d.Add(2, true)
	check(t, "two added", w.run(), counts{"succeeded", pools + 2, ours + 2, 2, 0, n, 0, 0, 1, "done"})
}

func byMint(b *board.Board) map[string]token.Token {
	all := map[string]token.Token{}
	for t := range b.All() {
		for i := range t.Pools {
			t.Pools[i].Anchor = token.Anchor{} // the board's alone
		}
		all[t.Mint] = t
	}
	return all
}

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
	if diff := cmp.Diff(before, w.tokens()); diff != "" {
		t.Error(diff)
	}

	d := w.fake.World("dlmm")
	d.Rename(d.Ours()[0])
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
	bubble(t, func(t *testing.T, w *world) {
		w.sync.Sources = []ingest.Source{&scripted{product: token.DBC, pools: curvesOf(w, 3)}}
		table := dynamo.NewSyncTable(w.client, w.tables.Sync)
		crashed, err := table.Acquire(t.Context(), "crashed", time.Now().Add(300*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		if run := w.run(); run.Status != syncrun.Skipped || run.Error == "" || len(w.tokens()) != 0 {
			t.Errorf("while it is held: %+v", run)
		}
		time.Sleep(310 * time.Millisecond)
		if run := w.run(); run.Status != syncrun.Succeeded {
			t.Errorf("once it ran out: %+v", run)
		}
		if err := crashed.Hold(t.Context()); !errors.Is(err, syncrun.ErrLeaseHeld) {
			t.Errorf("the crashed holder may still write: %v", err)
		}
	})
}

// TestLostLeaseStopsWriting lets another run take over between two batches.
func TestLostLeaseStopsWriting(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, meteoratest.Config{Pools: pools, Ours: 300}) // more batches than are on their way at once
	table := dynamo.NewSyncTable(engine.Client(), w.tables.Sync)
	w.run()
	before := byMint(w.board())
	d := w.fake.World("dlmm")
	d.Rename(d.Ours()...)
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
	const flying = 4 * 25 // items that are on their way when the lease goes
	if run.BoardVersion != 0 || run.ItemsWritten > flying || run.TokensUnwritten < len(before)*9/10-flying {
		t.Errorf("%+v", run)
	}
	if diff := cmp.Diff(before, byMint(w.board())); diff != "" {
		t.Errorf("readers see another board: %s", diff)
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
	run := w.run()
	if run.Status != syncrun.Succeeded || run.TokensUnwritten != 0 || run.ItemsWritten != n || run.WriteBatches <= (n+24)/25 || len(w.listed()) != n {
		t.Errorf("%+v", run)
	}
}

// TestUnprocessedForGood: the board shows what could not be stored, and the next run stores it.
func TestUnprocessedForGood(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world) {
		w.db.write = func(in *dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) {
			return &dynamodb.BatchWriteItemOutput{UnprocessedItems: in.RequestItems}, nil
		}
		const n = 30
		w.sync.Sources = []ingest.Source{&scripted{product: token.DBC, pools: curvesOf(w, n)}}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		run, err := w.sync.Run(ctx, ingest.Event{})
		check(t, "nothing goes through", run, counts{"partial", 0, n, n, 0, 0, 0, n, 0, "done"})
		if err != nil || !strings.Contains(run.Error, "unprocessed") || w.board().Len() != n || len(w.tokens()) != 0 {
			t.Errorf("error %v, record's %q, %d on the board", err, run.Error, w.board().Len())
		}
		w.db.write = nil
		check(t, "the next run", w.run(), counts{"succeeded", 0, n, 0, 0, n, 0, 0, (n + 24) / 25, "done"})
		check(t, "the one after", w.run(), counts{"succeeded", 0, n, 0, 0, n, 0, 0, 0, "done"})
		if len(w.listed()) != n {
			t.Errorf("%d listed", len(w.listed()))
		}
	})
}

func TestTableDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := len(w.fake.OurMints("dlmm"))
	down := errors.New("connection refused")
	w.db.write = func(*dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) { return nil, down }
	run := w.run()
	check(t, "no writes", run, counts{"partial", pools, ours, n, 0, 0, 0, n, 0, "done"})
	if calls := w.db.calls.Load(); calls > 8 || !strings.Contains(run.Error, "connection refused") {
		t.Errorf("%d writes were tried on a table that is down; error %q", calls, run.Error)
	}
	w.db.write = nil
	w.forget("", "MANIFEST")
	w.db.get = func(*dynamodb.BatchGetItemInput) error { return down }
	run = w.run()
	if run.Status != syncrun.Failed || !strings.Contains(run.Error, "connection refused") || w.board().Len() != 0 {
		t.Errorf("no reads: %+v", run)
	}
	w.db.get = nil
	check(t, "up again", w.run(), counts{"succeeded", pools, ours, n, 0, 0, 0, 0, (n + 24) / 25, "done"})
	w.db.put = func(table, _ string) error {
		if table == w.tables.Board {
			return down
		}
		return nil
	}
	d := w.fake.World("dlmm")
	d.Rename(d.Ours()[0])
	version := w.board().Version()
	run = w.run()
	if run.Status != syncrun.Partial || !strings.Contains(run.Error, "connection refused") || run.BoardVersion != 0 || w.board().Version() != version {
		t.Errorf("no board: %+v", run)
	}
	w.db.put = nil
	check(t, "up again", w.run(), counts{"succeeded", pools, ours, 0, 1, n - 1, 0, 0, 1, "done"})
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
	if it := w.tokens()[mint]; it.Status != token.Delisted || slices.Contains(w.listed(), mint) || len(it.Pools) == 0 {
		t.Errorf("%+v", it)
	}
	check(t, "still gone", w.run(), counts{"succeeded", pools - 1, ours - 1, 0, 0, n - 1, 0, 0, 0, "done"})
	d.Restore(gone)
	check(t, "back again", w.run(), counts{"succeeded", pools, ours, 0, 1, n - 1, 0, 0, 1, "done"})
	if it := w.tokens()[mint]; it.Status != token.Listed || it.FirstSeenAt != before[mint].FirstSeenAt || w.token(mint).FirstSeenAt != it.FirstSeenAt {
		t.Errorf("%+v", it)
	}
}

// TestLeavingWithoutItsItem: a token that nobody would meet again leaves the board only once its item says so; a blacklisted one, which
// the next full run meets, at once.
func TestLeavingWithoutItsItem(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		take   func(meteoratest.World, int)
		status token.Status
		stays  bool
	}{
		"gone":        {func(d meteoratest.World, i int) { d.Remove(i) }, token.Delisted, true},
		"blacklisted": {func(d meteoratest.World, i int) { d.Blacklist(true, i) }, token.Blacklisted, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.run()
			n, d := len(w.fake.OurMints("dlmm")), w.fake.World("dlmm")
			leaves := d.Ours()[5]
			mint := d.Mint(leaves)
			tt.take(d, leaves)
			w.db.write = func(*dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) {
				return nil, errors.New("connection refused")
			}
			for range 2 {
				run := w.run()
				if run.Status != syncrun.Partial || run.TokensUnwritten != 1 || w.board().Lists(mint) != tt.stays || w.tokens()[mint].Status != token.Listed {
					t.Errorf("on the board %v; %+v", w.board().Lists(mint), run)
				}
			}
			w.db.write = nil
			if run := w.run(); run.Status != syncrun.Succeeded || run.ItemsWritten != 1 || len(w.listed()) != n-1 || w.tokens()[mint].Status != tt.status {
				t.Errorf("%d listed; %+v", len(w.listed()), run)
			}
		})
	}
}

// TestGoneBeforeItWasPublished: what a run has found that did not publish is on the next board, and leaves as every token does.
func TestGoneBeforeItWasPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	n, d := len(w.fake.OurMints("dlmm")), w.fake.World("dlmm")
	added := d.Add(1, true)
	mint := d.Mint(added[0])
	w.db.put = w.boardIsDown
	if run := w.run(); run.Status != syncrun.Partial || run.BoardVersion != 0 || w.tokens()[mint].Status != token.Listed {
		t.Errorf("%+v, item %+v", run, w.tokens()[mint])
	}
	w.db.put = nil
	d.Remove(added...)
	check(t, "gone", w.run(), counts{"succeeded", pools, ours, 0, 0, n + 1, 0, 0, 0, "done"})
	if !slices.Contains(w.listed(), mint) {
		t.Error("nobody asks for it")
	}
	check(t, "asked for", w.run(), counts{"succeeded", pools, ours, 0, 0, n, 1, 0, 1, "done"})
	if it := w.tokens()[mint]; it.Status != token.Delisted || len(w.listed()) != n {
		t.Errorf("%d listed, item %+v", len(w.listed()), it)
	}
}

// TestAPoolThatIsGoneLeavesItsToken: the token stays, with its other pools; one that was only not returned stays too.
func TestAPoolThatIsGoneLeavesItsToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	d := w.fake.World("dlmm")
	gone := d.Ours()[0] // the first token has another pool
	count := w.token(d.Mint(gone)).PoolCount
	d.Remove(gone)
	if run := w.run(); run.TokensUpdated != 1 || run.TokensDelisted != 0 || w.token(d.Mint(gone)).PoolCount != count-1 {
		t.Errorf("%d pools of %d; %+v", w.token(d.Mint(gone)).PoolCount, count, run)
	}
}

// TestDriftDelistsNothing hides pools from the pages while Meteora still knows them by address.
func TestDriftDelistsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	n, d := len(w.fake.OurMints("dlmm")), w.fake.World("dlmm")
	d.Touch(d.Ours()...)
	w.fake.SetFault(meteoratest.OnPage("dlmm", 2, meteoratest.Fault{Shift: 60}))
	run := w.run()
	if run.Status != syncrun.Succeeded || run.TokensDelisted != 0 || run.TokensUpdated != n {
		t.Errorf("%d of %d updated, record %+v", run.TokensUpdated, n, run)
	}
	if len(w.listed()) != n {
		t.Errorf("%d of %d listed", len(w.listed()), n)
	}
}

// TestTooManyLeaving: whatever takes tokens out of the lists, a fifth of them is believed, and the operator who knows better.
func TestTooManyLeaving(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		take   func(d meteoratest.World, indexes ...int)
		mode   string
		status token.Status
		most   int64 // requests
	}{
		"removed":                   {func(d meteoratest.World, i ...int) { d.Remove(i...) }, ingest.ModeFull, token.Delisted, 15},
		"blacklisted":               {func(d meteoratest.World, i ...int) { d.Blacklist(true, i...) }, ingest.ModeFull, token.Blacklisted, 10},
		"blacklisted, in a refresh": {func(d meteoratest.World, i ...int) { d.Blacklist(true, i...) }, ingest.ModeRefresh, token.Blacklisted, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.run()
			n, d := len(w.fake.OurMints("dlmm")), w.fake.World("dlmm")
			tt.take(d, d.Ours()[12:]...) // four fifths
			d.Touch(d.Ours()...)
			for range 2 {
				run := w.runAs(tt.mode)
				if run.TokensDelisted != 0 || !strings.HasPrefix(run.Delisting, "refused: ") || len(w.listed()) != n || run.UpstreamRequests > tt.most {
					t.Errorf("%d listed, record %+v", len(w.listed()), run)
				}
				if refused := w.lastMetrics(w.runs())["RemovalsRefused"].Value; refused != 1 {
					t.Errorf("the metric is %v", refused)
				}
			}
			run, err := w.sync.Run(t.Context(), ingest.Event{Mode: ingest.ModeFull, AcceptDelisting: true})
			if err != nil || run.Delisting != "done" || run.TokensDelisted+run.TokensUpdated < n-14 || len(w.listed()) > 14 {
				t.Errorf("%d listed, error %v, record %+v", len(w.listed()), err, run)
			}
			left := 0
			for _, it := range w.tokens() {
				if it.Status == tt.status {
					left++
				}
			}
			if left != n-len(w.listed()) {
				t.Errorf("%d of %d are %s", left, n-len(w.listed()), tt.status)
			}
		})
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
	if slices.Contains(w.listed(), d.Mint(bad)) || w.tokens()[d.Mint(bad)].Status != token.Blacklisted {
		t.Error("it is still listed")
	}
	check(t, "still", w.run(), counts{"succeeded", pools, ours, 0, 0, n, 0, 0, 0, "done"})
	d.Blacklist(false, bad)
	check(t, "no longer", w.run(), counts{"succeeded", pools, ours, 0, 1, n - 1, 0, 0, 1, "done"})
	if !slices.Contains(w.listed(), d.Mint(bad)) {
		t.Error("it is not listed again")
	}
}

// TestChangedLaunchpadID: an ID that goes takes its tokens off the board, and brings them back when it returns, as they were.
func TestChangedLaunchpadID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := len(w.fake.OurMints("dlmm"))
	w.run()
	first, before := w.ids, byMint(w.board())
	w.ids = "met-dbc"
	run := w.run()
	others := len(w.fake.World("dlmm").Mints("met-dbc"))
	if run.Status != syncrun.Succeeded || run.TokensNew != others || run.TokensDelisted != 0 || len(w.listed()) > others || len(w.listed()) < others-5 {
		t.Errorf("%d on the board, %d of the new ID expected: %+v", w.board().Len(), others, run)
	}
	w.ids = first + ",met-dbc"
	run = w.run()
	if run.TokensNew != 0 || run.TokensUnchanged != n+others || run.ItemsWritten != 0 || len(run.Launchpads) != 2 {
		t.Errorf("both IDs: %+v", run)
	}
	now := byMint(w.board())
	for mint, was := range before {
		was.UpdatedAt = w.board().SyncedAt().UnixMilli() // readers had lost it
		if diff := cmp.Diff(was, now[mint]); diff != "" {
			t.Error(diff)
		}
	}
}

// TestAnIDThatMatchesNothingAnyMore is most likely a typing error, at Meteora or here: nothing is lost, and it is said.
func TestAnIDThatMatchesNothingAnyMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	n, d := len(w.listed()), w.fake.World("dlmm")
	d.Remove(d.Ours()...)
	run := w.run()
	if run.Status != syncrun.Partial || !strings.Contains(run.Error, w.ids) || len(w.listed()) != n || w.lastMetrics(2)["LaunchpadsEmptied"].Value != 1 {
		t.Errorf("%d of %d listed: %+v", len(w.listed()), n, run)
	}
	w.ids = "nobody"
	if run := w.run(); run.Status != syncrun.Succeeded || w.board().Len() != 0 {
		t.Errorf("an ID that never matched: %+v", run)
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

func TestHungTableLeavesTimeForMetrics(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world) {
		w.sync.Sources = []ingest.Source{&scripted{product: token.DBC, pools: curvesOf(w, 3)}}
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
	})
}

func TestDeadlineHalfway(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world) {
		const n = 40
		chain := scripted{product: token.DBC, pools: curvesOf(w, n)}
		w.sync.Sources = []ingest.Source{&slow{chain, 1}}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		run, err := w.sync.Run(ctx, ingest.Event{})
		// A batch that the deadline cut off counts as unwritten, though the engine may have taken it.
		stored := len(w.tokens())
		if err != nil || run.Status != syncrun.Partial || run.PoolsMatched != n || run.TokensNew != n ||
			stored < run.ItemsWritten || stored > run.TokensNew || w.board().Len() != run.TokensNew {
			t.Errorf("%d tokens stored, error %v, record %+v", stored, err, run)
		}
		w.sync.Sources = []ingest.Source{&chain}
		if run := w.run(); run.Status != syncrun.Succeeded || len(w.tokens()) != n {
			t.Errorf("the next run: %+v", run)
		}
	})
}
