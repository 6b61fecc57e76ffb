package token

import (
	"bytes"
	"slices"
)

// Same reports whether t and u say the same: everything but the times at which we saw it, what the table holds, and who
// may lead next.
func (t *Token) Same(u *Token) bool { return bytes.Equal(t.content(), u.content()) }

// content returns all that t says, each text after its length.
func (t *Token) content() []byte {
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
	b = append(b, byte(t.Verified), byte(t.FreezeAuthorityDisabled), byte(t.MintAuthorityDisabled), byte(t.Token2022))
	b = append(b, byte(FlagOf(t.VolumeEstimated)), byte(FlagOf(t.PriceSuspect)), byte(FlagOf(t.NameCollision)))
	b = appendVarints(b, t.CreatedAt, t.GraduatedAt, t.LastTradeAt, int64(t.PoolCount))
	curve := Pool{Curve: t.Curve}
	b = curve.appendContent(b)
	for i := range t.Pools {
		b = t.Pools[i].appendContent(b)
	}
	return b
}

// kind is what of a token does not move with trade.
type kind struct {
	status                             Status
	launchpad                          LaunchpadID
	name, symbol                       string
	decimals, supply                   Number
	verified, freeze, mint, token2022  Flag
	stage                              Stage
	creator, config, curve, graduated  string
	threshold                          Number
	created, completed, graduatedAt    int64
	firstSeen                          int64
	face                               Face
	pools                              int
	feesTaken, surplusTaken, collision bool
}

func (t *Token) kind() kind {
	e := &t.Curve.Earnings
	return kind{
		t.Status, t.Launchpad, t.Name, t.Symbol, t.Decimals, t.TotalSupply,
		t.Verified, t.FreezeAuthorityDisabled, t.MintAuthorityDisabled, t.Token2022,
		t.Curve.Stage, t.Curve.Creator, t.Curve.Config, t.CurvePool, t.Curve.GraduatedPool, t.Curve.QuoteThreshold,
		t.CreatedAt, t.Curve.CompletedAt, t.GraduatedAt, t.FirstSeenAt, t.Face, t.PoolCount,
		e.CreationFeeTaken, e.Partner.SurplusTaken || e.Creator.SurplusTaken, t.NameCollision,
	}
}

// SameKind reports whether t and u differ only in what moves with trade: they have the same pools, names, stage, supply,
// authorities, times and picture.
func (t *Token) SameKind(u *Token) bool {
	return t.kind() == u.kind() && slices.Equal(addresses(t.Pools), addresses(u.Pools))
}

// addresses returns those of pools, sorted: the deepest changes with every trade.
func addresses(pools []Pool) []string {
	list := make([]string, len(pools))
	for i := range pools {
		list[i] = pools[i].Address
	}
	slices.Sort(list)
	return list
}
