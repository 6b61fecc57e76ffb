package dbc

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"tokensync/internal/solana"
)

const (
	// turnPeriod is within how long every mint is read again: who renames a token or burns some of it is not asked.
	turnPeriod = 50 * time.Minute
	// maxTurn bounds the mints that one run reads again; a launchpad of more than that a period takes longer.
	maxTurn = 1000
	turnKey = "DBC-TURN"
)

// A turn chooses the mints that a run reads again: by key, after the one at which the last run stopped, as many as make a
// period's round.
type turn struct {
	After solana.Key
	At    int64 // Unix seconds of the last run's turn; 0 before the first

	count int
	next  []lookup
}

// offer tells of a mint that there is.
func (t *turn) offer(l lookup) {
	t.count++
	if t.next = append(t.next, l); len(t.next) == 2*maxTurn {
		t.trim(maxTurn)
	}
}

// trim keeps the n mints that come next.
func (t *turn) trim(n int) {
	slices.SortFunc(t.next, func(a, b lookup) int {
		aBefore, bBefore := a.mint.Compare(t.After) <= 0, b.mint.Compare(t.After) <= 0
		if aBefore != bBefore { // those at or before the last one come round later
			if aBefore {
				return 1
			}
			return -1
		}
		return bytes.Compare(a.mint[:], b.mint[:])
	})
	t.next = t.next[:min(n, len(t.next))]
}

// due returns the mints whose turn it is at now.
func (t *turn) due(now time.Time) []lookup {
	passed := min(now.Sub(time.Unix(t.At, 0)), turnPeriod)
	share := (time.Duration(t.count)*passed + turnPeriod - 1) / turnPeriod
	t.trim(int(max(share, 0)))
	if t.At == 0 {
		t.next = nil // all of them have just been read
	}
	return t.next
}

func (s *scan) loadTurn() error {
	kept, err := s.cached([]string{turnKey})
	if err != nil {
		return err
	}
	if json.Unmarshal([]byte(kept[turnKey]), &s.turn) != nil {
		s.turn = turn{}
	}
	return nil
}

// takeTurn reads the mints whose turn it is again, all of them together. The next run tells what has changed.
func (s *scan) takeTurn() error {
	due := s.turn.due(s.started)
	next := turn{After: s.turn.After, At: s.started.Unix()}
	if len(due) > 0 {
		next.After = due[len(due)-1].mint
		if err := s.readAgain(due); err != nil {
			return err
		}
	}
	return s.keep(map[string]any{turnKey: next}, forever)
}

func (s *scan) readAgain(due []lookup) error {
	found, err := s.keptMetadata(due)
	if err != nil {
		return err
	}
	before := maps.Clone(found)
	if err := s.lookUp(due, found); err != nil {
		return err
	}
	return s.keepMetadata(due, before, found)
}
