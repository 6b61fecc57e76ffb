package ingest_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
	"github.com/mr-tron/base58"

	"tokensync/internal/board"
	"tokensync/internal/ingest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// scripted is a source that answers what a test puts into it.
type scripted struct {
	product token.Product
	pools   []token.Pool
	err     error
	stats   func(*syncrun.Counts) // what else it counts
}

func (s *scripted) Product() token.Product { return s.product }

func (s *scripted) Pools(_ context.Context, _ []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		if s.stats != nil {
			s.stats(stats)
		}
		for _, p := range s.pools {
			stats.Scanned.Add(1)
			if !yield(p, nil) {
				return
			}
		}
		if s.err != nil {
			yield(token.Pool{}, s.err)
		}
	}
}

// key returns a public key, the same for the same name.
func key(name string) string {
	sum := sha256.Sum256([]byte(name))
	return base58.Encode(sum[:])
}

// TestCurves follows a token from its bonding curve into DAMM v2, and through an RPC node that fails.
func TestCurves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pad, mint := token.LaunchpadID(w.ids), key("mint")
	base := token.Asset{Mint: mint, Symbol: "TOK"}
	curve := token.Pool{Address: key("curve"), Product: token.DBC, Launchpad: pad, Base: base, Curve: token.Curve{Stage: token.Bonding, Progress: "0.5", GraduatedPool: key("pool")}}
	chain, other := &scripted{product: token.DBC, pools: []token.Pool{curve}}, &scripted{product: token.DLMM}
	w.sync.Sources, w.sync.Finders = []ingest.Source{other, chain}, nil

	start := time.Now().UnixMilli()
	check(t, "new", w.run(), counts{"succeeded", 0, 1, 1, 0, 0, 0, 0, 1, "done"})
	first := w.token(mint)
	born := first.CreatedAt
	if born < start || born != first.FirstSeenAt || !first.CreatedAtEstimated() {
		t.Errorf("created at %d, the run was at %d", born, start)
	}
	time.Sleep(2 * time.Millisecond)
	check(t, "unchanged", w.run(), counts{"succeeded", 0, 1, 0, 0, 1, 0, 0, 0, "done"})

	curve.Curve.Stage, curve.Curve.Progress = token.Graduated, "1"
	pool := token.Pool{Address: key("pool"), Product: token.DAMMv2, Launchpad: pad, Base: base, TVLUSD: "100", CreatedAt: born + 60_000}
	chain.pools = []token.Pool{curve, pool}
	check(t, "graduated", w.run(), counts{"succeeded", 0, 2, 0, 1, 0, 0, 0, 1, "done"})
	if got := w.token(mint); got.CreatedAt != born || got.GraduatedAt != born+60_000 {
		t.Errorf("created at %d after graduation, %d before; graduated at %d", got.CreatedAt, born, got.GraduatedAt)
	}

	before := w.token(mint)
	chain.pools, chain.err = nil, errors.New("node down")
	other.pools = []token.Pool{{Address: key("third"), Product: token.DLMM, Launchpad: pad, Base: base, TVLUSD: "1"}}
	check(t, "node down", w.run(), counts{"partial", 1, 1, 0, 1, 0, 0, 0, 1, "none: dbc was not read to the end"})
	if got := w.token(mint); got.PoolCount != 3 || got.Curve.Stage != token.Graduated || got.CreatedAt != born {
		t.Errorf("with the node down: %+v", got)
	}
	chain.pools, chain.err = []token.Pool{curve, pool}, nil
	chain.pools[0].CreatedAt = born - 1000 // the chain tells by now
	check(t, "up again", w.run(), counts{"succeeded", 1, 3, 0, 1, 0, 0, 0, 1, "done"})
	if got := w.token(mint); got.CreatedAt != born-1000 || got.CreatedAtEstimated() || got.FirstSeenAt != before.FirstSeenAt || got.PoolCount != 3 {
		t.Errorf("%+v", got)
	}
}

