package rpctest

import (
	"cmp"
	"math/big"
)

// Launch is what a config of DBC sets for its curves. Keys are base58; the zero value is a config like most.
type Launch struct {
	Key            string // "" is made up
	Claimer        string // who gets the partner's fees; "" means the chain's launchpad, also for configs that forge it
	Creator        string // of all curves; "" means many
	Quote          string // mint; "" means SOL
	QuoteDecimals  int    // of a quote other than SOL, USDC and the chain's own tokens
	QuoteToken2022 bool
	QuoteFirst     bool // the quote is the chain's first token
	Hook           bool // a ConfigWithTransferHook, whose pools are TransferHookPools
	Token2022      bool
	Threshold      uint64 // of the quote, in base units; 0 means 85e9
	V1             bool   // curves graduate into DAMM v1
	FeeOption      byte   // which config of DAMM they get
	Slots          bool   // activation_point is a slot, not Unix seconds
	Dynamic        bool   // the supply is not fixed: what is left over at migration is burned
	Vesting        bool   // a complete curve has locked vesting due before it can migrate
	BaseFees       bool   // fees are taken from what a trade pays out, not from the quote
	FeeRate        uint64 // of a trade, in billionths; 0 means 1 %

	CreatorPct             byte   // of the trading fees
	MigrationFeePct        byte   // of the threshold
	CreatorMigrationFeePct byte   // of the migration fee
	CreationFee            uint64 // lamports
	UpdateAuthority        byte   // 3 and 4 keep the mint authority
	URI                    string // prefix of the metadata's; "" means https://example.com/
	Longer                 int    // bytes by which the config's account has grown
}

// The launchpad of most tests: what share of curves a config has is in defaultPattern.
func defaultLaunches(launchpad string) []Launch {
	return []Launch{
		{Key: launchpad, FeeOption: 2, CreatorPct: 50, CreationFee: 10_000_000},
		{Key: spell(hashed("usdc", 0)), Quote: spell(mintUSDC), Threshold: 12_000e6, FeeOption: 3, Token2022: true, Slots: true, Vesting: true, MigrationFeePct: 5},
		{Key: spell(hashed("hook", 0)), Hook: true, Threshold: 40e9, FeeOption: 2, Token2022: true, CreatorPct: 30, MigrationFeePct: 10, CreatorMigrationFeePct: 40},
	}
}

// defaultPattern gives each config its share of curves: five in eight pay with SOL, two with USDC, one has a hook.
var defaultPattern = []int{0, 0, 0, 1, 0, 0, 1, 2}

// EveryLaunch returns a config of each sort for Config.Launches. The first is the launchpad's own.
func EveryLaunch() []Launch {
	quote, quote22 := spell(hashed("quote", 0)), spell(hashed("quote", 1))
	return append(defaultLaunches(""),
		Launch{V1: true, FeeOption: 4, Slots: true, CreatorPct: 100},
		Launch{Dynamic: true, UpdateAuthority: 3, CreatorPct: 20, Threshold: 30e9},
		Launch{QuoteFirst: true, Threshold: 5_000_000e6, FeeOption: 1},
		Launch{Quote: quote, QuoteDecimals: 8, Threshold: 700e8, BaseFees: true, CreatorPct: 10, FeeOption: 5},
		Launch{Quote: quote22, QuoteDecimals: 3, QuoteToken2022: true, Threshold: 90_000e3, V1: true, FeeOption: 1, Vesting: true},
		Launch{Threshold: 90_000, FeeRate: 20_000_000, FeeOption: 6, Dynamic: true, Hook: true}, // 0.00009 SOL
	)
}

// A curve is one config with what follows from it.
type curve struct {
	Launch
	key, claimer, quote key
	quoteDecimals       int
	written             uint64 // the slot; 0 is long ago
	*shape
}

// Amounts of every token, in base units of six decimals.
const (
	supplyAtFirst   = 1_000_000_000_000_000
	supplyForSale   = 800_000_000_000_000
	supplyForAMM    = 160_000_000_000_000
	supplyAtLast    = 990_000_000_000_000 // after migration, where it is fixed
	defaultTarget   = 85e9
	defaultFeeRate  = 10_000_000
	billion         = 1_000_000_000
	tokenDecimals   = 6
	migrationShares = 500 // the protocol takes one of them at migration
)

// A shape is the way of a price from a curve's start to its end: two stretches, the first for three tenths of the
// quote. Along both the price doubles twice, so that all that is for sale is sold for the threshold.
type shape struct {
	threshold, first uint64
	start, mid, end  *big.Int // square roots of prices, Q64.64
	liquidity        [2]*big.Int
}

func newShape(threshold uint64) *shape {
	s := &shape{threshold: threshold, first: threshold / 10 * 3}
	// start² = 0.2375 threshold / sale × 2^128: see sold for start, 2 start, 4 start.
	v := new(big.Int).Lsh(big.NewInt(0).SetUint64(threshold), 128)
	v.Mul(v, big.NewInt(2375)).Quo(v, new(big.Int).SetUint64(supplyForSale*10_000))
	s.start = v.Sqrt(v)
	s.mid, s.end = new(big.Int).Lsh(s.start, 1), new(big.Int).Lsh(s.start, 2)
	s.liquidity[0] = liquidity(s.first, s.start, s.mid)
	s.liquidity[1] = liquidity(threshold-s.first, s.mid, s.end)
	return s
}

