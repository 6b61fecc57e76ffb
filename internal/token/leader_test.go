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
