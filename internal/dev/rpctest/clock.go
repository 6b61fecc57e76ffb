package rpctest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"time"
)

// The chain's clock: where it starts, and how it goes.
const (
	firstSlot    = 460_000_000
	slotsPerTick = 150 // about a minute
	slotMillis   = 388 // mean of a year and a half
	knotEvery    = 2_500
	maxWobble    = 17 // seconds by which block times stray from the mean
)

// Codes of getBlockTime's errors.
const (
	codeCleanedUp   = -32001
	codeNotYet      = -32004
	codeSkipped     = -32007
	codeLongSkipped = -32009
)

// Slot returns the slot at which the chain stands.
func (c *Chain) Slot() uint64 { return c.slotNow.Load() }

// Advance lets slots pass in which nothing happens.
func (c *Chain) Advance(slots int) { c.slotNow.Add(uint64(slots)) }

// TimeOf returns when a slot's block was made, or would have been if the slot was skipped.
func (c *Chain) TimeOf(slot uint64) time.Time {
	at := int(slot) - firstSlot
	mean := c.cfg.Now.UnixMilli() + int64(at)*slotMillis
	knot, past := int(slot)/knotEvery, int(slot)%knotEvery
	a, b := wobble(knot), wobble(knot+1)
	return time.Unix((mean-(a*(knotEvery-int64(past))+b*int64(past))*1000/knotEvery)/1000, 0).UTC()
}

func wobble(knot int) int64 { return int64(mix(uint64(knot)) % maxWobble) }

// mix spreads a number over all bits.
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// IsSkipped reports whether a slot has no block: one in 33 has none.
func IsSkipped(slot uint64) bool { return mix(slot)%33 == 0 }

// withBlock returns the last slot up to slot that has a block.
func withBlock(slot uint64) uint64 {
	for IsSkipped(slot) {
		slot--
	}
	return slot
}

// blockTime answers getBlockTime.
func (q *question) blockTime(params []json.RawMessage) (results, *failure) {
	var slot uint64
	if len(params) == 0 || json.Unmarshal(params[0], &slot) != nil {
		return nil, failed(badParams, "Invalid params: invalid type, expected u64")
	}
	if err := q.node.noBlock(slot, q.now); err != nil {
		return nil, err
	}
	return func(out *bufio.Writer) { fmt.Fprint(out, q.TimeOf(slot).Unix()) }, nil
}

// noBlock returns why the node has no block of a slot; nil when it has one.
func (n *Node) noBlock(slot, now uint64) *failure {
	isOld := slot+oldSlots < now
	switch {
	case slot > now, isOld && IsSkipped(slot) && n.SkippedOld == codeNotYet:
		return failed(codeNotYet, "Block not available for slot %d", slot)
	case isOld && !n.oldBlocks():
		return failed(codeCleanedUp, "Block %d cleaned up, does not exist on node. First available block: %d", slot, now-oldSlots)
	case n.lost(slot), isOld && IsSkipped(slot):
		return failed(codeLongSkipped, "Slot %d was skipped, or missing in long-term storage", slot)
	case IsSkipped(slot):
		return failed(codeSkipped, "Slot %d was skipped, or missing due to ledger jump to recent snapshot", slot)
	}
	return nil
}

func (n *Node) lost(slot uint64) bool {
	for _, r := range n.Missing {
		if uint64(r[0]) <= slot && slot <= uint64(r[1]) {
			return true
		}
	}
	return false
}
