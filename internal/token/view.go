package token

import (
	"cmp"
	"time"
)

// Summary is a token without its pools, as lists answer it. Unknown is null throughout.
type Summary struct {
	Mint                    string            `json:"mint"`
	Name                    *string           `json:"name"`
	Symbol                  *string           `json:"symbol"`
	Decimals                Number            `json:"decimals"`
	Launchpad               LaunchpadID       `json:"launchpad"`
	Status                  Status            `json:"status"`
	Verified                Flag              `json:"is_verified"`
	FreezeAuthorityDisabled Flag              `json:"freeze_authority_disabled"`
	MintAuthorityDisabled   Flag              `json:"mint_authority_disabled"`
	ImageURL                *string           `json:"image_url"`
	Links                   Links             `json:"links"`
	Stage                   *Stage            `json:"stage"`
	CurveProgress           Number            `json:"curve_progress"` // 0 to 1
	Creator                 *string           `json:"creator"`
	Config                  *string           `json:"config"`
	CurvePool               *string           `json:"curve_pool"`
	GraduatedPool           *string           `json:"graduated_pool"`
	QuoteMint               *string           `json:"quote_mint"`
	QuoteReserve            Number            `json:"quote_reserve"`
	QuoteThreshold          Number            `json:"quote_threshold"`
	Holders                 Number            `json:"holders"`
	TotalSupply             Number            `json:"total_supply"`
	PriceUSD                Number            `json:"price_usd"`
	Price                   Number            `json:"price"` // in quote_mint
	PriceSuspect            bool              `json:"price_suspect"`
	MarketCapUSD            Number            `json:"market_cap_usd"`
	PriceChange             map[string]Number `json:"price_change_pct"` // by span: 5m to 24h
	TVLUSD                  Number            `json:"tvl_usd"`
	Volume24hUSD            Number            `json:"volume_24h_usd"`
	Fees24hUSD              Number            `json:"fees_24h_usd"`
	VolumeUSD               map[string]Number `json:"volume_usd"` // by window: 30m to 24h
	VolumeEstimated         bool              `json:"volume_estimated"`
	NameCollision           bool              `json:"name_collision"`
	PoolCount               int               `json:"pool_count"`
	CreatedAt               *string           `json:"created_at"` // RFC 3339, UTC
	CompletedAt             *string           `json:"completed_at"`
	GraduatedAt             *string           `json:"graduated_at"`
	LastTradeAt             *string           `json:"last_trade_at"`
	FirstSeenAt             *string           `json:"first_seen_at"`
	UpdatedAt               *string           `json:"updated_at"`
}

// Links are a token's pages elsewhere, all https.
type Links struct {
	Website  *string `json:"website"`
	Twitter  *string `json:"twitter"`
	Telegram *string `json:"telegram"`
}

// PoolView is one pool inside a token, as the API answers it.
type PoolView struct {
	Address     string   `json:"address"`
	Product     Product  `json:"product"`
	Name        *string  `json:"name"`
	QuoteMint   *string  `json:"quote_mint"`
	QuoteSymbol *string  `json:"quote_symbol"`
	Price       Number   `json:"price"`
	TVLUSD      Number   `json:"tvl_usd"`
	Volume24h   Number   `json:"volume_24h_usd"`
	Fees24hUSD  Number   `json:"fees_24h_usd"`
	FeePct      Number   `json:"fee_pct"`
	APR         Number   `json:"apr"`
	CreatedAt   *string  `json:"created_at"`
	Blacklisted bool     `json:"is_blacklisted"`
	Tags        []string `json:"tags"`
}

// Summary is t as lists show it.
func (t *Token) Summary() Summary {
	return Summary{
		Mint: t.Mint, Name: known(t.Name), Symbol: known(t.Symbol), Decimals: t.Decimals,
		Launchpad: t.Launchpad, Status: t.Status,
		Verified: t.Verified, FreezeAuthorityDisabled: t.FreezeAuthorityDisabled, MintAuthorityDisabled: t.MintAuthorityDisabled,
		ImageURL: known(t.Face.ImageURL),
		Links:    Links{known(t.Face.Website), known(t.Face.Twitter), known(t.Face.Telegram)},
		Stage:    known(t.Curve.Stage), CurveProgress: t.Curve.Progress, Creator: known(t.Curve.Creator),
		Config: known(t.Curve.Config), CurvePool: known(t.CurvePool), GraduatedPool: known(t.Curve.GraduatedPool),
		QuoteMint: known(t.QuoteMint), QuoteReserve: t.Curve.QuoteReserve, QuoteThreshold: t.Curve.QuoteThreshold,
		Holders: t.Holders, TotalSupply: t.TotalSupply, PriceUSD: t.PriceUSD, Price: t.Price, PriceSuspect: t.PriceSuspect,
		MarketCapUSD: t.MarketCapUSD, PriceChange: t.PriceChange.byName(),
		TVLUSD: t.TVLUSD, Volume24hUSD: t.VolumeUSD[Day], Fees24hUSD: t.Fees24hUSD,
		VolumeUSD: t.VolumeUSD.byName(), VolumeEstimated: t.VolumeEstimated,
		NameCollision: t.NameCollision, PoolCount: t.PoolCount,
		CreatedAt: moment(t.CreatedAt), CompletedAt: moment(t.Curve.CompletedAt), GraduatedAt: moment(t.GraduatedAt),
		LastTradeAt: moment(t.LastTradeAt), FirstSeenAt: moment(t.FirstSeenAt), UpdatedAt: moment(t.UpdatedAt),
	}
}

// View is p as the API shows it.
func (p *Pool) View() PoolView {
	return PoolView{
		Address: p.Address, Product: p.Product, Name: known(p.Name),
		QuoteMint: known(p.QuoteMint), QuoteSymbol: known(p.QuoteSymbol),
		Price: p.Price, TVLUSD: p.TVLUSD, Volume24h: p.VolumeUSD[Day], Fees24hUSD: p.Fees24hUSD,
		FeePct: p.FeePct, APR: p.APR, CreatedAt: moment(p.CreatedAt), Blacklisted: p.Blacklisted,
		Tags: append([]string{}, p.Tags...),
	}
}

func (w *Windows) byName() map[string]Number {
	m := make(map[string]Number, len(w))
	for i, name := range WindowNames {
		m[name] = w[i]
	}
	return m
}

func (c *PriceChanges) byName() map[string]Number {
	m := make(map[string]Number, len(c))
	for i, name := range ChangeNames {
		m[name] = c[i]
	}
	return m
}

// known is nil, JSON's null, for the zero value.
func known[T cmp.Ordered](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// moment returns Unix milliseconds as the API shows times; nil for 0.
func moment(ms int64) *string {
	if ms == 0 {
		return nil
	}
	return known(FormatTime(time.UnixMilli(ms)))
}

// FormatTime returns t as the API shows times: RFC 3339 in UTC, to the millisecond, and "" for the zero time.
func FormatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.999Z07:00")
}
