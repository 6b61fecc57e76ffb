package meteoratest

import "math/bits"

const (
	moneyUnit = 11 // scale of money inside a pool: 10^-11 US dollars
	windows   = 6  // 30m, 1h, 2h, 4h, 12h, 24h
)

// layout is the order of a pool's fields.
type layout int

const (
	layoutUsual layout = iota
	layoutLaunchpadFirst
	layoutLaunchpadLast
	layoutAddressLast
)

// pool is everything that a pool's JSON says, computed from the seed, the product, the index and the pool's override.
type pool struct {
	index       int
	kind        int
	h           uint64
	launchpad   *spelling
	ours        bool
	x, y        token
	swapped     bool // the quote side is token_x
	price       dec  // of the base token, US dollars
	quoteUSD    float64
	createdMS   int64
	tvl, volume dec
	feeBps      uint64
	shares      [windows]uint64 // thousandths of the 24 h volume
	blacklisted bool
	layout      layout
	noAddress   int  // a fault: 1 left out, 2 null, 3 empty
	noMint      bool // a fault
	nan         bool // a fault
}

// pool makes the index-th pool.
func (w *world) pool(index int) pool {
	o := w.overrides[index]
	p := pool{index: index, kind: w.kind, h: w.hash(index)}
	p.launchpad, p.ours = w.launchpadOf(index)
	if o.place != nil {
		p.placeTokens(w, o)
	} else {
		p.drawTokens(w, o)
	}
	p.createdMS = w.created(index)
	p.drawMoney(w, o.version)
	w.market.move(&p)
	p.blacklisted = o.blacklisted || (!p.ours && p.h%301 == 0)
	p.layout = layout(max(0, int(p.h>>48%32)-28))
	return p
}

// base returns the side that a launchpad's reader keeps: the one that is not a quote; token_x when both or neither are.
func (p *pool) base() *token {
	if p.x.fixed != nil && p.y.fixed == nil {
		return &p.y
	}
	return &p.x
}

func (p *pool) drawTokens(w *world, o override) {
	q := drawQuote(p.h >> 3)
	var base token
	switch n := p.h >> 16 % 1000; {
	case p.ours:
		base = w.token(kindOurMint, uint64(w.ourToken(p.index)))
	case n < 2: // two quotes
		base = token{fixed: quoteSOL}
		q = quoteUSDC
	default: // a quarter of the tokens have several pools
		base = w.token(kindMint, mix(p.h)%uint64(max(1, w.n*3/4)))
	}
	if o.names > 0 && base.fixed == nil {
		base.odd, base.empty = &w.odd[(base.h>>16+uint64(o.names))%uint64(len(w.odd))], false
	}
	side := token{fixed: q}
	if n := p.h >> 26 % 1000; !p.ours && n < 30 && base.fixed == nil { // no quote
		side = w.token(kindMint, mix(p.h+1)%uint64(max(1, w.n*3/4)))
	}
	p.setSides(w, base, side, p.h>>36%8 == 0, o.version)
}

// placeTokens makes a launched token's pool of it.
func (p *pool) placeTokens(w *world, o override) {
	base := o.place.token
	if o.names > 0 {
		base.named, base.odd = nil, &w.odd[(base.h>>16+uint64(o.names))%uint64(len(w.odd))]
	}
	p.setSides(w, base, o.place.quote, o.place.second, o.version)
}

// setSides gives the pool its tokens as the market stands, and its price.
func (p *pool) setSides(w *world, base, side token, swapped bool, version uint64) {
	p.x, p.y = w.market.now(base), w.market.now(side)
	p.price, p.quoteUSD = p.x.usd(), p.y.usd().float()
	if version > 0 { // keeps within 5 % of where it began
		p.price.units = p.price.units / 1000 * (950 + mix(p.h+version)%100)
	}
	if p.swapped = swapped; swapped {
		p.x, p.y = p.y, p.x
	}
}

// usd returns one token's price.
func (t *token) usd() dec {
	if t.fixed != nil {
		return decOf(t.fixed.usd)
	}
	return t.price
}

