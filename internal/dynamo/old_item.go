package dynamo

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/token"
)

// decodeOld reads an item of the version before the board, which had an attribute for each value and a list of pools.
// It has no write mark, so that it is written anew as soon as a run has merged its pools.
func decodeOld(it item) (token.Token, error) {
	pools := oldPools(it)
	if it.getText(attrMint) == "" || len(pools) == 0 {
		return token.Token{}, fmt.Errorf("token %s: %w: it has no pools", it.getText(attrMint), errItem)
	}
	t := token.Merge(pools)
	t.Status, t.Launchpad = token.Status(it.getText(attrStatus)), token.LaunchpadID(it.getText("launchpad"))
	t.PoolCount = max(len(pools), int(it.getInteger("pool_count")))
	t.FirstSeenAt, t.UpdatedAt = it.getInteger(attrFirstSeenAt), it.getInteger(attrUpdatedAt)
	t.CreatedAt = max(0, it.getInteger("created_at"))
	return t, nil
}

func oldPools(it item) []token.Pool {
	list := it.getList("pools")
	pools := make([]token.Pool, 0, len(list))
	for _, v := range list {
		if m, ok := v.(*types.AttributeValueMemberM); ok {
			pools = append(pools, oldPool(m.Value, it.getText(attrMint)))
		}
	}
	return pools
}

func oldPool(it item, mint string) token.Pool {
	p := token.Pool{
		Address: it.getText("address"), Product: token.Product(it.getText("product")),
		Launchpad: token.LaunchpadID(it.getText("launchpad")), Name: it.getText("name"),
		Base:      oldAsset(it.getObject("token"), mint),
		QuoteMint: it.getText("quote_mint"), QuoteSymbol: it.getText("quote_symbol"),
		Price: it.getNumber("price"), TVLUSD: it.getNumber("tvl_usd"), VolumeUSD: it.getWindows("volume_usd"),
		Fees24hUSD: it.getNumber("fees_24h_usd"), FeePct: it.getNumber("fee_pct"), APR: it.getNumber("apr"),
		CreatedAt: it.getInteger("created_at"), Blacklisted: it.getFlag("is_blacklisted") == token.Yes,
		Curve: token.Curve{
			Stage: token.Stage(it.getText("stage")), Progress: it.getNumber("curve_progress"), Creator: it.getText("creator"),
		},
	}
	for _, v := range it.getList("tags") {
		if s, ok := v.(*types.AttributeValueMemberS); ok {
			p.Tags = append(p.Tags, s.Value)
		}
	}
	return p
}

func oldAsset(it item, mint string) token.Asset {
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
