package ingest_test

import (
	"context"
	"errors"
	"iter"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tokensync/internal/dbc"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/dynamo"
	"tokensync/internal/ingest"
	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// watched is a source of curves that calls before with the number of each look, from 1 on, before it looks. An error of before's
// is the look's.
type watched struct {
	*dbc.Source
	looks  int
	before func(look int) error
}

func (s *watched) Moved(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	s.looks++
	if err := s.before(s.looks); err != nil {
		return func(yield func(token.Pool, error) bool) { yield(token.Pool{}, err) }
	}
	return s.Source.Moved(ctx, ids, stats)
}

// constant is what every quote is worth.
type constant token.Number

func (c constant) QuotePrice(context.Context, string, *syncrun.Counts) (token.Number, error) {
	return token.Number(c), nil
}

// curves is a world whose tokens are on a fake chain.
type curves struct {
	*world
	chain  *rpctest.Server
	source *watched
}

// newCurves has a board of a full run, and watches without a pause, until a tick that is an hour away.
func newCurves(t *testing.T, of rpctest.Config) *curves {
	t.Helper()
	chain, err := rpctest.Start(rpctest.New(of))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = chain.Close() })
	node, err := solana.NewClient(solana.Options{
		URL: chain.URL(), Rates: solana.Rates{RPC: 1e6, Scans: 1e6, DAS: 1e6},
		Retry: upstream.Retry{Attempts: 2, Budget: 9, Base: time.Millisecond, Max: time.Second, Patience: 2 * time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(node.Close)
	w := &curves{world: newWorld(t), chain: chain}
	meter := &dynamo.Meter{API: w.db}
	w.use(meter)
	w.source = &watched{Source: &dbc.Source{
		Node:  func(context.Context) (*solana.Client, error) { return node, nil },
		Cache: dynamo.NewCache(dynamo.NewSyncTable(meter, w.tables.Sync)), Quotes: constant("120"),
	}}
	w.ids = chain.Launchpad()
	w.sync.Sources, w.sync.WriteUnits = []ingest.Source{w.source}, meter.Units
	w.run()
	w.refresh()
	w.sync.Watch = ingest.Watch{Every: time.Millisecond, Tick: time.Hour}
	return w
}

// use makes the sync work on the tables through an API.
func (w *world) use(api dynamo.API) {
	table, editions := dynamo.NewSyncTable(api, w.tables.Sync), dynamo.NewBoardTable(api, w.tables.Board)
	w.sync.Tokens, w.sync.Runs = dynamo.NewTokensTable(api, w.tables.Tokens), table
	w.sync.Edit = func(ctx context.Context) (ingest.Edition, error) { return editions.Edit(ctx) }
	w.sync.Acquire = func(ctx context.Context, owner string, until time.Time) (ingest.Lease, error) {
		return table.Acquire(ctx, owner, until)
	}
}

// watch refreshes, with before called before each look.
func (w *curves) watch(before func(look int) error) syncrun.Record {
	w.t.Helper()
	w.source.looks, w.source.before = 0, before
	run := w.refresh()
	if run.Watch == nil {
		w.t.Fatalf("no watch: %+v", run)
	}
	return run
}

// askForFull makes the watch give way at its next look.
func (w *curves) askForFull() {
	w.t.Helper()
	if err := w.sync.Runs.SetFullDue(w.t.Context(), true); err != nil {
		w.t.Fatal(err)
	}
}

// boardIsDown fails what is put into the board table.
func (w *world) boardIsDown(table, _ string) error {
	if table == w.tables.Board {
		return errors.New("the table is down")
	}
	return nil
}

// bonding returns the tokens of the launchpad's own config that are still on their curves.
func (w *curves) bonding() (found []int) {
	for _, i := range w.chain.TokensOf(w.ids) {
		if w.chain.Token(i).Stage == rpctest.Bonding {
			found = append(found, i)
		}
	}
	return found
}

const aTrade = 1e8 // lamports

// TestWatch shows a trade and a launch within the run, as the next refresh would have shown them, and gives way to a full run.
func TestWatch(t *testing.T) {
	t.Parallel()
	for _, kind := range []rpctest.Kind{rpctest.ReturnCounting, rpctest.ScanCounting, rpctest.Plain} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newCurves(t, rpctest.Config{Tokens: 60, Node: rpctest.Node{Kind: kind}})
			traded := w.bonding()[0]
			mint := w.chain.Token(traded).Mint
			before := w.token(mint)
			run := w.watch(func(look int) error {
				switch look {
				case 2:
					w.chain.Trade(traded, aTrade)
				case 3:
					if got := w.token(mint); got.PriceUSD == before.PriceUSD || got.Curve.QuoteReserve == before.Curve.QuoteReserve || got.UpdatedAt <= before.UpdatedAt {
						t.Errorf("the board shows %v at %d after %v at %d", got.PriceUSD, got.UpdatedAt, before.PriceUSD, before.UpdatedAt)
					}
					w.askForFull()
				}
				return nil
			})
			watch := *run.Watch
			if run.Status != syncrun.Succeeded || watch.Looks != 3 || watch.Published != 1 || watch.TokensUpdated != 1 || watch.TokensNew != 0 ||
				watch.Ended != "a full run is due" || watch.Failed != 0 || watch.WriteUnits < 2 || watch.WriteUnits >= run.WriteUnits || run.TokensUpdated != 0 {
				t.Errorf("%+v\n%+v", run, watch)
			}
			if most := int64(5); watch.Requests < 3 || watch.Requests > most || watch.RPCCredits == 0 || watch.BytesRead == 0 {
				t.Errorf("%+v", watch)
			}
			w.sync.Watch = ingest.Watch{}
			shown := byMint(w.board())
			if again := w.refresh(); again.TokensUpdated+again.TokensNew != 0 || again.TokensUnchanged != len(shown) {
				t.Errorf("the next run found what the watch had not shown: %+v", again)
			}
		})
	}
}

