package token

// Anchor is the market of a pool as it stood at a moment that many runs share. What has moved little since is told in few
// bytes by how far. It says nothing of the pool's present.
type Anchor struct {
	QuoteUSD   Number
	Price      Number
	PriceUSD   Number
	TVLUSD     Number
	DepthUSD   Number
	VolumeUSD  Windows
	Fees24hUSD Number
	Holders    Number
}

// Anchored takes the anchors of the same pools of before, and for a pool without one, or for all if anew is set, the present.
func (t *Token) Anchored(before []Pool, anew bool) {
	for i := range t.Pools {
		p := &t.Pools[i]
		p.Anchor = Anchor{}
		for j := range before {
			if !anew && before[j].Address == p.Address {
				p.Anchor = before[j].Anchor
			}
		}
		if p.Anchor == (Anchor{}) {
			p.Anchor = p.market()
		}
	}
}

// market returns p's own, of what does not follow from a curve.
func (p *Pool) market() Anchor {
	a := Anchor{Price: p.Price, VolumeUSD: p.VolumeUSD, Fees24hUSD: p.Fees24hUSD, Holders: p.Base.Holders}
	if p.Curve.Stage == "" {
		a.QuoteUSD, a.PriceUSD, a.TVLUSD, a.DepthUSD = p.QuoteUSD, p.Base.PriceUSD, p.TVLUSD, p.DepthUSD
	}
	return a
}
