package token

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"tokensync/internal/dev/fields"

	"github.com/google/go-cmp/cmp"
)

func samplePools() []Pool {
	base := Asset{Mint: "mint", Name: "Louie", Symbol: "LOUIE", Decimals: "6", Holders: "1022", PriceUSD: "0.1", MarketCapUSD: "9"}
	other := Asset{Mint: "mint", Name: "Other", Symbol: "OTH", TotalSupply: "77", PriceUSD: "0.2"}
	return []Pool{
		{Address: "deep", Product: DLMM, Launchpad: "pad", Base: base, TVLUSD: "100.5", Fees24hUSD: "1", CreatedAt: 2000, VolumeUSD: Windows{5: "10"}},
		{Address: "old", Product: DAMMv2, Launchpad: "first", Base: other, TVLUSD: "7", CreatedAt: 1000, VolumeUSD: Windows{0: "1", 5: "0.25"}},
		{Address: "bare", Product: DBC, Launchpad: "pad", Base: Asset{Mint: "mint"}, Curve: Curve{Stage: Graduated, Progress: "1", Creator: "who"}},
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	pools := samplePools()
	got := Merge(samplePools())
	want := Token{
		Mint: "mint", Name: "Other", Symbol: "OTH", Decimals: "6", Holders: "1022", TotalSupply: "77",
		PriceUSD: "0.1", MarketCapUSD: "9", TVLUSD: "107.5", Fees24hUSD: "1", VolumeUSD: Windows{0: "1", 5: "10.25"},
		Launchpad: "first", Status: Listed, CreatedAt: 1000, PoolCount: 3,
		Curve: Curve{Stage: Graduated, Progress: "1", Creator: "who"}, CurvePool: "bare", Pools: pools, Lead: Lead{Pool: "deep"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestMergeWithoutDollars: a curve whose quote nobody prices has a price; that of a graduated one is history.
func TestMergeWithoutDollars(t *testing.T) {
	t.Parallel()
	curve := func(stage Stage) Pool {
		return Pool{Address: "curve", Product: DBC, Base: Asset{Mint: "mint"}, QuoteMint: "odd", Price: "0.5", Curve: Curve{Stage: stage}}
	}
	amm := Pool{Address: "amm", Product: DLMM, Base: Asset{Mint: "mint"}, QuoteMint: SOL, Price: "3"}
	priced := amm
	priced.Base.PriceUSD = "360"
	for name, tt := range map[string]struct {
		pools []Pool
		want  [3]string // dollars, price, quote
	}{
		"bonding":                  {[]Pool{curve(Bonding)}, [3]string{"", "0.5", "odd"}},
		"migrating":                {[]Pool{curve(Migrating)}, [3]string{"", "0.5", "odd"}},
		"graduated":                {[]Pool{curve(Graduated)}, [3]string{"", "", "odd"}},
		"graduated, with a pool":   {[]Pool{curve(Graduated), amm}, [3]string{"", "3", SOL}},
		"graduated, a priced pool": {[]Pool{curve(Graduated), priced}, [3]string{"360", "3", SOL}},
		"bonding, a priced pool":   {[]Pool{curve(Bonding), priced}, [3]string{"360", "3", SOL}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Merge(tt.pools)
			if diff := cmp.Diff(tt.want, [3]string{string(got.PriceUSD), string(got.Price), got.QuoteMint}); diff != "" {
				t.Errorf("dollars, price, quote (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMergeBlacklisted(t *testing.T) {
	t.Parallel()
	pools := samplePools()
	pools[0].Blacklisted = true
	if got := Merge(pools); got.Status != Listed || got.PriceUSD != "0.2" || got.TVLUSD != "107.5" {
		t.Errorf("one of three blacklisted: %v, price %v, TVL %v", got.Status, got.PriceUSD, got.TVLUSD)
	}
	pools[1].Blacklisted, pools[2].Blacklisted = true, true
	if got := Merge(pools); got.Status != Blacklisted {
		t.Errorf("all blacklisted: %v", got.Status)
	}
}

func TestMergeTakesTheLaterOfTwo(t *testing.T) {
	t.Parallel()
	pools := samplePools()
	again := pools[0]
	again.TVLUSD = "1"
	if got := Merge(append(pools, again)); got.PoolCount != 3 || got.TVLUSD != "8" {
		t.Errorf("%d pools, TVL %v; want 3 and 8", got.PoolCount, got.TVLUSD)
	}
}

func TestMergeBoundsTheItem(t *testing.T) {
	t.Parallel()
	pools := make([]Pool, 1000)
	for i := range pools {
		pools[i] = Pool{Address: fmt.Sprint("pool", i), Base: Asset{Mint: "m"}, TVLUSD: "1", Name: strings.Repeat("n", 128)}
	}
	if got := Merge(pools); len(got.Pools) != maxPools || got.PoolCount != 1000 || got.TVLUSD != "1000" {
		t.Errorf("%d pools kept of %d, TVL %v", len(got.Pools), got.PoolCount, got.TVLUSD)
	}
	for i := range pools {
		pools[i].Tags = []string{strings.Repeat("t", 5000)}
	}
	if got := Merge(pools); len(got.Pools) >= 52 || len(got.Pools) < 40 {
		t.Errorf("%d pools of 5 KB kept", len(got.Pools))
	}
}

// TestMergeIgnoresOrder: pools come in no order, and a token whose pools say the same is the same.
func TestMergeIgnoresOrder(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		pools := randomPools(r)
		want := Merge(append([]Pool{}, pools...))
		r.Shuffle(len(pools), func(i, j int) { pools[i], pools[j] = pools[j], pools[i] })
		got := Merge(pools)
		if diff := cmp.Diff(want, got); diff != "" || !want.Same(&got) {
			t.Fatal(diff)
		}
	}
}

func randomPools(r *rand.Rand) []Pool {
	pools := make([]Pool, 1+r.IntN(8))
	for i := range pools {
		pools[i] = Pool{
			Address: fmt.Sprint("address", i), Product: Products[r.IntN(4)], Launchpad: LaunchpadID(fmt.Sprint("pad", r.IntN(2))),
			Base: Asset{
				Mint: "mint", Name: fmt.Sprint("name", i), Symbol: fmt.Sprint("S", r.IntN(3)), Holders: randomNumber(r),
				PriceUSD: randomNumber(r), Verified: Flag(r.IntN(3)),
			},
			TVLUSD: randomNumber(r), CreatedAt: int64(r.IntN(3)), Blacklisted: r.IntN(4) == 0, VolumeUSD: Windows{5: randomNumber(r)},
		}
	}
	return pools
}

func randomNumber(r *rand.Rand) Number {
	if r.IntN(4) == 0 {
		return ""
	}
	n, _ := ParseNumber(fmt.Sprint(r.Float64() * float64(r.IntN(3))))
	return n
}

// TestSameSeesEveryField changes every field of a token and of its pools, one by one: a field that Same misses would never
// be published again.
func TestSameSeesEveryField(t *testing.T) {
	t.Parallel()
	before, now := Merge(samplePools()), Merge(samplePools())
	changed := 0
	fields.Visit(reflect.ValueOf(&now).Elem(), func(path string, v reflect.Value) {
		old := reflect.ValueOf(v.Interface())
		fields.Change(v)
		ignored := path == "FirstSeenAt" || path == "UpdatedAt" || strings.HasPrefix(path, "Written.") || strings.HasPrefix(path, "Lead.") ||
			strings.HasPrefix(path, "Since[") || strings.HasPrefix(path, "PriceChange[") ||
			strings.Contains(path, "Anchor.")
		if same := now.Same(&before); same != ignored {
			t.Errorf("%s: same is %v", path, same)
		}
		v.Set(old)
		changed++
	})
	if changed < 100 || !now.Same(&before) {
		t.Errorf("only %d fields were tried", changed)
	}
}

// TestMergeTakesEveryFact: whatever a pool says of its token that a token has too, a token of that pool alone says.
func TestMergeTakesEveryFact(t *testing.T) {
	t.Parallel()
	facts := reflect.TypeFor[Asset]()
	for i := range facts.NumField() {
		name := facts.Field(i).Name
		pool := Pool{Address: "a", Product: DLMM, Base: Asset{Mint: "mint"}, QuoteMint: SOL}
		fact := reflect.ValueOf(&pool.Base).Elem().Field(i)
		if fact.Kind() == reflect.String {
			fact.SetString("7")
		} else {
			fact.SetInt(int64(Yes))
		}
		merged := Merge([]Pool{pool})
		if got := reflect.ValueOf(merged).FieldByName(name); got.IsValid() && got.Interface() != fact.Interface() {
			t.Errorf("%s is %v, and %v of the pool", name, got, fact)
		}
	}
}

// TestSameKind changes every field one by one and holds which of them an item is written for at once.
func TestSameKind(t *testing.T) {
	t.Parallel()
	drifts := regexp.MustCompile(`USD|Price|^(Curve\.(Progress|QuoteReserve)|.*Earnings\.|UpdatedAt|LastTradeAt|Holders|QuoteMint|Volume|Mint$|Written|Lead|Since)`)
	before, now := Merge(samplePools()), Merge(samplePools())
	fields.Visit(reflect.ValueOf(&now).Elem(), func(path string, v reflect.Value) {
		old := reflect.ValueOf(v.Interface())
		fields.Change(v)
		want := drifts.MatchString(path) && !strings.HasSuffix(path, "Taken") ||
			strings.HasSuffix(path, "MigrationTaken") || strings.HasPrefix(path, "Pools[") && !strings.HasSuffix(path, "].Address")
		if got := now.SameKind(&before); got != want {
			t.Errorf("%s: same kind is %v", path, got)
		}
		v.Set(old)
	})
	now.Pools[0], now.Pools[1] = now.Pools[1], now.Pools[0]
	if !now.SameKind(&before) {
		t.Error("another order of the same pools is another kind")
	}
}

// walk visits every settable leaf below v.
