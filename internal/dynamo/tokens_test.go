package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	gocmp "github.com/google/go-cmp/cmp"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// fullPool has a value in every field.
func fullPool(mint, address string) token.Pool {
	return token.Pool{
		Address: address, Product: token.DAMMv2, Launchpad: "pad", Name: "🚀-SOL",
		Base: token.Asset{
			Mint: mint, Name: "Rocket 🚀", Symbol: "RKT", Decimals: "6", Verified: token.No, FreezeAuthorityDisabled: token.Yes,
			Holders: "1022", TotalSupply: "892407081.380896", PriceUSD: "0.000000000001", MarketCapUSD: "18000000000000000000",
		},
		QuoteMint: token.SOL, QuoteSymbol: "SOL", Price: "0.0000013", TVLUSD: "12345678901234567890.123456789012345678",
		VolumeUSD: token.Windows{"1", "2", "3", "4", "5", "6.5"}, Fees24hUSD: "0.25", FeePct: "2", APR: "33.69",
		CreatedAt: 1791052359123, Blacklisted: false, Tags: []string{"a", "b"},
		Curve: token.Curve{Stage: token.Graduated, Progress: "1", Creator: "who"},
	}
}

func newToken(mint string, pools ...token.Pool) token.Token {
	if len(pools) == 0 {
		pools = []token.Pool{{Address: "p" + mint, Product: token.DLMM, Launchpad: "pad", Base: token.Asset{Mint: mint}}}
	}
	t := token.Merge(pools)
	t.FirstSeenAt, t.UpdatedAt = 1000, 2000
	return t
}

func held(context.Context) error { return nil }

