package token

import (
	"cmp"
	"slices"
	"strings"
)

// maxPools and maxPoolBytes bound the pools kept inside a token. Sums and PoolCount always speak of all of them.
const (
	maxPools     = 200
	maxPoolBytes = 256 << 10
)

// Merge makes the token of pools that share a mint; a pool given twice counts once, the later one. There must be at
// least one. Sums run over all pools. What does not change with trade comes from the curve, which the chain vouches for,
// else from the pool that was created first; the launchpad from the first created that carries one; price and market cap
// from the pool that leads. The result does not depend on the order of pools with distinct addresses.
func Merge(pools []Pool) Token { return MergeAfter(&Token{}, pools, 0) }

// MergeAfter returns like Merge for a token that was before, in a run at now in Unix milliseconds, or at 0 again within that run: who led
// its price goes on to do so for a few runs.
func MergeAfter(before *Token, pools []Pool, now int64) Token {
	pools = unique(pools)
	for i := range pools {
		if e := &pools[i].Curve.Earnings; pools[i].Address == before.CurvePool {
			e.Leftover = cmp.Or(e.Leftover, before.Curve.Earnings.Leftover) // which few runs ask for
		}
	}
	slices.SortFunc(pools, deepestFirst)
	t := Token{Mint: pools[0].Base.Mint, Status: statusOf(pools), PoolCount: len(pools), Pools: storable(pools)}
	for i := range pools {
		t.sum(&pools[i])
	}
	t.Lead = before.Lead
	t.price(pools, now)
	for _, p := range byTrust(pools) {
		t.describe(p)
	}
	t.date(pools)
	return t
}

// unique makes one of the pools with one address.
func unique(pools []Pool) []Pool {
	at := make(map[string]int, len(pools))
	kept := make([]Pool, 0, len(pools))
	for _, p := range pools {
		if i, ok := at[p.Address]; ok {
			kept[i] = Renew(&kept[i], &p)
			continue
		}
		at[p.Address] = len(kept)
		kept = append(kept, p)
	}
	return kept
}

// Renew returns the pool now, which was before: two answers about one address. The later counts, but an answer of Meteora's
// list of curves does not replace the chain's, and a launchpad that only one of them names stays.
func Renew(before, now *Pool) Pool {
	p, other := *now, before
	if now.Product == DBCList && before.Product == DBC {
		p, other = *before, now
	}
	p.Launchpad = cmp.Or(p.Launchpad, other.Launchpad)
	p.CreatedAt = cmp.Or(p.CreatedAt, other.CreatedAt)
	if p.Product == DBC {
		p.Base.Name, p.Base.Symbol = cmp.Or(p.Base.Name, other.Base.Name), cmp.Or(p.Base.Symbol, other.Base.Symbol)
	}
	return p
}

// deepestFirst orders pools by what they can be trusted with: not blacklisted, then by the quote in them, for of the token
// itself somebody may have as much as he likes, then by TVL and address.
func deepestFirst(a, b Pool) int {
	if a.Blacklisted != b.Blacklisted {
		if a.Blacklisted {
			return 1
		}
		return -1
	}
	return cmp.Or(
		cmp.Compare(b.depth(), a.depth()), cmp.Compare(b.TVLUSD.Float64(), a.TVLUSD.Float64()), strings.Compare(a.Address, b.Address))
}

// byTrust orders pools by who vouches for what they say of the mint: the chain, then Meteora for the pool that was
// there first. Anyone can open a pool of any mint later on.
func byTrust(pools []Pool) []*Pool {
	order := make([]*Pool, len(pools))
	for i := range pools {
		order[i] = &pools[i]
	}
	slices.SortStableFunc(order, func(a, b *Pool) int {
		return cmp.Or(cmp.Compare(trust(a), trust(b)), oldestFirst(a, b))
	})
	return order
}

func trust(p *Pool) int {
	switch p.Product {
	case DBC:
		return 0
	case DBCList:
		return 1
	case DLMM, DAMMv2, DAMMv1:
	}
	return 2
}

