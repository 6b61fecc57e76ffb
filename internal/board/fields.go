package board

import (
	"fmt"
	"slices"
	"strings"

	"tokensync/internal/token"
)

type num = token.Number

// headFields returns what a token says of itself, and of its curve.
func headFields() []field {
	list := []field{
		texts("mint", keysFamily, key, true, func(t *tok, _ *pool) *string { return &t.Mint }),
		texts("launchpad", keysFamily, word, true, func(t *tok, _ *pool) *token.LaunchpadID { return &t.Launchpad }),
		texts("decimals", keysFamily, word, true, func(t *tok, _ *pool) *num { return &t.Decimals }),
		integers("created_at", keysFamily, true, func(t *tok, _ *pool) *int64 { return &t.CreatedAt }),
		integers("first_seen_at", keysFamily, true, func(t *tok, _ *pool) *int64 { return &t.FirstSeenAt }),
		texts("curve_pool", keysFamily, key, true, func(t *tok, _ *pool) *string { return &t.CurvePool }),
		texts("name", namesFamily, text, true, func(t *tok, _ *pool) *string { return &t.Name }),
		texts("symbol", namesFamily, text, true, func(t *tok, _ *pool) *string { return &t.Symbol }),
		texts("image_url", namesFamily, text, true, func(t *tok, _ *pool) *string { return &t.Face.ImageURL }),
		texts("website", namesFamily, text, true, func(t *tok, _ *pool) *string { return &t.Face.Website }),
		texts("twitter", namesFamily, text, true, func(t *tok, _ *pool) *string { return &t.Face.Twitter }),
		texts("telegram", namesFamily, text, true, func(t *tok, _ *pool) *string { return &t.Face.Telegram }),
		bools("name_collision", namesFamily, true, func(t *tok, _ *pool) *bool { return &t.NameCollision }),
		texts("description", aboutFamily, text, false, func(t *tok, _ *pool) *string { return &t.Face.Description }),
		texts("face uri", aboutFamily, text, false, func(t *tok, _ *pool) *string { return &t.Face.URI }),
		texts("status", stateFamily, word, true, func(t *tok, _ *pool) *token.Status { return &t.Status }),
		integers("verified", stateFamily, true, func(t *tok, _ *pool) *token.Flag { return &t.Verified }),
		integers("freeze", stateFamily, true, func(t *tok, _ *pool) *token.Flag { return &t.FreezeAuthorityDisabled }),
		integers("mint_authority", stateFamily, true, func(t *tok, _ *pool) *token.Flag { return &t.MintAuthorityDisabled }),
		integers("token_2022", stateFamily, true, func(t *tok, _ *pool) *token.Flag { return &t.Token2022 }),
		integers("pool_count", stateFamily, true, func(t *tok, _ *pool) *int { return &t.PoolCount }),
		texts("total_supply", stateFamily, number, true, func(t *tok, _ *pool) *num { return &t.TotalSupply }),
		integers("graduated_at", milestones, true, func(t *tok, _ *pool) *int64 { return &t.GraduatedAt }),
		integers("last_trade_at", marketFamily, true, func(t *tok, _ *pool) *int64 { return &t.LastTradeAt }),
		integers("updated_at", marketFamily, true, func(t *tok, _ *pool) *int64 { return &t.UpdatedAt }),
		bools("price_suspect", stateFamily, true, func(t *tok, _ *pool) *bool { return &t.PriceSuspect }),
		bools("volume_estimated", stateFamily, true, func(t *tok, _ *pool) *bool { return &t.VolumeEstimated }),
	}
	for _, c := range curveFields() {
		list = append(list, c.field("curve ", true, tokenCurve, nil))
	}
	list = append(list, integers("written hour", writtenFamily, false, func(t *tok, _ *pool) *int64 { return &t.Written.Hour }))
	for i := range noToken.Written.Steps {
		list = append(list, integers(fmt.Sprint("written step ", i), writtenFamily, false,
			func(t *tok, _ *pool) *uint8 { return &t.Written.Steps[i] }))
	}
	return list
}

var noToken tok