func collect[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

// TestTokensComeBackWhole writes tokens and reads them again with every digit, every pool, and what is remembered of them.
func TestTokensComeBackWhole(t *testing.T) {
	t.Parallel()
	tokens := NewTokensTable(engine.Client(), engine.TablesFor(t).Tokens)
	full, bare := newToken("full", fullPool("full", "one"), fullPool("full", "two")), newToken("bare")
	full.Face, full.LastTradeAt = token.Face{ImageURL: "https://x", Description: "<🚀>"}, 7
	if r := tokens.Write(t.Context(), slices.Values([]token.Token{full, bare}), held); r.Err != nil || r.Batches != 1 || r.Items != 2 {
		t.Fatalf("%+v", r)
	}
	got := collect(t, tokens.Get(t.Context(), []string{"full", "bare", "missing"}))
	slices.SortFunc(got, func(a, b token.Token) int { return cmp.Compare(a.Mint, b.Mint) })
	want := []token.Token{bare, full}
	for i := range want {
		want[i].Written = want[i].WriteMark()
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	one, ok, err := tokens.Token(t.Context(), "full")
	if diff := gocmp.Diff(want[1], one); diff != "" || !ok || err != nil {
		t.Errorf("ok %v, error %v: %s", ok, err, diff)
	}
	if _, ok, err := tokens.Token(t.Context(), "missing"); ok || err != nil {
		t.Errorf("a mint that is not stored: ok %v, error %v", ok, err)
	}
}

// TestOnlyListedTokensAreInTheIndex holds what a lost board is built from.
func TestOnlyListedTokensAreInTheIndex(t *testing.T) {
	t.Parallel()
	tokens := NewTokensTable(engine.Client(), engine.TablesFor(t).Tokens)
	var all []token.Token
	for i, status := range []token.Status{token.Listed, token.Delisted, token.Blacklisted, token.Unapproved, token.Hidden, token.Listed} {
		one := newToken(fmt.Sprint(i))
		one.Status, one.FirstSeenAt = status, int64(100-i)
		all = append(all, one)
	}
	other := newToken("other")
	other.Launchpad = "another pad"
	if r := tokens.Write(t.Context(), slices.Values(append(all, other)), held); r.Err != nil {
		t.Fatal(r.Err)
	}
	if diff := gocmp.Diff([]string{"5", "0"}, collect(t, tokens.Listed(t.Context(), "pad"))); diff != "" {
		t.Error(diff)
	}
}

// TestLargeTokens: whatever strangers write into names and tags, an item fits, and says how many pools there really are.
func TestLargeTokens(t *testing.T) {
	t.Parallel()
	tokens := NewTokensTable(engine.Client(), engine.TablesFor(t).Tokens)
	random := rand.New(rand.NewPCG(1, 1))
	noise := func(runes int) string {
		text := make([]rune, runes)
		for i := range text {
			text[i] = rune(0x20000 + random.IntN(0xa000)) // four bytes each, and nothing to compress
		}
		return string(text)
	}
	var pools []token.Pool
	for i := range 200 {
		p := fullPool("large", fmt.Sprint("pool", i))
		p.Name, p.Base.Name, p.Base.Symbol, p.QuoteSymbol = noise(128), noise(128), noise(32), noise(32)
		for range 16 {
			p.Tags = append(p.Tags, noise(32))
		}
		pools = append(pools, p)
	}
	large := newToken("large", pools...)
	large.Pools = pools // more than Merge keeps
	huge := newToken("huge")
	huge.Face.Description = noise(300_000)
	r := tokens.Write(t.Context(), slices.Values([]token.Token{large, huge}), held)
	if diff := gocmp.Diff([]string{"huge"}, r.Unwritten); diff != "" || r.Err == nil || r.Items != 1 {
		t.Errorf("error %v, %d written\n%s", r.Err, r.Items, diff)
	}
	got := collect(t, tokens.Get(t.Context(), []string{"large"}))
	if len(got) != 1 || got[0].PoolCount != 200 || len(got[0].Pools) < 50 || len(got[0].Pools) > 150 || got[0].Pools[0].Address != "pool0" {
		t.Errorf("%d tokens, %d of %d pools", len(got), len(got[0].Pools), got[0].PoolCount)
	}
}

// writeAPI is the real client with a say in BatchWriteItem.
type writeAPI struct {
	*dynamodb.Client
	before func(*dynamodb.BatchWriteItemInput) error
}

func (w *writeAPI) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	if err := w.before(in); err != nil {
		return nil, err
	}
	return w.Client.BatchWriteItem(ctx, in, o...)
}

func manyTokens(n int) []token.Token {
	tokens := make([]token.Token, n)
	for i := range tokens {
		tokens[i] = newToken(fmt.Sprintf("mint%03d", i))
	}
	return tokens
}

func TestBatchesOf25(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var sizes []int
	api := &writeAPI{Client: engine.Client()}
	table := engine.TablesFor(t).Tokens
	api.before = func(in *dynamodb.BatchWriteItemInput) error {
		mu.Lock()
		defer mu.Unlock()
		sizes = append(sizes, len(in.RequestItems[table]))
		return nil
	}
	r := NewTokensTable(api, table).Write(t.Context(), slices.Values(manyTokens(60)), held)
	slices.Sort(sizes)
	if diff := gocmp.Diff([]int{10, 25, 25}, sizes); diff != "" || r.Batches != 3 || r.Err != nil {
		t.Errorf("%+v\n%s", r, diff)
	}
}

// TestOneBadItemStaysAlone: DynamoDB refuses a whole batch for one item; the other 24 must get through.
func TestOneBadItemStaysAlone(t *testing.T) {
	t.Parallel()
	table := engine.TablesFor(t).Tokens
	tokens := NewTokensTable(engine.Client(), table)
	list := manyTokens(30)
	list[7].Mint = "" // a key that cannot be
	r := tokens.Write(t.Context(), slices.Values(list), held)
	if diff := gocmp.Diff([]string{""}, r.Unwritten); diff != "" || r.Err == nil {
		t.Errorf("error %v\n%s", r.Err, diff)
	}
	if got := collect(t, tokens.Listed(t.Context(), "pad")); len(got) != 29 {
		t.Errorf("%d of 29 are stored", len(got))
	}
}

// TestThrottlingSlowsDown: a table that refuses every other request gets everything, and none of it is the items' fault.
func TestThrottlingSlowsDown(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	throttled := &types.ProvisionedThroughputExceededException{}
	api := &writeAPI{Client: engine.Client(), before: func(*dynamodb.BatchWriteItemInput) error {
		if calls.Add(1)%4 != 0 {
			return throttled
		}
		return nil
	}}
	r := NewTokensTable(api, engine.TablesFor(t).Tokens).Write(t.Context(), slices.Values(manyTokens(200)), held)
	if len(r.Unwritten) != 0 || r.Err != nil || r.Items != 200 || r.Batches != 8 || calls.Load() < 4*8-3 {
		t.Errorf("%d calls: %+v", calls.Load(), r)
	}
}

func TestThrottledToTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		throttled := &types.ProvisionedThroughputExceededException{}
		var calls atomic.Int64
		api := &writeAPI{before: func(*dynamodb.BatchWriteItemInput) error { calls.Add(1); return throttled }}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r := NewTokensTable(api, "tokens").Write(ctx, slices.Values(manyTokens(25)), held)
		if len(r.Unwritten) != 25 || !errors.Is(r.Err, throttled) || !errors.Is(r.Err, context.DeadlineExceeded) || r.Batches != 0 {
			t.Errorf("%+v", r)
		}
		if n := calls.Load(); n < 20 || n > 200 {
			t.Errorf("%d calls in a minute", n)
		}
	})
}