// TestASourceThatIsNotReadToItsEnd publishes what it found; what it did not find means nothing.
func TestASourceThatIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pad := token.LaunchpadID(w.ids)
	curve := func(name string) token.Pool {
		return token.Pool{Address: key("curve " + name), Product: token.DBC, Launchpad: pad, Base: token.Asset{Mint: key(name)}, Curve: token.Curve{Stage: token.Bonding}}
	}
	chain := &scripted{product: token.DBC, pools: []token.Pool{curve("a"), curve("b")}}
	w.sync.Sources, w.sync.Finders = []ingest.Source{chain}, nil
	w.run()
	w.db.write = func(_ *dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) {
		return nil, errors.New("connection refused")
	}
	chain.pools = append(chain.pools, curve("d")) // whose item is not written until it is not seen any more
	if run := w.run(); run.TokensUnwritten != 1 || w.board().Len() != 3 {
		t.Errorf("%+v", run)
	}
	w.db.write = nil
	chain.pools, chain.err = []token.Pool{curve("c")}, fmt.Errorf("a third of it: %w", syncrun.ErrIncomplete)
	run := w.run()
	check(t, "incomplete", run, counts{"partial", 0, 1, 1, 0, 3, 0, 0, 1, "none: dbc was not read to the end"})
	if run.ItemsWritten != 2 {
		t.Errorf("%d items written", run.ItemsWritten)
	}
	if len(w.listed()) != 4 || !strings.Contains(run.Products[0].Error, "a third of it") {
		t.Errorf("%d on the board: %+v", w.board().Len(), run)
	}
	chain.pools, chain.err = nil, fmt.Errorf("nothing yet: %w", syncrun.ErrIncomplete)
	if run := w.run(); run.Status != syncrun.Partial || run.BoardVersion != 4 || w.board().Len() != 4 {
		t.Errorf("%+v", run)
	}
}

// TestWhatIsNoKeyIsNoPool: it is one row's fault, and no front end ever sees it.
func TestWhatIsNoKeyIsNoPool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := token.Pool{Address: key("p"), Product: token.DLMM, Launchpad: token.LaunchpadID(w.ids), Base: token.Asset{Mint: key("m")}}
	source := &scripted{product: token.DLMM, pools: []token.Pool{good}}
	for _, bad := range []string{"", "\"><img src=x>", "../../v1/stats", good.Address[:30], good.Address + good.Address, strings.Repeat("0", 44)} {
		a, b := good, good
		a.Address, b.Base.Mint = bad, bad
		source.pools = append(source.pools, a, b)
	}
	w.sync.Sources, w.sync.Finders = []ingest.Source{source}, nil
	if run := w.run(); run.PoolsInvalid != 12 || run.PoolsMatched != 1 || w.board().Len() != 1 || run.Status != syncrun.Succeeded {
		t.Errorf("%+v", run)
	}
}

// TestMemoryIsBounded: a run gathers what it has room for, says so, and the next ones go on with the other tokens. Nothing
// that was not asked for is taken for gone, and once there are fewer pools, a run is for all of them again.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{ingest.ModeFull, ingest.ModeRefresh} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.sync.PoolBytes = 40 << 10
			const mints, each = 60, 12
			chain := &scripted{product: token.DLMM}
			for i := range mints * each {
				chain.pools = append(chain.pools, token.Pool{
					Address: key(fmt.Sprint("p", i)), Product: token.DLMM, Launchpad: token.LaunchpadID(w.ids), TVLUSD: "1",
					Base: token.Asset{Mint: key(fmt.Sprint("m", i%mints))},
				})
			}
			w.sync.Sources, w.sync.Finders = []ingest.Source{chain}, nil
			whole := func() (n int) {
				for tok := range w.board().All() {
					if tok.PoolCount == each {
						n++
					}
				}
				return n
			}
			runs := 0
			for ; whole() < mints; runs++ {
				run := w.runAs(mode)
				if p := run.Products[0]; run.Status != syncrun.Partial || !strings.Contains(p.Error, "memory") || p.PoolsMatched == 0 || run.TokensDelisted > 0 || runs > 30 {
					t.Fatalf("run %d: %+v", runs, run)
				}
			}
			if runs < 4 {
				t.Errorf("all of it in %d runs", runs)
			}
			chain.pools = chain.pools[:2*mints]
			for range 20 {
				if run := w.runAs(mode); run.TokensDelisted > 0 {
					t.Errorf("%+v", run)
				} else if run.Status == syncrun.Succeeded {
					return
				}
			}
			t.Error("no run is for all tokens again")
		})
	}
}

