package token

import (
	"cmp"
	"slices"
)

// Money is what one side has earned in one quote, over all of its curves: trading fees, its part of the surplus, and the
// migration fee. Amounts are in whole quote tokens; what is unknown of one curve is left out of the sum.
type Money struct {
	QuoteMint    string `json:"quote_mint"`
	QuoteSymbol  string `json:"quote_symbol"`
	Tokens       int    `json:"tokens"`
	Earned       Number `json:"earned"`
	Unclaimed    Number `json:"unclaimed"`
	Claimed      Number `json:"claimed"` // trading fees, as far as the counters tell
	Surplus      Number `json:"surplus"`
	MigrationFee Number `json:"migration_fee"`
	BaseUSD      Number `json:"unclaimed_base_usd"` // unclaimed fees in the tokens themselves, at their prices
	UnclaimedUSD Number `json:"unclaimed_usd"`      // both
	EarnedUSD    Number `json:"earned_usd"`         // Earned, at today's price of the quote
}

// EarnedByCreator returns what the creator of t's curve has earned with it, and false where t has none.
func (t *Token) EarnedByCreator() (Money, bool) {
	return t.earned(func(e *Earnings) *Share { return &e.Creator })
}

// EarnedByPartner returns what the partner, whose the curve's config is, has earned with it, and false where t has none.
func (t *Token) EarnedByPartner() (Money, bool) {
	return t.earned(func(e *Earnings) *Share { return &e.Partner })
}

// CurveAccount returns the pool that is t's curve; nil where there is none.
func (t *Token) CurveAccount() *Pool {
	i := slices.IndexFunc(t.Pools, func(p Pool) bool { return p.Address == t.CurvePool && p.Curve.Stage != "" })
	if i < 0 {
		return nil
	}
	return &t.Pools[i]
}

// earned returns what a side has earned with t's curve.
func (t *Token) earned(side func(*Earnings) *Share) (Money, bool) {
	p := t.CurveAccount()
	if p == nil {
		return Money{}, false
	}
	s := side(&p.Curve.Earnings)
	m := Money{
		QuoteMint: p.QuoteMint, QuoteSymbol: p.QuoteSymbol, Tokens: 1,
		Earned: s.Earned(), Unclaimed: s.Due(), Claimed: s.ClaimedQuote, Surplus: s.Surplus, MigrationFee: s.MigrationFee,
	}
	m.BaseUSD = s.UnclaimedBase.Mul(t.PriceUSD)
	m.UnclaimedUSD = m.Unclaimed.Mul(p.QuoteUSD).Add(m.BaseUSD)
	m.EarnedUSD = m.Earned.Mul(p.QuoteUSD)
	return m, true
}

func (m *Money) add(other *Money) {
	m.Tokens += other.Tokens
	for i, sum := range m.Amounts() {
		*sum = sum.Add(*other.Amounts()[i])
	}
}

// Amounts returns all of m, in a fixed order.
func (m *Money) Amounts() []*Number {
	return []*Number{
		&m.Earned, &m.Unclaimed, &m.Claimed, &m.Surplus, &m.MigrationFee, &m.BaseUSD, &m.UnclaimedUSD, &m.EarnedUSD,
	}
}

// Totals are sums by quote.
type Totals map[string]*Money

// Add adds m to the sum of its quote.
func (t Totals) Add(m Money) {
	if sum, ok := t[m.QuoteMint]; ok {
		sum.add(&m)
		return
	}
	t[m.QuoteMint] = &m
}

// Sorted returns the sums, the one with the most tokens first.
func (t Totals) Sorted() []Money {
	all := make([]Money, 0, len(t))
	for _, m := range t {
		all = append(all, *m)
	}
	slices.SortFunc(all, func(a, b Money) int {
		return cmp.Or(cmp.Compare(b.Tokens, a.Tokens), cmp.Compare(a.QuoteMint, b.QuoteMint))
	})
	return all
}
