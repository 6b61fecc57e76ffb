package catalog

import (
	"cmp"
	"context"
	"slices"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// Money is what one side has earned in one quote, over all of its curves: trading fees, its part of the surplus, and the
// migration fee. Amounts are in whole quote tokens; what is unknown of one curve is left out of the sum.
type Money struct {
	QuoteMint    string       `json:"quote_mint"`
	QuoteSymbol  string       `json:"quote_symbol"`
	Tokens       int          `json:"tokens"`
	Earned       token.Number `json:"earned"`
	Unclaimed    token.Number `json:"unclaimed"`
	Claimed      token.Number `json:"claimed"` // trading fees, as far as the counters tell
	Surplus      token.Number `json:"surplus"`
	MigrationFee token.Number `json:"migration_fee"`
	BaseUSD      token.Number `json:"unclaimed_base_usd"` // unclaimed fees in the tokens themselves, at their prices
	UnclaimedUSD token.Number `json:"unclaimed_usd"`      // both
	EarnedUSD    token.Number `json:"earned_usd"`         // Earned, at today's price of the quote
}

// Claim is what the operator has earned with one curve.
type Claim struct {
	Mint      string       `json:"mint"`
	Symbol    string       `json:"symbol"`
	CurvePool string       `json:"curve_pool"`
	Config    string       `json:"config"`
	Stage     token.Stage  `json:"stage"`
	Creation  token.Number `json:"creation_fee"` // in SOL
	Taken     bool         `json:"creation_fee_taken"`
	Leftover  token.Number `json:"leftover"` // base tokens
	Money
}

// earned is what a side has earned with the curve p of t.
func earned(t *token.Token, p *token.Pool, s *token.Share) Money {
	m := Money{
		QuoteMint: p.QuoteMint, QuoteSymbol: p.QuoteSymbol, Tokens: 1,
		Earned: s.Earned(), Unclaimed: s.Due(), Claimed: s.ClaimedQuote, Surplus: s.Surplus, MigrationFee: s.MigrationFee,
	}
	m.BaseUSD = s.UnclaimedBase.Mul(t.PriceUSD)
	m.UnclaimedUSD = m.Unclaimed.Mul(p.QuoteUSD).Add(m.BaseUSD)
	m.EarnedUSD = m.Earned.Mul(p.QuoteUSD)
	return m
}

func (m *Money) add(other *Money) {
	m.Tokens += other.Tokens
	for i, sum := range m.amounts() {
		*sum = sum.Add(*other.amounts()[i])
	}
}

func (m *Money) amounts() []*token.Number {
	return []*token.Number{
		&m.Earned, &m.Unclaimed, &m.Claimed, &m.Surplus, &m.MigrationFee, &m.BaseUSD, &m.UnclaimedUSD, &m.EarnedUSD,
	}
}

// totals are sums by quote, the one with the most tokens first.
type totals map[string]*Money

func (t totals) add(m Money) {
	if sum, ok := t[m.QuoteMint]; ok {
		sum.add(&m)
		return
	}
	t[m.QuoteMint] = &m
}

func (t totals) sorted() []Money {
	all := make([]Money, 0, len(t))
	for _, m := range t {
		all = append(all, *m)
	}
	slices.SortFunc(all, func(a, b Money) int {
		return cmp.Or(cmp.Compare(b.Tokens, a.Tokens), cmp.Compare(a.QuoteMint, b.QuoteMint))
	})
	return all
}

// CreatorFees returns what the creator's curves have earned for him, by quote; nothing for a key that created none.
func (c *Catalog) CreatorFees(ctx context.Context, creator string) ([]Money, error) {
	if !token.IsPublicKey(creator) {
		return nil, badParameter("creator", "is not a public key: 32 to 44 base58 characters that decode to 32 bytes")
	}
	b, err := c.Boards.Board(ctx)
	if err != nil {
		return nil, unavailable("reading the board", err)
	}
	if b == nil || b.Len() == 0 {
		return []Money{}, nil
	}
	page, err := b.Page(board.Query{Creator: creator, Sort: board.Created, Limit: b.Len()})
	if err != nil {
		return nil, err
	}
	sums := totals{}
	for row := range page.All() {
		t, _ := b.Token(row.Mint)
		if p := t.CurveAccount(); p != nil {
			sums.add(earned(&t, p, &p.Curve.Earnings.Creator))
		}
	}
	return sums.sorted(), nil
}

// Revenue is what the operator, the partner of his configs, has earned.
type Revenue struct {
	Totals []Money  // by quote
	Claims []Claim  // of the curves with the most to claim, the most first
	Lately *Incomes // of the last days; nil when only one config was asked for, of which the ledger knows nothing
}

// Revenue returns what all curves, or those of one config, have earned for their partner, with at most limit curves that
// have something to claim.
func (c *Catalog) Revenue(ctx context.Context, config string, limit int) (Revenue, error) {
	if config != "" && !token.IsPublicKey(config) {
		return Revenue{}, badParameter("config", "is not a public key: 32 to 44 base58 characters that decode to 32 bytes")
	}
	b, err := c.Boards.Board(ctx)
	if err != nil {
		return Revenue{}, unavailable("reading the board", err)
	}
	var lately *Incomes
	if config == "" {
		if lately, err = c.lately(ctx, b); err != nil {
			return Revenue{}, err
		}
	}
	sums, claims := totals{}, []Claim{}
	if b != nil {
		for t := range b.All() {
			if p := t.CurveAccount(); p != nil && (config == "" || t.Curve.Config == config) {
				claim := claimOf(&t, p)
				sums.add(claim.Money)
				claims = append(claims, claim)
			}
		}
	}
	slices.SortStableFunc(claims, func(x, y Claim) int { return cmp.Compare(y.UnclaimedUSD.Float64(), x.UnclaimedUSD.Float64()) })
	claims = slices.DeleteFunc(claims, func(x Claim) bool { return x.UnclaimedUSD.Float64() == 0 && x.Unclaimed.Float64() == 0 })
	if limit == 0 {
		limit = DefaultLimit
	}
	return Revenue{Totals: sums.sorted(), Claims: claims[:min(limit, len(claims))], Lately: lately}, nil
}

func claimOf(t *token.Token, p *token.Pool) Claim {
	e := &p.Curve.Earnings
	return Claim{
		Mint: t.Mint, Symbol: t.Symbol, CurvePool: t.CurvePool, Config: t.Curve.Config, Stage: t.Curve.Stage,
		Creation: e.CreationFee, Taken: e.CreationFeeTaken, Leftover: e.Leftover, Money: earned(t, p, &e.Partner),
	}
}