// oldestFirst orders pools by creation; those of unknown age come last.
func oldestFirst(a, b *Pool) int {
	return cmp.Or(
		cmp.Compare(uint64(a.CreatedAt-1), uint64(b.CreatedAt-1)), // 0, unknown, wraps round to the end
		strings.Compare(a.Address, b.Address))
}

// describe takes what p says of the mint itself, where nothing better is known.
func (t *Token) describe(p *Pool) {
	a := &p.Base
	t.Name, t.Symbol = cmp.Or(t.Name, a.Name), cmp.Or(t.Symbol, a.Symbol)
	t.Decimals, t.TotalSupply = cmp.Or(t.Decimals, a.Decimals), cmp.Or(t.TotalSupply, a.TotalSupply)
	t.Verified = cmp.Or(t.Verified, a.Verified)
	t.FreezeAuthorityDisabled = cmp.Or(t.FreezeAuthorityDisabled, a.FreezeAuthorityDisabled)
	t.MintAuthorityDisabled = cmp.Or(t.MintAuthorityDisabled, a.MintAuthorityDisabled)
	t.Token2022 = cmp.Or(t.Token2022, a.Token2022)
	if t.Curve == (Curve{}) && p.Curve != (Curve{}) {
		t.Curve, t.CurvePool = p.Curve, p.Address
	}
}

// sum adds what p says of the trade; deeper pools come first.
func (t *Token) sum(p *Pool) {
	t.Holders = cmp.Or(t.Holders, p.Base.Holders)
	t.TVLUSD, t.Fees24hUSD = t.TVLUSD.Add(p.TVLUSD), t.Fees24hUSD.Add(p.Fees24hUSD)
	for i := range t.VolumeUSD {
		t.VolumeUSD[i] = t.VolumeUSD[i].Add(p.VolumeUSD[i])
	}
}

// price takes price and market cap from the pool that leads, else from the deepest that knows them.
func (t *Token) price(pools []Pool, now int64) {
	lead, suspect := leader(pools, t.Lead.settle(pools, now))
	t.PriceSuspect = suspect
	if lead != nil {
		t.PriceUSD, t.Price, t.QuoteMint = lead.Base.PriceUSD, lead.Price, lead.QuoteMint
		t.MarketCapUSD = lead.Base.MarketCapUSD
	} else {
		t.priceInQuote(pools)
	}
	for i := range pools {
		t.MarketCapUSD = cmp.Or(t.MarketCapUSD, pools[i].Base.MarketCapUSD)
	}
}

// priceInQuote takes the price of the deepest pool where none knows dollars. That of a graduated curve is history, but
// its quote still is what its amounts are in.
func (t *Token) priceInQuote(pools []Pool) {
	for i := range pools {
		p := &pools[i]
		switch isHistory := p.Curve.Stage == Graduated; {
		case t.Price == "" && p.Price != "" && !isHistory:
			t.Price, t.QuoteMint = p.Price, p.QuoteMint
		case t.QuoteMint == "" && isHistory:
			t.QuoteMint = p.QuoteMint
		}
	}
}

// date sets when the token and the pool that it graduated into were created, and whose it is.
func (t *Token) date(pools []Pool) {
	oldest := make([]*Pool, len(pools))
	for i := range pools {
		oldest[i] = &pools[i]
	}
	slices.SortFunc(oldest, oldestFirst)
	for _, p := range oldest {
		t.Launchpad = cmp.Or(t.Launchpad, p.Launchpad)
		if p.Address == t.CurvePool {
			t.CreatedAt = p.CreatedAt
		}
		if p.Address == t.Curve.GraduatedPool {
			t.GraduatedAt = p.CreatedAt
		}
	}
	t.CreatedAt = cmp.Or(t.CreatedAt, oldest[0].CreatedAt)
}

func statusOf(pools []Pool) Status {
	for i := range pools {
		if !pools[i].Blacklisted {
			return Listed
		}
	}
	return Blacklisted
}

// storable returns the deepest pools that are worth keeping.
func storable(pools []Pool) []Pool {
	size := 0
	for i := range pools {
		size += len(pools[i].appendContent(nil))
		if i == maxPools || size > maxPoolBytes {
			return pools[:i]
		}
	}
	return pools
}
