package dbc

import (
	"math/big"
	"math/bits"
	"strconv"

	"tokensync/internal/solana"
	"tokensync/internal/token"
)

// What the program and Meteora take, and how the program counts.
const (
	hundred        = 100
	feeDenominator = 1_000_000_000 // of a fee rate
	// grossOf turns the fees of partner and creator into all that was paid: they get 80 %. Of the protocol's 20 % a
	// referrer may take a part that no counter shows, so that the sum of the counters is not the gross.
	grossNumerator, grossDenominator = 10, 8
	solDecimals                      = 9
)

// units scales base units to whole tokens; of a mint with unknown decimals every amount is unknown.
type units struct {
	decimals uint8
	known    bool
}

func (u units) whole(n uint64) token.Number {
	if !u.known {
		return ""
	}
	return scaled(n, u.decimals)
}

// A split is an amount in base units between the two sides; unknown where the config's percentage is impossible.
type split struct {
	partner, creator uint64
	known            bool
}

// splitBy gives the creator pct per cent, rounded down, and the partner the rest.
func splitBy(n uint64, pct uint8) split {
	if pct > hundred {
		return split{}
	}
	creator := percent(n, pct)
	return split{partner: n - creator, creator: creator, known: true}
}

// percent returns ⌊n × pct / 100⌋; pct is at most 100.
func percent(n uint64, pct uint8) uint64 {
	hi, lo := bits.Mul64(n, uint64(pct))
	q, _ := bits.Div64(hi, lo, hundred)
	return q
}

// earnings returns what the fees of p have come to, by the program's own arithmetic.
func (c *config) earnings(p *pool, base, quote units) token.Earnings {
	e := token.Earnings{
		FeesBase: base.whole(p.total.base), FeesQuote: quote.whole(p.total.quote),
		VolumeQuote: c.volume(p, quote),
		CreationFee: scaled(c.CreationFee-c.CreationFee/10, solDecimals), // a tenth is the protocol's
		// Only the partner's bit: there is no part of the creator's.
		CreationFeeTaken: p.creationFeeTaken&creationTakenByPartner != 0,
		Partner:          token.Share{UnclaimedBase: base.whole(p.partner.base), UnclaimedQuote: quote.whole(p.partner.quote)},
		Creator:          token.Share{UnclaimedBase: base.whole(p.creatorFees.base), UnclaimedQuote: quote.whole(p.creatorFees.quote)},
	}
	e.VolumeEstimated = c.FeeVaries && e.VolumeQuote.Known()
	if s := splitBy(p.total.base, c.CreatorPct); s.known {
		e.Partner.ClaimedBase = base.whole(claimed(s.partner, p.partner.base))
		e.Creator.ClaimedBase = base.whole(claimed(s.creator, p.creatorFees.base))
	}
	if s := splitBy(p.total.quote, c.CreatorPct); s.known {
		e.Partner.ClaimedQuote = quote.whole(claimed(s.partner, p.partner.quote))
		e.Creator.ClaimedQuote = quote.whole(claimed(s.creator, p.creatorFees.quote))
	}
	if p.stage != bonding {
		c.addCompletion(&e, p, quote)
	}
	return e
}

// claimed returns what is gone of a share. The program rounds at each swap, so that a little more may be left than the share.
func claimed(share, unclaimed uint64) uint64 { return share - min(share, unclaimed) }

// addCompletion adds what a complete curve pays: 80 % of what the last buyer paid above the threshold, and the migration
// fee.
func (c *config) addCompletion(e *token.Earnings, p *pool, quote units) {
	surplus := p.quoteReserve - min(p.quoteReserve, c.Threshold)
	if s := splitBy(percent(surplus, 80), c.CreatorPct); s.known {
		e.Partner.Surplus, e.Creator.Surplus = quote.whole(s.partner), quote.whole(s.creator)
	}
	if c.MigrationPct <= hundred {
		// threshold − ⌈threshold × (100 − pct) / 100⌉, which is the same.
		if s := splitBy(percent(c.Threshold, c.MigrationPct), c.CreatorMigrationPct); s.known {
			e.Partner.MigrationFee, e.Creator.MigrationFee = quote.whole(s.partner), quote.whole(s.creator)
		}
	}
	e.Partner.SurplusTaken, e.Creator.SurplusTaken = p.partnerSurplusTaken, p.creatorSurplusTaken
	e.Partner.MigrationTaken = p.migrationFeeTaken&migrationTakenByPartner != 0
	e.Creator.MigrationTaken = p.migrationFeeTaken&migrationTakenByCreator != 0
}

// volume returns what was traded in p's lifetime, in whole quote tokens to 17 digits: the gross fees divided by their rate.
// Where fees are taken from what a swap puts out, only sales pay in the quote; what was bought is then what was sold and
// what is left in the reserve.
func (c *config) volume(p *pool, quote units) token.Number {
	if !c.rateKnown() || !quote.known {
		return ""
	}
	rate := new(big.Int).SetUint64(c.FeeRate * grossDenominator)
	sum := new(big.Int).SetUint64(p.total.quote)
	sum.Mul(sum, big.NewInt(grossNumerator*feeDenominator))
	if c.Collect == collectsOutput {
		reserve := new(big.Int).SetUint64(p.quoteReserve)
		sum.Add(sum.Lsh(sum, 1), reserve.Mul(reserve, rate))
	}
	whole, _ := token.ParseNumber(sum.String() + "e-" + strconv.Itoa(int(quote.decimals)))
	return whole.Quo(token.Number(rate.String()))
}

// rateKnown reports whether fees tell a volume.
func (c *config) rateKnown() bool {
	return c.FeeRate > 0 && c.FeeRate <= feeDenominator && c.Collect <= collectsOutput
}

// feePct returns the fee rate in per cent; unknown where it varies.
func (c *config) feePct() token.Number {
	if !c.rateKnown() || c.FeeVaries {
		return ""
	}
	return scaled(c.FeeRate, 7)
}

// checkConfig counts terms that no config can have.
func (s *scan) checkConfig(key solana.Key, c *config) {
	if max(c.CreatorPct, c.MigrationPct, c.CreatorMigrationPct) > hundred {
		s.doubt(oddPercentage, key)
	}
	if c.FeeRate > feeDenominator {
		s.doubt(oddRate, key)
	}
}

// checkFees counts a curve whose counters contradict each other.
func (s *scan) checkFees(p *pool) {
	over := func(a, b, total uint64) bool { sum, carry := bits.Add64(a, b, 0); return carry > 0 || sum > total }
	if over(p.partner.base, p.creatorFees.base, p.total.base) || over(p.partner.quote, p.creatorFees.quote, p.total.quote) {
		s.doubt(oddUnclaimed, p.address)
	}
}