// TestWatchLaunch: a launch shows with the look after it, and what graduates with its pools.
func TestWatchLaunch(t *testing.T) {
	t.Parallel()
	w := newCurves(t, rpctest.Config{Tokens: 60})
	launched := -1
	run := w.watch(func(look int) error {
		switch look {
		case 1:
			launched = w.chain.AddCurves(w.ids, 1)[0]
		case 2:
			w.chain.Complete(launched)
		case 3:
			if got := w.token(w.chain.Token(launched).Mint); got.Curve.Stage != token.Migrating || got.FirstSeenAt == 0 || got.Name == "" {
				t.Errorf("%+v", got)
			}
			w.askForFull()
		}
		return nil
	})
	if run.Watch.TokensNew != 1 || run.Watch.TokensUpdated != 1 || run.Watch.Published != 2 || run.TokensNew != 0 || run.ItemsWritten < 2 {
		t.Errorf("%+v\n%+v", run, run.Watch)
	}
	w.listed()
	w.source.Source = &dbc.Source{Node: w.source.Node, Cache: w.source.Cache, Quotes: w.source.Quotes} // another process
	w.sync.Watch = ingest.Watch{}
	if again := w.refresh(); again.TokensNew+again.TokensUpdated != 0 || again.Delisting != "none" {
		t.Errorf("%+v", again)
	}
}

// TestWatchNothing costs the lease's new end, and no unit a look.
func TestWatchNothing(t *testing.T) {
	t.Parallel()
	w := newCurves(t, rpctest.Config{Tokens: 60})
	every := w.sync.Watch
	w.sync.Watch = ingest.Watch{}
	plain := w.refresh()
	w.sync.Watch = every
	run := w.watch(func(look int) error {
		if look == 5 {
			w.askForFull()
		}
		return nil
	})
	// The mark that ends it is a unit of the test's.
	if run.Watch.Looks != 5 || run.Watch.WriteUnits != 1 || run.WriteUnits != plain.WriteUnits+2 || run.Watch.Published != 0 || run.BoardVersion != plain.BoardVersion+1 {
		t.Errorf("%+v\n%+v\nwithout a watch %+v", run, run.Watch, plain)
	}
	if run.Watch.Requests != 5 {
		t.Errorf("%d requests", run.Watch.Requests)
	}
}