// inTurns is a source that hands out the pools behind those that were taken before.
type inTurns struct {
	scripted
	next int
}

func (s *inTurns) Pools(_ context.Context, _ []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		for range s.pools {
			stats.Scanned.Add(1)
			if !yield(s.pools[s.next], nil) {
				return
			}
			s.next = (s.next + 1) % len(s.pools)
		}
	}
}

func (s *inTurns) Changed(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return s.Pools(ctx, ids, stats)
}

// TestTurnsBesideShares: a source that divides by itself what is too much for one run is not divided once more. What the two
// divisions have in common might be the same tokens each time.
func TestTurnsBesideShares(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync.PoolBytes = 20 << 10
	curves := &inTurns{scripted: scripted{product: token.DBC}}
	const mints = 256
	for i := range mints {
		curves.pools = append(curves.pools, token.Pool{
			Address: key(fmt.Sprint("p", i)), Product: token.DBC, Launchpad: token.LaunchpadID(w.ids),
			Base: token.Asset{Mint: key(fmt.Sprint("m", i))}, Curve: token.Curve{Stage: token.Bonding},
		})
	}
	w.sync.Sources, w.sync.Finders = []ingest.Source{curves}, nil
	for runs, taken := 1, 0; taken < mints; runs++ {
		run := w.run()
		if taken += int(run.PoolsMatched); run.PoolsMatched == 0 || w.board().Len() != min(taken, mints) || runs > mints {
			t.Fatalf("run %d: %d tokens on the board, %d pools taken by now: %+v", runs, w.board().Len(), taken, run)
		}
	}
}

// TestBoughtDepth: what one answer says of a pool's depth changes no price, and neither does a pool that is deep in the token
// itself. What is the deepest for three runs leads, whichever process they are in.
func TestBoughtDepth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := func(name, price, depth string) token.Pool {
		return token.Pool{
			Address: key(name), Product: token.DLMM, Launchpad: token.LaunchpadID(w.ids), DepthUSD: token.Number(depth), CreatedAt: 1,
			Base: token.Asset{Mint: key("mint"), PriceUSD: token.Number(price), MarketCapUSD: token.Number(price) + "000"},
		}
	}
	design, rival, lie := pool("design", "2", "1200"), pool("rival", "3", "2000"), pool("lie", "3.5", "600")
	lie.TVLUSD, rival.TVLUSD = "1e15", "2000"
	chain := &scripted{product: token.DLMM}
	w.sync.Sources, w.sync.Finders = []ingest.Source{chain}, nil
	for i, run := range []struct {
		pools []token.Pool
		price token.Number
	}{
		{[]token.Pool{design}, "2"},
		{[]token.Pool{design, lie}, "2"},
		{[]token.Pool{design, lie, rival}, "2"},
		{[]token.Pool{design, lie, rival}, "2"},
		{[]token.Pool{design, lie, rival}, "3"},
	} {
		chain.pools = run.pools
		w.run()
		if got := w.token(key("mint")); got.PriceUSD != run.price || got.MarketCapUSD != run.price+"000" || got.PriceSuspect {
			t.Errorf("run %d: price %s, market cap %s, suspect %v, lead %+v", i, got.PriceUSD, got.MarketCapUSD, got.PriceSuspect, got.Lead)
		}
	}
}