// liquidity takes a price from one square root to another for an amount of the quote.
func liquidity(quote uint64, from, to *big.Int) *big.Int {
	v := new(big.Int).Lsh(new(big.Int).SetUint64(quote), 128)
	return v.Quo(v, new(big.Int).Sub(to, from))
}

// sqrtPrice returns the square root of the price once an amount of the quote has been paid.
func (s *shape) sqrtPrice(quote uint64) *big.Int {
	from, l := s.start, s.liquidity[0]
	if quote = min(quote, s.threshold); quote > s.first {
		from, l, quote = s.mid, s.liquidity[1], quote-s.first
	}
	v := new(big.Int).Lsh(new(big.Int).SetUint64(quote), 128)
	return v.Quo(v, l).Add(v, from)
}

// sold returns how much of the token has been bought by then.
func (s *shape) sold(sqrt *big.Int) uint64 {
	between := func(l, from, to *big.Int) uint64 {
		v := new(big.Int).Sub(to, from)
		v.Mul(v, l)
		return v.Quo(v, new(big.Int).Mul(from, to)).Uint64()
	}
	if sqrt.Cmp(s.mid) <= 0 {
		return between(s.liquidity[0], s.start, sqrt)
	}
	return between(s.liquidity[0], s.start, s.mid) + between(s.liquidity[1], s.mid, sqrt)
}

// newCurve fills in what a launch leaves open. It panics when a key is none. c.mu must be held.
func (c *Chain) newCurve(l Launch) *curve {
	v := &curve{Launch: l, key: hashed("config", len(c.configs)), claimer: mustKey(c.cfg.Launchpad), quote: mintSOL, quoteDecimals: l.QuoteDecimals}
	for _, field := range []struct {
		text string
		key  *key
	}{{l.Key, &v.key}, {l.Claimer, &v.claimer}, {l.Quote, &v.quote}} {
		if field.text != "" {
			*field.key = mustKey(field.text)
		}
	}
	switch {
	case l.QuoteFirst:
		v.quote, v.quoteDecimals = c.firstMint(), tokenDecimals
	case v.quote == mintSOL:
		v.quoteDecimals = 9
	case v.quote == mintUSDC:
		v.quoteDecimals = 6
	}
	v.Threshold = cmp.Or(l.Threshold, defaultTarget)
	v.FeeRate = cmp.Or(l.FeeRate, defaultFeeRate)
	v.URI = cmp.Or(l.URI, "https://example.com/")
	if c.shapes[v.Threshold] == nil {
		c.shapes[v.Threshold] = newShape(v.Threshold)
	}
	v.shape = c.shapes[v.Threshold]
	return v
}

// account returns a config of 1048 bytes, or of 1128 with a transfer hook (meteora: state/config.rs).
func (v *curve) account() Account {
	w := make(writer, 1048+v.Longer)
	w.discriminator(configKind)
	if v.Hook {
		w = make(writer, 1128+v.Longer)
		w.discriminator(hookConfigKind)
	}
	w.key(8, v.quote)
	w.key(40, v.claimer)
	w.key(72, v.claimer) // leftover receiver
	w.u64(104, v.FeeRate)
	w.flag(232, v.BaseFees)
	w.flag(233, !v.V1)
	w.flag(234, !v.Slots)
	w[235] = tokenDecimals
	w.flag(237, v.Token2022)
	w[243] = v.FeeOption
	w.flag(244, !v.Dynamic)
	w[245], w[246] = v.CreatorPct, v.UpdateAuthority
	w[247], w[248] = v.MigrationFeePct, v.CreatorMigrationFeePct
	w.u64(264, v.Threshold)
	w.u64(272, supplyForAMM)
	w.u128(280, v.end)
	if v.Vesting {
		w.u64(296, billion) // a period's
		w.u64(312, 86_400)  // seconds of a period
		w.u64(320, 10)      // periods
	}
	if !v.Dynamic {
		w.u64(344, supplyAtFirst)
		w.u64(352, supplyAtLast)
	}
	w.u64(368, v.CreationFee)
	w.u128(392, v.start)
	w.u128(408, v.mid)
	w.u128(424, v.liquidity[0])
	w.u128(440, v.end)
	w.u128(456, v.liquidity[1])
	return Account{Key: v.key, Owner: dbcProgram, Data: w, Slot: cmp.Or(v.written, firstSlot-300_000_000)}
}

// graduated returns the pool of a graduated token.
func (v *curve) graduated(mint key) key {
	if v.V1 {
		return pairV1(feeConfigsV1[v.FeeOption], mint, v.quote)
	}
	return pair(dammProgram, feeConfigs[v.FeeOption], mint, v.quote)
}