// TestWatchFails: single failures leave what moved to the next look, three in a row end the watch; the run succeeds.
func TestWatchFails(t *testing.T) {
	t.Parallel()
	w := newCurves(t, rpctest.Config{Tokens: 60})
	traded := w.bonding()[0]
	mint := w.chain.Token(traded).Mint
	before := w.token(mint).PriceUSD
	down := errors.New("the node is down")
	run := w.watch(func(look int) error {
		switch look {
		case 1, 2:
			return down
		case 3:
			return nil
		case 4:
			w.chain.Trade(traded, aTrade)
			w.db.put = w.boardIsDown
		case 5:
			w.db.put = nil
		case 6:
			if w.token(mint).PriceUSD == before {
				t.Error("what could not be published is lost")
			}
			return down
		default:
			return down
		}
		return nil
	})
	if run.Status != syncrun.Succeeded || run.Watch.Ended != "three looks in a row failed" || run.Watch.Failed != 6 || run.Watch.Looks != 8 || run.Watch.Published != 1 || run.Watch.TokensUpdated != 1 {
		t.Errorf("%+v\n%+v", run, run.Watch)
	}
	if run.Watch.Error != "the node is down" {
		t.Errorf("error %q", run.Watch.Error)
	}
}

// TestWatchLosesTheLease ends the watch, and what another run has published stays.
func TestWatchLosesTheLease(t *testing.T) {
	t.Parallel()
	w := newCurves(t, rpctest.Config{Tokens: 60})
	traded := w.bonding()[0]
	var version int64
	run := w.watch(func(look int) error {
		if look == 2 {
			w.forget("LEASE", "LEASE")
			if _, err := w.sync.Acquire(t.Context(), "another", time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			version = w.board().Version()
			w.chain.Trade(traded, aTrade)
		}
		return nil
	})
	if run.Status != syncrun.Succeeded || run.Watch.Ended != "another run holds the lease" || run.Watch.Looks != 2 || w.board().Version() != version {
		t.Errorf("version %d after %d: %+v\n%+v", w.board().Version(), version, run, run.Watch)
	}
	if _, err := w.sync.Acquire(t.Context(), "third", time.Now().Add(time.Minute)); !errors.Is(err, syncrun.ErrLeaseHeld) {
		t.Errorf("the watch has released another's lease: %v", err)
	}
}

// TestWatchGivesWay: a full run that finds a watch asks it to end, waits for that, and runs at once.
func TestWatchGivesWay(t *testing.T) {
	t.Parallel()
	w := newCurves(t, rpctest.Config{Tokens: 60})
	other := *w.sync // another process
	other.Sources = []ingest.Source{&dbc.Source{Node: w.source.Node, Cache: w.source.Cache, Quotes: w.source.Quotes}}
	w.sync.Watch.Every = 10 * time.Millisecond
	traded := w.bonding()[0]
	var group sync.WaitGroup
	var full syncrun.Record
	run := w.watch(func(int) error {
		group.Go(func() { full, _ = other.Run(t.Context(), ingest.Event{Mode: ingest.ModeFull}) })
		for isDue := false; !isDue && t.Context().Err() == nil; isDue, _ = w.sync.Runs.FullDue(t.Context()) {
		}
		w.chain.Trade(traded, aTrade) // the look publishes it after the full run has begun
		return nil
	})
	group.Wait()
	if run.Watch.Ended != "a full run is due" || run.Watch.Looks != 1 || run.Watch.Published != 1 || full.Status != syncrun.Succeeded || full.Mode != ingest.ModeFull || full.BoardVersion <= run.BoardVersion {
		t.Errorf("%+v\n%+v\n%+v", run, run.Watch, full)
	}
	if isDue, err := w.sync.Runs.FullDue(t.Context()); isDue || err != nil {
		t.Errorf("a full run is still due: %v", err)
	}
	// Its changes come after those of the watch, although it was started before them.
	if b := w.board(); !full.StartedAt.Before(b.SyncedAt()) {
		t.Errorf("the board is of %v, the full run of %v", b.SyncedAt(), full.StartedAt)
	}
}

// TestWatchIsCanceled in the middle of a publication: the run ends with its record, and the next one is right.
func TestWatchIsCanceled(t *testing.T) {
	t.Parallel()
	w := newCurves(t, rpctest.Config{Tokens: 60})
	traded := w.bonding()[0]
	mint := w.chain.Token(traded).Mint
	before := w.token(mint).PriceUSD
	ctx, cancel := context.WithCancel(t.Context())
	w.source.before = func(int) error {
		w.chain.Trade(traded, aTrade)
		w.db.put = func(table, _ string) error {
			if table == w.tables.Board {
				cancel()
				return context.Canceled
			}
			return nil
		}
		return nil
	}
	run, err := w.sync.Run(ctx, ingest.Event{Mode: ingest.ModeRefresh})
	if err != nil || run.Watch == nil || run.Watch.Ended != "the run was canceled" || w.token(mint).PriceUSD != before {
		t.Errorf("%+v, error %v", run, err)
	}
	w.db.put = nil
	w.sync.Watch = ingest.Watch{}
	if next := w.refresh(); next.Status != syncrun.Succeeded || next.TokensUpdated != 1 || w.token(mint).PriceUSD == before {
		t.Errorf("%+v", next)
	}
}

// mortal is a source of curves that dies of the first look.
type mortal struct{ scripted }

func (s *mortal) Changed(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return s.Pools(ctx, ids, stats)
}

func (s *mortal) Moved(context.Context, []token.LaunchpadID, *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) { yield(token.Pool{}, errors.New("killed")) }
}

