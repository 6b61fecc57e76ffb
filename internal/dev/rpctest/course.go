package rpctest

import (
	"slices"
)

// position is how far a token has come: at 1000 its curve is full, and it graduates a little later.
type position int64

const (
	fullAt    = 1000
	lockedAt  = 1020
	createdAt = 1040
)

func (p position) stage(v *curve) Stage {
	switch {
	case p < fullAt:
		return Bonding
	case p < lockedAt && v.Vesting:
		return Vesting
	case p < createdAt:
		return Ready
	}
	return Graduated
}

// A token is one curve of the chain.
type token struct {
	mint    key
	pool    key
	config  int
	tick    int    // before which it was created
	created uint64 // slot
}

// word returns a number that depends on the seed.
func (c *Chain) word(what string, i int) uint64 { return mix(word(what, i) ^ c.cfg.Seed) }

// course returns where the i-th token starts, and how far it moves with every tick: one in three stands still.
func (c *Chain) course(i int) (start, step int64) {
	h := c.word("position", i)
	start, step = int64(h%fullAt), int64(h>>32%24)
	switch n := h >> 16 % 100; {
	case i >= c.atFirst:
		start = 0
	case n < 3:
		start = fullAt + int64(h%20)
	case n == 3:
		start = lockedAt + int64(h%20)
	case n >= 72:
		start = createdAt
	}
	if h>>40%3 == 0 {
		step = 0
	}
	return start, step
}

func (c *Chain) position(i, tick int) position {
	start, step := c.course(i)
	return position(start + int64(max(0, tick-c.tokens[i].tick))*step)
}

// reaches returns the tick at which the i-th token reaches a position; ok is false when it began there, or never moves.
func (c *Chain) reaches(i int, to position) (tick int, ok bool) {
	start, step := c.course(i)
	if start >= int64(to) || step == 0 {
		return 0, false
	}
	return c.tokens[i].tick + int((int64(to)-start+step-1)/step), true
}

// tickAt returns the last tick up to a slot.
func (c *Chain) tickAt(slot uint64) int {
	if n := len(c.ticks) - 1; c.ticks[n] <= slot {
		return n
	}
	at, found := slices.BinarySearch(c.ticks, slot)
	if !found {
		at--
	}
	return max(0, at)
}

// movedAt returns when the i-th token's pool was last written, up to a tick.
func (c *Chain) movedAt(i, tick int) uint64 {
	last, moves := c.reaches(i, createdAt)
	switch first := c.tokens[i].tick; {
	case moves && tick > first:
		return c.ticks[min(tick, last)]
	case c.position(i, first) >= createdAt:
		return c.migratedAt(i, first)
	case c.position(i, first) >= fullAt:
		return c.finishedAt(i, first)
	default:
		return c.tokens[i].created
	}
}

// finishedAt returns when the i-th token's curve became complete. Of those that were before the chain began, two in five were
// so within a minute.
func (c *Chain) finishedAt(i, tick int) uint64 {
	if at, ok := c.reaches(i, fullAt); ok {
		return c.ticks[min(at, tick)]
	}
	created := c.tokens[i].created
	h := c.word("finished", i)
	if h%5 < 2 {
		return created + h>>8%140
	}
	return created + share(firstSlot-created-migrationDelay, h>>8%1000, 1000)
}

// migrationDelay is the slots that a migration takes at most in the time before the chain began.
const migrationDelay = 900

func (c *Chain) migratedAt(i, tick int) uint64 {
	if at, ok := c.reaches(i, createdAt); ok {
		return c.ticks[min(at, tick)]
	}
	return c.finishedAt(i, tick) + 10 + c.word("migrated", i)%(migrationDelay-10)
}

// born returns when a token of the chain's beginning was created: some 60 of 512 in its last day, the oldest 600 days ago.
func (c *Chain) born(i int) uint64 {
	const days, slotsADay = 600, 86_400_000 / slotMillis
	part := float64(c.word("born", i)>>11) / (1 << 53)
	return withBlock(firstSlot - 2*migrationDelay - uint64(part*part*part*days*slotsADay))
}