// poolFields returns what each pool says. The curve's pool repeats what the token says of its curve.
func poolFields() []field {
	list := []field{
		texts("pool mint", poolsFamily, key, false, func(_ *tok, p *pool) *string { return &p.Base.Mint }, mintOf),
		texts("pool address", poolsFamily, key, false, func(_ *tok, p *pool) *string { return &p.Address }, curvePool, graduatedPool),
		texts("pool product", poolsFamily, word, false, func(_ *tok, p *pool) *token.Product { return &p.Product }),
		texts("pool launchpad", poolsFamily, word, false, func(_ *tok, p *pool) *token.LaunchpadID { return &p.Launchpad }, launchpadOf),
		integers("pool created_at", poolsFamily, false, func(_ *tok, p *pool) *int64 { return &p.CreatedAt }, createdAt, graduatedAt),
		texts("pool base name", aboutFamily, text, false, func(_ *tok, p *pool) *string { return &p.Base.Name }, nameOf),
		texts("pool base symbol", aboutFamily, text, false, func(_ *tok, p *pool) *string { return &p.Base.Symbol }, symbolOf),
		texts("pool base uri", aboutFamily, text, false, func(_ *tok, p *pool) *string { return &p.Base.URI }, firstURI),
		texts("pool quote mint", stateFamily, word, false, func(_ *tok, p *pool) *string { return &p.QuoteMint }),
		texts("pool quote symbol", stateFamily, word, false, func(_ *tok, p *pool) *string { return &p.QuoteSymbol }),
		texts("pool name", aboutFamily, text, false, func(_ *tok, p *pool) *string { return &p.Name }, pairName),
		texts("pool decimals", stateFamily, word, false, func(_ *tok, p *pool) *num { return &p.Base.Decimals }, decimalsOf),
		integers("pool verified", stateFamily, false, func(_ *tok, p *pool) *token.Flag { return &p.Base.Verified }, verifiedOf),
		integers("pool freeze", stateFamily, false, func(_ *tok, p *pool) *token.Flag { return &p.Base.FreezeAuthorityDisabled }, freezeOf),
		integers("pool mint_authority", stateFamily, false, func(_ *tok, p *pool) *token.Flag { return &p.Base.MintAuthorityDisabled }, authorityOf),
		integers("pool token_2022", stateFamily, false, func(_ *tok, p *pool) *token.Flag { return &p.Base.Token2022 }, token2022Of),
		bools("pool blacklisted", stateFamily, false, func(_ *tok, p *pool) *bool { return &p.Blacklisted }),
		texts("pool fee", stateFamily, word, false, func(_ *tok, p *pool) *num { return &p.FeePct }),
		texts("pool supply", stateFamily, number, false, func(_ *tok, p *pool) *num { return &p.Base.TotalSupply }).or(copied, "total_supply"),
		anchor("quote usd", word, func(a *token.Anchor) *num { return &a.QuoteUSD }),
		anchor("price", number, func(a *token.Anchor) *num { return &a.Price }),
		anchor("price usd", number, func(a *token.Anchor) *num { return &a.PriceUSD }).or(product, "pool anchor price", "pool anchor quote usd"),
		anchor("tvl", number, func(a *token.Anchor) *num { return &a.TVLUSD }),
		anchor("depth", number, func(a *token.Anchor) *num { return &a.DepthUSD }),
		anchor("fees", number, func(a *token.Anchor) *num { return &a.Fees24hUSD }),
		anchor("holders", number, func(a *token.Anchor) *num { return &a.Holders }),
	}
	for i, window := range token.WindowNames {
		f := anchor("volume "+window, number, func(a *token.Anchor) *num { return &a.VolumeUSD[i] })
		list = append(list, f.orBefore("pool anchor volume ", i))
	}
	return append(append(list, marketFields()...), markFields()...)
}

// anchor returns a field of a pool's anchor.
func anchor(name string, as form, at func(a *token.Anchor) *num) field {
	return texts("pool anchor "+name, anchorFamily, as, false, func(_ *tok, p *pool) *num { return at(&p.Anchor) })
}

// marketFields returns what moves with every tick. What did not, or moved with its quote, is told from the pool's anchor.
func marketFields() []field {
	list := []field{
		market("holders", number, func(p *pool) *num { return &p.Base.Holders }).orAnchor(),
		market("quote usd", word, func(p *pool) *num { return &p.QuoteUSD }).orAnchor(),
		market("price", number, func(p *pool) *num { return &p.Price }).orAnchor().about(itself, "pool anchor price"),
		market("price usd", number, func(p *pool) *num { return &p.Base.PriceUSD }).orAnchor().or(product, "pool price", "pool quote usd").
			about(withQuote, "pool anchor price usd", "pool quote usd", "pool anchor quote usd"),
		market("market cap", number, func(p *pool) *num { return &p.Base.MarketCapUSD }).or(product, "pool price usd", "pool supply").
			about(marketCapAbout, "pool price usd", "pool supply"),
		market("tvl", number, func(p *pool) *num { return &p.TVLUSD }).orAnchor().or(product, "curve reserve", "pool quote usd").
			about(withQuote, "pool anchor tvl", "pool quote usd", "pool anchor quote usd"),
		market("depth", number, func(p *pool) *num { return &p.DepthUSD }).orAnchor().
			about(withQuote, "pool anchor depth", "pool quote usd", "pool anchor quote usd"),
	}
	for i, window := range token.WindowNames {
		f := market("volume "+window, number, func(p *pool) *num { return &p.VolumeUSD[i] }).orAnchor()
		list = append(list, f.orBefore("pool volume ", i).about(itself, "pool anchor volume "+window))
	}
	return append(list,
		market("fees", number, func(p *pool) *num { return &p.Fees24hUSD }).orAnchor().
			about(feesAbout, "pool anchor fees", "pool anchor volume 24h", "pool volume 24h"),
		market("apr", number, func(p *pool) *num { return &p.APR }).about(aprAbout, "pool fees", "pool tvl"))
}

