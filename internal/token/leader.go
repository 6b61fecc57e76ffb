package token

// What a pool needs so that its price counts against another's: so much liquidity in US dollars, or so large a share of
// the other pool's. Less is a toy, with which anyone could cast doubt on any token.
const (
	weightUSD   = 100
	weightShare = 0.01
)

// maxLeap is how many times two pools' prices may differ before one of them must be wrong: what is more is traded away.
const maxLeap = 10

// leader returns the pool whose price is the token's, nil when no pool knows one; pools are sorted deepest first. Depth
// can be bought, and be claimed: where the deepest pool's price leaps away from another's, the launchpad's own pool
// leads if it is in use, else the price is suspect.
func leader(pools []Pool) (lead *Pool, suspect bool) {
	for i := range pools {
		p := &pools[i]
		switch {
		case p.Base.PriceUSD == "":
		case lead == nil:
			lead = p
		case !p.Blacklisted && weighs(p, lead) && leaps(p.Base.PriceUSD, lead.Base.PriceUSD):
			suspect = true
		}
	}
	if suspect {
		if own := launched(pools); own != nil {
			return own, false
		}
	}
	return lead, suspect
}

func weighs(p, against *Pool) bool {
	tvl := p.TVLUSD.Float64()
	return tvl >= weightUSD || tvl >= weightShare*against.TVLUSD.Float64() && tvl > 0 || p.Curve.Stage == Bonding
}

func leaps(a, b Number) bool {
	x, y := a.Float64(), b.Float64()
	return x > maxLeap*y || y > maxLeap*x
}

// launched returns the pool in which the launchpad's program trades the token now: its curve, or the pool that the curve
// migrated to; nil when it has none that knows a price and is in use.
func launched(pools []Pool) *Pool {
	var graduated string
	for i := range pools {
		graduated += pools[i].Curve.GraduatedPool //nolint:modernize // one has it at most, as a rule, and nothing is copied
	}
	for i := range pools {
		p := &pools[i]
		inUse := p.Curve.Stage == Bonding || p.Address == graduated && p.TVLUSD.Float64() >= weightUSD
		if inUse && !p.Blacklisted && p.Base.PriceUSD != "" {
			return p
		}
	}
	return nil
}
