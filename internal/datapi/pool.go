package datapi

import (
	"cmp"
	"time"

	"tokensync/internal/token"
)

// What the scaffold wants to be told of every pool, and what is the same for all that come from here.
const (
	chain             = "solana"
	dex               = "Meteora"
	launchpad         = "met-dbc"
	organicScoreLabel = "medium"
	isoTime           = "2006-01-02T15:04:05.000Z"
	percent           = token.Number("100")
)

// The types of pools, as the scaffold spells them.
const (
	onCurve   = "met-dbc"
	graduated = "met-damm-v2"
	other     = "met-dlmm"
)

// A pool is one card of the scaffold's lists.
type pool struct {
	ID                string       `json:"id"` // the curve's address, else the mint
	Chain             string       `json:"chain"`
	Dex               string       `json:"dex"`
	Type              string       `json:"type"`
	BaseAsset         asset        `json:"baseAsset"`
	CreatedAt         string       `json:"createdAt,omitempty"`    // of the curve, else when it was first seen; of the graduated pool, once there is one
	BondingCurve      token.Number `json:"bondingCurve,omitempty"` // per cent; left out once graduated
	Volume24h         token.Number `json:"volume24h,omitempty"`    // US dollars
	IsUnreliable      bool         `json:"isUnreliable"`
	UpdatedAt         string       `json:"updatedAt"`
	Stats24h          *stats       `json:"stats24h,omitempty"`
	OrganicScoreLabel string       `json:"organicScoreLabel"`
}

type asset struct {
	ID                string       `json:"id"`
	Name              string       `json:"name"`
	Symbol            string       `json:"symbol"`
	Icon              string       `json:"icon,omitempty"`
	Decimals          token.Number `json:"decimals,omitempty"`
	Website           string       `json:"website,omitempty"`
	Twitter           string       `json:"twitter,omitempty"`
	Telegram          string       `json:"telegram,omitempty"`
	Dev               string       `json:"dev,omitempty"`
	USDPrice          token.Number `json:"usdPrice,omitempty"`
	MarketCap         token.Number `json:"mcap,omitempty"`
	FDV               token.Number `json:"fdv,omitempty"`
	Liquidity         token.Number `json:"liquidity,omitempty"`
	TotalSupply       token.Number `json:"totalSupply,omitempty"`
	CircSupply        token.Number `json:"circSupply,omitempty"`
	HolderCount       token.Number `json:"holderCount,omitempty"`
	Launchpad         string       `json:"launchpad"`
	TokenProgram      string       `json:"tokenProgram"` // where it is unknown, the one that nearly all mints have: its type must have one
	GraduatedPool     string       `json:"graduatedPool,omitempty"`
	GraduatedAt       string       `json:"graduatedAt,omitempty"`
	OrganicScoreLabel string       `json:"organicScoreLabel"`
	Audit             audit        `json:"audit"`
	Stats5m           *stats       `json:"stats5m,omitempty"`
	Stats1h           *stats       `json:"stats1h,omitempty"`
	Stats6h           *stats       `json:"stats6h,omitempty"`
	Stats24h          *stats       `json:"stats24h,omitempty"`
}

// audit is left out where it is unknown; the scaffold paints that red, as it does a no.
type audit struct {
	MintAuthorityDisabled   *bool `json:"mintAuthorityDisabled,omitempty"`
	FreezeAuthorityDisabled *bool `json:"freezeAuthorityDisabled,omitempty"`
}

type stats struct {
	PriceChange token.Number `json:"priceChange,omitempty"` // per cent
	BuyVolume   token.Number `json:"buyVolume,omitempty"`   // US dollars; a card shows the sum of the two
	SellVolume  token.Number `json:"sellVolume,omitempty"`
}

// poolOf describes t as a card of the scaffold's.
func poolOf(t *token.Token) pool {
	day := dayOf(t)
	p := pool{
		ID: cmp.Or(t.CurvePool, t.Mint), Chain: chain, Dex: dex, Type: typeOf(t), BaseAsset: assetOf(t, day),
		CreatedAt: cmp.Or(at(t.CreatedAt), at(t.FirstSeenAt)), Volume24h: t.VolumeUSD[token.Day], UpdatedAt: at(t.UpdatedAt), Stats24h: day,
		OrganicScoreLabel: organicScoreLabel,
	}
	if t.Curve.Stage == token.Graduated {
		p.CreatedAt = cmp.Or(at(t.GraduatedAt), p.CreatedAt)
	} else if t.Curve.Progress.Known() {
		p.BondingCurve = t.Curve.Progress.Mul(percent)
	}
	return p
}

func typeOf(t *token.Token) string {
	switch t.Curve.Stage {
	case "":
		return other
	case token.Graduated:
		return graduated
	case token.Bonding, token.Migrating:
	}
	return onCurve
}

func assetOf(t *token.Token, day *stats) asset {
	mcap := t.PriceUSD.Mul(t.TotalSupply)
	return asset{
		ID: t.Mint, Name: cmp.Or(t.Name, t.Mint), Symbol: cmp.Or(t.Symbol, t.Mint[:min(len(t.Mint), 4)]), Icon: t.Face.ImageURL, Decimals: t.Decimals,
		Website: t.Face.Website, Twitter: t.Face.Twitter, Telegram: t.Face.Telegram, Dev: t.Curve.Creator,
		USDPrice: t.PriceUSD, MarketCap: mcap, FDV: mcap, Liquidity: t.TVLUSD,
		TotalSupply: t.TotalSupply, CircSupply: t.TotalSupply, HolderCount: t.Holders,
		Launchpad: launchpad, TokenProgram: cmp.Or(t.Program(), token.SPLToken), OrganicScoreLabel: organicScoreLabel,
		GraduatedPool: graduatedPool(t), GraduatedAt: at(t.GraduatedAt),
		Audit:   audit{flag(t.MintAuthorityDisabled), flag(t.FreezeAuthorityDisabled)},
		Stats5m: change(t.PriceChange[0]), Stats1h: change(t.PriceChange[1]), Stats6h: change(t.PriceChange[2]), Stats24h: day,
	}
}

// graduatedPool returns "" until there is one: the scaffold takes its presence for the fact.
func graduatedPool(t *token.Token) string {
	if t.Curve.Stage != token.Graduated {
		return ""
	}
	return t.Curve.GraduatedPool
}

// dayOf has no word on who bought: it all counts as bought, so that the sum is right.
func dayOf(t *token.Token) *stats {
	s := stats{PriceChange: t.PriceChange[3], BuyVolume: t.VolumeUSD[token.Day]}
	if s == (stats{}) {
		return nil
	}
	return &s
}

func change(n token.Number) *stats {
	if !n.Known() {
		return nil
	}
	return &stats{PriceChange: n}
}

func flag(f token.Flag) *bool {
	if f == token.Unknown {
		return nil
	}
	is := f == token.Yes
	return &is
}

// at returns ISO 8601, as JavaScript's Date reads and writes it; "" for 0.
func at(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format(isoTime)
}