func market(name string, as form, at func(p *pool) *num) field {
	return texts("pool "+name, marketFamily, as, false, func(_ *tok, p *pool) *num { return at(p) })
}

// orAnchor adds what f was at its pool's anchor.
func (f field) orAnchor() field {
	return f.or(copied, "pool anchor "+strings.TrimPrefix(f.name, "pool "))
}

// orBefore adds the value of the window before the one numbered i, which has none when it is the first.
func (f field) orBefore(beginning string, i int) field {
	if i == 0 {
		return f
	}
	return f.or(copied, beginning+token.WindowNames[i-1])
}

// markFields returns a pool's tags, and its curve.
func markFields() (list []field) {
	list = append(list, tags())
	for _, c := range curveFields() {
		list = append(list, c.field("pool curve ", false, poolCurve, repeated))
	}
	return list
}

// sumFields returns what a token has of its pools.
func sumFields() []field {
	list := []field{
		texts("holders", marketFamily, number, true, func(t *tok, _ *pool) *num { return &t.Holders }).or(first, "pool holders"),
		texts("price_usd", marketFamily, number, true, func(t *tok, _ *pool) *num { return &t.PriceUSD }).or(first, "pool price usd"),
		texts("price", marketFamily, number, true, func(t *tok, _ *pool) *num { return &t.Price }).or(leading, "pool price", "pool price usd"),
		texts("quote_mint", stateFamily, word, true, func(t *tok, _ *pool) *string { return &t.QuoteMint }).
			or(leading, "pool quote mint", "pool price usd").or(opening, "pool quote mint"),
		texts("market_cap", marketFamily, number, true, func(t *tok, _ *pool) *num { return &t.MarketCapUSD }).
			or(first, "pool market cap").or(product, "price_usd", "total_supply"),
		texts("tvl", marketFamily, number, true, func(t *tok, _ *pool) *num { return &t.TVLUSD }).or(summed, "pool tvl"),
		texts("fees", marketFamily, number, true, func(t *tok, _ *pool) *num { return &t.Fees24hUSD }).or(summed, "pool fees"),
		texts("lead", stateFamily, key, false, func(t *tok, _ *pool) *string { return &t.Lead.Pool }, leader),
		texts("lead rival", stateFamily, key, false, func(t *tok, _ *pool) *string { return &t.Lead.Rival }),
		integers("lead merges", stateFamily, false, func(t *tok, _ *pool) *int { return &t.Lead.Merges }),
		integers("lead since", stateFamily, false, func(t *tok, _ *pool) *int64 { return &t.Lead.Since }),
	}
	for i, window := range token.WindowNames {
		list = append(list, texts("volume "+window, marketFamily, number, true,
			func(t *tok, _ *pool) *num { return &t.VolumeUSD[i] }).or(summed, "pool volume "+window))
	}
	return list
}

// Values that a pool often shares with its token.
func mintOf(t *tok, _ *pool) string                 { return t.Mint }
func curvePool(t *tok, _ *pool) string              { return t.CurvePool }
func graduatedPool(t *tok, _ *pool) string          { return t.Curve.GraduatedPool }
func launchpadOf(t *tok, _ *pool) token.LaunchpadID { return t.Launchpad }
func createdAt(t *tok, _ *pool) int64               { return t.CreatedAt }
func graduatedAt(t *tok, _ *pool) int64             { return t.GraduatedAt }
func nameOf(t *tok, _ *pool) string                 { return t.Name }
func symbolOf(t *tok, _ *pool) string               { return t.Symbol }
func decimalsOf(t *tok, _ *pool) num                { return t.Decimals }
func verifiedOf(t *tok, _ *pool) token.Flag         { return t.Verified }
func freezeOf(t *tok, _ *pool) token.Flag           { return t.FreezeAuthorityDisabled }
func authorityOf(t *tok, _ *pool) token.Flag        { return t.MintAuthorityDisabled }
func token2022Of(t *tok, _ *pool) token.Flag        { return t.Token2022 }
func leader(t *tok, _ *pool) string {
	for i := range t.Pools {
		if t.Pools[i].Base.PriceUSD != "" {
			return t.Pools[i].Address
		}
	}
	return ""
}
func pairName(_ *tok, p *pool) string { return p.Base.Symbol + "-" + p.QuoteSymbol }

