package token

import "strings"

// Product is one of Meteora's pool programs, as METEORA_PRODUCTS names it.
type Product string

// The products that can be read.
const (
	DLMM    Product = "dlmm"     // dynamic liquidity market maker
	DAMMv2  Product = "damm-v2"  // dynamic automated market maker, version 2
	DAMMv1  Product = "damm-v1"  // dynamic automated market maker, version 1
	DBCList Product = "dbc-list" // dynamic bonding curve, as Meteora's undocumented Data API lists it
	DBC     Product = "dbc"      // dynamic bonding curve, read from the chain
)

// Products lists every product, in the order in which records show them.
var Products = []Product{DLMM, DAMMv2, DAMMv1, DBCList, DBC}

// Window indexes a span that ends now, over which volumes and fees are summed.
type Window int

// Day is the 24 h window, by which lists sort.
const Day Window = 5

// WindowNames spells the windows as Meteora does, shortest first. Its answers have no 5m.
var WindowNames = [6]string{"30m", "1h", "2h", "4h", "12h", "24h"}

// Windows holds one amount in US dollars for each window.
type Windows [len(WindowNames)]Number

// Flag is a yes-or-no that may be unknown.
type Flag int8

// The values of a Flag.
const (
	Unknown Flag = iota
	No
	Yes
)

// FlagOf returns Yes or No.
func FlagOf(b bool) Flag {
	if b {
		return Yes
	}
	return No
}

// MarshalJSON writes true, false or null.
func (f Flag) MarshalJSON() ([]byte, error) { return []byte(f.json()), nil }

func (f Flag) json() string {
	switch f {
	case Yes:
		return "true"
	case No:
		return "false"
	case Unknown:
	}
	return "null"
}

// UnmarshalJSON reads true, false, or anything else as unknown.
func (f *Flag) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "true":
		*f = Yes
	case "false":
		*f = No
	default:
		*f = Unknown
	}
	return nil
}

// Stage is how far a token on a bonding curve has come; "" for a token that DBC does not know.
type Stage string

// The stages of a bonding curve.
const (
	Bonding   Stage = "bonding"
	Migrating Stage = "migrating"
	Graduated Stage = "graduated"
)

// Stages lists every stage, in the order in which a token goes through them.
var Stages = []Stage{Bonding, Migrating, Graduated}

// Asset is one side of a pool as Meteora describes it.
type Asset struct {
	Mint                    string `json:"mint,omitzero"`
	Name                    string `json:"name,omitzero"`
	Symbol                  string `json:"symbol,omitzero"`
	Decimals                Number `json:"decimals,omitzero"`
	Verified                Flag   `json:"is_verified,omitzero"`
	FreezeAuthorityDisabled Flag   `json:"freeze_authority_disabled,omitzero"`
	MintAuthorityDisabled   Flag   `json:"mint_authority_disabled,omitzero"`
	Token2022               Flag   `json:"is_token_2022,omitzero"` // else it is of the SPL Token program
	Holders                 Number `json:"holders,omitzero"`
	TotalSupply             Number `json:"total_supply,omitzero"` // whole tokens, not base units
	PriceUSD                Number `json:"price_usd,omitzero"`
	MarketCapUSD            Number `json:"market_cap_usd,omitzero"`
	URI                     string `json:"uri,omitzero"` // of the mint's metadata JSON; a stranger's text
}

// Curve is what DBC knows of a token. Its zero value means that DBC does not know the token. Amounts are in whole
// tokens of the base or the quote.
type Curve struct {
	Stage          Stage    `json:"stage,omitzero"`
	Progress       Number   `json:"progress,omitzero"`       // 0 to 1
	Creator        string   `json:"creator,omitzero"`        // public key of the pool's creator
	Config         string   `json:"config,omitzero"`         // config key
	GraduatedPool  string   `json:"graduated_pool,omitzero"` // address of the AMM pool that the curve migrates to; "" when unknown
	QuoteReserve   Number   `json:"quote_reserve,omitzero"`
	QuoteThreshold Number   `json:"quote_threshold,omitzero"` // the quote reserve at which the curve is complete
	CompletedAt    int64    `json:"completed_at,omitzero"`    // Unix milliseconds; 0 is unknown or not yet
	Earnings       Earnings `json:"earnings,omitzero"`
}

