package token

// Status tells why a token is in the lists or out of them.
type Status string

// The statuses of a token.
const (
	Listed      Status = "listed"
	Delisted    Status = "delisted"    // no pool of it is left at Meteora; kept, out of the lists
	Blacklisted Status = "blacklisted" // every pool of it is on Meteora's blacklist; out of the lists
	Unapproved  Status = "unapproved"  // meets none of the listing rules; out of the lists
	Hidden      Status = "hidden"      // the operator took it out of the lists
)

// Token is one mint of a launchpad, with everything its pools say of it. Its tags spell the tokens table's items: a field
// may change its name, its tag may not.
type Token struct {
	Mint                    string      `json:"mint,omitzero"`
	Name                    string      `json:"name,omitzero"`
	Symbol                  string      `json:"symbol,omitzero"`
	Decimals                Number      `json:"decimals,omitzero"`
	Launchpad               LaunchpadID `json:"launchpad,omitzero"`
	Status                  Status      `json:"status,omitzero"`
	Verified                Flag        `json:"is_verified,omitzero"`
	FreezeAuthorityDisabled Flag        `json:"freeze_authority_disabled,omitzero"`
	MintAuthorityDisabled   Flag        `json:"mint_authority_disabled,omitzero"`
	Token2022               Flag        `json:"is_token_2022,omitzero"` // else it is of the SPL Token program
	Curve                   Curve       `json:"curve,omitzero"`
	CurvePool               string      `json:"curve_pool,omitzero"` // address of the bonding curve
	Holders                 Number      `json:"holders,omitzero"`
	TotalSupply             Number      `json:"total_supply,omitzero"`
	PriceUSD                Number      `json:"price_usd,omitzero"`
	Price                   Number      `json:"price,omitzero"`      // in QuoteMint, of the pool that PriceUSD comes from
	QuoteMint               string      `json:"quote_mint,omitzero"` // of that pool
	MarketCapUSD            Number      `json:"market_cap_usd,omitzero"`
	TVLUSD                  Number      `json:"tvl_usd,omitzero"`       // sum over its pools
	VolumeUSD               Windows     `json:"volume_usd,omitzero"`    // sums over its pools
	Fees24hUSD              Number      `json:"fees_24h_usd,omitzero"`  // sum over its pools
	PoolCount               int         `json:"pool_count,omitzero"`    // how many pools it has, which may be more than Pools holds
	CreatedAt               int64       `json:"created_at,omitzero"`    // Unix milliseconds of its curve, else of its first pool, else FirstSeenAt
	GraduatedAt             int64       `json:"graduated_at,omitzero"`  // Unix milliseconds of the graduated pool; 0 is unknown or not yet
	LastTradeAt             int64       `json:"last_trade_at,omitzero"` // Unix milliseconds at which a run saw that it was traded; 0 is unknown
	FirstSeenAt             int64       `json:"first_seen_at,omitzero"` // Unix milliseconds; set once, when it is first stored
	UpdatedAt               int64       `json:"updated_at,omitzero"`    // Unix milliseconds of the last change
	Pools                   []Pool      `json:"pools,omitzero"`         // deepest first
	Face                    Face        `json:"face,omitzero"`
	VolumeEstimated         bool        `json:"volume_estimated,omitzero"` // VolumeUSD holds a curve's volume, whose fee rate is not constant
	PriceSuspect            bool        `json:"price_suspect,omitzero"`    // the price leaps away from that of its other pools
	NameCollision           bool        `json:"name_collision,omitzero"`   // an earlier token of the launchpad has its name or symbol
	Lead                    Lead        `json:"lead,omitzero"`
	Written                 Written     `json:"-"` // what a run remembers of its item

	// What only a reader knows, who has the points of earlier runs.
	PriceChange PriceChanges `json:"-"` // of PriceUSD, in per cent
	Since       Spans        `json:"-"` // when PriceChange is counted from, and the curve's part of VolumeUSD
}

// Face is what the JSON behind a mint's metadata URI says: how a front end shows the token. Addresses are https.
type Face struct {
	URI         string `json:"uri,omitzero"` // of the mint when it was read; "" when it never was
	ImageURL    string `json:"image_url,omitzero"`
	Description string `json:"description,omitzero"`
	Website     string `json:"website,omitzero"`
	Twitter     string `json:"twitter,omitzero"`
	Telegram    string `json:"telegram,omitzero"`
}

// Size returns about how many bytes of text f holds.
func (f *Face) Size() int {
	return len(f.URI) + len(f.ImageURL) + len(f.Description) + len(f.Website) + len(f.Twitter) + len(f.Telegram)
}

// Programs that own mints.
const (
	SPLToken  = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
	Token2022 = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"
)

// Program returns the program that owns t's mint, "" where that is unknown.
func (t *Token) Program() string {
	switch t.Token2022 {
	case Yes:
		return Token2022
	case No:
		return SPLToken
	case Unknown:
	}
	return ""
}

// MetadataURI returns where the JSON with t's face lies, by its mint's metadata; "" when the chain does not tell.
func (t *Token) MetadataURI() string {
	for i := range t.Pools {
		if uri := t.Pools[i].Base.URI; uri != "" {
			return uri
		}
	}
	return ""
}

// CreatedAtEstimated reports whether FirstSeenAt stands in for when t was created, which is not known.
func (t *Token) CreatedAtEstimated() bool { return t.CreatedAt == t.FirstSeenAt }

// ChangeNames spells the spans of PriceChanges, shortest first.
var ChangeNames = [4]string{"5m", "1h", "6h", "24h"}

// SpanNames spells every span of ChangeNames and WindowNames, shortest first.
var SpanNames = [8]string{"5m", "30m", "1h", "2h", "4h", "6h", "12h", "24h"}

// Spans holds one time for each of SpanNames, in Unix milliseconds; 0 is unknown.
type Spans [len(SpanNames)]int64

// GrossFees is what swaps on a curve pay for each unit that partner and creator get: 80 %, whatever a referrer takes of the
// protocol's part.
const GrossFees = 1.25

// PriceChanges holds one change in per cent for each span of ChangeNames.
type PriceChanges [len(ChangeNames)]Number
