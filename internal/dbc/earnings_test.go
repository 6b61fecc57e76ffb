package dbc

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/token"
)

// number returns how a whole amount of base units is spelt.
func number(n *big.Int, decimals int) token.Number {
	r := new(big.Rat).SetFrac(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil))
	v, _ := token.ParseNumber(r.FloatString(decimals))
	return v
}

func integer(n uint64) *big.Int { return new(big.Int).SetUint64(n) }

// ceil returns ⌈a / b⌉.
func ceil(a, b *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	if r.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q
}

// expected works the formulas out again with big integers, as they are written down.
func expected(c *config, p *pool) token.Earnings {
	const base, quote = 6, 9
	pct := func(n *big.Int, pct uint8) *big.Int {
		n = new(big.Int).Mul(n, big.NewInt(int64(pct)))
		return n.Quo(n, big.NewInt(100))
	}
	lessOrZero := func(n *big.Int, m uint64) *big.Int {
		if n = new(big.Int).Sub(n, integer(m)); n.Sign() < 0 {
			return new(big.Int)
		}
		return n
	}
	rest := func(n, part *big.Int) *big.Int { return new(big.Int).Sub(n, part) }
	totalBase, totalQuote := integer(p.total.base), integer(p.total.quote)
	creatorBase, creatorQuote := pct(totalBase, c.CreatorPct), pct(totalQuote, c.CreatorPct)
	e := token.Earnings{
		FeesBase: number(totalBase, base), FeesQuote: number(totalQuote, quote),
		VolumeEstimated: c.FeeVaries,
		CreationFee:     number(rest(integer(c.CreationFee), pct(integer(c.CreationFee), 10)), 9), CreationFeeTaken: p.creationFeeTaken&2 == 2,
		Partner: token.Share{
			UnclaimedBase: number(integer(p.partner.base), base), UnclaimedQuote: number(integer(p.partner.quote), quote),
			ClaimedBase:  number(lessOrZero(rest(totalBase, creatorBase), p.partner.base), base),
			ClaimedQuote: number(lessOrZero(rest(totalQuote, creatorQuote), p.partner.quote), quote),
		},
		Creator: token.Share{
			UnclaimedBase: number(integer(p.creatorFees.base), base), UnclaimedQuote: number(integer(p.creatorFees.quote), quote),
			ClaimedBase: number(lessOrZero(creatorBase, p.creatorFees.base), base), ClaimedQuote: number(lessOrZero(creatorQuote, p.creatorFees.quote), quote),
		},
	}
	if p.stage == bonding {
		return e
	}
	surplus := pct(lessOrZero(integer(p.quoteReserve), c.Threshold), 80)
	e.Creator.Surplus = number(pct(surplus, c.CreatorPct), quote)
	e.Partner.Surplus = number(rest(surplus, pct(surplus, c.CreatorPct)), quote)
	kept := ceil(new(big.Int).Mul(integer(c.Threshold), big.NewInt(int64(100-c.MigrationPct))), big.NewInt(100))
	fee := rest(integer(c.Threshold), kept)
	e.Creator.MigrationFee = number(pct(fee, c.CreatorMigrationPct), quote)
	e.Partner.MigrationFee = number(rest(fee, pct(fee, c.CreatorMigrationPct)), quote)
	e.Partner.SurplusTaken, e.Creator.SurplusTaken = p.partnerSurplusTaken, p.creatorSurplusTaken
	e.Partner.MigrationTaken, e.Creator.MigrationTaken = p.migrationFeeTaken&4 == 4, p.migrationFeeTaken&2 == 2
	return e
}

// TestEarnings holds thousands of curves to the formulas, digit by digit.
func TestEarnings(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	amount := func() uint64 {
		switch r.IntN(8) {
		case 0:
			return 0
		case 1:
			return math.MaxUint64 - r.Uint64N(3)
		}
		return r.Uint64() >> r.IntN(64)
	}
	pct := func() uint8 { return uint8(r.IntN(101)) }
	for range 5000 {
		c := config{
			Threshold: amount(), CreatorPct: pct(), MigrationPct: pct(), CreatorMigrationPct: pct(), CreationFee: amount(),
			FeeRate: 1 + r.Uint64N(1e9), FeeVaries: r.IntN(2) == 0,
		}
		p := pool{
			total: fees{amount(), amount()}, partner: fees{amount(), amount()}, creatorFees: fees{amount(), amount()},
			quoteReserve: amount(), stage: stage(r.IntN(3)), migrationFeeTaken: byte(r.IntN(8)), creationFeeTaken: byte(r.IntN(4)),
			partnerSurplusTaken: r.IntN(2) == 0, creatorSurplusTaken: r.IntN(2) == 0,
		}
		got := c.earnings(&p, units{6, true}, units{9, true})
		want := expected(&c, &p)
		want.VolumeQuote = got.VolumeQuote // TestVolume
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("config %+v\npool %+v\n(-want +got):\n%s", c, p, diff)
		}
	}
}