// drawMoney gives the pool the money of its rank, so that the sorts by volume and by TVL need no list of pools.
func (p *pool) drawMoney(w *world, version uint64) {
	p.tvl = dec{byRank(5e18, w.byTVL.rank(p.index), w.n), moneyUnit}
	p.volume = dec{byRank(3e18, w.byVolume.rank(p.index), w.n*60/100+1), moneyUnit}
	if version > 0 {
		r := mix(p.h ^ mix(version))
		p.volume.units = p.volume.units/1000*(800+r%400) + (1+r%9_973)*1e10
		p.tvl.units = p.tvl.units/1000*(900+r>>16%200) + r>>24%1e13
	}
	p.feeBps = [...]uint64{1, 4, 10, 20, 25, 100, 200, 500}[p.h>>40%8]
	s := 4 + mix(p.h^version)%36
	p.shares = [windows]uint64{s, s * 9 / 5, s * 7 / 2, s * 7, s * 20, 1000}
}

// byRank falls with the rank, from top at rank 0 to nothing at n and beyond: few pools have most of the money.
func byRank(top uint64, rank, n int) uint64 {
	if rank >= n {
		return 0
	}
	return top / uint64(rank+1) / uint64(n) * uint64(n-rank)
}

func (p *pool) volumeIn(window int) dec {
	return dec{p.volume.units / 1000 * p.shares[window], moneyUnit}
}

func (p *pool) feesIn(window int) dec {
	return dec{p.volumeIn(window).units / 10_000 * p.feeBps, moneyUnit}
}

// feeRatioIn returns fees by TVL in per cent, to 4 decimals.
func (p *pool) feeRatioIn(window int) dec {
	if p.tvl.units == 0 {
		return dec{}
	}
	return dec{p.feesIn(window).units / (p.tvl.units/1_000_000 + 1), 4}
}

// sinceCreation returns the pool's volume and fees so far; most pools without volume today had some once.
func (p *pool) sinceCreation() (volume, fees dec) {
	days := p.h >> 41 % 300
	cents := p.volume.units/1e9*days + p.h%9_000_000
	return dec{cents, 2}, dec{cents / 10_000 * p.feeBps, 2}
}

func (p *pool) feePct() dec { return dec{p.feeBps, 2} }

// currentPrice returns token_x in token_y.
func (p *pool) currentPrice() dec {
	usd := p.price.float()
	if p.swapped {
		return decOf(p.quoteUSD / usd)
	}
	return decOf(usd / p.quoteUSD)
}

// appendName appends the pool's name, which is made of its symbols; a pool of a token without one has none now and then.
func (p *pool) appendName(b []byte, asJSON bool) []byte {
	if (p.x.empty || p.y.empty) && p.h>>12%2 == 0 {
		return b
	}
	b = p.x.appendSymbol(b, asJSON)
	b = append(b, '-')
	return p.y.appendSymbol(b, asJSON)
}

// amounts returns the tokens that lie on each side when the TVL is split in two.
func (p *pool) amounts() (x, y dec) {
	half := p.tvl.float() / 2
	base, quote := decOf(half/p.price.float()), decOf(half/p.quoteUSD)
	if p.swapped {
		return quote, base
	}
	return base, quote
}

// affine is a permutation of [0, n) that is inverted without a table: rank = index·a + b modulo n.
type affine struct{ n, a, b, inverse uint64 }

func newAffine(n int, h uint64) affine {
	m := uint64(max(n, 1))
	a := (h%m | 1) % m
	for ; gcd(a, m) != 1; a = (a + 1) % m {
	}
	return affine{m, a, h >> 32 % m, invert(a, m)}
}

// rank maps an index to its place; what was added later keeps its own.
func (f affine) rank(index int) int {
	if uint64(index) >= f.n {
		return index
	}
	return int((mulmod(uint64(index), f.a, f.n) + f.b) % f.n)
}

func (f affine) index(rank int) int {
	if uint64(rank) >= f.n {
		return rank
	}
	return int(mulmod(uint64(rank)+f.n-f.b, f.inverse, f.n))
}

func mulmod(a, b, m uint64) uint64 {
	hi, lo := bits.Mul64(a%m, b)
	_, rem := bits.Div64(hi, lo, m)
	return rem
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// invert returns a's inverse modulo m, which has no divisor in common with it (extended Euclid).
func invert(a, m uint64) uint64 {
	t, next := int64(0), int64(1)
	r, rest := int64(m), int64(a)
	for rest != 0 {
		q := r / rest
		t, next = next, t-q*next
		r, rest = rest, r-q*rest
	}
	if t < 0 {
		t += int64(m)
	}
	return uint64(t)
}