// immortal is a lease that nobody releases: its run has died.
type immortal struct{ ingest.Lease }

func (immortal) Release(context.Context) error { return nil }

// TestWatchDies: a run that is killed while it watches keeps the next one waiting for no longer than its tick.
func TestWatchDies(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world) {
		w.sync.Sources = []ingest.Source{&mortal{scripted{product: token.DBC, pools: curvesOf(w, 3)}}}
		w.run()
		w.sync.Watch = ingest.Watch{Every: 5 * time.Second, Tick: time.Minute}
		acquire := w.sync.Acquire
		w.sync.Acquire = func(ctx context.Context, owner string, until time.Time) (ingest.Lease, error) {
			lease, err := acquire(ctx, owner, until)
			return immortal{lease}, err
		}
		began := time.Now()
		if run := w.refresh(); run.Watch == nil || run.Watch.Looks == 0 {
			t.Fatalf("%+v", run)
		}
		w.sync.Acquire = acquire
		next := w.refresh()
		for next.Status == syncrun.Skipped && time.Since(began) < time.Hour {
			next = w.refresh()
		}
		if next.Status != syncrun.Succeeded || next.StartedAt.Sub(began) > w.sync.Watch.Tick {
			t.Errorf("%v later: %+v", next.StartedAt.Sub(began), next)
		}
	})
}

// TestNoWatch: full runs, and refreshes that could not read the curves, do not look.
func TestNoWatch(t *testing.T) {
	t.Parallel()
	w := newCurves(t, rpctest.Config{Tokens: 60})
	w.source.before = func(int) error { t.Error("a look"); return nil }
	if run := w.run(); run.Watch != nil {
		t.Errorf("%+v", run.Watch)
	}
	w.chain.SetFault(func(rpctest.Request) *rpctest.Fault { return &rpctest.Fault{Status: 503} })
	if run := w.refresh(); run.Watch != nil || run.Products[0].Status != syncrun.Failed {
		t.Errorf("%+v", run)
	}
	w.chain.SetFault(nil)
	w.sync.Watch.Tick = time.Microsecond
	if run := w.refresh(); run.Watch != nil || run.Status != syncrun.Succeeded {
		t.Errorf("%+v", run)
	}
}

