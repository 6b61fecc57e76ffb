package dynamo

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/token"
)

// Attributes of a token's item. Those that the template's indexes use are fixed by contract.
const (
	attrMint         = "mint"
	attrListing      = "listing" // the launchpad, only while the token is in the lists
	attrCreatedAt    = "created_at"
	attrVolume       = "volume_24h_usd"
	attrTVL          = "tvl_usd"
	attrMarketCap    = "market_cap_usd"
	attrProgress     = "curve_progress"
	attrSymbolKey    = "symbol_key"
	attrSummary      = "summary" // the list row as JSON: all that the indexes carry beside their keys
	attrHash         = "content_hash"
	attrStatus       = "status"
	attrLaunchpad    = "launchpad"
	attrFees         = "fees_24h_usd"
	attrStage        = "stage"
	attrFirstSeenAt  = "first_seen_at"
	attrUpdatedAt    = "updated_at"
	attrPoolCount    = "pool_count"
	attrPools        = "pools"
	attrPoolKeys     = "pool_keys" // the pools by address, which the index by-created carries for refreshes
	attrVolumes      = "volume_usd"
	attrIndexCreated = "by-created"
)

// lowest sorts before every value of an index: no amount is negative. Readers take it for null.
const lowest token.Number = "-1"

// lowestSymbol sorts before every symbol: they are trimmed. A key attribute cannot be empty.
const lowestSymbol = " "

// marshalToken writes t with its sort keys, its list row and its pools.
func marshalToken(t *token.Token) (item, error) {
	it := item{}
	it.text(attrMint, t.Mint)
	it.text(attrSummary, string(t.AppendRow(nil)))
	it.text(attrHash, t.Hash())
	it.text(attrStatus, string(t.Status))
	it.text(attrLaunchpad, string(t.Launchpad))
	if t.Status == token.Listed {
		it.text(attrListing, string(t.Launchpad))
	}
	it.sortKeys(t)
	it.number(attrFees, t.Fees24hUSD)
	it.text(attrStage, string(t.Curve.Stage))
	it.text("creator", t.Curve.Creator)
	it.asset(token.Asset{
		Name: t.Name, Symbol: t.Symbol, PriceUSD: t.PriceUSD, Decimals: t.Decimals, Verified: t.Verified, FreezeAuthorityDisabled: t.FreezeAuthorityDisabled,
		Holders: t.Holders, TotalSupply: t.TotalSupply,
	})
	it.windows(attrVolumes, &t.VolumeUSD)
	it.integer(attrPoolCount, int64(t.PoolCount))
	it.text(attrPoolKeys, marshalKeys(t.PoolKeys()))
	it.time(attrFirstSeenAt, t.FirstSeenAt)
	it.time(attrUpdatedAt, t.UpdatedAt)
	it[attrPools] = marshalPools(t.Pools)
	return it, nil
}

// sortKeys gives the token a place in every index, the lowest where a value is unknown.
func (it item) sortKeys(t *token.Token) {
	created := t.CreatedAt
	if created == 0 {
		created = -1
	}
	it.integer(attrCreatedAt, created)
	for name, n := range map[string]token.Number{
		attrVolume: t.VolumeUSD[token.Day], attrTVL: t.TVLUSD,
		attrMarketCap: t.MarketCapUSD, attrProgress: t.Curve.Progress,
	} {
		if !n.Known() {
			n = lowest
		}
		it.number(name, n)
	}
	symbol := strings.ToLower(t.Symbol)
	if symbol == "" {
		symbol = lowestSymbol
	}
	it.text(attrSymbolKey, symbol)
}

func (it item) asset(a token.Asset) {
	it.text("name", a.Name)
	it.text("symbol", a.Symbol)
	it.number("decimals", a.Decimals)
	it.flag("is_verified", a.Verified)
	it.flag("freeze_authority_disabled", a.FreezeAuthorityDisabled)
	it.number("holders", a.Holders)
	it.number("total_supply", a.TotalSupply)
	it.number("price_usd", a.PriceUSD)
	it.number("market_cap_usd", a.MarketCapUSD)
}

func (it item) windows(name string, w *token.Windows) {
	m := item{}
	for i, window := range token.WindowNames {
		m.number(window, w[i])
	}
	it.object(name, m)
}

// marshalKeys spells pools as "product address" pairs, all separated by blanks; addresses have none.
func marshalKeys(keys []token.PoolKey) string {
	fields := make([]string, 0, 2*len(keys))
	for _, k := range keys {
		fields = append(fields, string(k.Product), k.Address)
	}
	return strings.Join(fields, " ")
}

