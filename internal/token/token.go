package token

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
)

// Status says whether a token is shown in lists.
type Status string

// The statuses of a token.
const (
	Listed      Status = "listed"
	Delisted    Status = "delisted"    // no pool of it is left at Meteora; kept, out of the lists
	Blacklisted Status = "blacklisted" // every pool of it is on Meteora's blacklist; out of the lists
	Unapproved  Status = "unapproved"  // meets none of the listing rules; out of the lists
	Hidden      Status = "hidden"      // the operator took it out of the lists
)

// Token is one mint of a launchpad, with everything its pools say of it.
type Token struct {
	Mint                    string
	Name, Symbol            string
	Decimals                Number
	Launchpad               LaunchpadID
	Status                  Status
	Verified                Flag
	FreezeAuthorityDisabled Flag
	MintAuthorityDisabled   Flag
	Curve                   Curve
	CurvePool               string // address of the bonding curve
	Holders                 Number
	TotalSupply             Number
	PriceUSD                Number
	Price                   Number // in QuoteMint, of the pool that PriceUSD comes from
	QuoteMint               string // of that pool
	MarketCapUSD            Number
	TVLUSD                  Number  // sum over its pools
	VolumeUSD               Windows // sums over its pools
	Fees24hUSD              Number  // sum over its pools
	PoolCount               int     // how many pools it has, which may be more than Pools holds
	CreatedAt               int64   // Unix milliseconds of its curve, else of its first pool; 0 is unknown
	GraduatedAt             int64   // Unix milliseconds of the graduated pool; 0 is unknown or not yet
	LastTradeAt             int64   // Unix milliseconds at which a run saw that it was traded; 0 is unknown
	FirstSeenAt             int64   // Unix milliseconds; set once, when it is first stored
	UpdatedAt               int64   // Unix milliseconds of the last change
	Pools                   []Pool  // deepest first
	Face                    Face
	VolumeEstimated         bool         // VolumeUSD holds a curve's volume, whose fee rate is not constant
	PriceSuspect            bool         // the price leaps away from that of its other pools
	NameCollision           bool         // an earlier token of the launchpad has its name or symbol
	PriceChange             PriceChanges // per cent
}

// Face is what the JSON behind a mint's metadata URI says: how a front end shows the token. Addresses are https.
type Face struct {
	URI                        string // of the mint when it was read; "" when it never was
	ImageURL, Description      string
	Website, Twitter, Telegram string
}

// ChangeNames spells the spans of PriceChanges, shortest first.
var ChangeNames = [4]string{"5m", "1h", "6h", "24h"}

// PriceChanges holds one change in per cent for each span of ChangeNames.
type PriceChanges [len(ChangeNames)]Number

// maxPools and maxPoolBytes bound the pools stored inside a token, so that its item stays below DynamoDB's 400 KB.
// Sums and PoolCount always speak of all of them.
const (
	maxPools     = 200
	maxPoolBytes = 256 << 10
)

// Merge makes the token of pools that share a mint; a pool given twice counts once, the later one. There must be at
// least one. Sums run over all pools. Price, market cap, holders and names come from the deepest pool that
// knows them, and the launchpad from the first that was created. The result does not depend on the order of pools
// with distinct addresses.
func Merge(pools []Pool) Token {
	pools = unique(pools)
	slices.SortFunc(pools, deepestFirst)
	t := Token{
		Mint: pools[0].Base.Mint, Launchpad: oldest(pools).Launchpad, Status: statusOf(pools),
		CreatedAt: oldest(pools).CreatedAt, PoolCount: len(pools), Pools: storable(pools),
	}
	for i := range pools {
		t.add(&pools[i])
	}
	return t
}

// unique keeps the last of the pools with one address.
func unique(pools []Pool) []Pool {
	at := make(map[string]int, len(pools))
	kept := make([]Pool, 0, len(pools))
	for _, p := range pools {
		if i, ok := at[p.Address]; ok {
			kept[i] = p
			continue
		}
		at[p.Address] = len(kept)
		kept = append(kept, p)
	}
	return kept
}

