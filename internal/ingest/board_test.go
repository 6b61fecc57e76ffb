package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dynamo"
	"tokensync/internal/ingest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// TestALostBoardIsBuiltAnew from the table, though one product is down meanwhile: nothing is lost, nothing is written.
func TestALostBoardIsBuiltAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, token.DLMM, token.DAMMv2)
	w.run()
	before := byMint(w.board())
	for name, lose := range map[string]func(){
		"no manifest": func() { w.forget("", "MANIFEST") },
		"no chunk": func() {
			w.forget("", w.board().Manifest().Chunks[2].Hash)
			w.restart()
		},
	} {
		lose()
		w.fake.SetFault(onProduct("damm-v2", meteoratest.Fault{Status: 503}))
		run := w.refresh()
		if run.Status != syncrun.Partial || run.Mode != ingest.ModeFull || run.ItemsWritten != 0 || run.TokensUnchanged != len(before) {
			t.Errorf("%s: %+v", name, run)
		}
		if diff := cmp.Diff(before, byMint(w.board())); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		w.fake.SetFault(nil)
		w.closeBreaker("damm-v2")
		w.run()
	}
}

// TestAnItemOfAnotherLaunchpad: a token that changed hands is one token, whatever its item still says.
func TestAnItemOfAnotherLaunchpad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	n := w.board().Len()
	mint := w.listed()[0]
	other := w.token(mint)
	other.Launchpad = "another"
	held := func(context.Context) error { return nil }
	if r := dynamo.NewTokensTable(engine.Client(), w.tables.Tokens).Write(t.Context(), slices.Values([]token.Token{other}), held); r.Err != nil {
		t.Fatal(r.Err)
	}
	w.ids += ",another"
	if run := w.run(); run.Status != syncrun.Succeeded || w.board().Len() != n || string(w.token(mint).Launchpad) == "another" {
		t.Errorf("%d on the board: %+v", w.board().Len(), run)
	}
}

// restart forgets what the process keeps between runs.
func (w *world) restart() {
	editions := dynamo.NewBoardTable(w.db, w.tables.Board)
	w.sync.Edit = func(ctx context.Context) (ingest.Edition, error) { return editions.Edit(ctx) }
}

func (w *world) closeBreaker(product string) { w.forget("BREAKER", product) }

// TestItemsOfTheVersionBefore: a stack that stands has items of another shape, and no board. The first full run makes both
// right, and keeps first_seen_at.
func TestItemsOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := func(text string) types.AttributeValue { return &types.AttributeValueMemberS{Value: text} }
	n := func(text string) types.AttributeValue { return &types.AttributeValueMemberN{Value: text} }
	d := w.fake.World("dlmm")
	index := d.Ours()[3]
	old := map[string]types.AttributeValue{
		"mint": s(d.Mint(index)), "listing": s(w.ids), "status": s("listed"), "launchpad": s(w.ids), "summary": s("{"),
		"content_hash": s("x"), "first_seen_at": n("1234"), "updated_at": n("5678"), "pool_keys": s("dlmm " + d.Address(index)),
		"pools": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"address": s(d.Address(index)), "product": s("dlmm"), "launchpad": s(w.ids), "tvl_usd": n("1"),
		}}}},
	}
	gone := maps.Clone(old)
	gone["mint"], gone["first_seen_at"] = s(key("gone")), n("99")
	gone["pools"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
		"address": s(key("its pool")), "product": s("dlmm"), "launchpad": s(w.ids),
	}}}}
	for _, it := range []map[string]types.AttributeValue{old, gone} {
		if _, err := engine.Client().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &w.tables.Tokens, Item: it}); err != nil {
			t.Fatal(err)
		}
	}
	run := w.refresh()
	if run.Status != syncrun.Succeeded || run.Mode != ingest.ModeFull || run.TokensDelisted != 1 || run.TokensUpdated != 1 {
		t.Errorf("%+v", run)
	}
	if got := w.token(d.Mint(index)); got.FirstSeenAt != 1234 || got.UpdatedAt == 5678 || slices.Contains(w.listed(), key("gone")) {
		t.Errorf("%+v", got)
	}
	for _, it := range w.scan(w.tables.Tokens, func(map[string]types.AttributeValue) bool { return true }) {
		if it["token"] == nil || it["pools"] != nil || it["summary"] != nil {
			t.Errorf("%s was not repaired: %v", str(it, "mint"), it)
		}
	}
}