// Earnings is what the fees of one curve have come to.
type Earnings struct {
	FeesBase         Number `json:"fees_base,omitzero"`        // lifetime trading fees of partner and creator together
	FeesQuote        Number `json:"fees_quote,omitzero"`       // likewise
	VolumeQuote      Number `json:"volume_quote,omitzero"`     // lifetime volume, estimated from the fees and their rate
	VolumeEstimated  bool   `json:"volume_estimated,omitzero"` // the fee rate is not constant
	Partner          Share  `json:"partner,omitzero"`
	Creator          Share  `json:"creator,omitzero"`
	CreationFee      Number `json:"creation_fee,omitzero"` // the partner's, in SOL
	CreationFeeTaken bool   `json:"creation_fee_taken,omitzero"`
	Leftover         Number `json:"leftover,omitzero"` // base tokens that nobody has withdrawn; unknown until it is asked for
}

// Share is one side's part of Earnings.
type Share struct {
	UnclaimedBase  Number `json:"unclaimed_base,omitzero"`
	UnclaimedQuote Number `json:"unclaimed_quote,omitzero"`
	ClaimedBase    Number `json:"claimed_base,omitzero"`
	ClaimedQuote   Number `json:"claimed_quote,omitzero"`
	Surplus        Number `json:"surplus,omitzero"`       // quote; unknown until the curve is complete
	MigrationFee   Number `json:"migration_fee,omitzero"` // likewise
	SurplusTaken   bool   `json:"surplus_taken,omitzero"`
	MigrationTaken bool   `json:"migration_taken,omitzero"`
}

// Earned returns all that the side has earned in the quote: trading fees, its part of the surplus, and the migration fee.
func (s *Share) Earned() Number {
	return s.UnclaimedQuote.Add(s.ClaimedQuote).Add(s.Surplus).Add(s.MigrationFee)
}

// Due returns what of Earned the side has not taken yet.
func (s *Share) Due() Number {
	due := s.UnclaimedQuote
	if !s.SurplusTaken {
		due = due.Add(s.Surplus)
	}
	if !s.MigrationTaken {
		due = due.Add(s.MigrationFee)
	}
	return due
}

// Pool is one pool of a token that is ours, seen from the token's side. Its tags, and those of what is in it, spell the
// tokens table's items: a field may change its name, its tag may not.
type Pool struct {
	Address     string      `json:"address,omitzero"`
	Product     Product     `json:"product,omitzero"`
	Launchpad   LaunchpadID `json:"launchpad,omitzero"`
	Name        string      `json:"name,omitzero"`
	Base        Asset       `json:"base,omitzero"` // the token
	QuoteMint   string      `json:"quote_mint,omitzero"`
	QuoteSymbol string      `json:"quote_symbol,omitzero"`
	QuoteUSD    Number      `json:"quote_usd,omitzero"` // US dollars of one quote token
	Price       Number      `json:"price,omitzero"`     // Meteora's current_price: of token_x, in token_y
	TVLUSD      Number      `json:"tvl_usd,omitzero"`
	DepthUSD    Number      `json:"depth_usd,omitzero"` // US dollars of the quote in it, to two digits; unknown where nobody tells amounts
	VolumeUSD   Windows     `json:"volume_usd,omitzero"`
	Fees24hUSD  Number      `json:"fees_24h_usd,omitzero"`
	FeePct      Number      `json:"fee_pct,omitzero"`    // base fee in per cent
	APR         Number      `json:"apr,omitzero"`        // per cent a day, as Meteora has it
	CreatedAt   int64       `json:"created_at,omitzero"` // Unix milliseconds; 0 is unknown
	Blacklisted bool        `json:"is_blacklisted,omitzero"`
	Tags        []string    `json:"tags,omitzero"`
	Curve       Curve       `json:"curve,omitzero"`
	Anchor      Anchor      `json:"-"`
}

// QuoteMints are the mints that tokens are priced in.
type QuoteMints map[string]bool

// The quote mints that every launchpad shares.
const (
	SOL  = "So11111111111111111111111111111111111111112"
	USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
	USDT = "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"
)

// NewQuoteMints returns SOL, USDC, USDT and whatever else is given.
func NewQuoteMints(more ...string) QuoteMints {
	q := QuoteMints{SOL: true, USDC: true, USDT: true}
	for _, mint := range more {
		q[mint] = true
	}
	return q
}

// Orient tells a pool's token from its quote: the token is the side that is not a quote mint, and token_x where
// neither or both are.
func (q QuoteMints) Orient(x, y Asset) (base, quote Asset) {
	if q[x.Mint] && !q[y.Mint] {
		return y, x
	}
	return x, y
}

// maxKey bounds an address; a public key has at most 44 characters.
const maxKey = 64

// Valid reports whether p can be kept at all: it has an address, and its token a mint.
func (p *Pool) Valid() bool { return IsPublicKey(p.Address) && IsPublicKey(p.Base.Mint) }

// IsKey reports whether s may stand where an address or a mint does in what is stored: looser than IsPublicKey.
func IsKey(s string) bool {
	return s != "" && len(s) <= maxKey && isPlain(s) && !strings.Contains(s, " ")
}
