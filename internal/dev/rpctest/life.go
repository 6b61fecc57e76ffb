package rpctest

import (
	"fmt"
	"math/bits"
	"slices"
)

// A life is a curve's state at a moment: what its pool's account says, and what was claimed until then.
type life struct {
	slot     uint64 // when it was last written
	quote    uint64 // reserve
	sold     uint64 // of the token
	stage    Stage
	finished uint64 // slot at which the curve was complete; 0 before
	migrated uint64 // slot
	swaps    int

	gross         uint64 // quote that was traded, fees included
	fees          [2]ledger
	surplusTaken  [3]bool // by party
	migrationPaid [3]bool
	creationPaid  [3]bool
	leftoverTaken bool
}

// Sides of a pool: which token an amount is in.
const (
	base = iota
	quote
)

// A Party has a share of a curve's fees.
type Party int

// The parties.
const (
	Partner Party = iota // the config's fee claimer
	Creator
	protocol
)

// A ledger is the fees in one token: all that came up, and what was claimed of it.
type ledger struct {
	earned, claimed [3]uint64 // by party
}

func (l *ledger) due(p Party) uint64 { return l.earned[p] - l.claimed[p] }

// trading returns what the pool counts as trading fees: all but the protocol's.
func (l *ledger) trading() uint64 { return l.earned[Partner] + l.earned[Creator] }

// earn splits a fee: a fifth is the protocol's, of which a referral may take a fifth.
func (l *ledger) earn(fee uint64, creatorPct byte, referral bool) {
	toll := fee / 5
	trading := fee - toll
	creator := trading * uint64(creatorPct) / 100
	if referral {
		toll -= toll / 5
	}
	l.earned[Creator] += creator
	l.earned[Partner] += trading - creator
	l.earned[protocol] += toll
}

// share returns n × part / whole without overflow.
func share(n, part, whole uint64) uint64 {
	hi, lo := bits.Mul64(n, part)
	q, _ := bits.Div64(hi, lo, whole)
	return q
}

// buy pays gross into the curve.
func (l *life) buy(v *curve, gross uint64, referral bool) {
	fee := share(gross, v.FeeRate, billion)
	if v.BaseFees {
		l.quote += gross
		before := l.sold
		l.sold = v.sold(v.sqrtPrice(l.quote))
		l.fees[base].earn(share(l.sold-before, v.FeeRate, billion), v.CreatorPct, referral)
	} else {
		l.quote += gross - fee
		l.sold = v.sold(v.sqrtPrice(l.quote))
		l.fees[quote].earn(fee, v.CreatorPct, referral)
	}
	l.gross += gross
	l.swaps++
}

// sell takes gross out of the curve, of which the seller gets what the fee leaves.
func (l *life) sell(v *curve, gross uint64, referral bool) {
	l.quote -= gross
	l.sold = v.sold(v.sqrtPrice(l.quote))
	l.fees[quote].earn(share(gross, v.FeeRate, billion), v.CreatorPct, referral)
	l.gross += gross
	l.swaps++
}

// complete marks a full curve.
func (l *life) complete(v *curve, slot uint64) {
	l.stage, l.finished = Ready, slot
	if v.Vesting {
		l.stage = Vesting
	}
}

// left returns what neither was sold nor goes to the AMM; burned is what of it the migration burns.
func (l *life) left(v *curve) (left, burned uint64) {
	left = supplyAtFirst - l.sold - supplyForAMM
	if v.Dynamic {
		return left, left
	}
	return left, min(left, supplyAtFirst-supplyAtLast)
}

// courseOf returns the life of the i-th token at a tick, as nobody but time moves it: its trades are one purchase as far as
// the curve has come, churned a few times. c.mu must be held.
func (c *Chain) courseOf(i, tick int) life {
	t := &c.tokens[i]
	v, at := c.configs[t.config], c.position(i, tick)
	l := life{slot: c.movedAt(i, tick), stage: at.stage(v)}
	if at <= 0 {
		return l
	}
	c.trade(&l, v, i, min(at, fullAt), c.referred(i))
	if start := min(c.position(i, t.tick), fullAt); start > 0 {
		c.claimed(&l, v, i, start)
	}
	if l.stage > Bonding {
		l.finished = c.finishedAt(i, tick)
	}
	if l.stage == Graduated {
		l.migrated = c.migratedAt(i, tick)
		done := c.word("withdrawn", i)
		l.leftoverTaken = done&1 == 1
		for p := range protocol + 1 {
			l.surplusTaken[p], l.migrationPaid[p], l.creationPaid[p] = done>>(8+p)&1 == 1, done>>(16+p)&1 == 1, done>>(24+p)&1 == 1
		}
	}
	return l
}

// reserveAt returns the quote that a curve has at a position; a full one has what its last buyer paid too much.
func (c *Chain) reserveAt(v *curve, i int, at position) uint64 {
	if at < fullAt {
		return share(v.Threshold, uint64(at), fullAt)
	}
	return v.Threshold + v.Threshold/250 + c.word("surplus", i)%100
}

func (c *Chain) referred(i int) bool { return c.word("referral", i)%5 == 0 }

// trade fills an empty life with the trades up to a position.
func (c *Chain) trade(l *life, v *curve, i int, at position, referral bool) {
	churn := 1 + c.word("churn", i)%8
	l.quote = c.reserveAt(v, i, at)
	l.sold = v.sold(v.sqrtPrice(l.quote))
	l.gross, l.swaps = l.quote*churn, 1
	fee := share(l.gross, v.FeeRate, billion)
	if v.BaseFees { // every other trade is a purchase
		l.fees[base].earn(share(l.sold*(churn+1)/2, v.FeeRate, billion), v.CreatorPct, referral)
		fee = share(l.quote*(churn-1)/2, v.FeeRate, billion)
	}
	l.fees[quote].earn(fee, v.CreatorPct, referral)
}