// deepestFirst orders pools by what they can be trusted with: not blacklisted, then by TVL, then by address.
func deepestFirst(a, b Pool) int {
	if a.Blacklisted != b.Blacklisted {
		if a.Blacklisted {
			return 1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(b.TVLUSD.Float64(), a.TVLUSD.Float64()), strings.Compare(a.Address, b.Address))
}

func (t *Token) add(p *Pool) {
	a := &p.Base
	t.Name, t.Symbol = cmp.Or(t.Name, a.Name), cmp.Or(t.Symbol, a.Symbol)
	t.Decimals, t.Holders = cmp.Or(t.Decimals, a.Decimals), cmp.Or(t.Holders, a.Holders)
	t.TotalSupply = cmp.Or(t.TotalSupply, a.TotalSupply)
	if t.PriceUSD == "" && a.PriceUSD != "" {
		t.PriceUSD, t.Price, t.QuoteMint = a.PriceUSD, p.Price, p.QuoteMint
	}
	t.MarketCapUSD = cmp.Or(t.MarketCapUSD, a.MarketCapUSD)
	t.Verified = cmp.Or(t.Verified, a.Verified)
	t.FreezeAuthorityDisabled = cmp.Or(t.FreezeAuthorityDisabled, a.FreezeAuthorityDisabled)
	t.MintAuthorityDisabled = cmp.Or(t.MintAuthorityDisabled, a.MintAuthorityDisabled)
	if t.Curve == (Curve{}) && p.Curve != (Curve{}) {
		t.Curve, t.CurvePool = p.Curve, p.Address
	}
	t.TVLUSD, t.Fees24hUSD = t.TVLUSD.Add(p.TVLUSD), t.Fees24hUSD.Add(p.Fees24hUSD)
	for i := range t.VolumeUSD {
		t.VolumeUSD[i] = t.VolumeUSD[i].Add(p.VolumeUSD[i])
	}
}

func statusOf(pools []Pool) Status {
	for i := range pools {
		if !pools[i].Blacklisted {
			return Listed
		}
	}
	return Blacklisted
}

// oldest is the first pool that was created; those of unknown age come last.
func oldest(pools []Pool) *Pool {
	first := slices.MinFunc(pools, func(a, b Pool) int {
		return cmp.Or(
			cmp.Compare(uint64(a.CreatedAt-1), uint64(b.CreatedAt-1)), // 0, unknown, wraps round to the end
			strings.Compare(a.Address, b.Address))
	})
	return &first
}

// storable is the deepest pools that fit an item.
func storable(pools []Pool) []Pool {
	size := 0
	for i := range pools {
		size += pools[i].size()
		if i == maxPools || size > maxPoolBytes {
			return pools[:i]
		}
	}
	return pools
}

// PoolKeys names t's pools; nil when not all of them are stored.
func (t *Token) PoolKeys() []PoolKey {
	if len(t.Pools) < t.PoolCount {
		return nil
	}
	keys := make([]PoolKey, len(t.Pools))
	for i := range t.Pools {
		keys[i] = PoolKey{t.Pools[i].Product, t.Pools[i].Address}
	}
	return keys
}

// size is about how many bytes p takes in an item.
func (p *Pool) size() int {
	const names = 320 // attribute names and the numbers beside the text
	n := names + len(p.Address) + len(p.Name) + len(p.QuoteMint) + len(p.QuoteSymbol)
	for _, tag := range p.Tags {
		n += len(tag)
	}
	return n
}

// Hash is the same for two tokens exactly when their content is: everything but the times at which we saw it.
func (t *Token) Hash() string {
	b := make([]byte, 0, 512*(1+len(t.Pools)))
	for _, s := range []string{
		string(t.Status), string(t.Launchpad), t.Mint, t.Name, t.Symbol,
		string(t.Decimals), string(t.Holders), string(t.TotalSupply), string(t.PriceUSD), string(t.MarketCapUSD),
		string(t.TVLUSD), string(t.Fees24hUSD), t.CurvePool, string(t.Price), t.QuoteMint,
		t.Face.URI, t.Face.ImageURL, t.Face.Description, t.Face.Website, t.Face.Twitter, t.Face.Telegram,
	} {
		b = appendString(b, s)
	}
	for _, v := range t.VolumeUSD {
		b = appendString(b, string(v))
	}
	for _, v := range t.PriceChange {
		b = appendString(b, string(v))
	}
	b = append(b, byte(t.Verified), byte(t.FreezeAuthorityDisabled), byte(t.MintAuthorityDisabled))
	b = append(b, byte(FlagOf(t.VolumeEstimated)), byte(FlagOf(t.PriceSuspect)), byte(FlagOf(t.NameCollision)))
	b = appendVarints(b, t.CreatedAt, t.GraduatedAt, int64(t.PoolCount))
	curve := Pool{Curve: t.Curve}
	b = curve.appendContent(b)
	for i := range t.Pools {
		b = t.Pools[i].appendContent(b)
	}
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:hashBytes])
}

// hashBytes of SHA-256 leave a chance collision out of reach.
const hashBytes = 15
