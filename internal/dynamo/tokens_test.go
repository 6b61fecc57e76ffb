package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
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

// TestTokensComeBackWhole writes tokens and reads them again with every digit and every pool, so that a kept pool has
// the same hash as a scanned one.
func TestTokensComeBackWhole(t *testing.T) {
	t.Parallel()
	tokens := NewTokensTable(engine.Client(), newTables(t).Tokens)
	full, bare := newToken("full", fullPool("full", "one"), fullPool("full", "two")), newToken("bare")
	if r := tokens.Write(t.Context(), slices.Values([]token.Token{full, bare}), held); r.Err != nil || r.Batches != 1 {
		t.Fatalf("%+v", r)
	}
	got := collect(t, tokens.Get(t.Context(), []string{"full", "bare", "missing"}, true))
	slices.SortFunc(got, func(a, b token.Stored) int { return cmp.Compare(a.Mint, b.Mint) })
	want := []token.Stored{bare.Stored(), full.Stored()}
	want[0].Pools, want[1].Pools = bare.Pools, full.Pools
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	again := token.Merge(got[1].Pools)
	if again.Hash() != full.Hash() {
		t.Error("a token merged from its stored pools has another hash")
	}
	listed := collect(t, tokens.Listed(t.Context(), "pad"))
	slices.SortFunc(listed, func(a, b token.Stored) int { return cmp.Compare(a.Mint, b.Mint) })
	if diff := gocmp.Diff([]token.Stored{bare.Stored(), full.Stored()}, listed); diff != "" {
		t.Errorf("from the index: %s", diff)
	}
}

// TestEveryTokenIsInEveryIndex: one without any value sorts lowest, and only listed ones are there at all.
func TestEveryTokenIsInEveryIndex(t *testing.T) {
	t.Parallel()
	table := newTables(t).Tokens
	tokens := NewTokensTable(engine.Client(), table)
	zero := fullPool("zero", "z")
	zero.TVLUSD, zero.VolumeUSD, zero.Base.MarketCapUSD, zero.Curve.Progress = "0", token.Windows{5: "0"}, "0", "0"
	zero.Base.Symbol, zero.CreatedAt = "!", 1
	hidden := newToken("hidden")
	hidden.Status = token.Delisted
	all := []token.Token{newToken("full", fullPool("full", "f")), newToken("bare"), newToken("zero", zero), hidden}
	if r := tokens.Write(t.Context(), slices.Values(all), held); r.Err != nil {
		t.Fatal(r.Err)
	}
	for _, index := range []string{"by-created", "by-volume", "by-tvl", "by-market-cap", "by-progress", "by-symbol"} {
		condition := "listing = :l"
		out, err := engine.Client().Query(t.Context(), &dynamodb.QueryInput{
			TableName: &table, IndexName: &index, KeyConditionExpression: &condition,
			ExpressionAttributeValues: item{":l": text("pad")},
		})
		if err != nil {
			t.Fatal(err)
		}
		var mints []string
		for _, it := range out.Items {
			mints = append(mints, item(it).getText("mint"))
			if item(it).getText(attrSummary) == "" || it[attrPools] != nil {
				t.Errorf("%s: no summary, or pools too", index)
			}
		}
		if diff := gocmp.Diff([]string{"bare", "zero", "full"}, mints); diff != "" {
			t.Errorf("%s: %s", index, diff)
		}
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
	table := newTables(t).Tokens
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
	table := newTables(t).Tokens
	tokens := NewTokensTable(engine.Client(), table)
	list := manyTokens(30)
	list[7].Name = strings.Repeat("x", 500<<10) // more than an item may have
	r := tokens.Write(t.Context(), slices.Values(list), held)
	if diff := gocmp.Diff([]syncrun.Unwritten{{Mint: "mint007", FirstSeenAt: 1000}}, r.Unwritten); diff != "" || r.Err == nil {
		t.Errorf("error %v\n%s", r.Err, diff)
	}
	if got := collect(t, tokens.Listed(t.Context(), "pad")); len(got) != 29 {
		t.Errorf("%d of 29 are stored", len(got))
	}
}

func TestThrottlingIsNoFaultOfAnItem(t *testing.T) {
	t.Parallel()
	throttled := &types.ProvisionedThroughputExceededException{}
	api := &writeAPI{Client: engine.Client(), before: func(*dynamodb.BatchWriteItemInput) error { return throttled }}
	r := NewTokensTable(api, newTables(t).Tokens).Write(t.Context(), slices.Values(manyTokens(25)), held)
	if len(r.Unwritten) != 25 || !errors.Is(r.Err, throttled) || r.Batches != 0 {
		t.Errorf("%+v", r)
	}
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
	tokens := NewTokensTable(engine.Client(), newTables(t).Tokens)
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