// TestPlatform: the sums of a wallet that created very many tokens are published with the board, right after the first run
// and after runs that did not see its curves.
func TestPlatform(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const many = 120
	chain := &scripted{product: token.DBC}
	for i := range many + 3 {
		creator := key("platform")
		if i >= many {
			creator = key(fmt.Sprint("someone ", i))
		}
		curve := token.Curve{Stage: token.Bonding, Creator: creator, Earnings: token.Earnings{Creator: token.Share{UnclaimedQuote: "0.5", ClaimedQuote: "1"}}}
		chain.pools = append(chain.pools, token.Pool{
			Address: key(fmt.Sprint("curve ", i)), Product: token.DBC, Launchpad: token.LaunchpadID(w.ids), QuoteMint: token.SOL, QuoteSymbol: "SOL", QuoteUSD: "100",
			Base: token.Asset{Mint: key(fmt.Sprint("mint ", i))}, Curve: curve,
		})
	}
	w.sync.Sources, w.sync.Finders = []ingest.Source{chain}, nil
	all := chain.pools
	for name, seen := range map[string][]token.Pool{"first": all, "few curves": all[many:]} {
		if chain.pools = all; name != "first" {
			w.run()
		}
		chain.pools = seen
		w.run()
		want := []board.Earned{{Creator: key("platform"), Quotes: []token.Money{{
			QuoteMint: token.SOL, QuoteSymbol: "SOL", Tokens: many, Earned: "180", Unclaimed: "60", Claimed: "120", UnclaimedUSD: "6000", EarnedUSD: "18000",
		}}}}
		if diff := cmp.Diff(want, w.board().Manifest().Earned); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// weigher is a source that knows what is left over.
type weigher struct {
	scripted
	left  map[string]token.Number
	asked [][]string
	err   error
}

func (s *weigher) Leftovers(_ context.Context, curves []string, _ *syncrun.Counts) (map[string]token.Number, error) {
	s.asked = append(s.asked, curves)
	return s.left, s.err
}

// TestLeftovers: full runs ask for what is left over from graduated curves until it is withdrawn, and others keep it.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	graduate := key("graduate")
	chain := &weigher{scripted: scripted{product: token.DBC}, left: map[string]token.Number{graduate: "12.5"}}
	for name, stage := range map[string]token.Stage{"graduate": token.Graduated, "young": token.Bonding} {
		chain.pools = append(chain.pools, token.Pool{
			Address: key(name), Product: token.DBC, Launchpad: token.LaunchpadID(w.ids), Base: token.Asset{Mint: key("mint of " + name)},
			Curve: token.Curve{Stage: stage, Creator: "someone"},
		})
	}
	w.sync.Sources, w.sync.Finders = []ingest.Source{chain}, nil
	left := func(want token.Number, asked int) {
		t.Helper()
		tok := w.token(key("mint of graduate"))
		if tok.Curve.Earnings.Leftover != want || len(tok.Pools) != 1 || tok.Pools[0].Curve.Earnings.Leftover != want || len(chain.asked) != asked {
			t.Errorf("%q is left over, want %q; asked %v", tok.Curve.Earnings.Leftover, want, chain.asked)
		}
	}
	w.run()
	left("", 0) // a run asks for what the last board has
	w.run()
	left("12.5", 1)
	w.refresh()
	left("12.5", 1)
	chain.err = errors.New("node down")
	if run := w.run(); run.Status != syncrun.Succeeded || !strings.Contains(strings.Join(run.Products[0].Notes, ""), "stays as it was") {
		t.Errorf("%+v", run)
	}
	left("12.5", 2)
	chain.err, chain.left = nil, map[string]token.Number{graduate: "0"}
	w.run()
	left("0", 3)
	w.run()
	left("0", 3)
	if diff := cmp.Diff([][]string{{graduate}, {graduate}, {graduate}}, chain.asked); diff != "" {
		t.Error(diff)
	}
}
