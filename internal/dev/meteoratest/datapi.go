package meteoratest

import (
	"cmp"
	"fmt"
)

// pool appends one pool in the product's shape, with a comma after it.
func (e *encoder) pool(w *world, p *pool) {
	e.bare = p.h>>44%8 == 0
	e.b = append(e.b, '{')
	if p.layout == layoutLaunchpadFirst {
		e.launchpad(p)
	}
	if p.layout != layoutAddressLast {
		e.address(w, p)
	}
	switch w.kind {
	case kindDLMM:
		e.dlmm(w, p)
	case kindDAMMv2:
		e.dammV2(w, p)
	case kindDAMMv1:
		e.dammV1(w, p)
	case kindDBC:
		e.dbc(w, p)
	default:
		panic(fmt.Sprintf("meteoratest: no rows of kind %d", w.kind))
	}
	if p.layout == layoutLaunchpadLast {
		e.launchpad(p)
	}
	if p.layout == layoutAddressLast {
		e.address(w, p)
	}
	e.end('}')
}

func (e *encoder) address(w *world, p *pool) {
	field := `"address":`
	if w.kind == kindDAMMv1 {
		field = `"pool_address":`
	}
	switch p.noAddress {
	case 0:
		e.key(field, w.address(p.index))
	case 1:
	case 2:
		e.raw(field + "null,")
	default:
		e.raw(field + `"",`)
	}
}

func (e *encoder) launchpad(p *pool) {
	if p.launchpad.json != "" {
		e.raw(`"launchpad":`)
		e.raw(p.launchpad.json)
		e.b = append(e.b, ',')
	}
}

// dbc writes the undocumented list's shape, which tells nothing of the curve itself.
func (e *encoder) dbc(w *world, p *pool) {
	place := w.overrides[p.index].place
	if place == nil {
		place = &placement{creator: w.account(p, 3), config: w.codec.encode(kindFiller, p.h%5000)}
	}
	for field, t := range [...]*token{&p.x, &p.y} {
		e.raw([...]string{`"token_x":{`, `"token_y":{`}[field])
		if !p.noMint {
			e.raw(`"address":"`)
			e.mint(t)
			e.raw(`",`)
		}
		e.names(t)
		e.end('}')
	}
	e.key(`"creator":`, place.creator)
	e.key(`"pool_config_address":`, place.config)
	e.uint(`"created_at":`, uint64(cmp.Or(place.createdMS, p.createdMS)))
	if p.nan {
		e.raw(`"score":NaN,`)
	}
}

func (e *encoder) dlmm(w *world, p *pool) {
	e.sides(p)
	e.key(`"reserve_x":`, w.account(p, 1))
	e.key(`"reserve_y":`, w.account(p, 2))
	e.amountsAndAge(p)
	e.raw(`"reward_mint_x":"11111111111111111111111111111111","reward_mint_y":"11111111111111111111111111111111",`)
	e.raw(`"pool_config":{`)
	e.uint(`"bin_step":`, [...]uint64{1, 2, 4, 10, 20, 25, 50, 80, 100, 125, 200, 250, 400}[p.h>>20%13])
	e.num(`"base_fee_pct":`, p.feePct())
	e.raw(`"max_fee_pct":0.0,"protocol_fee_pct":`)
	e.b = appendDec(e.b, dec{5 + p.h>>30%2*5, 0}, e.bare)
	e.raw(`,"collect_fee_mode":0,`)
	e.extraConfig(w, p)
	e.end('}')
	e.num(`"dynamic_fee_pct":`, dec{p.feeBps*1e13 + p.h%1e8, 15})
	e.num(`"tvl":`, p.tvl)
	e.currentPrice(p)
	e.num(`"apr":`, p.feeRatioIn(5))
	if p.h>>50%199 == 0 {
		e.raw(`"apy":1.844e19,`)
	} else {
		e.num(`"apy":`, dec{p.feeRatioIn(5).units * 733, 4})
	}
	e.farm(p)
	e.metrics(p, 2)
	e.tail(w, p)
}