func unmarshalKeys(text string) []token.PoolKey {
	var keys []token.PoolKey
	for pair := range slices.Chunk(strings.Fields(text), 2) {
		if len(pair) < 2 {
			return nil // not ours: nobody can tell what is missing
		}
		keys = append(keys, token.PoolKey{Product: token.Product(pair[0]), Address: pair[1]})
	}
	return keys
}

func marshalPools(pools []token.Pool) types.AttributeValue {
	list := make([]types.AttributeValue, len(pools))
	for i := range pools {
		list[i] = &types.AttributeValueMemberM{Value: marshalPool(&pools[i])}
	}
	return &types.AttributeValueMemberL{Value: list}
}

// marshalPool keeps all of p: when its product cannot be read, the next run merges it again from here.
func marshalPool(p *token.Pool) item {
	it, asset := item{}, item{}
	it.text("address", p.Address)
	it.text("product", string(p.Product))
	it.text(attrLaunchpad, string(p.Launchpad))
	it.text("name", p.Name)
	it.text("quote_mint", p.QuoteMint)
	it.text("quote_symbol", p.QuoteSymbol)
	it.number("price", p.Price)
	it.number(attrTVL, p.TVLUSD)
	it.windows(attrVolumes, &p.VolumeUSD)
	it.number(attrFees, p.Fees24hUSD)
	it.number("fee_pct", p.FeePct)
	it.number("apr", p.APR)
	it.time(attrCreatedAt, p.CreatedAt)
	it.flag("is_blacklisted", token.FlagOf(p.Blacklisted))
	it.text(attrStage, string(p.Curve.Stage))
	it.number(attrProgress, p.Curve.Progress)
	it.text("creator", p.Curve.Creator)
	asset.asset(p.Base)
	it.object("token", asset)
	if len(p.Tags) > 0 {
		tags := make([]types.AttributeValue, len(p.Tags))
		for i, tag := range p.Tags {
			tags[i] = text(tag)
		}
		it["tags"] = &types.AttributeValueMemberL{Value: tags}
	}
	return it
}

func unmarshalPools(it item) []token.Pool {
	list := it.getList(attrPools)
	pools := make([]token.Pool, 0, len(list))
	for _, v := range list {
		if m, ok := v.(*types.AttributeValueMemberM); ok {
			pools = append(pools, unmarshalPool(m.Value, it.getText(attrMint)))
		}
	}
	return pools
}

func unmarshalPool(it item, mint string) token.Pool {
	p := token.Pool{
		Address: it.getText("address"), Product: token.Product(it.getText("product")),
		Launchpad: token.LaunchpadID(it.getText(attrLaunchpad)), Name: it.getText("name"),
		Base:      unmarshalAsset(it.getObject("token"), mint),
		QuoteMint: it.getText("quote_mint"), QuoteSymbol: it.getText("quote_symbol"),
		Price: it.getNumber("price"), TVLUSD: it.getNumber(attrTVL), VolumeUSD: it.getWindows(attrVolumes),
		Fees24hUSD: it.getNumber(attrFees), FeePct: it.getNumber("fee_pct"), APR: it.getNumber("apr"),
		CreatedAt: it.getInteger(attrCreatedAt), Blacklisted: it.getFlag("is_blacklisted") == token.Yes,
		Curve: token.Curve{
			Stage: token.Stage(it.getText(attrStage)), Progress: it.getNumber(attrProgress), Creator: it.getText("creator"),
		},
	}
	for _, v := range it.getList("tags") {
		if s, ok := v.(*types.AttributeValueMemberS); ok {
			p.Tags = append(p.Tags, s.Value)
		}
	}
	return p
}

func unmarshalAsset(it item, mint string) token.Asset {
	return token.Asset{
		Mint: mint, Name: it.getText("name"), Symbol: it.getText("symbol"),
		Decimals: it.getNumber("decimals"), Verified: it.getFlag("is_verified"),
		FreezeAuthorityDisabled: it.getFlag("freeze_authority_disabled"),
		Holders:                 it.getNumber("holders"), TotalSupply: it.getNumber("total_supply"),
		PriceUSD: it.getNumber("price_usd"), MarketCapUSD: it.getNumber("market_cap_usd"),
	}
}

func (it item) getWindows(name string) token.Windows {
	m := it.getObject(name)
	var w token.Windows
	for i, window := range token.WindowNames {
		w[i] = m.getNumber(window)
	}
	return w
}