// firstURI returns that of the first pool, for the others.
func firstURI(t *tok, p *pool) string {
	if p == &t.Pools[0] {
		return ""
	}
	return t.Pools[0].Base.URI
}

// What values lie near. withQuote is a value at the anchor, times as much as the quote has moved since: v[1] from v[2].
func itself(v [3]float64) float64    { return v[0] }
func withQuote(v [3]float64) float64 { return v[0] * moved(v[1], v[2]) }

// moved returns how many times as much now is than at the anchor.
func moved(now, anchor float64) float64 {
	if times := now / anchor; times > 0 && times < maxMove {
		return times
	}
	return 1
}

// maxMove is beyond what a quote's price ever moves.
const maxMove = 1e6

// feesAbout returns today's in the measure in which volume earned them.
func feesAbout(v [3]float64) float64 { return v[0] / v[1] * v[2] }

// marketCapAbout and aprAbout are what Meteora's servers make in float64, of more digits than they show.
func marketCapAbout(v [3]float64) float64 { return v[0] * v[1] }
func aprAbout(v [3]float64) float64       { return v[0] / v[1] * 100 }

// tags returns a pool's tags in one text, each with an end of its own.
func tags() field {
	escape := strings.NewReplacer("\x01", "\x01\x02", "\x00", "\x01\x01")
	unescape := strings.NewReplacer("\x01\x02", "\x01", "\x01\x01", "\x00")
	return field{
		name: "pool tags", family: poolsFamily, form: word,
		text: func(_ *tok, p *pool) (joined string) {
			for _, tag := range p.Tags {
				joined += escape.Replace(tag) + "\x00"
			}
			return joined
		},
		setText: func(_ *tok, p *pool, v string) {
			p.Tags = nil
			for tag := range strings.SplitSeq(v, "\x00") {
				p.Tags = append(p.Tags, unescape.Replace(tag))
			}
			p.Tags = slices.Clip(p.Tags[:len(p.Tags)-1])
			if len(p.Tags) == 0 {
				p.Tags = nil
			}
		},
	}
}

// A curveField is one leaf of a curve, which a token has and its curve's pool repeats.
type curveField struct {
	name   string
	family family
	form   form
	row    bool

	text    func(c *token.Curve) string
	setText func(c *token.Curve, v string)
	number  bool
	tells   []string                 // fields of the curve whose quotient it often is
	quo     func(c *token.Curve) num // the same
	int     func(c *token.Curve) int64
	setInt  func(c *token.Curve, v int64)
}

func curveTexts[S ~string](name string, of family, as form, row bool, at func(c *token.Curve) *S) curveField {
	_, isNumber := any(*new(S)).(num)
	return curveField{
		name: name, family: of, form: as, row: row, number: isNumber,
		text:    func(c *token.Curve) string { return string(*at(c)) },
		setText: func(c *token.Curve, v string) { *at(c) = S(v) },
	}
}

func earned(name string, at func(e *token.Earnings) *num) curveField {
	return curveTexts("earned "+name, earningsFamily, number, false, func(c *token.Curve) *num { return at(&c.Earnings) })
}

func earnedFlag(name string, at func(e *token.Earnings) *bool) curveField {
	return curveField{
		name: "earned " + name, family: earningsFamily, form: integer,
		int:    func(c *token.Curve) int64 { return toInt(*at(&c.Earnings)) },
		setInt: func(c *token.Curve, v int64) { *at(&c.Earnings) = v != 0 },
	}
}