func (e *encoder) dammV2(w *world, p *pool) {
	e.sides(p)
	e.amountsAndAge(p)
	e.key(`"vault_x":`, w.account(p, 1))
	e.key(`"vault_y":`, w.account(p, 2))
	e.raw(`"alpha_vault":"11111111111111111111111111111111","pool_config":{"collect_fee_mode":1,"base_fee_mode":0,`)
	e.num(`"base_fee_pct":`, p.feePct())
	e.raw(`"protocol_fee_pct":20,"partner_fee_pct":0,"referral_fee_pct":0,"dynamic_fee_initialized":true,"compounding_fee_pct":0.0,` +
		`"pool_type":0,"concentrated_liquidity":false,"min_price":5.421214630269582e-23,"max_price":1.844605071373595e+16,"activation_type":1,`)
	e.uint(`"activation_point":`, uint64(p.createdMS/1000))
	e.raw(`"has_fee_scheduler":false,"is_fee_scheduler_active":false,`)
	e.extraConfig(w, p)
	e.end('}')
	e.num(`"tvl":`, p.tvl)
	e.currentPrice(p)
	e.farm(p)
	e.num(`"permanent_lock_liquidity":`, dec{p.tvl.units / 10 * 9, moneyUnit})
	e.raw(`"vested_liquidity":{"months_3":0.0,"months_6":0.0},`)
	e.metrics(p, moneyUnit)
	e.tail(w, p)
}

// sides writes the name and both tokens.
func (e *encoder) sides(p *pool) {
	e.raw(`"name":"`)
	e.b = p.appendName(e.b, true)
	e.raw(`",`)
	priceOf := func(t *token) dec {
		if t == p.base() {
			return p.price
		}
		return t.price
	}
	e.token(`"token_x":`, &p.x, priceOf(&p.x), !p.noMint)
	e.token(`"token_y":`, &p.y, priceOf(&p.y), !p.noMint)
}

func (e *encoder) amountsAndAge(p *pool) {
	x, y := p.amounts()
	e.num(`"token_x_amount":`, x)
	e.num(`"token_y_amount":`, y)
	if p.h>>52%97 == 0 {
		e.uint(`"created_at":`, uint64(p.createdMS/1000))
	} else {
		e.uint(`"created_at":`, uint64(p.createdMS))
	}
}

// extraConfig writes fields that no description of the API has, in a few pools: among them a launchpad that is
// not the pool's own.
func (e *encoder) extraConfig(w *world, p *pool) {
	switch n := p.h >> 33 % 400; {
	case n < 20:
		e.raw(`"fee_model":{"kind":"step","steps":[[0,1.5e-3],[3600,1]]},"oracle":null,`)
	case n == 20:
		e.raw(`"partner":{"launchpad":`)
		e.raw(w.pads.ours[0].json)
		e.raw(`,"share":0},`)
	}
}

func (e *encoder) currentPrice(p *pool) {
	if p.nan {
		e.raw(`"current_price":NaN,`)
		return
	}
	if p.h>>55%101 == 0 {
		e.raw(`"current_price":null,`)
		return
	}
	e.num(`"current_price":`, p.currentPrice())
}

func (e *encoder) farm(p *pool) {
	if p.h>>58 == 7 {
		e.raw(`"has_farm":true,"farm_apr":3.25,"farm_apy":3.3032,`)
		return
	}
	e.raw(`"has_farm":false,"farm_apr":0.0,"farm_apy":0.0,`)
}

// metrics writes the windows, with money rounded to scale decimals: 2 in DLMM, all of them in DAMM v2.
func (e *encoder) metrics(p *pool, scale int) {
	protocol := func(window int) dec { return dec{p.feesIn(window).units / 10, moneyUnit} }
	e.windows(`"volume":{`, scale, p.volumeIn)
	e.windows(`"fees":{`, scale, p.feesIn)
	e.windows(`"protocol_fees":{`, scale, protocol)
	e.windows(`"fee_tvl_ratio":{`, scale, p.feeRatioIn)
	if p.h>>57%20 == 0 {
		return
	}
	volume, fees := p.sinceCreation()
	e.raw(`"cumulative_metrics":{`)
	e.num(`"volume":`, volume)
	e.num(`"fees":`, fees)
	e.end('}')
}

var windowFields = [windows]string{`"30m":`, `"1h":`, `"2h":`, `"4h":`, `"12h":`, `"24h":`}

