package board

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"tokensync/internal/token"
)

// A family is the facts that change at one rate. Each has chunks of its own.
type family uint8

const (
	keysFamily     family = iota // set when a token is first seen, and never again
	namesFamily                  // what a list shows of it in words
	aboutFamily                  // what only its page shows in words
	poolsFamily                  // which pools it has
	milestones                   // what happens once
	stateFamily                  // what changes now and then
	marketFamily                 // what changes with every tick
	earningsFamily               // what changes with every trade
	anchorFamily                 // what the market is told from
	writtenFamily                // what the sync remembers of their items
	families
)

// A plan says how a family is cut into chunks and kept in memory.
type plan struct {
	name string
	// tokens is how many a chunk has on average. Where few tokens change in a run, short chunks leave most as they are; where
	// all of them do, long ones compress better.
	tokens int
	// cold families are kept compressed and opened when a token's page is asked for.
	cold bool
	// writers alone need it.
	writers bool
}

var plans = [families]plan{
	keysFamily:     {name: "keys", tokens: 256},
	namesFamily:    {name: "names", tokens: 256},
	aboutFamily:    {name: "about", tokens: 256, cold: true},
	poolsFamily:    {name: "pools", tokens: 128, cold: true},
	milestones:     {name: "milestones", tokens: 2048},
	stateFamily:    {name: "state", tokens: 1024},
	marketFamily:   {name: "market", tokens: 1024},
	earningsFamily: {name: "earnings", tokens: 256, cold: true},
	anchorFamily:   {name: "anchors", tokens: 1024},
	writtenFamily:  {name: "written", tokens: 128, cold: true, writers: true},
}

// A form is how a column's values are written when they follow from nothing else.
type form uint8

const (
	number  form = iota // a token.Number
	key                 // mostly base58 for 32 bytes
	word                // one of a few texts that come again and again
	text                // any text
	integer             // an int64, a flag, a bool
)

type (
	tok  = token.Token
	pool = token.Pool
)

// A field is one leaf of a token, or of each of its pools: a column. The pool is nil for a token's own.
type field struct {
	name   string
	family family
	form   form
	row    bool // lists show it
	index  int  // of its column among its family's
	serial int  // its number among all fields
	pooled bool // it is of a pool
	number bool // its texts are numbers
	kept   int  // which it is of the fields of which readers keep the last number, from 1 on; 0 is none

	// What values often are.
	follows []follow
	near    *guess // of numbers: what the value mostly lies near; nil is 0. Cells hold the distance

	// Of everything but integers.
	text    func(t *tok, p *pool) string
	setText func(t *tok, p *pool, v string)

	// The same of integers.
	int        func(t *tok, p *pool) int64
	setInt     func(t *tok, p *pool, v int64)
	followsInt []func(t *tok, p *pool) int64
}

// A follow is a value that a field often has. It follows from fields before it.
type follow struct {
	formula
	text func(t *tok, p *pool) string // where the formula is byText
}

// kinds returns how many kinds of value f can have.
func (f *field) kinds() int { return int(firstDerived) + len(f.follows) + len(f.followsInt) }

// texts makes a field of any kind of string.
func texts[S ~string](name string, of family, as form, row bool, at func(t *tok, p *pool) *S, from ...func(t *tok, p *pool) S) field {
	f := field{name: name, family: of, form: as, row: row}
	_, f.number = any(*new(S)).(num)
	f.text = func(t *tok, p *pool) string { return string(*at(t, p)) }
	f.setText = func(t *tok, p *pool, v string) { *at(t, p) = S(v) }
	for _, source := range from {
		f.follows = append(f.follows, follow{text: func(t *tok, p *pool) string { return string(source(t, p)) }})
	}
	return f
}

// or adds a value that f often has, of the fields named.
func (f field) or(o operation, names ...string) field {
	f.follows = append(slices.Clip(f.follows), follow{formula: formula{operation: o, names: names}})
	return f
}

