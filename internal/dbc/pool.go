package dbc

import (
	"cmp"
	"fmt"
	"strconv"

	"tokensync/internal/token"
)

// tokenPool describes p with everything that is known of its config, its mint and its quote.
func (s *scan) tokenPool(c *claim, p *pool, meta *metadata) token.Pool {
	out := token.Pool{
		Address: p.address.String(), Product: token.DBC, Launchpad: c.id,
		Base: token.Asset{
			Mint: p.mint.String(), Name: meta.Name, Symbol: meta.Symbol, Decimals: meta.Decimals, TotalSupply: meta.Supply,
		},
		Curve: token.Curve{Stage: stages[p.stage], Creator: p.creator.String()},
	}
	if c.config != nil {
		s.addConfig(&out, c.config, p)
	}
	return out
}

func (s *scan) addConfig(out *token.Pool, c *config, p *pool) {
	out.Curve.Progress = progress(p.quoteReserve, c.Threshold)
	out.Base.Decimals, _ = token.ParseNumber(strconv.Itoa(int(c.Decimals)))
	out.Base.TotalSupply = cmp.Or(c.supply(p.stage), out.Base.TotalSupply)
	out.QuoteMint, out.QuoteSymbol = c.QuoteMint.String(), c.QuoteSymbol
	if out.Base.Symbol != "" && c.QuoteSymbol != "" {
		out.Name = out.Base.Symbol + "-" + c.QuoteSymbol
	}
	quoteDecimals, err := strconv.Atoi(string(c.QuoteDecimals))
	if err != nil {
		return // no price without them
	}
	out.Price = price(p.sqrtPrice, int(c.Decimals), quoteDecimals)
	if p.stage == graduated && !c.ToDAMMv2 {
		return // the curve's price is history, and the pool that has the real one is not read
	}
	out.Base.PriceUSD = out.Price.Mul(s.quotePrice(c.QuoteMint))
	out.Base.MarketCapUSD = out.Base.PriceUSD.Mul(out.Base.TotalSupply)
}

// knowsSupply says whether the mint need not be asked how many tokens there are.
func (c *config) knowsSupply() bool { return c != nil && c.FixedSupply && c.SupplyBefore > 0 }

// supply is the config's word on how many tokens there are; unknown when it is not fixed.
func (c *config) supply(at stage) token.Number {
	if !c.knowsSupply() {
		return ""
	}
	n := c.SupplyBefore
	if at == graduated && c.SupplyAfter > 0 {
		n = c.SupplyAfter // migration burns what is left over
	}
	return scaled(n, c.Decimals)
}

// A graduate is a curve whose DAMM v2 pool has to be asked for.
type graduate struct {
	address string // of the DAMM v2 pool
	pool    token.Pool
}

// maxGraduates is how many are asked for together.
const maxGraduates = 100

func (s *scan) wait(g graduate) {
	s.waiting = append(s.waiting, g)
	if len(s.waiting) == maxGraduates {
		s.flushGraduates()
	}
}

// flushGraduates hands out the curves that wait, and their DAMM v2 pools. Once the pool is there, the curve's last
// price is history; until Meteora lists it, that price is the best there is.
func (s *scan) flushGraduates() {
	dammPools, err := s.graduatedPools()
	if err != nil {
		s.note(fmt.Errorf("graduated pools: %w", err))
	}
	for i := range s.waiting {
		g := &s.waiting[i]
		damm, ok := dammPools[g.address]
		if ok || err != nil {
			g.pool.Base.PriceUSD, g.pool.Base.MarketCapUSD = "", ""
		}
		if !s.emit(g.pool) || ok && !s.emit(damm) {
			break
		}
	}
	s.waiting = s.waiting[:0]
}

// graduatedPools asks Meteora for the pools of all that wait, by address. What it answers is held to what was asked.
// After a failure it is not asked again in this run.
func (s *scan) graduatedPools() (map[string]token.Pool, error) {
	if len(s.waiting) == 0 || s.stopped {
		return nil, nil
	}
	if s.gaveUp {
		return nil, s.trouble
	}
	asked := make(map[string]*token.Pool, len(s.waiting))
	addresses := make([]string, len(s.waiting))
	for i := range s.waiting {
		addresses[i] = s.waiting[i].address
		asked[addresses[i]] = &s.waiting[i].pool
	}
	found := make(map[string]token.Pool, len(s.waiting))
	for p, err := range s.source.Graduates.ByAddress(s.ctx, addresses, s.stats) {
		if err != nil {
			s.gaveUp = true
			return found, err
		}
		s.stats.Scanned.Add(1)
		curve, ok := asked[p.Address]
		if !ok || p.Base.Mint != curve.Base.Mint {
			s.stats.Invalid.Add(1)
			continue
		}
		p.Launchpad = curve.Launchpad
		found[p.Address] = p
	}
	return found, nil
}