// TestWatchMemory: two hundred looks take no more memory than twenty.
func TestWatchMemory(t *testing.T) { //nolint:paralleltest // it measures the process's memory
	w := newCurves(t, rpctest.Config{Tokens: 200})
	traded := w.bonding()
	heap := func() int64 { // without what is on its way: others in this process work too
		least := int64(math.MaxInt64)
		for range 20 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			least = min(least, int64(m.HeapAlloc))
		}
		return least
	}
	var early int64
	run := w.watch(func(look int) error {
		w.chain.Trade(traded[look%len(traded)], 1e5)
		switch look {
		case 20:
			early = heap()
		case 200:
			if late := heap(); late > early+1<<20 {
				t.Errorf("%d KB after 20 looks, %d KB after 200", early>>10, late>>10)
			}
			w.askForFull()
		}
		return nil
	})
	if run.Watch.Published < 190 || run.Watch.Failed > 0 {
		t.Errorf("%+v", run.Watch)
	}
}

// TestOneRecord: a watch logs one line, however often it looks.
func TestOneRecord(t *testing.T) {
	t.Parallel()
	w := newCurves(t, rpctest.Config{Tokens: 60})
	traded := w.bonding()
	w.log.Reset()
	w.watch(func(look int) error {
		if w.chain.Trade(traded[0], 1e5); look == 10 {
			w.askForFull()
		}
		return nil
	})
	if lines := slices.Collect(strings.Lines(w.log.String())); len(lines) != 1 {
		t.Errorf("%d lines of metrics", len(lines))
	}
}

// TestWatchUnapproved: what is in no list may move as it likes, and no board is published for it.
func TestWatchUnapproved(t *testing.T) {
	t.Parallel()
	w := newCurves(t, rpctest.Config{Tokens: 60})
	w.sync.Listing = &ingest.Listing{
		Text:  func(context.Context) (string, error) { return `{"creators":["` + key("nobody") + `"]}`, nil },
		Cache: dynamo.NewCache(dynamo.NewSyncTable(w.db, w.tables.Sync)),
	}
	traded := w.bonding()[0]
	run := w.watch(func(look int) error {
		w.chain.Trade(traded, 1e5)
		if look == 3 {
			w.askForFull()
		}
		return nil
	})
	if w.board().Count(token.Listed) != 0 || run.Watch.Looks != 3 || run.Watch.Published != 0 || run.Watch.Failed != 0 {
		t.Errorf("%d on the board: %+v", w.board().Len(), run.Watch)
	}
}

// TestWatchLeavesTheLead: a pool that has become the deepest does not lead after a few looks, which know no more of it than the run
// whose watch they are.
func TestWatchLeavesTheLead(t *testing.T) {
	t.Parallel()
	w := newCurves(t, rpctest.Config{Tokens: 60})
	traded := w.bonding()[0]
	mint := w.chain.Token(traded).Mint
	rival := token.Pool{
		Address: key("rival"), Product: token.DLMM, Launchpad: token.LaunchpadID(w.ids), DepthUSD: "1e6", CreatedAt: 1,
		Base: token.Asset{Mint: mint, PriceUSD: w.token(mint).PriceUSD.Mul("2")},
	}
	amm := &scripted{product: token.DLMM, pools: []token.Pool{rival}}
	w.sync.Sources, w.sync.Finders = append(w.sync.Sources, amm), nil
	run := w.watch(func(look int) error {
		w.chain.Trade(traded, 1e6)
		if look == 8 {
			w.askForFull()
		}
		return nil
	})
	if got := w.token(mint); run.Watch.Published != 8 || got.PoolCount != 2 || got.Lead.Merges != 1 || got.PriceUSD == rival.Base.PriceUSD {
		t.Errorf("%+v: price %s, lead %+v of %d pools", run.Watch, got.PriceUSD, got.Lead, got.PoolCount)
	}
	w.sync.Watch = ingest.Watch{}
	w.refresh()
	if w.refresh(); w.token(mint).PriceUSD != rival.Base.PriceUSD {
		t.Errorf("after three runs: %s, lead %+v", w.token(mint).PriceUSD, w.token(mint).Lead)
	}
}