// claimed sets what some parties took when the chain began: all that there was.
func (c *Chain) claimed(l *life, v *curve, i int, start position) {
	then := life{}
	c.trade(&then, v, i, start, c.referred(i))
	who := c.word("claimed", i)
	for side := range l.fees {
		for p := range protocol + 1 {
			if who>>(8*p)&1 == 1 {
				l.fees[side].claimed[p] = then.fees[side].earned[p]
			}
		}
	}
}

// edit makes a new version of a curve's life, written now. From then on ticks no longer move it.
func (c *Chain) edit(i int, change func(v *curve, l *life)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(i, change)
}

// write is like edit, with c.mu held.
func (c *Chain) write(i int, change func(v *curve, l *life)) {
	l := c.lifeOf(i, c.Slot())
	l.slot = c.Slot()
	change(c.configs[c.tokens[i].config], &l)
	c.edited[i] = append(c.edited[i], l)
	c.changes++
}

// lifeOf returns the i-th token's life as of a slot. c.mu must be held.
func (c *Chain) lifeOf(i int, asOf uint64) life {
	for _, version := range slices.Backward(c.edited[i]) {
		if version.slot <= asOf {
			return version
		}
	}
	return c.courseOf(i, c.tickAt(asOf))
}

// Trade lets somebody pay gross, in base units of the quote and with the fee in it, into the i-th curve, or take as much
// out of it when gross is negative. The curve is complete when its reserve reaches the threshold. Ticks no longer move it.
// It panics when the curve is complete or holds too little.
func (c *Chain) Trade(i int, gross int64) {
	c.edit(i, func(v *curve, l *life) {
		switch {
		case l.stage != Bonding:
			panic(fmt.Sprintf("rpctest: trade on curve %d, which is complete", i))
		case gross >= 0:
			l.buy(v, uint64(gross), c.referred(i))
		case uint64(-gross) > l.quote:
			panic(fmt.Sprintf("rpctest: curve %d holds less than %d", i, -gross))
		default:
			l.sell(v, uint64(-gross), c.referred(i))
		}
		if l.quote >= v.Threshold {
			l.complete(v, l.slot)
		}
	})
}

// How Stir trades: on one token in n, a five hundredth of the threshold at a time, up to nine tenths of it.
const (
	stirOneIn  = 4
	stirPart   = 500
	stirTenths = 9
)

// Stir lets a slot pass for each of n tokens, and somebody trade on those of them that are for sale, up or down. Ticks no longer
// move those; three tokens in four are left to them.
func (c *Chain) Stir(n int) {
	c.Advance(n)
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range n {
		h := c.word("stir", c.changes+k)
		i := int(h%uint64(max(1, len(c.tokens)))) / stirOneIn * stirOneIn
		if i < len(c.tokens) && c.lifeOf(i, c.Slot()).stage == Bonding {
			c.write(i, func(v *curve, l *life) { c.drift(v, l, i, h>>32%3 == 0) })
		}
	}
}

// drift buys or, if it may, sells a little.
func (c *Chain) drift(v *curve, l *life, i int, isDown bool) {
	part := v.Threshold / stirPart
	if l.quote > part && (isDown || l.quote > v.Threshold/10*stirTenths) {
		l.sell(v, part, c.referred(i))
	} else {
		l.buy(v, part, c.referred(i))
	}
}

// Complete buys what the i-th curve still has for sale, and a little more, unless it is complete already.
func (c *Chain) Complete(i int) {
	c.edit(i, func(v *curve, l *life) {
		if l.stage != Bonding {
			return
		}
		missing := c.reserveAt(v, i, fullAt) - l.quote
		if !v.BaseFees {
			missing += share(missing, v.FeeRate, billion-v.FeeRate) + 1
		}
		l.buy(v, missing, c.referred(i))
		l.complete(v, l.slot)
	})
}

// Unlock moves locked vesting of the i-th curve, which is then ready to migrate. It panics when none is due.
func (c *Chain) Unlock(i int) {
	c.edit(i, func(_ *curve, l *life) {
		if l.stage != Vesting {
			panic(fmt.Sprintf("rpctest: curve %d has no vesting due", i))
		}
		l.stage = Ready
	})
}

// Migrate gives the i-th curve its pool in DAMM v1 or v2, as its config says. It panics unless the curve is complete.
func (c *Chain) Migrate(i int) {
	c.edit(i, func(_ *curve, l *life) {
		if l.stage != Vesting && l.stage != Ready {
			panic(fmt.Sprintf("rpctest: curve %d cannot migrate", i))
		}
		l.stage, l.migrated = Graduated, l.slot
	})
}

// Claim lets a party take its trading fees of the i-th curve.
func (c *Chain) Claim(i int, who Party) {
	c.edit(i, func(_ *curve, l *life) {
		for side := range l.fees {
			l.fees[side].claimed[who] = l.fees[side].earned[who]
		}
	})
}

// Withdraw lets a party take whatever else it is due of the i-th curve: surplus and migration fee of a complete one; the
// partner also the creation fee, and the leftover of a migrated one.
func (c *Chain) Withdraw(i int, who Party) {
	c.edit(i, func(_ *curve, l *life) {
		if l.stage > Bonding {
			l.surplusTaken[who], l.migrationPaid[who] = true, true
		}
		if who == Partner {
			l.creationPaid[who] = true
			l.leftoverTaken = l.stage == Graduated
		}
	})
}

// Burn lets holders of the i-th token burn some, in base units.
func (c *Chain) Burn(i int, amount uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.burned[i] += amount
}