// finder is a product that is only looked up. It does what a test puts into it.
type finder struct {
	product token.Product

	mu     sync.Mutex
	pools  []token.Pool
	err    error
	hidden map[string]bool // addresses that come back in no list
	asked  [][]string      // mints, a look-up each
}

func (f *finder) Product() token.Product { return f.product }

func (f *finder) ByAddress(_ context.Context, addresses []string, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	stats.Asked.Add(int64(len(addresses)))
	return f.stream(stats, func(p *token.Pool) bool {
		if !slices.Contains(addresses, p.Address) || f.hidden[p.Address] {
			return false
		}
		stats.Found.Add(1)
		return true
	})
}

func (f *finder) ByMint(_ context.Context, mints []string, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	f.mu.Lock()
	f.asked = append(f.asked, mints)
	f.mu.Unlock()
	return f.stream(stats, func(p *token.Pool) bool { return slices.Contains(mints, p.Base.Mint) && !f.hidden[p.Address] })
}

func (f *finder) stream(stats *syncrun.Counts, keep func(*token.Pool) bool) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		stats.Requests.Add(1)
		if f.err != nil {
			yield(token.Pool{}, f.err)
			return
		}
		for _, p := range f.pools {
			if keep(&p) {
				stats.Scanned.Add(1)
				if !yield(p, nil) {
					return
				}
			}
		}
	}
}

func (f *finder) Absent(_ context.Context, addresses []string, _ *syncrun.Counts) (gone []string, err error) {
	for _, address := range addresses {
		if !slices.ContainsFunc(f.pools, func(p token.Pool) bool { return p.Address == address }) {
			gone = append(gone, address)
		}
	}
	return gone, f.err
}

// curvesOf returns curves of as many tokens.
func curvesOf(w *world, n int) (curves []token.Pool) {
	for i := range n {
		curves = append(curves, token.Pool{
			Address: key(fmt.Sprint("curve", i)), Product: token.DBC, Launchpad: token.LaunchpadID(w.ids), TVLUSD: "10",
			Base: token.Asset{Mint: key(fmt.Sprint("mint", i)), PriceUSD: "0.5", MarketCapUSD: "100"}, Curve: token.Curve{Stage: token.Bonding},
		})
	}
	return curves
}

// TestEveryPoolOfEveryToken: pools that carry another launchpad, or none, are found by mint in the run that finds the
// token, and stay while the look-up fails. Their label is not the token's.
func TestEveryPoolOfEveryToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := &scripted{product: token.DBC, pools: curvesOf(w, 2)}
	market := &finder{product: token.DAMMv2, pools: []token.Pool{
		{Address: key("x"), Product: token.DAMMv2, Launchpad: "met-dbc", TVLUSD: "5", Base: token.Asset{Mint: key("mint0")}, CreatedAt: 1},
		{Address: key("y"), Product: token.DAMMv2, Launchpad: "met-dbc", TVLUSD: "5", Base: token.Asset{Mint: key("somebody else's")}},
	}}
	ours := market.pools[0]
	ours.Launchpad = token.LaunchpadID(w.ids)
	chain.pools = append(chain.pools, ours) // the chain knows whose it is
	w.sync.Sources, w.sync.Finders = []ingest.Source{chain}, []ingest.Finder{market}
	check(t, "new", w.run(), counts{"succeeded", 0, 3, 2, 0, 0, 0, 0, 1, "done"})
	for _, p := range w.token(key("mint0")).Pools {
		if string(p.Launchpad) != w.ids {
			t.Errorf("%+v", p)
		}
	}
	chain.pools = chain.pools[:2]
	if got := w.token(key("mint0")); got.PoolCount != 2 || got.TVLUSD != "15" || string(got.Launchpad) != w.ids {
		t.Errorf("%+v", got)
	}
	market.err = errors.New("down")
	for range 3 {
		run := w.refresh()
		if got := w.token(key("mint0")); got.PoolCount != 2 || run.Status != syncrun.Partial || run.TokensUpdated != 0 {
			t.Errorf("%+v\n%+v", got, run)
		}
	}
	w.closeBreaker("damm-v2")
	market.err = nil
	market.pools[0].TVLUSD = "6"
	if run := w.refresh(); run.TokensUpdated != 1 || w.token(key("mint0")).TVLUSD != "16" || run.LookupsAsked != 1 || run.LookupsFound != 1 {
		t.Errorf("%+v", run)
	}
	market.pools = market.pools[1:]
	if run := w.refresh(); w.token(key("mint0")).PoolCount != 2 || run.Delisting != "deferred: 1" || run.Status != syncrun.Partial {
		t.Errorf("a refresh: %+v", run)
	}
	if run := w.run(); w.token(key("mint0")).PoolCount != 1 || run.TokensUpdated != 1 || run.TokensDelisted != 0 {
		t.Errorf("a full run: %+v", run)
	}
}

