package dbc

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tokensync/internal/solana"
)

const (
	// maxUnreadable is how many accounts may be unreadable in a run that succeeds. One can be broken for good; more of
	// them mean that the program has changed.
	maxUnreadable = 5
	// maxExamples is how many accounts a note names.
	maxExamples = 3
	// maxOddKeys bounds what is remembered so that an account that comes again is counted once.
	maxOddKeys = 1000
)

// What is odd about accounts, as notes put it.
const (
	oddAccount     = "unreadable accounts"
	oddCreation    = "impossible creation times"
	oddCompletion  = "completion times in the future"
	oddPercentage  = "configs with percentages over 100"
	oddRate        = "configs with an impossible fee rate"
	oddUnclaimed   = "curves with more fees unclaimed than were ever taken"
	oddMetadata    = "damaged mints and names"
	unknownHistory = "creation times that the node does not know"
)

// A fault is an account of ours that cannot be read, and why.
type fault struct {
	key solana.Key
	err error
}

type faults []fault

// An oddity is how many accounts something is odd about, and the first of them.
type oddity struct {
	count    int
	keys     map[solana.Key]bool
	examples []string
}

// unreadable counts accounts that cannot be read, each time that a node returns them.
func (s *scan) unreadable(found faults) {
	s.stats.Invalid.Add(int64(len(found)))
	for _, f := range found {
		s.odd(oddAccount, f.key, f.err.Error())
	}
}

// doubt counts an account of which a value cannot be believed. The value is unknown, the rest stands.
func (s *scan) doubt(what string, key solana.Key) {
	if s.odd(what, key, "") {
		s.stats.Invalid.Add(1)
	}
}

// odd remembers key for the record, and reports whether it is the first time.
func (s *scan) odd(what string, key solana.Key, detail string) bool {
	o := s.oddities[what]
	if o == nil {
		o = &oddity{keys: map[solana.Key]bool{}}
		s.oddities[what] = o
	}
	if o.keys[key] {
		return false
	}
	if len(o.keys) < maxOddKeys {
		o.keys[key] = true
	}
	if o.count++; o.count <= maxExamples {
		o.examples = append(o.examples, strings.TrimSpace(key.String()+" "+detail))
	}
	return true
}

// noteOddities writes what was odd into the record. More than a few unreadable accounts are a failure: what they hold is
// missing.
func (s *scan) noteOddities() {
	for _, what := range slices.Sorted(maps.Keys(s.oddities)) {
		o := s.oddities[what]
		text := fmt.Sprintf("%s: %d (%s", what, o.count, strings.Join(o.examples, ", "))
		if o.count > maxExamples {
			text += ", …"
		}
		s.stats.Note(text + ")")
		if what == oddAccount && o.count > maxUnreadable {
			s.note(fmt.Errorf("%s)", text))
		}
	}
}
