package meteora

import (
	"strings"

	"tokensync/internal/token"
)

// decodePool reads a pool's fields. Every one of them is optional, null, or of an unexpected kind without harm: it
// is unknown then.
func (d *Decoder) decodePool(raw []byte, p *token.Pool) error {
	d.open(raw)
	return d.format.read(d, p)
}

// readData reads a pool as the Data APIs of DLMM and DAMM v2 send it.
func (d *Decoder) readData(p *token.Pool) error {
	var x, y token.Asset
	var amounts [2]token.Number
	err := d.members(func(name string) error {
		switch name {
		case "token_x":
			return d.asset(&x)
		case "token_y":
			return d.asset(&y)
		case "token_x_amount":
			return d.amount(&amounts[0])
		case "token_y_amount":
			return d.amount(&amounts[1])
		}
		return d.dataField(name, p)
	})
	base, quote := d.orient(x, y)
	setSides(p, base, quote)
	p.DepthUSD = token.DepthOf(amountOf(&quote, x.Mint, amounts), quote.PriceUSD)
	return err
}

// readCurve reads a bonding curve as the DBC Data API lists it: token_x is the launched token, and neither price nor
// stage is said.
func (d *Decoder) readCurve(p *token.Pool) error {
	var base, quote token.Asset
	err := d.members(func(name string) (err error) {
		switch name {
		case "token_x":
			return d.asset(&base)
		case "token_y":
			return d.asset(&quote)
		case "creator":
			p.Curve.Creator, err = d.text()
			return err
		case "pool_config_address":
			p.Curve.Config, err = d.text()
			return err
		}
		return d.dataField(name, p)
	})
	setSides(p, base, quote)
	return err
}

// amountOf returns how much of side is in a pool whose first mint is x.
func amountOf(side *token.Asset, x string, amounts [2]token.Number) token.Number {
	if side.Mint == x {
		return amounts[0]
	}
	return amounts[1]
}

// setSides keeps of the quote what a token needs of it.
func setSides(p *token.Pool, base, quote token.Asset) {
	p.Base, p.QuoteMint, p.QuoteSymbol, p.QuoteUSD = base, quote.Mint, quote.Symbol, quote.PriceUSD
}

func (d *Decoder) dataField(name string, p *token.Pool) (err error) {
	switch name {
	case "address":
		p.Address, err = d.text()
	case "name":
		p.Name, err = d.text()
		p.Name = token.CleanName(p.Name)
	case "created_at":
		err = d.time(&p.CreatedAt)
	case "tvl":
		err = d.amount(&p.TVLUSD)
	case "current_price":
		err = d.amount(&p.Price)
	case "apr":
		err = d.number(&p.APR)
	case "volume":
		err = d.windows(&p.VolumeUSD)
	case "fees":
		err = d.fees(p)
	case "pool_config":
		err = d.config(p)
	case "is_blacklisted":
		err = d.blacklisted(p)
	case "tags":
		err = d.tags(&p.Tags)
	default:
		err = d.json.SkipValue()
	}
	return err
}

func (d *Decoder) blacklisted(p *token.Pool) error {
	var f token.Flag
	err := d.flag(&f)
	p.Blacklisted = f == token.Yes
	return err
}

func (d *Decoder) asset(a *token.Asset) error {
	return d.members(func(name string) (err error) {
		switch name {
		case "address":
			a.Mint, err = d.text()
		case "name":
			a.Name, err = d.text()
			a.Name = token.CleanName(a.Name)
		case "symbol":
			a.Symbol, err = d.text()
			a.Symbol = token.CleanSymbol(a.Symbol)
		case "decimals":
			err = d.amount(&a.Decimals)
		case "is_verified":
			err = d.flag(&a.Verified)
		case "freeze_authority_disabled":
			err = d.flag(&a.FreezeAuthorityDisabled)
		case "holders":
			err = d.amount(&a.Holders)
		case "total_supply":
			err = d.amount(&a.TotalSupply)
		case "price":
			err = d.amount(&a.PriceUSD)
		case "market_cap":
			err = d.amount(&a.MarketCapUSD)
		default:
			err = d.json.SkipValue()
		}
		return err
	})
}

func (d *Decoder) windows(w *token.Windows) error {
	return d.members(func(name string) error {
		for i, window := range token.WindowNames {
			if name == window {
				return d.amount(&w[i])
			}
		}
		return d.json.SkipValue()
	})
}

func (d *Decoder) fees(p *token.Pool) error {
	var w token.Windows
	err := d.windows(&w)
	p.Fees24hUSD = w[token.Day]
	return err
}

func (d *Decoder) config(p *token.Pool) error {
	return d.members(func(name string) error {
		if name == "base_fee_pct" {
			return d.amount(&p.FeePct)
		}
		return d.json.SkipValue()
	})
}

// readV1 reads a pool as DAMM v1 sends it: two mints beside each other, and numbers as strings.
func (d *Decoder) readV1(p *token.Pool) error {
	var v v1Pool
	if err := d.members(func(name string) error { return d.v1Field(name, p, &v) }); err != nil {
		return err
	}
	x, y := v.sides(p)
	base, quote := d.orient(x, y)
	setSides(p, base, quote)
	p.DepthUSD = token.DepthOf(amountOf(&quote, v.mints[0], v.usd), "1")
	return nil
}

// v1Pool is the two sides of a DAMM v1 pool, in the order of pool_token_mints.
type v1Pool struct {
	mints        [2]string
	amounts, usd [2]token.Number
}

func (d *Decoder) v1Field(name string, p *token.Pool, v *v1Pool) (err error) {
	switch name {
	case "pool_address":
		p.Address, err = d.text()
	case "pool_name":
		p.Name, err = d.text()
		p.Name = token.CleanName(p.Name)
	case "pool_token_mints":
		err = d.pair(func(i int) (err error) { v.mints[i], err = d.text(); return err })
	case "pool_token_amounts":
		err = d.pair(func(i int) error { return d.amount(&v.amounts[i]) })
	case "pool_token_usd_amounts":
		err = d.pair(func(i int) error { return d.amount(&v.usd[i]) })
	case "pool_tvl":
		err = d.amount(&p.TVLUSD)
	case "trading_volume":
		err = d.amount(&p.VolumeUSD[token.Day])
	case "fee_volume":
		err = d.amount(&p.Fees24hUSD)
	case "total_fee_pct":
		err = d.amount(&p.FeePct)
	case "created_at":
		err = d.time(&p.CreatedAt)
	default:
		err = d.json.SkipValue()
	}
	return err
}

// pair reads the first two elements of an array.
func (d *Decoder) pair(read func(i int) error) error {
	return d.elements(func(i int) error {
		if i > 1 {
			return d.json.SkipValue()
		}
		return read(i)
	})
}

// sides works out what DAMM v1 does not say outright: the prices from the amounts, the symbols from the pool's name, which
// is always "X-Y".
func (v *v1Pool) sides(p *token.Pool) (x, y token.Asset) {
	x, y = token.Asset{Mint: v.mints[0]}, token.Asset{Mint: v.mints[1]}
	x.PriceUSD, y.PriceUSD = v.usd[0].Quo(v.amounts[0]), v.usd[1].Quo(v.amounts[1])
	if i := strings.LastIndexByte(p.Name, '-'); i > 0 {
		x.Symbol, y.Symbol = token.CleanSymbol(p.Name[:i]), token.CleanSymbol(p.Name[i+1:])
	}
	p.Price = x.PriceUSD.Quo(y.PriceUSD)
	return x, y
}
