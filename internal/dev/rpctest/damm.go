package rpctest

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
)

// Row returns the DAMM v2 pool at address, as Meteora's API for DAMM v2 shows it; ok is false when no token has graduated
// into such a pool. It is what the fake Meteora wants to know.
func (c *Chain) Row(address string) (row []byte, ok bool) { return Graduates{Chain: c}.Row(address) }

// Graduates are the pools into which tokens have graduated, of one version of DAMM.
type Graduates struct {
	*Chain
	V1 bool
}

// DAMMv1 returns the pools in DAMM v1, as Meteora's API for it shows them.
func (c *Chain) DAMMv1() Graduates { return Graduates{c, true} }

// DAMMv2 returns the pools in DAMM v2, as Meteora's API for it shows them.
func (c *Chain) DAMMv2() Graduates { return Graduates{c, false} }

// Row returns the pool at an address; ok is false when no token has graduated into it.
func (g Graduates) Row(address string) (row []byte, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i, found := g.graduate(address); found && g.launch(i).V1 == g.V1 {
		return g.marshal(i, address), true
	}
	return nil, false
}

// ByMint returns the pools on whose side a mint is: with quote as the quote, else as the launched token.
func (g Graduates) ByMint(mint string, quote bool) (rows [][]byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	k := parseKey(mint)
	for i := range g.tokens {
		v := g.launch(i)
		if mine := g.tokens[i].mint; v.V1 == g.V1 && (quote && v.quote == k || !quote && mine == k) && g.isGraduated(i) {
			rows = append(rows, g.marshal(i, spell(v.graduated(mine))))
		}
	}
	return rows
}

func (g Graduates) marshal(i int, address string) []byte {
	row := g.row(i, address)
	if g.V1 {
		row = g.rowV1(i, address)
	}
	b, err := json.Marshal(row)
	if err != nil {
		panic(err) // texts and numbers only
	}
	return b
}

func (c *Chain) launch(i int) *curve { return c.configs[c.tokens[i].config] }

func (c *Chain) isGraduated(i int) bool { return c.lifeOf(i, c.Slot()).stage == Graduated }

// graduate finds the token of a DAMM pool. Pools are remembered as their tokens graduate. c.mu must be held.
func (c *Chain) graduate(address string) (int, bool) {
	if c.indexedAt <= c.changes {
		c.indexedAt = c.changes + 1
		c.isIndexed = append(c.isIndexed, make([]bool, len(c.tokens)-len(c.isIndexed))...)
		for i := range c.tokens {
			if !c.isIndexed[i] && c.isGraduated(i) {
				c.graduates[spell(c.launch(i).graduated(c.tokens[i].mint))], c.isIndexed[i] = i, true
			}
		}
	}
	i, ok := c.graduates[address]
	return i, ok
}

// Prices of quotes in dollars when the chain begins, and how far a tick may take them from there.
const (
	usdSOL, driftSOL   = 121.37, 0.02
	usdUSDC, driftUSDC = 0.9998, 0.0003
	usdOther           = 0.5
)

// QuoteUSD returns what a quote is worth at this moment: SOL and USDC drift a little with every tick, and a token of the chain's
// own is worth its price on its curve.
func (c *Chain) QuoteUSD(mint string) float64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.quoteUSD(parseKey(mint))
}

func (c *Chain) quoteUSD(mint key) float64 {
	if c.cfg.QuotePrice != nil {
		return c.cfg.QuotePrice(spell(mint))
	}
	drift := func(price, most float64) float64 {
		return price * (1 + most*(float64(c.word("drift", int(mint[0])<<32|c.tick())%2001)/1000-1))
	}
	switch mint {
	case mintSOL:
		return drift(usdSOL, driftSOL)
	case mintUSDC:
		return drift(usdUSDC, driftUSDC)
	case c.firstMint():
		return c.launch(0).price(c.lifeOf(0, c.Slot()).quote) * c.quoteUSD(c.launch(0).quote)
	}
	return drift(usdOther, driftSOL)
}

func (c *Chain) firstMint() key { return c.mintOf(0) }

type object = map[string]any

// A market is the money of a graduated pool; it moves with every tick.
type market struct {
	price, usd, tvl, volume float64
	seed                    uint64
}

