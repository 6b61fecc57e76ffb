package token

import "testing"

// TestWhoLeadsThePrice: depth can be bought and claimed, and a toy pool must not cast doubt on a token.
func TestWhoLeadsThePrice(t *testing.T) {
	t.Parallel()
	pool := func(address, tvl, price string) Pool {
		return Pool{Address: address, Product: DLMM, Base: Asset{Mint: "m", PriceUSD: Number(price)}, TVLUSD: Number(tvl)}
	}
	curve := func(stage Stage, price string) Pool {
		p := pool("curve", "", price)
		p.Product, p.Curve = DBC, Curve{Stage: stage, GraduatedPool: "own"}
		return p
	}
	blacklisted := pool("bad", "5000", "99")
	blacklisted.Blacklisted = true
	for name, tt := range map[string]struct {
		pools   []Pool
		price   Number
		suspect bool
	}{
		"one pool":                          {[]Pool{pool("a", "1", "2")}, "2", false},
		"no price":                          {[]Pool{pool("a", "1", "")}, "", false},
		"the deepest":                       {[]Pool{pool("a", "10", "2"), pool("b", "1000", "3")}, "3", false},
		"the deepest knows none":            {[]Pool{pool("a", "10", "2"), pool("b", "1000", "")}, "2", false},
		"it leaps":                          {[]Pool{pool("a", "2455", "2"), pool("b", "1e15", "50")}, "50", true},
		"it leaps down":                     {[]Pool{pool("a", "2455", "50"), pool("b", "1e15", "2")}, "2", true},
		"ten times is no leap":              {[]Pool{pool("a", "2455", "2"), pool("b", "1e15", "20")}, "20", false},
		"a toy beside it":                   {[]Pool{pool("a", "50000", "2"), pool("toy", "99", "900")}, "2", false},
		"small ones are weighed":            {[]Pool{pool("a", "50", "2"), pool("b", "30", "900")}, "2", true},
		"nobody is in the other":            {[]Pool{pool("a", "50", "2"), pool("b", "", "900")}, "2", false},
		"a blacklisted one beside it":       {[]Pool{pool("a", "500", "2"), blacklisted}, "2", false},
		"the curve leads":                   {[]Pool{pool("b", "1e15", "50"), curve(Bonding, "2")}, "2", false},
		"the pool that it graduated into":   {[]Pool{pool("b", "1e15", "50"), curve(Graduated, ""), pool("own", "2455", "2")}, "2", false},
		"that is drained":                   {[]Pool{pool("b", "5000", "50"), curve(Graduated, ""), pool("own", "3", "2")}, "50", false},
		"the curve's last price is history": {[]Pool{pool("b", "5000", "50"), curve(Graduated, "2")}, "50", false},
	} {
		got := Merge(tt.pools)
		if got.PriceUSD != tt.price || got.PriceSuspect != tt.suspect {
			t.Errorf("%s: price %v, suspect %v", name, got.PriceUSD, got.PriceSuspect)
		}
	}
}