// TestVolume has the facts' sample, and volumes worked out by hand.
func TestVolume(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		config config
		pool   pool
		quote  units
		want   token.Number
	}{
		"fees in the quote":  {config{FeeRate: 10_000_000}, pool{total: fees{quote: 7_634_913_231}}, units{9, true}, "954.364153875"},
		"nothing traded":     {config{FeeRate: 10_000_000}, pool{}, units{9, true}, "0"},
		"a third":            {config{FeeRate: 30_000_000}, pool{total: fees{quote: 1_000_000_000}}, units{9, true}, "41.666666666666667"},
		"fees in the output": {config{FeeRate: 20_000_000, Collect: 1}, pool{total: fees{5, 1_600_000_000}, quoteReserve: 12_000_000_000}, units{9, true}, "212"},
		"only bought":        {config{FeeRate: 20_000_000, Collect: 1}, pool{total: fees{base: 5}, quoteReserve: 12_000_000}, units{6, true}, "12"},
		"largest":            {config{FeeRate: 1}, pool{total: fees{quote: math.MaxUint64}}, units{0, true}, "23058430092136940000000000000"},
		"all is fee":         {config{FeeRate: 1_000_000_000}, pool{total: fees{quote: 80}}, units{0, true}, "100"},
		"more than all":      {config{FeeRate: 1_000_000_001}, pool{total: fees{quote: 80}}, units{0, true}, ""},
		"no rate":            {config{}, pool{total: fees{quote: 80}}, units{0, true}, ""},
		"unknown collection": {config{FeeRate: 1, Collect: 2}, pool{total: fees{quote: 80}}, units{0, true}, ""},
		"unknown decimals":   {config{FeeRate: 1}, pool{total: fees{quote: 80}}, units{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.config.volume(&tt.pool, tt.quote); got != tt.want {
				t.Errorf("volume %s, want %s", got, tt.want)
			}
		})
	}
}

// TestImpossiblePercentages: what they decide is unknown, what they do not decide stands.
func TestImpossiblePercentages(t *testing.T) {
	t.Parallel()
	p := pool{total: fees{100, 100}, partner: fees{1, 1}, creatorFees: fees{2, 2}, quoteReserve: 200, stage: migrating}
	for name, tt := range map[string]struct {
		config                      config
		claimed, surplus, migration bool // known
	}{
		"all possible":      {config{Threshold: 100, CreatorPct: 100, MigrationPct: 100, CreatorMigrationPct: 100}, true, true, true},
		"creator's":         {config{Threshold: 100, CreatorPct: 101}, false, false, true},
		"migration":         {config{Threshold: 100, MigrationPct: 255}, true, true, false},
		"creator's of that": {config{Threshold: 100, CreatorMigrationPct: 200}, true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := tt.config.earnings(&p, units{0, true}, units{0, true})
			for side, share := range map[string]token.Share{"partner": e.Partner, "creator": e.Creator} {
				got := []bool{share.ClaimedBase.Known(), share.ClaimedQuote.Known(), share.Surplus.Known(), share.MigrationFee.Known()}
				if diff := cmp.Diff([]bool{tt.claimed, tt.claimed, tt.surplus, tt.migration}, got); diff != "" {
					t.Errorf("known of the %s (-want +got):\n%s", side, diff)
				}
				if !share.UnclaimedBase.Known() || !share.UnclaimedQuote.Known() {
					t.Errorf("the %s's unclaimed fees are not known", side)
				}
			}
		})
	}
}

// checkEarnings holds any curve to what must be true of all.
func checkEarnings(t *testing.T, c *config, p *pool, e token.Earnings) {
	t.Helper()
	for _, n := range []token.Number{
		e.FeesBase, e.FeesQuote, e.VolumeQuote, e.CreationFee,
		e.Partner.ClaimedBase, e.Partner.ClaimedQuote, e.Partner.Surplus, e.Partner.MigrationFee,
		e.Creator.ClaimedBase, e.Creator.ClaimedQuote, e.Creator.Surplus, e.Creator.MigrationFee,
	} {
		if n.Negative() {
			t.Errorf("negative %s of %+v, %+v", n, c, p)
		}
	}
	if e.Partner.MigrationFee.Known() && e.Partner.MigrationFee.Add(e.Creator.MigrationFee).Float64() > scaled(c.Threshold, 9).Float64() {
		t.Errorf("a migration fee above the threshold: %+v", e)
	}
}
