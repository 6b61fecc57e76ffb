package board

import (
	"math"
	"strconv"

	"tokensync/internal/token"
)

// apply sets what l wants of r's token that only the past tells.
func (p *past) apply(r *reader, l *layout, t *tok) {
	if p == nil {
		return
	}
	if l.changes {
		for c, k := range changeSpans {
			if percent := r.change(k); percent.Known() {
				t.PriceChange[c], t.Since[k] = percent.Number(), p.references[k].point.At*1000
			}
		}
	}
	if !l.windows && !l.fees {
		return
	}
	lately := r.lately()
	for w, k := range windowSpans {
		if from, ok := lately.traded(k); ok && l.windows {
			t.Since[k] = from.point.At * 1000
			add(&t.VolumeUSD[w], lately.volume(token.Window(w)))
		}
	}
	if l.fees {
		add(&t.Fees24hUSD, lately.fees())
	}
}

func add(to *num, a token.Amount) {
	if a.Known() {
		*to = to.Add(a.Number())
	}
}

// Of changes: how many digits behind the point they have, and up to where that is the same however they are rounded.
const (
	percentDigits = 4
	percentUnits  = 1e4
	maxUnits      = 1e12
	doubtful      = 1e-3
)

// change returns by how much the price of r's token has changed in the span k, in per cent.
func (r *reader) change(k int) token.Amount {
	if r.board.past == nil {
		return token.Amount{}
	}
	from := r.board.past.references[k]
	if from == nil || r.board.past.isYoung[k] || !from.needs.prices || r.int(suspectField) != 0 {
		return token.Amount{}
	}
	was := float64(from.prices[r.i])
	if !(was > 0) {
		return token.Amount{}
	}
	price := r.amount(priceField, 0)
	if !price.Known() {
		return price
	}
	return percent((price.Float64()/was - 1) * 100)
}

// percent returns v with percentDigits digits behind the point.
func percent(v float64) token.Amount {
	units := v * percentUnits
	if from := math.Abs(units - math.Floor(units) - 0.5); math.Abs(units) < maxUnits && from > doubtful {
		return token.NewAmount(int64(math.Round(units)), -percentDigits)
	}
	n, _ := token.ParseNumber(strconv.FormatFloat(v, 'f', percentDigits, 64))
	return n.Amount()
}

// lately is what r's token was traded for on its curve.
type lately struct {
	*reader
	stage   token.Stage
	dollars float64 // of its quote; not a number when that is unknown
}

func (r *reader) lately() lately {
	l := lately{reader: r, dollars: math.NaN()}
	if p := r.board.past; p != nil {
		if l.stage = token.Stage(r.text(stageField, 0)); l.stage != "" {
			l.dollars = p.quoteUSD(r)
		}
	}
	return l
}

// traded returns what a window's volume is counted from; false where nothing is known of one.
func (l lately) traded(k int) (*reference, bool) {
	if l.stage == "" {
		return nil, false
	}
	return l.board.past.traded(k, l.i)
}

// volume returns what was traded in a window, in dollars.
func (l lately) volume(w token.Window) token.Amount {
	from, ok := l.traded(windowSpans[w])
	if !ok {
		return token.Amount{}
	}
	return l.inDollars(from.traded[0].at(l.i) * l.dollars)
}

// fees returns what swaps have paid in a day, in the quote and in the token, in dollars.
func (l lately) fees() token.Amount {
	from, ok := l.traded(windowSpans[token.Day])
	if !ok || !from.needs.fees {
		return token.Amount{}
	}
	paid := from.traded[1].at(l.i) * l.dollars
	if base := from.traded[2].at(l.i); base > 0 {
		paid += base * l.amount(priceField, 0).Float64()
	}
	return l.inDollars(paid * token.GrossFees)
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

// quoteUSD returns what the quote of the curve of r's token is worth; not a number when that is unknown.
func (p *past) quoteUSD(r *reader) float64 {
	if config := r.text(configField, 0); config != r.config { // most have the same
		r.config, r.quote = config, p.quotes[config]
	}
	for j := range r.poolCount() {
		if r.text(quoteField, j) == r.quote {
			if usd := r.amount(quoteUSDField, j); usd.Known() {
				if usd != r.usd {
					r.usd, r.dollars = usd, usd.Float64()
				}
				return r.dollars
			}
		}
	}
	return math.NaN()
}

// dollarDigits is how many digits of a sum of floats mean something.
const dollarDigits = 7

// inDollars returns v, if it is known. Of a graduate nothing is no news: what its pools have traded may be unknown.
func (l lately) inDollars(v float64) token.Amount {
	if math.IsNaN(v) || math.IsInf(v, 0) || v == 0 && l.stage == token.Graduated {
		return token.Amount{}
	}
	if v == 0 { // most sleep
		return token.NewAmount(0, 0)
	}
	var b [32]byte
	mantissa, exponent, _ := num(strconv.AppendFloat(b[:0], v, 'e', dollarDigits-1, 64)).Decimal()
	return token.NewAmount(mantissa, exponent)
}