// TestMintsTakeTurns: every token is asked for by mint, few in a refresh, and one that graduates at once.
func TestMintsTakeTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n, most = 400, 90
	chain := &scripted{product: token.DBC, pools: curvesOf(w, n)}
	one, other := &finder{product: token.DLMM}, &finder{product: token.DAMMv2}
	w.sync.Sources, w.sync.Finders = []ingest.Source{chain}, []ingest.Finder{one, other, &finder{product: token.DAMMv1}}
	w.run()
	if len(one.asked) != 1 || len(one.asked[0]) != n || len(other.asked) != 1 {
		t.Fatalf("the first run asked %d times for new mints", len(one.asked))
	}
	one.asked, other.asked = nil, nil
	const enough = 2 * (n/most + 1)
	for range enough {
		w.refresh()
	}
	for _, f := range []*finder{one, other} {
		all := slices.Concat(f.asked...)
		slices.Sort(all)
		if len(slices.Compact(all)) != n || len(f.asked) != enough/2 {
			t.Errorf("%s was asked for %d of %d mints in %d look-ups", f.product, len(slices.Compact(all)), n, len(f.asked))
		}
		for _, mints := range f.asked {
			if len(mints) > most {
				t.Errorf("%d mints at once", len(mints))
			}
		}
	}
	one.asked, other.asked = nil, nil
	chain.pools[n/2].Curve.Stage = token.Graduated
	w.refresh()
	mint := chain.pools[n/2].Base.Mint
	if !slices.Contains(slices.Concat(one.asked...), mint) || !slices.Contains(slices.Concat(other.asked...), mint) {
		t.Error("a graduate was not asked for")
	}
}

// TestLookupsThatComeBackEmpty: a server that does not understand a question is no reason to believe anything.
func TestLookupsThatComeBackEmpty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	market := &finder{product: token.DAMMv2, hidden: map[string]bool{}}
	chain := &scripted{product: token.DBC, pools: curvesOf(w, 20)}
	for i := range 20 {
		market.pools = append(market.pools, token.Pool{Address: key(fmt.Sprint("p", i)), Product: token.DAMMv2, Base: chain.pools[i].Base, TVLUSD: "1"})
	}
	w.sync.Sources, w.sync.Finders = []ingest.Source{chain}, []ingest.Finder{market}
	w.run()
	before := byMint(w.board())
	for i := range 3 { // more than one in ten
		market.hidden[key(fmt.Sprint("p", i))] = true
	}
	run := w.refresh()
	if run.Status != syncrun.Partial || !strings.Contains(run.Products[1].Error, "of 20 known pools that were asked for only 17 came back") ||
		run.LookupsAsked != 20 || run.LookupsFound != 17 {
		t.Errorf("%+v", run)
	}
	if run := w.run(); run.Status != syncrun.Succeeded || run.TokensUpdated+run.TokensDelisted != 0 {
		t.Errorf("a full run: %+v", run)
	}
	if diff := cmp.Diff(before, byMint(w.board())); diff != "" {
		t.Error(diff)
	}
	delete(market.hidden, key("p1"))
	if run := w.refresh(); run.Status != syncrun.Succeeded || run.Delisting != "deferred: 2" {
		t.Errorf("one in ten: %+v", run)
	}
}

