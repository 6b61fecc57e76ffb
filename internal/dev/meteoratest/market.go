package meteoratest

import (
	"math/bits"
	"strconv"
)

// million is one, in the parts of a million that factors are counted in.
const million = 1_000_000

// market is what quotes are worth at a tick. Everything in dollars follows from it, as it does in the world.
type market struct {
	tick        uint64
	sol, wsol   *quote
	usdc, usdt  *quote
	solF, usdcF uint64 // against tick 0
}

// How far prices stray from where they began, in parts of a million.
const (
	solStrays    = 60_000
	dollarStrays = 900
)

// newMarket returns the same for the same seed and tick. Tick 0 moves nothing.
func newMarket(seed, tick uint64) *market {
	m := &market{tick: tick, solF: drift(mix(seed^0x501), tick, solStrays), usdcF: drift(mix(seed^0xdc), tick, dollarStrays)}
	m.sol, m.wsol, m.usdc = quoteSOL.at(m.solF), quoteWSOL.at(m.solF), quoteUSDC.at(m.usdcF)
	m.usdt = quoteUSDT.at(drift(mix(seed^0xd7), tick, dollarStrays))
	return m
}

// drift returns a smooth way around a million that stays within strays of it. Two ticks in a row never have the same value.
func drift(h, tick uint64, strays uint64) uint64 {
	const leg = 32 // ticks from one turning point to the next
	turn := func(n uint64) uint64 {
		if n == 0 {
			return strays
		}
		return mix(h+n) % (2 * strays)
	}
	from, to, part := turn(tick/leg), turn(tick/leg+1), tick%leg
	f := million - strays + (from*(leg-part)+to*part)/leg
	if (f^tick)%2 == 1 {
		f++
	}
	return f
}

// quote returns q's kind at this moment.
func (m *market) quote(q *quote) *quote {
	switch q {
	case quoteSOL:
		return m.sol
	case quoteWSOL:
		return m.wsol
	case quoteUSDC:
		return m.usdc
	default:
		return m.usdt
	}
}

// now returns a token as it stands: quotes at their price, and all others, whose markets are mostly in SOL, moved with SOL.
func (m *market) now(t token) token {
	if t.fixed != nil {
		t.fixed = m.quote(t.fixed)
	} else {
		t.price = t.price.times(m.solF)
	}
	return t
}

// factor returns how t's price stands against tick 0.
func (m *market) factor(t *token) uint64 {
	if t.fixed != nil {
		return t.fixed.factor
	}
	return m.solF
}

// move gives the pool the money of this tick: its TVL follows what lies in it, and its volume moves if it trades at all.
func (m *market) move(p *pool) {
	if m.tick == 0 {
		return
	}
	p.tvl = p.tvl.times((m.factor(&p.x) + m.factor(&p.y)) / 2)
	const swing = 40_000
	way := mix(p.h^mix(m.tick))%swing&^1 | m.tick&1 // another one than a tick ago
	p.volume = p.volume.times(million - swing/2 + way)
}

// times returns d multiplied by millionths.
func (d dec) times(millionths uint64) dec {
	hi, lo := bits.Mul64(d.units, millionths)
	d.units, _ = bits.Div64(hi, lo, million)
	return d
}

// at returns a quote whose price has moved by a factor.
func (q *quote) at(factor uint64) *quote {
	moved := *q
	moved.factor = factor
	moved.price = dec{q.price.units * factor, q.price.scale + 6}
	moved.usd = moved.price.float()
	var e encoder
	e.raw(`{"address":"` + q.mint + `","name":"` + q.name + `","symbol":"` + q.symbol + `",` + q.facts + `"price":`)
	e.b = appendDec(e.b, moved.price, true)
	e.raw(`,"market_cap":`)
	e.b = strconv.AppendFloat(e.b, moved.usd*q.supply, q.capFormat, -1, 64)
	e.b = append(e.b, '}')
	moved.json = string(e.b)
	return &moved
}
