package board

import (
	"math"
	"strconv"

	"tokensync/internal/token"
)

// apply sets what l wants of the token i that only the past tells. t has its pools.
func (p *past) apply(i int, l *layout, t *tok) {
	if p == nil {
		return
	}
	if l.changes {
		p.addChanges(i, t)
	}
	if !l.windows && !l.fees || t.Curve.Stage == "" {
		return
	}
	dollars := p.quoteUSD(t)
	if l.windows {
		for w, k := range windowSpans {
			if r, ok := p.traded(k, i); ok {
				t.Since[k] = r.point.At * 1000
				addDollars(&t.VolumeUSD[w], r.traded[0].at(i)*dollars, t)
			}
		}
	}
	if l.fees {
		p.addFees(i, t, dollars)
	}
}

// percentDigits is how many digits behind the point a change has.
const percentDigits = 4

func (p *past) addChanges(i int, t *tok) {
	for c, k := range changeSpans {
		r := p.references[k]
		if r == nil || p.isYoung[k] || !r.needs.prices || t.PriceSuspect || t.PriceUSD == "" {
			continue
		}
		if was := float64(r.prices[i]); was > 0 {
			percent := strconv.FormatFloat((t.PriceUSD.Float64()/was-1)*100, 'f', percentDigits, 64)
			t.PriceChange[c], _ = token.ParseNumber(percent)
			t.Since[k] = r.point.At * 1000
		}
	}
}

// addFees adds what swaps on the curve have paid in a day, in the quote and in the token.
func (p *past) addFees(i int, t *tok, dollars float64) {
	r, ok := p.traded(windowSpans[token.Day], i)
	if !ok || !r.needs.fees {
		return
	}
	paid := r.traded[1].at(i) * dollars
	if base := r.traded[2].at(i); base > 0 {
		paid += base * t.PriceUSD.Float64()
	}
	addDollars(&t.Fees24hUSD, paid*token.GrossFees, t)
}

// traded returns the reference of a span, or of a shorter one where that is the first that knows the token: its first hours
// show what is known of them. Counters that went back tell nothing.
func (p *past) traded(k, i int) (*reference, bool) {
	for ; k >= 0; k-- {
		if r := p.references[k]; r != nil && r.needs.volume && r.traded[0].at(i) >= 0 {
			return r, true
		}
	}
	return nil, false
}

// quoteUSD returns what the quote of t's curve is worth; not a number when that is unknown.
func (p *past) quoteUSD(t *tok) float64 {
	quote := p.quotes[t.Curve.Config]
	for i := range t.Pools {
		if q := &t.Pools[i]; q.QuoteMint == quote && q.QuoteUSD != "" {
			return q.QuoteUSD.Float64()
		}
	}
	return math.NaN()
}

// dollarDigits is how many digits of a sum of floats mean something.
const dollarDigits = 7

// addDollars adds v to n, if it is known. Of a graduate nothing is no news: what its pools have traded may be unknown.
func addDollars(n *num, v float64, t *tok) {
	if math.IsNaN(v) || math.IsInf(v, 0) || v == 0 && t.Curve.Stage == token.Graduated {
		return
	}
	dollars, _ := token.ParseNumber(strconv.FormatFloat(v, 'e', dollarDigits-1, 64))
	*n = n.Add(dollars)
}