// TestStuckItemsHoldUpNoOthers leaves half of the items unprocessed for ever, in every batch: the others are written
// before any is tried a second time, and the stuck ones alone are counted.
func TestStuckItemsHoldUpNoOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := &stuckTable{stuck: func(mint string) bool { return mint[len(mint)-1]%2 == 0 }, written: map[string]time.Duration{}}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		table.start = time.Now()
		r := NewTokensTable(table, "tokens").Write(ctx, slices.Values(manyTokens(300)), held)
		if r.Items != 150 || len(table.written) != 150 || len(r.Unwritten) != 150 || !errors.Is(r.Err, errStuck) {
			t.Errorf("%d written, %d unwritten, error %v", len(table.written), len(r.Unwritten), r.Err)
		}
		for mint, after := range table.written {
			if after > 0 {
				t.Errorf("%s was held up for %v", mint, after)
			}
		}
	})
}

// TestStuckItemsAreBounded: what no room is left for is given up, and what is not stuck is still written.
func TestStuckItemsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 400
		table := &stuckTable{stuck: func(mint string) bool { return mint < "mint300" }, written: map[string]time.Duration{}}
		list := manyTokens(n)
		for i := range list {
			list[i].Face.Description = incompressible(uint64(i), 50<<10)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		r := NewTokensTable(table, "tokens").Write(ctx, slices.Values(list), held)
		if len(table.written) != 100 || len(r.Unwritten) != 300 || r.Items != 100 {
			t.Errorf("%d written, %d unwritten, error %v", len(table.written), len(r.Unwritten), r.Err)
		}
		if table.most > maxHeldBytes*11/10 {
			t.Errorf("%d bytes were on their way at once", table.most)
		}
	})
}

func incompressible(seed uint64, bytes int) string {
	random, text := rand.New(rand.NewPCG(seed, 2)), make([]byte, bytes)
	for i := range text {
		text[i] = byte('!' + random.IntN(90))
	}
	return string(text)
}

// stuckTable leaves some items unprocessed for ever, in no time.
type stuckTable struct {
	API
	stuck func(mint string) bool
	start time.Time

	mu      sync.Mutex
	written map[string]time.Duration
	most    int
}

func (s *stuckTable) BatchWriteItem(_ context.Context, in *dynamodb.BatchWriteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out, size := &dynamodb.BatchWriteItemOutput{UnprocessedItems: map[string][]types.WriteRequest{}}, 0
	for table, requests := range in.RequestItems {
		for _, r := range requests {
			it := item(r.PutRequest.Item)
			size += len(it.getBytes(attrToken))
			if s.stuck(it.getText(attrMint)) {
				out.UnprocessedItems[table] = append(out.UnprocessedItems[table], r)
			} else {
				s.written[it.getText(attrMint)] = time.Since(s.start)
			}
		}
	}
	s.most = max(s.most, size)
	return out, nil
}

func TestHoldIsAskedBeforeEveryBatch(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	asked := 0
	hold := func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if asked++; asked > 2 {
			return syncrun.ErrLeaseHeld
		}
		return nil
	}
	tokens := NewTokensTable(engine.Client(), engine.TablesFor(t).Tokens)
	r := tokens.Write(t.Context(), slices.Values(manyTokens(100)), hold)
	if r.Batches != 2 || len(r.Unwritten) != 50 || !errors.Is(r.Err, syncrun.ErrLeaseHeld) {
		t.Errorf("%d batches, %d unwritten, error %v", r.Batches, len(r.Unwritten), r.Err)
	}
}

func TestPauseKeepsTheDeadline(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if err := pause(ctx, 20); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}