func (c *Chain) market(i int) market {
	v, seed := c.launch(i), c.word("damm", i)
	drift := 0.8 + float64(c.word("drift", i*1_000_003+c.tick())%400)/1000
	return market{
		price: v.price(v.Threshold) * drift, usd: c.quoteUSD(v.quote), seed: seed,
		tvl: float64(2_000+seed%90_000) * drift, volume: float64(seed>>20%50_000) * drift,
	}
}

// row has the fields of a recorded pool.
func (c *Chain) row(i int, address string) object {
	v, name, m := c.launch(i), c.nameOf(i), c.market(i)
	return object{
		"address": address, "name": name.symbol + "-" + v.symbol(),
		"token_x": object{
			"address": spell(c.tokens[i].mint), "name": name.name, "symbol": name.symbol, "decimals": tokenDecimals, "is_verified": false,
			"holders": 10 + m.seed%4_000, "freeze_authority_disabled": true, "total_supply": c.whole(i),
			"price": m.price * m.usd, "market_cap": m.price * m.usd * c.whole(i),
		},
		"token_y": object{
			"address": spell(v.quote), "name": v.symbol(), "symbol": v.symbol(), "decimals": v.quoteDecimals,
			"is_verified": true, "holders": 3_711_204, "freeze_authority_disabled": true, "total_supply": 631200417.1182,
			"price": m.usd, "market_cap": 631200417.1182 * m.usd,
		},
		"token_x_amount": m.tvl / 2 / m.price / m.usd, "token_y_amount": m.tvl / 2 / m.usd,
		"created_at":  c.TimeOf(c.lifeOf(i, c.Slot()).migrated).UnixMilli(),
		"vault_x":     spell(hashed("vault x", i)),
		"vault_y":     spell(hashed("vault y", i)),
		"alpha_vault": "11111111111111111111111111111111",
		"pool_config": object{"collect_fee_mode": 1, "base_fee_pct": 1.0, "protocol_fee_pct": 20, "pool_type": 0},
		"tvl":         m.tvl, "current_price": m.price, "has_farm": false, "farm_apr": 0.0, "farm_apy": 0.0,
		"volume": spread(m.volume), "fees": spread(m.volume / 100), "protocol_fees": spread(m.volume / 500),
		"fee_tvl_ratio": spread(m.volume / m.tvl), "is_blacklisted": false, "launchpad": "met-dbc", "tags": []string{},
	}
}

// rowV1 returns a pool as the API for DAMM v1 shows it: numbers as texts, and created_at in seconds.
func (c *Chain) rowV1(i int, address string) object {
	v, name, m := c.launch(i), c.nameOf(i), c.market(i)
	amount := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	return object{
		"pool_address": address, "pool_name": name.symbol + "-" + v.symbol(),
		"pool_token_mints":       []string{spell(c.tokens[i].mint), spell(v.quote)},
		"pool_token_amounts":     []string{amount(m.tvl / 2 / m.price / m.usd), amount(m.tvl / 2 / m.usd)},
		"pool_token_usd_amounts": []string{amount(m.tvl / 2), amount(m.tvl / 2)},
		"lp_mint":                spell(hashed("lp", i)), "lp_decimal": 9, "pool_version": 1, "pool_tvl": amount(m.tvl),
		"trading_volume": m.volume, "fee_volume": m.volume / 100, "total_fee_pct": "1", "farm_tvl": "0", "farming_pool": nil,
		"created_at": c.TimeOf(c.lifeOf(i, c.Slot()).migrated).Unix(), "launchpad": "met-dbc",
	}
}

// whole returns the i-th token's supply in whole tokens.
func (c *Chain) whole(i int) float64 { return float64(c.supply(i)) / math.Pow10(tokenDecimals) }

// spread returns an amount of 24 hours in all windows.
func spread(day float64) object {
	o := object{}
	for name, hours := range map[string]float64{"30m": 0.5, "1h": 1, "2h": 2, "4h": 4, "12h": 12, "24h": 24} {
		o[name] = math.Round(day*hours/24*100) / 100
	}
	return o
}

func (v *curve) symbol() string {
	switch v.quote {
	case mintSOL:
		return "SOL"
	case mintUSDC:
		return "USDC"
	}
	return "Q" + spell(v.quote)[:3]
}

// price returns one token in quote tokens once an amount has been paid, near enough for a fake market.
func (v *curve) price(quote uint64) float64 {
	f, _ := new(big.Float).SetInt(v.sqrtPrice(quote)).Float64()
	f /= 1 << 32
	f /= 1 << 32
	return f * f * math.Pow10(tokenDecimals-v.quoteDecimals)
}
