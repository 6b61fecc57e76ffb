package ingest

import (
	"fmt"
	"hash/crc32"

	"tokensync/internal/syncrun"
)

// parts is how many parts the tokens are divided into where a run has memory for some of them only: by a byte that follows
// from the mint, so that a token's pools are read together.
const parts = 256

// A share is the parts of the tokens that a run gathers. Its zero value is all of them.
type share struct {
	Width   int  `json:"width,omitzero"` // parts; 0 is all
	Full    byte `json:"full,omitzero"`  // the first part of the next full run
	Refresh byte `json:"refresh,omitzero"`
}

func (s *share) isPart() bool { return s.Width > 0 && s.Width < parts }

// first returns where the share of a run of some mode begins. Each mode has turns of its own, or one might always come when it
// is the same part's.
func (s *share) first(mode string) *byte {
	if mode == ModeRefresh {
		return &s.Refresh
	}
	return &s.Full
}

func (s *share) has(mint, mode string) bool {
	return !s.isPart() || int(byte(crc32.ChecksumIEEE([]byte(mint)))-*s.first(mode)) < s.Width
}

// next returns the share after a run, which had no room for its own, or used that many bytes: those of the share, and beside
// it some that a narrower one would not spare.
func (s share) next(mode string, isFull bool, used, beside, limit int) share {
	if s.Width == 0 {
		s.Width = parts
	}
	switch {
	case isFull && s.Width > 1:
		s.Width /= 2 // from where this run began
		return s
	case s.isPart():
		*s.first(mode) += byte(s.Width)
	}
	if beside+used*5/2 < limit && !isFull {
		s.Width *= 2 // with a quarter to spare
	}
	if s.Width >= parts {
		return share{}
	}
	return s
}

// takesTurns reports whether the product's source divides what is too much for one run by itself. Two divisions that take
// turns side by side could leave out the same tokens for ever.
func (t *task) takesTurns() bool {
	_, ok := t.source.(Rememberer)
	return ok
}

// settleShare says so where a run has gathered some of the tokens only: what it did not ask for proves nothing.
func (h *harvest) settleShare(p *plan) {
	if p.state.Share.isPart() {
		for _, t := range p.tasks {
			if t.err == nil && !t.takesTurns() && (t.source != nil || len(t.known) > 0) {
				t.err = fmt.Errorf("%w: %d of %d parts of the tokens, for all of them are more than the run has memory for; the others follow in turns",
					syncrun.ErrIncomplete, p.state.Share.Width, parts)
			}
		}
	}
	used, beside := h.used()
	h.share = p.state.Share.next(p.mode, h.isFull, used, beside, h.pools.limit)
}

// used returns how many bytes of pools come from sources that share the room, and from those that take turns.
func (h *harvest) used() (shared, turned int) {
	var all, own int64
	for _, t := range h.tasks {
		n := t.stats.Matched.Load() + t.side.Matched.Load()
		if all += n; t.takesTurns() {
			own += n
		}
	}
	if all > 0 {
		turned = int(int64(h.pools.bytes) * own / all)
	}
	return h.pools.bytes - turned, turned
}