func (e *encoder) windows(field string, scale int, value func(window int) dec) {
	e.raw(field)
	for i, f := range windowFields {
		e.num(f, value(i).rounded(scale))
	}
	e.end('}')
}

func (e *encoder) tail(w *world, p *pool) {
	e.bool(`"is_blacklisted":`, p.blacklisted)
	if p.layout != layoutLaunchpadFirst && p.layout != layoutLaunchpadLast {
		e.launchpad(p)
	}
	switch n := p.h >> 29 % 500; {
	case n == 0 && !p.ours:
		e.raw(`"tags":["launchpad",`)
		e.raw(w.pads.ours[0].json)
		e.raw(`],`)
	case n < 40:
		e.raw(`"tags":["new","degen"],`)
	default:
		e.raw(`"tags":[],`)
	}
}

// account returns an address that stands for nothing but looks like one: a vault or a reserve of the pool.
func (w *world) account(p *pool, n uint64) key {
	return w.codec.encode(kindFiller, mix(p.h+n)>>8)
}

// dammV1 writes the old API's shape: other names, most numbers as strings, created_at in seconds.
func (e *encoder) dammV1(w *world, p *pool) {
	e.dammV1Sides(p)
	e.key(`"lp_mint":`, w.account(p, 1))
	e.numText(`"pool_tvl":`, p.tvl)
	e.raw(`"farm_tvl":"0","farming_pool":null,"farming_apy":"0","is_monitoring":false,"pool_order":0,"farm_order":0,"pool_version":1,"pool_name":"`)
	e.b = p.appendName(e.b, true)
	e.raw(`","lp_decimal":9,"farm_reward_duration_end":0,"farm_expire":false,`)
	if p.nan {
		e.raw(`"pool_lp_price_in_usd":NaN,`)
	} else {
		e.numText(`"pool_lp_price_in_usd":`, p.price)
	}
	e.num(`"trading_volume":`, p.volume)
	e.num(`"fee_volume":`, p.feesIn(5))
	e.numText(`"trade_apy":`, p.feeRatioIn(5))
	e.numText(`"weekly_trade_apy":`, p.feeRatioIn(4))
	e.raw(`"daily_base_apy":"0.00","weekly_base_apy":"0.00","yield_volume":"0",`)
	volume, fees := p.sinceCreation()
	e.num(`"accumulated_trading_volume":`, volume)
	e.num(`"accumulated_fee_volume":`, fees)
	e.raw(`"accumulated_yield_volume":0.0,"farm_new":false,"permissioned":false,`)
	e.bool(`"unknown":`, p.h>>46%2 == 0)
	e.numText(`"total_fee_pct":`, p.feePct())
	e.bool(`"is_lst":`, false)
	e.bool(`"is_forex":`, false)
	e.uint(`"created_at":`, uint64(p.createdMS/1000))
	if p.layout != layoutLaunchpadFirst && p.layout != layoutLaunchpadLast {
		e.launchpad(p)
	}
}

func (e *encoder) dammV1Sides(p *pool) {
	e.raw(`"pool_token_mints":[`)
	if !p.noMint {
		e.raw(`"`)
		e.mint(&p.x)
		e.raw(`","`)
		e.mint(&p.y)
		e.raw(`"`)
	}
	x, y := p.amounts()
	e.raw(`],"pool_token_amounts":[`)
	e.numText("", x)
	e.numText("", y)
	e.end(']')
	half := dec{p.tvl.units / 2, moneyUnit}
	e.raw(`"pool_token_usd_amounts":[`)
	e.numText("", half)
	e.numText("", half)
	e.end(']')
}

func (e *encoder) mint(t *token) {
	if t.fixed != nil {
		e.raw(t.fixed.mint)
		return
	}
	e.b = appendBase58(e.b, t.mint)
}

// envelope writes a page's frame up to its rows, with the fault's changes.
func (e *encoder) envelope(total, page, size int, f *Fault) {
	up := size - 1
	if f.PagesDown {
		up = 0
	}
	e.raw(`{"total":`)
	e.int(total + f.TotalDelta)
	if !f.NoPageNumbers {
		e.raw(`,"pages":`)
		e.int((total + up) / size)
		e.raw(`,"current_page":`)
		e.int(page)
		e.raw(`,"page_size":`)
		e.int(size)
	}
	e.raw(`,"data":[`)
}