// about makes f's values short that lie near what guess makes of the values of the fields named.
func (f field) about(of func(v [3]float64) float64, names ...string) field {
	f.near = &guess{names: names, of: of}
	return f
}

// integers makes a field of any kind of integer.
func integers[I ~int | ~int8 | ~int64 | ~uint8](name string, of family, row bool, at func(t *tok, p *pool) *I, from ...func(t *tok, p *pool) I) field {
	f := field{name: name, family: of, form: integer, row: row}
	f.int = func(t *tok, p *pool) int64 { return int64(*at(t, p)) }
	f.setInt = func(t *tok, p *pool, v int64) { *at(t, p) = I(v) }
	for _, source := range from {
		f.followsInt = append(f.followsInt, func(t *tok, p *pool) int64 { return int64(source(t, p)) })
	}
	return f
}

// bools makes a field of a bool.
func bools(name string, of family, row bool, at func(t *tok, p *pool) *bool) field {
	f := field{name: name, family: of, form: integer, row: row}
	f.int = func(t *tok, p *pool) int64 { return toInt(*at(t, p)) }
	f.setInt = func(t *tok, p *pool, v int64) { *at(t, p) = v != 0 }
	return f
}

func toInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// A layout is all fields, in the order in which they are read: each may follow from those before it.
type layout struct {
	heads []field // of a token, on which its pools may rest
	pools []field // of each pool
	sums  []field // of a token, made of its pools

	changes, windows, fees bool // what only the past tells of them
}

var all = newLayout()

// serials is how many fields there are.
var serials int

func newLayout() layout {
	l := layout{heads: headFields(), pools: poolFields(), sums: sumFields()}
	var next [families]int
	made := 0
	for k, list := range l.lists() {
		for i := range list {
			f := &list[i]
			f.index, f.pooled = next[f.family], k == 1
			next[f.family]++
			f.serial, serials = serials, serials+1
			if f.name == "price_usd" || f.pooled && slices.ContainsFunc(f.follows, func(m follow) bool { return m.operation == product }) {
				made++
				f.kept = made
			}
		}
	}
	l.link()
	l.changes, l.windows, l.fees = true, true, true
	return l
}

// lists returns the three; the middle one is of pools.
func (l *layout) lists() [3][]field { return [3][]field{l.heads, l.pools, l.sums} }

// only returns l without the fields that keep refuses.
func (l *layout) only(keep func(f *field) bool) (some layout) {
	for i, to := range []*[]field{&some.heads, &some.pools, &some.sums} {
		*to = chosen(l.lists()[i], keep)
		for _, f := range *to {
			some.changes = some.changes || f.name == "price_usd"
			some.windows = some.windows || strings.HasPrefix(f.name, "volume ")
			some.fees = some.fees || f.name == "fees"
		}
	}
	return some
}

// readable is what readers have.
var readable = all.only(func(f *field) bool { return !plans[f.family].writers })

// chosen returns the fields of list that keep does not refuse. Every function makes layouts when it starts: it counts them first.
func chosen(list []field, keep func(f *field) bool) []field {
	n := 0
	for i := range list {
		if keep(&list[i]) {
			n++
		}
	}
	some := make([]field, 0, n)
	for i := range list {
		if keep(&list[i]) {
			some = append(some, list[i])
		}
	}
	return some
}

// rows is what lists need.
var rows = all.only(func(f *field) bool { return f.row })

// ofFamily are the layouts of each family.
var ofFamily = func() (l [families]layout) {
	for i := range l {
		l[i] = all.only(func(f *field) bool { return f.family == family(i) })
	}
	return l
}()

// fingerprint is another for every layout, so that no reader takes one for another.
var fingerprint = func() uint32 {
	h := sha256.New()
	for i, list := range all.lists() {
		for _, f := range list {
			fmt.Fprintln(h, i, f.name, f.family, f.form, f.kinds(), f.near != nil)
		}
	}
	return binary.BigEndian.Uint32(h.Sum(nil))
}()