func curveFields() []curveField {
	progress := curveTexts("progress", marketFamily, number, true, func(c *token.Curve) *num { return &c.Progress })
	progress.tells = []string{"curve reserve", "curve threshold"}
	progress.quo = func(c *token.Curve) num { return c.QuoteReserve.Quo(c.QuoteThreshold) }
	list := []curveField{
		curveTexts("stage", stateFamily, word, true, func(c *token.Curve) *token.Stage { return &c.Stage }),
		curveTexts("creator", keysFamily, key, true, func(c *token.Curve) *string { return &c.Creator }),
		curveTexts("config", keysFamily, word, true, func(c *token.Curve) *string { return &c.Config }),
		curveTexts("graduated_pool", milestones, key, true, func(c *token.Curve) *string { return &c.GraduatedPool }),
		curveTexts("threshold", stateFamily, word, true, func(c *token.Curve) *num { return &c.QuoteThreshold }),
		curveTexts("reserve", marketFamily, number, true, func(c *token.Curve) *num { return &c.QuoteReserve }),
		progress,
		{
			name: "completed_at", family: milestones, form: integer, row: true,
			int: func(c *token.Curve) int64 { return c.CompletedAt }, setInt: func(c *token.Curve, v int64) { c.CompletedAt = v },
		},
		earned("base", func(e *token.Earnings) *num { return &e.FeesBase }),
		earned("quote", func(e *token.Earnings) *num { return &e.FeesQuote }),
		earned("volume", func(e *token.Earnings) *num { return &e.VolumeQuote }),
		earnedFlag("estimated", func(e *token.Earnings) *bool { return &e.VolumeEstimated }),
		earned("creation", func(e *token.Earnings) *num { return &e.CreationFee }),
		earnedFlag("creation taken", func(e *token.Earnings) *bool { return &e.CreationFeeTaken }),
		earned("leftover", func(e *token.Earnings) *num { return &e.Leftover }),
	}
	list = append(list, shareFields("partner", func(e *token.Earnings) *token.Share { return &e.Partner })...)
	return append(list, shareFields("creator", func(e *token.Earnings) *token.Share { return &e.Creator })...)
}

func shareFields(side string, of func(e *token.Earnings) *token.Share) []curveField {
	return []curveField{
		earned(side+" unclaimed base", func(e *token.Earnings) *num { return &of(e).UnclaimedBase }),
		earned(side+" unclaimed quote", func(e *token.Earnings) *num { return &of(e).UnclaimedQuote }),
		earned(side+" claimed base", func(e *token.Earnings) *num { return &of(e).ClaimedBase }),
		earned(side+" claimed quote", func(e *token.Earnings) *num { return &of(e).ClaimedQuote }),
		earned(side+" surplus", func(e *token.Earnings) *num { return &of(e).Surplus }),
		earned(side+" migration", func(e *token.Earnings) *num { return &of(e).MigrationFee }),
		earnedFlag(side+" surplus taken", func(e *token.Earnings) *bool { return &of(e).SurplusTaken }),
		earnedFlag(side+" migration taken", func(e *token.Earnings) *bool { return &of(e).MigrationTaken }),
	}
}

// field returns c of the curve that in finds, with what it follows from, nil for nothing.
func (c curveField) field(prefix string, row bool, in, from func(t *tok, p *pool) *token.Curve) field {
	f := field{name: prefix + c.name, family: c.family, form: c.form, row: row && c.row, number: c.number}
	if c.form == integer {
		f.int = func(t *tok, p *pool) int64 { return c.int(in(t, p)) }
		f.setInt = func(t *tok, p *pool, v int64) { c.setInt(in(t, p), v) }
		f.followsInt = append(f.followsInt, func(t *tok, p *pool) int64 {
			if from == nil {
				return 0
			}
			return c.int(from(t, p))
		})
		return f
	}
	f.text = func(t *tok, p *pool) string { return c.text(in(t, p)) }
	f.setText = func(t *tok, p *pool, v string) { c.setText(in(t, p), v) }
	switch {
	case from != nil:
		f.follows = append(f.follows, follow{text: func(t *tok, p *pool) string { return c.text(from(t, p)) }})
		if c.quo != nil {
			f.follows = append(f.follows, follow{text: func(t *tok, p *pool) string { return string(c.quo(in(t, p))) }})
		}
	case c.quo != nil:
		f = f.or(absent).or(quotient, c.tells...)
	default:
		f = f.or(absent)
	}
	return f
}

var noCurve token.Curve

// Curves that a curveField may be of, or follow from.
func tokenCurve(t *tok, _ *pool) *token.Curve { return &t.Curve }
func poolCurve(_ *tok, p *pool) *token.Curve  { return &p.Curve }

// repeated returns t's own curve for the pool that is its curve, and none for any other.
func repeated(t *tok, p *pool) *token.Curve {
	if p.Address == t.CurvePool {
		return &t.Curve
	}
	return &noCurve
}
