package dbc

import (
	"cmp"
	"slices"
	"strconv"

	"tokensync/internal/solana"
	"tokensync/internal/token"
)

// emitAll finishes pools and hands them out, each once a run. Those whose quote everybody knows come first, for they may
// price another's quote.
func (s *scan) emitAll(pools []pool) error {
	pools = slices.DeleteFunc(slices.Clone(pools), func(p pool) bool {
		_, ok := s.seen[p.address]
		if !ok && s.claimOf(&p) != nil {
			s.seen[p.address] = struct{}{}
			return false
		}
		return true
	})
	slices.SortStableFunc(pools, func(a, b pool) int { return s.quoteDepth(a.config) - s.quoteDepth(b.config) })
	for chunk := range slices.Chunk(pools, emitSize) {
		if err := s.emitChunk(chunk); err != nil || s.stopped {
			return err
		}
	}
	return nil
}

// emitChunk hands out pools. The AMM pools of those that have graduated are asked for a hundred at a time.
func (s *scan) emitChunk(pools []pool) error {
	if err := s.loadTerms(pools); err != nil {
		return err
	}
	found, err := s.metadata(pools)
	if err != nil {
		return err
	}
	for i := range pools {
		p, meta := &pools[i], found[pools[i].mint]
		out := s.tokenPool(s.claimOf(p), p, &meta)
		if !s.emit(out) {
			return nil
		}
		if out.Curve.GraduatedPool != "" {
			s.await(p, &out)
		}
	}
	return nil
}

// loadTerms reads the configs of pools that were found by their creator, and the quotes of those configs.
func (s *scan) loadTerms(pools []pool) error {
	var configs []solana.Key
	for i := range pools {
		configs = append(configs, pools[i].config)
	}
	if err := s.loadConfigs(configs); err != nil {
		return err
	}
	return s.learnQuotes()
}

// tokenPool describes p with everything that is known of its config, its mint and its quote.
func (s *scan) tokenPool(c *claim, p *pool, meta *metadata) token.Pool {
	s.checkFees(p)
	out := token.Pool{
		Address: p.address.String(), Product: token.DBC, Launchpad: c.id,
		Base: token.Asset{
			Mint: p.mint.String(), Name: meta.Name, Symbol: meta.Symbol, URI: meta.URI,
			Decimals: meta.Decimals, TotalSupply: meta.supplyAt(p.stage),
			FreezeAuthorityDisabled: token.Yes, // the program never sets one
			Token2022:               token.FlagOf(p.isToken2022),
		},
		Curve: token.Curve{
			Stage: stages[p.stage], Creator: p.creator.String(), Config: p.config.String(), CompletedAt: s.completedAt(p),
		},
	}
	if config := s.configs[p.config]; config != nil {
		s.addConfig(&out, config, p, meta)
	}
	return out
}

func (s *scan) addConfig(out *token.Pool, c *config, p *pool, meta *metadata) {
	quote := s.quotes[c.QuoteMint]
	out.CreatedAt = s.createdAt(c, p, meta)
	out.Base.MintAuthorityDisabled = c.mintAuthorityDisabled()
	out.Base.Decimals = decimalText(c.Decimals)
	out.Base.TotalSupply = cmp.Or(out.Base.TotalSupply, c.supply(p.stage))
	out.Curve.Progress = progress(p.quoteReserve, c.Threshold)
	if p.stage == graduated {
		out.Curve.GraduatedPool = c.graduatedText(p.mint)
	}
	out.FeePct = c.feePct()
	out.QuoteMint, out.QuoteSymbol = c.QuoteMint.String(), quote.Symbol
	if out.Base.Symbol != "" && quote.Symbol != "" {
		out.Name = out.Base.Symbol + "-" + quote.Symbol
	}
	unit := quote.units()
	out.Curve.Earnings = c.earnings(p, units{c.Decimals, true}, unit)
	out.Curve.QuoteReserve, out.Curve.QuoteThreshold = unit.whole(p.quoteReserve), unit.whole(c.Threshold)
	if unit.known {
		out.Price = price(p.sqrtPrice, int(c.Decimals), int(unit.decimals))
	}
	s.addDollars(out, c, p)
}

// addDollars values a curve. Once its token has graduated, the reserves have gone although the account still shows them,
// and the price is history. A curve that nobody has paid into has a price of its maker's choice: it makes no market cap.
func (s *scan) addDollars(out *token.Pool, c *config, p *pool) {
	out.QuoteUSD = s.quotePrice(c.QuoteMint)
	if p.stage == graduated {
		return
	}
	out.TVLUSD = out.Curve.QuoteReserve.Mul(out.QuoteUSD)
	out.Base.PriceUSD = out.Price.Mul(out.QuoteUSD)
	if p.quoteReserve == 0 {
		return
	}
	out.Base.MarketCapUSD = out.Base.PriceUSD.Mul(out.Base.TotalSupply)
	s.learnPrice(p.mint, out.Base.PriceUSD)
}

// mintAuthorityDisabled tells from the config alone: the mint's authority is revoked when the pool is made, or kept.
func (c *config) mintAuthorityDisabled() token.Flag {
	if c.Authority > lastAuthority {
		return token.Unknown
	}
	return token.FlagOf(c.Authority < keepsMintAuthority)
}

// supplyMoves reports whether the supply may change with any block: it shrinks when a curve of dynamic supply migrates,
// and grows at the will of whoever keeps the mint authority. Otherwise holders may burn, which is seldom.
func (c *config) supplyMoves(at stage) bool {
	return c == nil || !c.FixedSupply && at != graduated || c.mintAuthorityDisabled() != token.Yes
}

// supply stands in while the mint's own word is missing: a fixed supply is what the config says until it migrates.
func (c *config) supply(at stage) token.Number {
	if !c.FixedSupply || c.SupplyBefore == 0 || at == graduated || c.mintAuthorityDisabled() != token.Yes {
		return ""
	}
	return scaled(c.SupplyBefore, c.Decimals)
}

func decimalText(n uint8) token.Number { return token.Number(strconv.Itoa(int(n))) }
