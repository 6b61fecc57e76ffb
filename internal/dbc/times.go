package dbc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"tokensync/internal/solana"
)

const (
	// anchorSlots lie between two slots whose times are asked for. Between them time is taken to pass evenly, which is
	// three seconds off in the median and half a minute at worst.
	anchorSlots = 10_000
	// instantCompletion is how soon after its creation a curve is complete whose creation must be known exactly.
	instantCompletion = 60
	// maxSkipped bounds how many slots in a row are tried for a block.
	maxSkipped = 16
	// maxBlockTimes bounds what one run asks: a minute at ten requests a second.
	maxBlockTimes = 600
	// maxUnknownTimes is how often a node may not know before a run stops asking for old slots, and historyPause how long
	// later runs stay away from them.
	maxUnknownTimes = 3
	historyPause    = 10 * time.Minute
	// recentSlots is what every node knows.
	recentSlots = 5 * anchorSlots
	// How far a creation may lie ahead: clocks differ, and so do the slots of nodes behind one address.
	maxClockLead = time.Hour
	maxSlotLead  = 2_000
)

// A blockTimer tells when a slot's block was made, in Unix seconds. It is a solana.Session.
type blockTimer interface {
	BlockTime(ctx context.Context, slot int64) (int64, error)
}

// slotTimes tells when slots were. What it learns of anchors is cached for ever.
type slotTimes struct {
	ask      blockTimer
	tip      int64           // where the node stands; 0 is unknown
	known    map[int64]int64 // Unix seconds by slot; 0 is unknown in this run
	learned  map[string]any  // to be cached
	asked    int
	unknowns int
	oldest   int64 // slots before it are not asked for
}

// avoidHistory stops asking for slots that not every node has.
func (t *slotTimes) avoidHistory() {
	t.oldest = t.tip - recentSlots
	if t.tip <= 0 {
		t.oldest = math.MaxInt64
	}
}

// failed counts a slot that the node does not know.
func (t *slotTimes) failed() {
	if t.unknowns++; t.unknowns == maxUnknownTimes {
		t.avoidHistory()
	}
}

func slotKey(slot int64) string { return "SLOT-TIME#" + strconv.FormatInt(slot, 10) }

const noHistoryKey = "SLOT-TIME-NO-HISTORY"

// date fills in when curves were created whose activation point is a slot, each once for ever.
func (s *scan) date(pools []pool, found map[solana.Key]metadata) error {
	var undated []*pool
	var anchors []int64
	for i := range pools {
		p := &pools[i]
		if c := s.configs[p.config]; c == nil || c.Activation != activationBySlot || found[p.mint].Created != 0 || !s.slotPossible(p) {
			continue
		}
		undated = append(undated, p)
		before, after := anchorsOf(int64(p.activation))
		anchors = append(anchors, before, after)
	}
	if len(undated) == 0 {
		return nil
	}
	s.slots.tip = s.now.slot
	if err := s.loadTimes(anchors); err != nil {
		return err
	}
	for _, p := range undated {
		created, err := s.slots.created(s.ctx, int64(p.activation), int64(p.finished))
		if err != nil {
			return fmt.Errorf("creation of pool %s: %w", p.address, err)
		}
		m := found[p.mint]
		m.Created = created
		found[p.mint] = m
	}
	return s.keepTimes()
}

func anchorsOf(slot int64) (before, after int64) {
	before = slot - slot%anchorSlots
	return before, before + anchorSlots
}

// loadTimes reads anchors that are not known yet from the cache.
func (s *scan) loadTimes(slots []int64) error {
	names := []string{noHistoryKey}
	for _, slot := range slots {
		if _, ok := s.slots.known[slot]; !ok {
			names = append(names, slotKey(slot))
		}
	}
	kept, err := s.cached(names)
	if err != nil {
		return err
	}
	for _, slot := range slots {
		if t, err := strconv.ParseInt(kept[slotKey(slot)], 10, 64); err == nil && t > 0 {
			s.slots.known[slot] = t
		}
	}
	if _, ok := kept[noHistoryKey]; ok {
		s.slots.avoidHistory()
	}
	return nil
}