// slow is a source that does not get to its end.
type slow struct {
	scripted
	requests int64
}

func (s *slow) Pools(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		stats.Requests.Add(s.requests)
		for p, err := range s.scripted.Pools(ctx, ids, stats) {
			if !yield(p, err) {
				return
			}
		}
		<-ctx.Done()
		yield(token.Pool{}, fmt.Errorf("waiting: %w", ctx.Err()))
	}
}

// TestASlowProductStarvesNobody, and its breaker opens although no time is left in the run; that of a product that was
// never asked stays as it is.
func TestASlowProductStarvesNobody(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		requests int64
		status   syncrun.Status
		breaker  syncrun.BreakerState
	}{
		"asked":       {1, syncrun.Failed, syncrun.BreakerOpen},
		"never asked": {0, syncrun.Skipped, syncrun.BreakerClosed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, w *world) {
				breakers := dynamo.NewSyncTable(w.client, w.tables.Sync)
				twice := syncrun.Breaker{Product: token.DAMMv2, Failures: 2}
				if err := breakers.SaveBreaker(t.Context(), syncrun.Breaker{Product: token.DAMMv2}, twice); err != nil {
					t.Fatal(err)
				}
				drip := &slow{scripted{product: token.DAMMv2}, tt.requests}
				chain := &scripted{product: token.DBC, pools: curvesOf(w, 3)}
				w.sync.Sources, w.sync.Finders = []ingest.Source{drip, chain}, nil
				ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
				defer cancel()
				run, err := w.sync.Run(ctx, ingest.Event{})
				if err != nil || run.Products[0].Status != tt.status || run.Products[1].Status != syncrun.Succeeded || w.board().Len() != 3 {
					t.Errorf("error %v: %+v", err, run)
				}
				if b, err := breakers.Breaker(t.Context(), token.DAMMv2); err != nil || b.State(time.Now()) != tt.breaker {
					t.Errorf("error %v: %+v", err, b)
				}
			})
		})
	}
}

// TestABreakerIsStoredInTimeOfItsOwn: when the run's is used up, that is when it matters most.
func TestABreakerIsStoredInTimeOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.sync.Sources = []ingest.Source{&scripted{product: token.DLMM, err: errors.New("down"), stats: func(*syncrun.Counts) { cancel() }}}
	if run, err := w.sync.Run(ctx, ingest.Event{}); err == nil {
		t.Errorf("%+v", run)
	}
	b, err := dynamo.NewSyncTable(engine.Client(), w.tables.Sync).Breaker(t.Context(), token.DLMM)
	if err != nil || b.Failures != 1 {
		t.Errorf("error %v: %+v", err, b)
	}
}

// TestCoverage: a scan that saw too few of the pools that there are is not a scan.
func TestCoverage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		unique   int64
		status   syncrun.Status
		coverage float64
		notes    int
	}{
		"all": {1000, syncrun.Succeeded, 1, 0}, "nearly": {990, syncrun.Succeeded, 0.99, 0}, "most": {989, syncrun.Succeeded, 0.989, 1},
		"too few": {899, syncrun.Partial, 0.899, 0}, "unknown": {0, syncrun.Succeeded, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			source := &scripted{product: token.DLMM, pools: curvesOf(w, 1), stats: func(s *syncrun.Counts) {
				s.Unique.Store(tt.unique)
				if tt.unique > 0 {
					s.Total.Store(1000)
				}
			}}
			w.sync.Sources, w.sync.Finders = []ingest.Source{source}, nil
			run := w.run()
			if p := run.Products[0]; run.Status != tt.status || p.Coverage != tt.coverage || len(p.Notes) != tt.notes || w.board().Len() != 1 {
				t.Errorf("%+v", run)
			}
		})
	}
}

