package meteora

import (
	"bytes"
	"hash/maphash"

	"tokensync/internal/token"
)

// A rowFormat is how one product spells its pools.
type rowFormat struct {
	address string   // the field with the pool's address
	start   []byte   // how a row begins that has it first
	labels  []label  // the fields that say whose it is, the one that counts most first
	fields  []string // that are read beside these
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
	token.DLMM:    newRowFormat("address", (*Decoder).readData, label{"launchpad", ""}),
	token.DAMMv2:  newRowFormat("address", (*Decoder).readData, label{"launchpad", ""}),
	token.DAMMv1:  newRowFormat("pool_address", (*Decoder).readV1, label{"launchpad", ""}),
	token.DBCList: newRowFormat("address", (*Decoder).readCurve, label{"pool_config_address", ""}, label{"creator", creatorPrefix}),
}

// readFields are all that any format reads; what only another one reads may cost a damaged row, but no value.
var readFields = []string{
	"token_x", "token_y", "name", "created_at", "tvl", "current_price", "apr", "volume", "fees", "pool_config", "is_blacklisted", "tags",
	"creator", "pool_config_address",
	"pool_name", "pool_token_mints", "pool_token_amounts", "pool_token_usd_amounts", "pool_tvl", "trading_volume", "fee_volume", "total_fee_pct",
}

func newRowFormat(address string, read func(*Decoder, *token.Pool) error, labels ...label) rowFormat {
	return rowFormat{address: address, start: []byte(`{"` + address + `":"`), labels: labels, fields: readFields, read: read}
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
	s.rows = append(s.rows, hashOf(d, raw))
}

// hashOf returns a hash of a row's address, or of the whole row when it has none. Nearly all rows begin with it.
func hashOf(d *Decoder, raw []byte) uint64 {
	if rest, ok := bytes.CutPrefix(raw, d.format.start); ok {
		if end := bytes.IndexByte(rest, '"'); end > 0 {
			return maphash.Bytes(rowSeed, rest[:end])
		}
	}
	var address string
	d.find(raw, d.format.address, func() (err error) { address, err = d.text(); return err })
	if address == "" {
		return maphash.Bytes(rowSeed, raw)
	}
	return maphash.String(rowSeed, address)
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
