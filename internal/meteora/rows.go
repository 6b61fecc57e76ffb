package meteora

import (
	"hash/maphash"

	"tokensync/internal/token"
)

// A rowFormat is how one product spells its pools.
type rowFormat struct {
	address string  // the field with the pool's address
	labels  []label // the fields that say whose it is, the one that counts most first
	read    func(*Decoder, *token.Pool) error
}

// A label is a field whose value names whose a pool is, and what stands before it in the launchpad ID that it matches.
type label struct{ field, prefix string }

const (
	maxLabels     = 2
	creatorPrefix = "creator:" // of an ID that means the pools that a key created
)

// rowFormats has the products that are read over HTTP.
var rowFormats = map[token.Product]rowFormat{
	token.DLMM:   {"address", []label{{"launchpad", ""}}, (*Decoder).readData},
	token.DAMMv2: {"address", []label{{"launchpad", ""}}, (*Decoder).readData},
	token.DAMMv1: {"pool_address", []label{{"launchpad", ""}}, (*Decoder).readV1},
	token.DBCList: {
		"address", []label{{"pool_config_address", ""}, {"creator", creatorPrefix}}, (*Decoder).readCurve,
	},
}

// A survey looks at every row of a body, ours or not: to know whether the rows are new, and in the order asked for.
type survey struct {
	everyAge  bool  // look at the creation of every row, not of a sample
	ascending bool  // the order asked for
	newest    int64 // when the newest row was created that was looked at, in Unix milliseconds
	disorder  bool  // the rows are not in order
	last      int64
	rows      []uint64 // a hash of each row's address, or of the row when it has none
}

// sampleEvery is how often a row's age is looked at: parsing every row would cost as much as finding its end.
const sampleEvery = 32

var rowSeed = maphash.MakeSeed()

func (s *survey) reset() {
	*s = survey{everyAge: s.everyAge, ascending: s.ascending, rows: s.rows[:0]}
}

func (s *survey) look(d *Decoder, raw []byte) {
	if s.everyAge || len(s.rows)%sampleEvery == 0 {
		var created int64
		d.find(raw, "created_at", func() error { return d.time(&created) })
		s.age(created)
	}
	var address string
	d.find(raw, d.format.address, func() (err error) { address, err = d.text(); return err })
	if address == "" {
		s.rows = append(s.rows, maphash.Bytes(rowSeed, raw))
		return
	}
	s.rows = append(s.rows, maphash.String(rowSeed, address))
}

// age books when the next row was created; 0 is unknown.
func (s *survey) age(created int64) {
	if created == 0 {
		return
	}
	ahead := s.last - created
	if !s.ascending {
		ahead = -ahead
	}
	if s.last != 0 && ahead > maxDisorder.Milliseconds() {
		s.disorder = true
	}
	s.last, s.newest = created, max(s.newest, created)
}