// TestDriftWritesNoItems: dollars move each minute. The board shows it; an item is written when they are far from it.
func TestDriftWritesNoItems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 50
	chain := &scripted{product: token.DBC, pools: curvesOf(w, n)}
	w.sync.Sources, w.sync.Finders = []ingest.Source{chain}, nil
	w.run()
	drift := func(price, tvl string) syncrun.Record {
		for i := range chain.pools {
			chain.pools[i].Base.PriceUSD, chain.pools[i].TVLUSD = token.Number(price), token.Number(tvl)
		}
		return w.refresh()
	}
	for _, price := range []string{"0.501", "0.504", "0.51", "0.495", "0.509"} {
		if run := drift(price, "10.1"); run.TokensUpdated != n || run.ItemsWritten != 0 || string(w.token(key("mint1")).PriceUSD) != price {
			t.Errorf("price %s: %+v", price, run)
		}
	}
	if run := drift("0.54", "10.1"); run.TokensUpdated != n || run.ItemsWritten != n || w.tokens()[key("mint1")].PriceUSD != "0.54" {
		t.Errorf("8 per cent: %+v", run)
	}
	if run := drift("0.55", "10.1"); run.ItemsWritten != 0 || w.tokens()[key("mint1")].PriceUSD != "0.54" {
		t.Errorf("from there on: %+v", run)
	}
	if run := drift("0.55", "11"); run.ItemsWritten != n {
		t.Errorf("TVL: %+v", run)
	}
	if diff := cmp.Diff(w.tokens(), byMint(w.board()), cmpopts.IgnoreFields(token.Token{}, "Written")); diff != "" {
		t.Error(diff)
	}
}

// TestTheUnitsOfAQuietRun: without drift and change a run writes the lease, its record, and the manifest's time.
func TestTheUnitsOfAQuietRun(t *testing.T) {
	t.Parallel()
	meter, err := dynamotest.StartMeter(t.Context(), engine.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	defer meter.Close()
	w := newWorldOf(t, meteoratest.Config{Pools: 1500, Ours: 512}, token.DLMM, token.DAMMv2)
	w.db.Client = dynamodb.New(engine.Client().Options(), func(o *dynamodb.Options) { o.BaseEndpoint = aws.String(meter.URL()) })
	n := w.run().TokensNew
	w.refresh()
	for _, mode := range []string{ingest.ModeRefresh, ingest.ModeFull} {
		meter.Take()
		run, err := w.sync.Run(t.Context(), ingest.Event{Mode: mode})
		if units := meter.Take(); err != nil || units.Write > 4 || units.Read > 20 || run.TokensUnchanged != n {
			t.Errorf("%s: %+v, error %v, %+v", mode, units, err, run)
		}
	}
}

// TestItemsAheadOfTheBoard: a run that wrote items and did not publish leaves them as nobody sees them. When the world is again as the board has
// it, the next run says so to the table too.
func TestItemsAheadOfTheBoard(t *testing.T) {
	t.Parallel()
	w := newWorld(t, token.DLMM)
	if run := w.run(); run.Status != syncrun.Succeeded {
		t.Fatalf("%+v", run)
	}
	amm := w.fake.World("dlmm")
	gone := amm.Ours()[0]
	mint := amm.Mint(gone)
	var pools []int
	for _, i := range amm.Ours() {
		if amm.Mint(i) == mint {
			pools = append(pools, i)
		}
	}
	for _, mode := range []string{ingest.ModeRefresh, ingest.ModeFull} {
		amm.Remove(pools...)
		w.db.put = w.boardIsDown
		if run := w.run(); run.Status == syncrun.Succeeded || w.tokens()[mint].Status != token.Delisted || !w.board().Lists(mint) {
			t.Fatalf("%+v, the item is %s", run, w.tokens()[mint].Status)
		}
		w.db.put = nil
		amm.Restore(pools...)
		if run := w.runAs(mode); run.Status != syncrun.Succeeded || run.ItemsWritten != 1 || w.tokens()[mint].Status != token.Listed {
			t.Errorf("%s: %d items written, this one is %s: %+v", mode, run.ItemsWritten, w.tokens()[mint].Status, run)
		}
		if run := w.runAs(mode); run.Status != syncrun.Succeeded || run.ItemsWritten != 0 {
			t.Errorf("%s again: %d items written", mode, run.ItemsWritten)
		}
	}
}
