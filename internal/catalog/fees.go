package catalog

import (
	"cmp"
	"context"
	"slices"

	"tokensync/internal/token"
)

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
	token.Money
}

// CreatorFees returns what the creator's curves have earned for him, by quote; nothing for a key that created none.
func (c *Catalog) CreatorFees(ctx context.Context, creator string) ([]token.Money, error) {
	if !token.IsPublicKey(creator) {
		return nil, badParameter("creator", "is not a public key: 32 to 44 base58 characters that decode to 32 bytes")
	}
	b, err := c.Boards.Board(ctx)
	if err != nil {
		return nil, unavailable("reading the board", err)
	}
	if b == nil || b.Len() == 0 {
		return []token.Money{}, nil
	}
	m := b.Manifest()
	if fees, ok := m.EarnedBy(creator); ok {
		return fees, nil
	}
	sums := token.Totals{}
	for t := range b.Earning(creator) {
		if m, ok := t.EarnedByCreator(); ok {
			sums.Add(m)
		}
	}
	return sums.Sorted(), nil
}

// Revenue is what the operator, the partner of his configs, has earned.
type Revenue struct {
	Totals []token.Money // by quote
	Claims []Claim       // of the curves with the most to claim, the most first
	Lately *Incomes      // of the last days; nil when only one config was asked for, of which the ledger knows nothing
}

// Revenue returns what all curves, or those of one config, have earned for their partner, with at most limit curves that
// have something to claim.
func (c *Catalog) Revenue(ctx context.Context, config string, limit int) (Revenue, error) {
	if config != "" && !token.IsPublicKey(config) {
		return Revenue{}, badParameter("config", "is not a public key: 32 to 44 base58 characters that decode to 32 bytes")
	}
	limit, err := checkLimit(limit)
	if err != nil {
		return Revenue{}, err
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
	sums, claims := token.Totals{}, []Claim{}
	if b != nil {
		for t := range b.All() {
			if m, ok := t.EarnedByPartner(); ok && (config == "" || t.Curve.Config == config) {
				sums.Add(m)
				claims = append(claims, claimOf(&t, m))
			}
		}
	}
	slices.SortStableFunc(claims, func(x, y Claim) int { return cmp.Compare(y.UnclaimedUSD.Float64(), x.UnclaimedUSD.Float64()) })
	claims = slices.DeleteFunc(claims, func(x Claim) bool { return x.UnclaimedUSD.Float64() == 0 && x.Unclaimed.Float64() == 0 })
	return Revenue{Totals: sums.Sorted(), Claims: claims[:min(limit, len(claims))], Lately: lately}, nil
}

func claimOf(t *token.Token, m token.Money) Claim {
	e := &t.Curve.Earnings
	return Claim{
		Mint: t.Mint, Symbol: t.Symbol, CurvePool: t.CurvePool, Config: t.Curve.Config, Stage: t.Curve.Stage,
		Creation: e.CreationFee, Taken: e.CreationFeeTaken, Leftover: e.Leftover, Money: m,
	}
}