// keepTimes caches what was learned.
func (s *scan) keepTimes() error {
	learned := s.slots.learned
	s.slots.learned = map[string]any{}
	if s.slots.unknowns < maxUnknownTimes {
		return s.keep(learned, forever)
	}
	if err := s.keep(map[string]any{noHistoryKey: s.slots.unknowns}, historyPause); err != nil {
		return err
	}
	return s.keep(learned, forever)
}

// created returns when a slot was: between its anchors, or exactly where the anchor after it is still to come or the curve
// was complete within a minute. 0 is unknown so far.
func (t *slotTimes) created(ctx context.Context, slot, finished int64) (int64, error) {
	estimate, err := t.between(ctx, slot)
	if err != nil || estimate > 0 && (finished == 0 || finished-estimate > instantCompletion) {
		return estimate, err
	}
	exact, err := t.exactly(ctx, slot)
	switch {
	case err != nil:
		return 0, err
	case exact > 0:
		return exact, nil
	case estimate > 0:
		return min(estimate, finished), nil
	}
	return 0, nil
}

// between returns when a slot was, going by its anchors; 0 is unknown.
func (t *slotTimes) between(ctx context.Context, slot int64) (int64, error) {
	before, after := anchorsOf(slot)
	if t.tip > 0 && after > t.tip {
		return 0, nil
	}
	from, err := t.anchor(ctx, before)
	if err != nil || from == 0 || slot == before {
		return from, err
	}
	to, err := t.anchor(ctx, after)
	if err != nil || to < from {
		return 0, err
	}
	return from + (to-from)*(slot-before)/anchorSlots, nil
}

// anchor is like exactly, but remembers.
func (t *slotTimes) anchor(ctx context.Context, slot int64) (int64, error) {
	if at, ok := t.known[slot]; ok {
		return at, nil
	}
	at, err := t.exactly(ctx, slot)
	if err != nil {
		return 0, err
	}
	if t.known[slot] = at; at > 0 {
		t.learned[slotKey(slot)] = at
	}
	return at, nil
}

// exactly asks when a slot was; of one without a block, when the next one was. 0 is unknown. Only the end of ctx is an
// error: a time that is missing must not cost the pools.
func (t *slotTimes) exactly(ctx context.Context, slot int64) (int64, error) {
	for range maxSkipped {
		if t.asked == maxBlockTimes || slot < t.oldest {
			return 0, nil
		}
		t.asked++
		at, err := t.ask.BlockTime(ctx, slot)
		switch {
		case err == nil:
			return at, nil
		case ctx.Err() != nil:
			return 0, err
		case !errors.Is(err, solana.ErrSkippedSlot):
			t.failed()
			return 0, nil
		}
		slot++
	}
	t.failed()
	return 0, nil
}

// slotPossible reports whether p can have been created in the slot that it tells, and counts it where not.
func (s *scan) slotPossible(p *pool) bool {
	limit := s.now.slot + maxSlotLead
	if s.now.slot <= 0 {
		limit = 1 << 40 // 13,000 years of slots
	}
	if p.activation == 0 || p.activation > uint64(limit) {
		s.doubt(oddCreation, p.address)
		return false
	}
	return true
}

// createdAt returns when a curve was created, in Unix milliseconds; 0 is unknown.
func (s *scan) createdAt(c *config, p *pool, m *metadata) int64 {
	if c.Activation == activationBySlot {
		if m.Created == 0 && s.slotPossible(p) {
			s.odd(unknownHistory, p.address, "")
		}
		return m.Created * millis
	}
	if at, ok := s.past(p.activation); ok && at > 0 && c.Activation == activationByTime {
		return at
	}
	s.doubt(oddCreation, p.address)
	return 0
}

// completedAt returns when a curve was complete, in Unix milliseconds; 0 is unknown or not yet.
func (s *scan) completedAt(p *pool) int64 {
	at, ok := s.past(p.finished)
	if !ok {
		s.doubt(oddCompletion, p.address)
	}
	return at
}

const millis = 1000

// past turns Unix seconds into milliseconds; ok is false where they lie in the future.
func (s *scan) past(unix uint64) (ms int64, ok bool) {
	if unix > uint64(s.started.Add(maxClockLead).Unix()) {
		return 0, false
	}
	return int64(unix) * millis, true
}
