// Package ledger keeps the books of a launchpad: what was launched, traded and earned on each day, in UTC.
//
// Books go from board to board: each run enters the difference between the board that it found and the one that it
// publishes, and leaves the running day in the state that is published with its board. A run that dies, is turned away or
// is repeated has published nothing and so entered nothing; the next one finds the same board and enters it all. So no
// amount is lost or counted twice, and no day needs a copy of how it began.
//
// A day's books begin where those of the day before ended, at its last run: what happens between that run and the first
// of the next day belongs to the latter.
package ledger

import "tokensync/internal/token"

// Amounts is money in one quote, in whole tokens and exact to the last unit, over bonding curves. Unknown adds nothing.
type Amounts struct {
	Volume   token.Number `json:"volume,omitzero"`   // traded, as the fees and their rate tell it
	Fees     token.Number `json:"fees,omitzero"`     // trading fees of partner and creators together
	Partner  token.Number `json:"partner,omitzero"`  // earned: trading fees, surplus and migration fee
	Creators token.Number `json:"creators,omitzero"` // likewise
}

// zip returns what f makes of each amount of a and its like in b.
func (a Amounts) zip(b Amounts, f func(a, b token.Number) token.Number) Amounts {
	return Amounts{f(a.Volume, b.Volume), f(a.Fees, b.Fees), f(a.Partner, b.Partner), f(a.Creators, b.Creators)}
}

// Add returns the sum of a and b.
func (a Amounts) Add(b Amounts) Amounts { return a.zip(b, token.Number.Add) }

// since returns how much a is more than before, as far as both are known: what was unknown until now is not a gain.
func (a Amounts) since(before Amounts) Amounts {
	return a.zip(before, token.Number.Sub)
}

// atLeastZero returns a without what is below zero.
func (a Amounts) atLeastZero() Amounts {
	return a.zip(a, func(n, _ token.Number) token.Number {
		if n.Negative() {
			return "0"
		}
		return n
	})
}

// belowZero returns what of a is below zero.
func (a Amounts) belowZero() Amounts {
	return a.zip(a, func(n, _ token.Number) token.Number {
		if n.Negative() {
			return n
		}
		return ""
	})
}

// counters returns what t's curve has counted since its launch, and the curve; nil where there is none.
func counters(t *token.Token) (Amounts, *token.Pool) {
	p := t.CurveAccount()
	if p == nil {
		return Amounts{}, nil
	}
	e := &p.Curve.Earnings
	return Amounts{e.VolumeQuote, e.FeesQuote, e.Partner.Earned(), e.Creator.Earned()}, p
}
