package token

import "strconv"

// Lead is which pool's price is the token's. The zero value leaves it to the deepest.
type Lead struct {
	Pool   string `json:"pool,omitzero"`   // its address
	Rival  string `json:"rival,omitzero"`  // address of a pool that has become deeper
	Merges int    `json:"merges,omitzero"` // in which it was, in a row
	Since  int64  `json:"since,omitzero"`  // Unix milliseconds of the first of them
}

// A pool that becomes the deepest leads after a few runs, or a while: one answer may be wrong, and depth may be lent.
const (
	rivalMerges = 3
	rivalMS     = 60 * 60 * 1000
)

// settle decides at now, which is 0 where no new run has begun, who leads of pools, which are sorted deepest first, and
// returns it; nil when none knows a price.
func (l *Lead) settle(pools []Pool, now int64) *Pool {
	var deepest, before *Pool
	for i := range pools {
		p := &pools[i]
		if p.Base.PriceUSD == "" {
			continue
		}
		if deepest == nil {
			deepest = p
		}
		if p.Address == l.Pool && p.Blacklisted == deepest.Blacklisted {
			before = p
		}
	}
	switch {
	case deepest == nil:
		return nil // whoever led may know a price again
	case before == nil, before == deepest:
		*l = Lead{Pool: deepest.Address}
		return deepest
	case now == 0:
		return before
	case l.Rival != deepest.Address:
		l.Rival, l.Merges, l.Since = deepest.Address, 0, now
	}
	if l.Merges++; l.Merges >= rivalMerges || now-l.Since >= rivalMS {
		*l = Lead{Pool: deepest.Address}
		return deepest
	}
	return before
}

// depth returns the US dollars of the quote in p: all that is in a curve, and in a pool of which only the sum is known half of
// it.
func (p *Pool) depth() float64 {
	switch {
	case p.DepthUSD != "":
		return p.DepthUSD.Float64()
	case p.Product == DBC:
		return p.TVLUSD.Float64()
	}
	return p.TVLUSD.Float64() / 2
}

// DepthOf returns Pool.DepthUSD of an amount of a quote: more digits would make every pool another with each trade.
func DepthOf(amount, quoteUSD Number) Number {
	v := amount.Mul(quoteUSD)
	if v == "" {
		return ""
	}
	n, _ := ParseNumber(strconv.FormatFloat(v.Float64(), 'g', 2, 64))
	return n
}

// What a pool needs so that its price counts against another's: an amount of the quote in US dollars, or a share of
// the other pool's. Less is a toy, with which anyone could cast doubt on any token.
const (
	weightUSD   = 50
	weightShare = 0.01
)

// maxLeap is how many times two pools' prices may differ before one of them must be wrong: what is more is traded away.
const maxLeap = 10

// leader returns the pool whose price is the token's, nil when no pool knows one, after lead was found to be the deepest.
// Depth can be bought, and be claimed: where its price leaps away from another's, the launchpad's own pool leads if it is
// in use, else the price is suspect.
func leader(pools []Pool, lead *Pool) (_ *Pool, suspect bool) {
	for i := range pools {
		p := &pools[i]
		if p != lead && p.Base.PriceUSD != "" && !p.Blacklisted && weighs(p, lead) && leaps(p.Base.PriceUSD, lead.Base.PriceUSD) {
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
	depth := p.depth()
	return depth >= weightUSD || depth >= weightShare*against.depth() && depth > 0 || p.Curve.Stage == Bonding
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
		inUse := p.Curve.Stage == Bonding || p.Address == graduated && p.depth() >= weightUSD
		if inUse && !p.Blacklisted && p.Base.PriceUSD != "" {
			return p
		}
	}
	return nil
}
