package token

import "testing"

func TestAnchored(t *testing.T) {
	t.Parallel()
	pool := func(address string, price Number) Pool {
		p := Pool{Address: address, Price: price, TVLUSD: price}
		p.Base.PriceUSD = price
		return p
	}
	before := Token{Pools: []Pool{pool("a", "1"), pool("b", "2")}}
	before.Anchored(nil, false)
	for name, test := range map[string]struct {
		anew bool
		want map[string]Number
	}{
		"they stand":    {false, map[string]Number{"a": "1", "b": "2", "new": "30"}},
		"set once more": {true, map[string]Number{"a": "10", "b": "20", "new": "30"}},
	} {
		now := Token{Pools: []Pool{pool("new", "30"), pool("b", "20"), pool("a", "10")}}
		now.Anchored(before.Pools, test.anew)
		for _, p := range now.Pools {
			want := Anchor{Price: test.want[p.Address], PriceUSD: test.want[p.Address], TVLUSD: test.want[p.Address]}
			if p.Anchor != want {
				t.Errorf("%s: %s has %+v", name, p.Address, p.Anchor)
			}
		}
	}
}
