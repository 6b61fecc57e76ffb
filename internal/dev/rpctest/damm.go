package rpctest

import (
	"encoding/json"
	"math"
	"math/big"
)

// Row is the DAMM v2 pool at address, as Meteora's API for DAMM v2 shows it; ok is false when no token has graduated
// into such a pool. It is what the fake Meteora wants to know.
func (c *Chain) Row(address string) (row []byte, ok bool) {
	i, ok := c.graduate(address)
	if !ok {
		return nil, false
	}
	row, err := json.Marshal(c.row(i, address))
	return row, err == nil
}

// graduate finds the token of a DAMM v2 pool. Pools are remembered as their tokens graduate.
func (c *Chain) graduate(address string) (int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if tick := c.tick.Load() + 1; c.indexed < tick {
		c.indexed = tick
		if c.graduates == nil {
			c.graduates, c.isIndexed = map[string]int{}, make([]bool, len(c.mints))
		}
		for i := range c.mints {
			if !c.isIndexed[i] && c.position(i).stage() == Graduated {
				c.graduates[spell(c.dammAddress(i))], c.isIndexed[i] = i, true
			}
		}
	}
	i, ok := c.graduates[address]
	return i, ok
}

type object = map[string]any

// row has the fields of a recorded pool; money moves with every tick.
func (c *Chain) row(i int, address string) object {
	config, name, seed := c.config(i), nameOf(i), word("damm", i)
	drift := 0.8 + float64(word("drift", i*1_000_003+int(c.tick.Load()))%400)/1000
	price := config.price(fullAt) * drift // in quote tokens
	tvl := float64(2_000+seed%90_000) * drift
	volume := float64(seed>>20%50_000) * drift
	return object{
		"address": address, "name": name.symbol + "-" + config.symbol(),
		"token_x": object{
			"address": spell(c.mints[i]), "name": name.name, "symbol": name.symbol, "decimals": 6, "is_verified": false,
			"holders": 10 + seed%4_000, "freeze_authority_disabled": true, "total_supply": 989999871.380896,
			"price": price * config.quoteUSD, "market_cap": price * config.quoteUSD * 989999871.380896,
		},
		"token_y": object{
			"address": spell(config.quote), "name": config.symbol(), "symbol": config.symbol(), "decimals": config.decimals,
			"is_verified": true, "holders": 3_711_204, "freeze_authority_disabled": true, "total_supply": 631200417.1182,
			"price": config.quoteUSD, "market_cap": 76608794625.63,
		},
		"token_x_amount": tvl / 2 / price / config.quoteUSD, "token_y_amount": tvl / 2 / config.quoteUSD,
		"created_at":  1_770_200_000_000 + c.graduatedAt(i)*60_000,
		"vault_x":     spell(hashed("vault x", i)),
		"vault_y":     spell(hashed("vault y", i)),
		"alpha_vault": "11111111111111111111111111111111",
		"pool_config": object{"collect_fee_mode": 1, "base_fee_pct": 1.0, "protocol_fee_pct": 20, "pool_type": 0},
		"tvl":         tvl, "current_price": price, "has_farm": false, "farm_apr": 0.0, "farm_apy": 0.0,
		"volume": spread(volume), "fees": spread(volume / 100), "protocol_fees": spread(volume / 500),
		"fee_tvl_ratio": spread(volume / tvl), "is_blacklisted": false, "launchpad": "met-dbc", "tags": []string{},
	}
}

// graduatedAt is the tick at which the i-th token got its pool.
func (c *Chain) graduatedAt(i int) int64 {
	start, step := c.course(i)
	if start >= createdAt || step == 0 {
		return 0
	}
	return (createdAt - start + step - 1) / step
}

// spread is an amount of 24 hours in all windows.
func spread(day float64) object {
	o := object{}
	for name, hours := range map[string]float64{"30m": 0.5, "1h": 1, "2h": 2, "4h": 4, "12h": 12, "24h": 24} {
		o[name] = math.Round(day*hours/24*100) / 100
	}
	return o
}

func (c *curve) symbol() string {
	if c.quote == mintUSDC {
		return "USDC"
	}
	return "SOL"
}

// price is one token in quote tokens at a position, near enough for a fake market.
func (c *curve) price(at position) float64 {
	hi, lo := c.sqrtPrice(at)
	root := new(big.Int).Lsh(new(big.Int).SetUint64(hi), 64)
	f, _ := new(big.Float).SetInt(root.Or(root, new(big.Int).SetUint64(lo))).Float64()
	f /= 1 << 32
	f /= 1 << 32
	return f * f * math.Pow10(6-c.decimals)
}