// TestWhoNamesTheToken: the chain, else the pool that was there first; a later one only adds what is unknown.
func TestWhoNamesTheToken(t *testing.T) {
	t.Parallel()
	list := Pool{Address: "curve", Product: DBCList, Launchpad: "pad", CreatedAt: 5000, Base: Asset{Mint: "m", Name: "Listed"}}
	chain := Pool{Address: "curve", Product: DBC, Launchpad: "pad", Base: Asset{Mint: "m", Symbol: "CHAIN", Decimals: "6"}, Curve: Curve{Stage: Bonding, GraduatedPool: "g"}}
	impostor := Pool{Address: "x", Product: DLMM, TVLUSD: "1e15", CreatedAt: 1, Base: Asset{Mint: "m", Name: "Evil", Symbol: "EVIL", Decimals: "9", TotalSupply: "1"}}
	graduate := Pool{Address: "g", Product: DAMMv2, CreatedAt: 9000, Base: Asset{Mint: "m", Name: "Graduate"}}
	for name, pools := range map[string][]Pool{
		"in order": {list, chain, impostor, graduate}, "backwards": {graduate, impostor, chain, list},
	} {
		got := Merge(pools)
		if got.Name != "Listed" || got.Symbol != "CHAIN" || got.Decimals != "6" || got.TotalSupply != "1" || got.PoolCount != 3 ||
			got.Launchpad != "pad" || got.CreatedAt != 5000 || got.GraduatedAt != 9000 || got.Curve.Stage != Bonding {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestWhoLeadsNext: a pool that becomes the deepest leads after three runs or an hour, and of its depth only the quote counts.
func TestWhoLeadsNext(t *testing.T) {
	t.Parallel()
	pool := func(address, price, depth string) Pool {
		return Pool{Address: address, Product: DLMM, Base: Asset{Mint: "m", PriceUSD: Number(price)}, DepthUSD: Number(depth)}
	}
	ours, rival, third := pool("ours", "2", "1000"), pool("rival", "3", "5000"), pool("third", "4", "9000")
	lying := pool("rival", "3", "10")
	lying.TVLUSD = "1e15" // all but ten dollars of it is the token itself
	unpriced, blacklisted := pool("ours", "", "1000"), pool("ours", "2", "1000")
	blacklisted.Blacklisted = true
	type run struct {
		at    int64
		pools []Pool
		price Number
	}
	for name, runs := range map[string][]run{
		"three runs":          {{0, []Pool{ours}, "2"}, {60, []Pool{ours, rival}, "2"}, {120, []Pool{ours, rival}, "2"}, {180, []Pool{ours, rival}, "3"}},
		"an hour":             {{0, []Pool{ours}, "2"}, {60, []Pool{ours, rival}, "2"}, {3660, []Pool{ours, rival}, "3"}},
		"not in a row":        {{0, []Pool{ours}, "2"}, {1, []Pool{ours, rival}, "2"}, {2, []Pool{ours, rival}, "2"}, {3, []Pool{ours}, "2"}, {4, []Pool{ours, rival}, "2"}, {5, []Pool{ours, rival}, "2"}, {6, []Pool{ours, rival}, "3"}},
		"another rival":       {{0, []Pool{ours}, "2"}, {1, []Pool{ours, rival}, "2"}, {2, []Pool{ours, rival, third}, "2"}, {3, []Pool{ours, rival, third}, "2"}, {4, []Pool{ours, rival, third}, "4"}},
		"it stays":            {{0, []Pool{ours, rival}, "3"}, {1, []Pool{ours, rival}, "3"}},
		"the token's own":     {{0, []Pool{ours, lying}, "2"}, {1, []Pool{ours, lying}, "2"}, {2, []Pool{ours, lying}, "2"}, {3, []Pool{ours, lying}, "2"}},
		"the leader is gone":  {{0, []Pool{ours}, "2"}, {1, []Pool{rival}, "3"}},
		"it knows no price":   {{0, []Pool{ours}, "2"}, {1, []Pool{unpriced, rival}, "3"}},
		"it is blacklisted":   {{0, []Pool{ours}, "2"}, {1, []Pool{blacklisted, rival}, "3"}},
		"nobody knows prices": {{0, []Pool{ours}, "2"}, {1, []Pool{unpriced}, ""}, {2, []Pool{ours, rival}, "2"}},
	} {
		var before Token
		for i, r := range runs {
			before = MergeAfter(&before, r.pools, 1_700_000_000_000+1000*r.at)
			for range 3 { // looks of the same run
				before = MergeAfter(&before, r.pools, 0)
			}
			if before.PriceUSD != r.price {
				t.Errorf("%s, run %d: price %s, want %s; %+v", name, i, before.PriceUSD, r.price, before.Lead)
			}
		}
	}
}

// TestDepth keeps two digits, so that not every trade makes another pool.
func TestDepth(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ amount, price, want Number }{
		{"20.5", "119.7", "2500"}, {"0", "120", "0"}, {"1e-9", "0.5", "0.0000000005"}, {"", "120", ""}, {"1", "", ""}, {"1e300", "1e300", ""},
	} {
		if got := DepthOf(tt.amount, tt.price); got.Float64() != tt.want.Float64() || got.Known() != tt.want.Known() {
			t.Errorf("%s at %s: %s, want %s", tt.amount, tt.price, got, tt.want)
		}
	}
}
