package board

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"

	"github.com/mr-tron/base58"

	"tokensync/internal/token"
)

// A kind says how one value is written. Values of one kind that follow each other are a run.
type kind uint8

const (
	none         kind = iota // unknown, empty, 0 of an integer: no bytes
	zero                     // of a number: no bytes
	same                     // as the last value of this column that took bytes
	cell                     // of a fixed size, after the column's form
	free                     // text, whatever it is
	firstDerived             // from here on: the value number kind−firstDerived of those that the field follows from
)

// column is one field's values.
type column struct {
	runs []run     // nil where they would be many
	many *kinds    // instead of runs
	more *literals // nil when no value takes bytes
}

// literals are values that take bytes. No column has all of them, and there are many columns: what is not there is nil.
type literals struct {
	ints    *packed        // integers, mantissas, numbers of words
	exps    *packed        // of numbers
	keys    []byte         // 32 each
	dict    *[]string      // words by number
	amounts []token.Amount // words that are numbers, likewise
	heap    *heap          // texts
}

// number returns the number of a word, -1 where there is none.
func (l *literals) number(word string) int64 {
	if l.dict == nil {
		return -1
	}
	return int64(slices.Index(*l.dict, word))
}

// A run is values of one kind. Those of same have the kind of the value that they repeat.
type run struct {
	end   uint16 // the row behind it
	start uint16 // the place of its first value among those of its kind
	kind  kind
	still bool // all have the place of the first
}

// isEmpty reports whether no row has a value.
func (c *column) isEmpty() bool {
	return c.many == nil && len(c.runs) == 1 && c.runs[0].kind == none
}

// at returns the kind of a row's value, and its place among those of its kind.
func (c *column) at(row int) (kind, int) {
	if c.many != nil {
		return c.many.at(row)
	}
	i := 0
	for end := len(c.runs) - 1; i < end; {
		if middle := int(uint(i+end) >> 1); int(c.runs[middle].end) > row {
			end = middle
		} else {
			i = middle + 1
		}
	}
	r := c.runs[i]
	if r.still {
		return r.kind, int(r.start)
	}
	first := 0
	if i > 0 {
		first = int(c.runs[i-1].end)
	}
	return r.kind, int(r.start) + row - first
}

// A streak is values of one kind in rows of a column that follow each other.
type streak struct {
	kind  kind
	still bool // all have the place of the first
	row   int  // the first
	rows  int  // how many
	at    int  // the place of the first among those of its kind
}

// place returns that of the value n.
func (x *streak) place(n int) int {
	if x.still {
		return x.at
	}
	return x.at + n
}

// streaks visits what the rows from one on to another have.
func (c *column) streaks(from, to int, visit func(streak)) {
	if c.many != nil {
		c.many.streaks(from, to, visit)
		return
	}
	start := 0 // of the run
	for _, r := range c.runs {
		if first, end := max(start, from), min(int(r.end), to); first < end {
			x := streak{kind: r.kind, still: r.still, row: first, rows: end - first, at: int(r.start)}
			if !r.still {
				x.at += first - start
			}
			visit(x)
		}
		start = int(r.end)
	}
}

// fewRuns are looked through; more of them become kinds.
const fewRuns = 8

// kinds is what runs say, of values that change their kind all the time and none of which is free: half a byte a row.
type kinds struct {
	rows  []uint64 // 16 kinds each
	cells []uint16 // how many cells there are before each of rows
}

// Of 16 halves of a byte: each of them 1, and each of them a cell.
const (
	perWord    = 16
	everyOne   = 0x1111111111111111
	everyCell  = everyOne * uint64(cell)
	kindBits   = 4
	kindMask   = 1<<kindBits - 1
	wordsShift = 4
)

func newKinds(runs []run, rows int) *kinds {
	k := &kinds{rows: make([]uint64, (rows+perWord-1)/perWord), cells: make([]uint16, (rows+perWord-1)/perWord)}
	row, cells := 0, 0
	for _, r := range runs {
		for ; row < int(r.end); row++ {
			is := r.kind
			if row%perWord == 0 {
				k.cells[row/perWord] = uint16(cells)
			}
			switch {
			case is == cell && r.still:
				is = same
			case is == cell:
				cells++
			}
			k.rows[row/perWord] |= uint64(is) << (row % perWord * kindBits)
		}
	}
	return k
}

func (k *kinds) kind(row int) kind {
	return kind(k.rows[row>>wordsShift] >> (row % perWord * kindBits) & kindMask)
}

// streaks visits what the rows from one on to another have.
func (k *kinds) streaks(from, to int, visit func(streak)) {
	cells := k.before(from)
	for row := from; row < to; {
		x := streak{kind: k.kind(row), row: row, still: true}
		row = min(to, k.end(row))
		x.rows = row - x.row
		switch x.kind {
		case cell:
			x.still, x.at, cells = false, cells, cells+x.rows
		case same:
			x.kind, x.at = cell, cells-1
		default: // it takes no cell
		}
		visit(x)
	}
}

// end returns the next row of another kind than row's, or one behind the last.
func (k *kinds) end(row int) int {
	is := everyOne * uint64(k.kind(row))
	differs := (k.rows[row>>wordsShift] ^ is) >> (row % perWord * kindBits) // half a byte is 0 where there is the same kind
	for differs == 0 {
		row = row&^(perWord-1) + perWord
		if row>>wordsShift == len(k.rows) {
			return row
		}
		differs = k.rows[row>>wordsShift] ^ is
	}
	return row + bits.TrailingZeros64(differs)/kindBits
}

func (k *kinds) at(row int) (kind, int) {
	switch is := k.kind(row); is {
	case cell:
		return cell, k.before(row)
	case same:
		return cell, k.before(row) - 1
	default:
		return is, 0
	}
}

// before returns how many cells there are before a row.
func (k *kinds) before(row int) int {
	word, before := k.rows[row>>wordsShift], uint64(1)<<(row%perWord*kindBits)-1
	differs := word ^ everyCell // a half of a byte is 0 where there is a cell
	differs = (differs | differs>>1 | differs>>2 | differs>>3) & everyOne
	return int(k.cells[row>>wordsShift]) + bits.OnesCount64(everyOne&before) - bits.OnesCount64(differs&before)
}

// int returns the value of f, whose column c is.
func (c *column) int(f *field, row int, t *tok, p *pool) int64 {
	k, i := c.at(row)
	return c.integer(f, k, i, t, p)
}

// integer returns the one of a kind at a place.
func (c *column) integer(f *field, k kind, i int, t *tok, p *pool) int64 {
	switch {
	case k == cell:
		return c.more.ints.at(i)
	case k >= firstDerived:
		return f.followsInt[k-firstDerived](t, p)
	}
	return 0
}

// near returns the number that is written at a place as the distance from a guess.
func (c *column) near(at int, guess float64) token.Amount {
	exponent := int(c.more.exps.at(at))
	return token.NewAmount(c.more.ints.at(at)+inUnits(guess, exponent), exponent)
}

// text returns the value of f, whose column c is and which is told by no formula or guess.
func (c *column) text(f *field, row int, t *tok, p *pool, to *arena) string {
	k, i := c.at(row)
	return c.value(f, k, i, t, p, to)
}

// value returns the one of a kind at a place.
func (c *column) value(f *field, k kind, i int, t *tok, p *pool, to *arena) string {
	switch {
	case k == zero:
		return "0"
	case k == cell:
		return c.cell(f, i, to)
	case k == free:
		return c.more.heap.at(i, to)
	case k >= firstDerived:
		return f.follows[k-firstDerived].text(t, p)
	}
	return ""
}

func (c *column) cell(f *field, i int, to *arena) string {
	switch f.form {
	case number:
		return to.decimal(c.more.ints.at(i), int(c.more.exps.at(i)))
	case key:
		return base58.Encode(c.more.keys[i*keyBytes : (i+1)*keyBytes])
	default:
		return (*c.more.dict)[c.more.ints.at(i)]
	}
}

const keyBytes = 32

// arena is where texts are made, many in one allocation. Its zero value is ready.
type arena struct {
	b     strings.Builder
	large bool // for many tokens that go together
}

// What an arena allocates at once: about the numbers of one token, and of ten.
const (
	arenaBytes      = 512
	largeArenaBytes = 8 << 10
)

func (a *arena) room(n int) int {
	if a.b.Cap()-a.b.Len() < n {
		a.b = strings.Builder{}
		if a.large {
			a.b.Grow(max(n, largeArenaBytes))
		} else {
			a.b.Grow(max(n, arenaBytes))
		}
	}
	return a.b.Len()
}

func (a *arena) decimal(mantissa int64, exponent int) string {
	var buffer [64]byte
	return a.keep(token.AppendDecimal(buffer[:0], mantissa, exponent))
}

func (a *arena) amount(of token.Amount) string {
	var buffer [64]byte
	return a.keep(of.Append(buffer[:0]))
}

func (a *arena) keep(text []byte) string {
	start := a.room(len(text))
	a.b.Write(text)
	return a.b.String()[start:]
}

func (a *arena) join(x, y string) string {
	start := a.room(len(x) + len(y))
	a.b.WriteString(x)
	a.b.WriteString(y)
	return a.b.String()[start:]
}

// heap is texts, one behind the other. Addresses share their beginnings, up to the last slash; what follows is often a key.
type heap struct {
	beginnings []string
	beginning  packed // by number
	lengths    packed // of the rests
	marks      []uint32
	text       string
}

// keyFollows ends beginnings behind which stand the bytes of a key: no other beginning ends so.
const keyFollows = '\x00'

func isBeforeKey(beginning string) bool { return strings.HasSuffix(beginning, string(keyFollows)) }

// markEvery is how many texts there are to a mark, which says where one begins.
const markEvery = 8

func (h *heap) at(i int, to *arena) string {
	start := int(h.marks[i/markEvery])
	for j := i &^ (markEvery - 1); j < i; j++ {
		start += int(h.lengths.at(j))
	}
	rest := h.text[start : start+int(h.lengths.at(i))]
	switch beginning := h.beginnings[h.beginning.at(i)]; {
	case beginning == "":
		return rest
	case isBeforeKey(beginning):
		return to.join(beginning[:len(beginning)-1], base58.Encode([]byte(rest)))
	default:
		return to.join(beginning, rest)
	}
}

// column reads f's column of rows values.
func (r *input) column(f *field, rows int) (c column) {
	cells, frees := r.runs(&c, f, rows)
	if len(c.runs) > fewRuns && frees == 0 {
		c.runs, c.many = nil, newKinds(c.runs, rows)
	}
	if cells+frees == 0 {
		return c
	}
	c.more = r.literals(f, cells)
	if frees > 0 {
		h := r.heap(frees)
		c.more.heap = &h
	}
	r.bad = r.bad || frees > 0 && f.form == integer
	return c
}

// literals reads a column's cells.
func (r *input) literals(f *field, cells int) *literals {
	more := new(literals)
	if cells > 0 && f.form == word {
		more.words(f, r.dictionary())
	}
	if f.form == key {
		more.keys = bytes.Clone(r.block(cells * keyBytes))
	} else {
		ints := r.packed(cells)
		more.ints = &ints
	}
	switch f.form {
	case word:
		r.check(more.ints, cells, len(*more.dict))
	case number:
		exps := r.packed(cells)
		more.exps = &exps
	case text:
		r.bad = r.bad || cells > 0
	case integer, key:
	}
	return more
}

// words keeps the words of f's column.
func (l *literals) words(f *field, dict []string) {
	l.dict = &dict
	if !f.number {
		return
	}
	l.amounts = make([]token.Amount, len(dict))
	for i, word := range dict {
		l.amounts[i] = num(word).Amount()
	}
}

// runs reads c's runs, and counts how many values are cells and how many are texts.
func (r *input) runs(c *column, f *field, rows int) (cells, frees int) {
	n := r.count(rows)
	c.runs = make([]run, 0, min(n, len(r.rest)))
	last := run{kind: same} // the last that took bytes
	for done := 0; done < rows || n > 0; n-- {
		length, k := r.count(rows-done), kind(r.byte())
		if r.bad || n == 0 || length == 0 || int(k) >= f.kinds() || k == same && last.kind == same {
			r.bad = true
			return 0, 0
		}
		done += length
		next := run{end: uint16(done), kind: k}
		switch k {
		case same:
			next.kind, next.start, next.still = last.kind, last.start, true
		case cell:
			next.start, cells = uint16(cells), cells+length
			last = run{kind: cell, start: uint16(cells - 1)}
		case free:
			next.start, frees = uint16(frees), frees+length
			last = run{kind: free, start: uint16(frees - 1)}
		default:
			next.still = true
		}
		c.runs = append(c.runs, next)
	}
	return cells, frees
}

func (r *input) dictionary() []string {
	words := make([]string, r.count(len(r.rest)))
	for i := range words {
		words[i] = string(r.bytes(r.count(len(r.rest))))
	}
	return words
}

// check demands that all of p's n numbers are below limit.
func (r *input) check(p *packed, n, limit int) {
	for i := 0; i < n && !r.bad; i++ {
		if v := p.at(i); v < 0 || v >= int64(limit) {
			r.bad = true
		}
	}
}

func (r *input) heap(n int) heap {
	h := heap{beginnings: r.dictionary(), beginning: r.packed(n), lengths: r.packed(n)}
	r.check(&h.beginning, n, len(h.beginnings))
	r.check(&h.lengths, n, len(r.rest)+len(r.random)+1)
	if r.bad {
		return h
	}
	size, keys := 0, 0
	h.marks = make([]uint32, 0, (n+markEvery-1)/markEvery)
	for i := range n {
		if i%markEvery == 0 {
			h.marks = append(h.marks, uint32(size))
		}
		length := int(h.lengths.at(i))
		if h.isKey(i) {
			r.bad = r.bad || length != keyBytes
			keys++
		}
		size += length
	}
	h.text = r.texts(&h, n, size, keys)
	return h
}

func (h *heap) isKey(i int) bool { return isBeforeKey(h.beginnings[h.beginning.at(i)]) }

// texts reads h's n rests, of which some are keys, and puts them one behind the other.
func (r *input) texts(h *heap, n, size, keys int) string {
	if r.bad || keys == 0 {
		return string(r.bytes(size))
	}
	plain, random := r.bytes(size-keys*keyBytes), r.block(keys*keyBytes)
	if r.bad {
		return ""
	}
	text := make([]byte, 0, size)
	for i := range n {
		from := &plain
		if h.isKey(i) {
			from = &random
		}
		length := int(h.lengths.at(i))
		text, *from = append(text, (*from)[:length]...), (*from)[length:]
	}
	return string(text)
}

// writer collects one field's values.
type writer struct {
	f       *field
	runs    []wireRun
	ints    []int64 // of cells
	exps    []int64
	nears   []float64 // what they lie near, where the field knows
	keys    []byte
	words   map[string]int64
	dict    []string
	free    []string
	last    string // the last text that took bytes
	lastInt int64
	literal bool // there was one
	grown   int  // about how many bytes it takes
}

type wireRun struct {
	length int
	kind   kind
}

// add takes the field's value of t, or of its pool j.
func (w *writer) add(t *tok, j int) {
	var k kind
	p := poolOf(t, j)
	if w.f.form == integer {
		k = w.addInt(w.f.int(t, p), t, p)
	} else {
		k = w.addText(w.f.text(t, p), t, j)
	}
	if n := len(w.runs); n > 0 && w.runs[n-1].kind == k {
		w.runs[n-1].length++
		return
	}
	w.runs = append(w.runs, wireRun{1, k})
	w.grown += runBytes
}

// What a run and a cell take at most, in bytes.
const (
	runBytes  = 4
	cellBytes = 9
)

// current returns the kind of the last value, which the next one has if it can.
func (w *writer) current() kind {
	if len(w.runs) == 0 {
		return none
	}
	return w.runs[len(w.runs)-1].kind
}

func (w *writer) addInt(v int64, t *tok, p *pool) kind {
	for k := range kind(w.f.kinds()) {
		if k = w.order(k); w.isInt(k, v, t, p) {
			return k
		}
	}
	w.lastInt, w.literal, w.grown = v, true, w.grown+cellBytes
	w.ints = append(w.ints, v)
	return cell
}

// order puts the current kind before all others.
func (w *writer) order(k kind) kind {
	switch current := w.current(); {
	case k == 0:
		return current
	case k <= current:
		return k - 1
	}
	return k
}

func (w *writer) isInt(k kind, v int64, t *tok, p *pool) bool {
	switch k {
	case none:
		return v == 0
	case same:
		return w.literal && v == w.lastInt
	case zero, cell, free:
		return false
	default:
		return w.f.followsInt[k-firstDerived](t, p) == v
	}
}

func (w *writer) addText(v string, t *tok, j int) kind {
	for k := range kind(w.f.kinds()) {
		if k = w.order(k); w.isText(k, v, t, j) {
			return k
		}
	}
	w.last, w.literal, w.grown = v, true, w.grown+max(len(v), cellBytes)
	return w.addLiteral(v, t, j)
}

func (w *writer) isText(k kind, v string, t *tok, j int) bool {
	switch k {
	case none:
		return v == ""
	case zero:
		return v == "0" && w.f.form == number
	case same:
		return w.literal && v == w.last && w.f.near == nil // a cell is the distance from its own pool's guess
	case cell, free:
		return false
	default:
		return w.f.follows[k-firstDerived].is(v, t, j)
	}
}

// is reports whether the value of t, or of its pool j, is v.
func (f *follow) is(v string, t *tok, j int) bool {
	if f.operation == byText {
		return f.text(t, poolOf(t, j)) == v
	}
	return f.formula.is(v, ofToken{t}, j)
}

// poolOf returns t's pool j; nil when there is none.
func poolOf(t *tok, j int) *pool {
	if j < len(t.Pools) {
		return &t.Pools[j]
	}
	return nil
}

// addLiteral writes v as a cell where that gives it back exactly.
func (w *writer) addLiteral(v string, t *tok, j int) kind {
	switch w.f.form {
	case number:
		if mantissa, exponent, ok := token.Number(v).Decimal(); ok && string(token.FromDecimal(mantissa, exponent)) == v {
			w.ints, w.exps = append(w.ints, mantissa), append(w.exps, int64(exponent))
			if w.f.near != nil {
				w.nears = append(w.nears, w.f.near.at(ofToken{t}, j))
			}
			return cell
		}
	case key:
		if raw, err := base58.Decode(v); err == nil && len(raw) == keyBytes {
			w.keys = append(w.keys, raw...)
			return cell
		}
	case word:
		w.ints = append(w.ints, w.number(v))
		return cell
	case text, integer:
	}
	w.free = append(w.free, v)
	return free
}

// number returns the number of the word v.
func (w *writer) number(v string) int64 {
	n, ok := w.words[v]
	if !ok {
		if w.words == nil {
			w.words = map[string]int64{}
		}
		n = int64(len(w.dict))
		w.words[v] = n
		w.dict = append(w.dict, v)
	}
	return n
}

// append writes what was collected.
func (w *writer) append(o *output) {
	o.plain = binary.AppendUvarint(o.plain, uint64(len(w.runs)))
	for _, r := range w.runs {
		o.plain = append(binary.AppendUvarint(o.plain, uint64(r.length)), byte(r.kind))
	}
	if w.f.form == number {
		align(w.ints, w.exps)
		for i, v := range w.nears {
			w.ints[i] -= inUnits(v, int(w.exps[i]))
		}
	}
	if len(w.dict) > 0 {
		o.dictionary(w.dict)
	}
	o.packed(w.ints)
	o.packed(w.exps)
	if w.f.form == key && len(w.keys)+len(w.free) > 0 {
		o.bytes(w.keys)
	}
	o.heap(w.free)
}

// align gives all mantissas one exponent, where they stay as small as cells may be.
func align(mantissas, exponents []int64) {
	if len(exponents) == 0 {
		return
	}
	low := exponents[0]
	for _, e := range exponents {
		low = min(low, e)
	}
	scaled := make([]int64, len(mantissas))
	for i, m := range mantissas {
		for e := exponents[i]; e > low && m <= alignMost && m >= -alignMost; e-- {
			m *= 10
		}
		if m > alignMost || m < -alignMost {
			return
		}
		scaled[i] = m
	}
	copy(mantissas, scaled)
	for i := range exponents {
		exponents[i] = low
	}
}

// alignMost is what aligned mantissas may be: 15 digits, which are 7 bytes.
const alignMost = 999_999_999_999_999

func (o *output) dictionary(words []string) {
	o.plain = binary.AppendUvarint(o.plain, uint64(len(words)))
	for _, w := range words {
		o.plain = append(binary.AppendUvarint(o.plain, uint64(len(w))), w...)
	}
}

func (o *output) heap(texts []string) {
	if len(texts) == 0 {
		return
	}
	beginnings := writer{f: &field{form: word}}
	lengths, numbers := make([]int64, len(texts)), make([]int64, len(texts))
	var plain, keys []byte
	for i, s := range texts {
		cut := strings.LastIndexByte(s, '/') + 1
		beginning, rest := s[:cut], s[cut:]
		if raw, ok := rawKey(rest); ok {
			keys = append(keys, raw...)
			beginning, rest = beginning+string(keyFollows), string(raw)
		} else {
			plain = append(plain, rest...)
		}
		numbers[i], lengths[i] = beginnings.number(beginning), int64(len(rest))
	}
	o.dictionary(beginnings.dict)
	o.packed(numbers)
	o.packed(lengths)
	o.plain = append(o.plain, plain...)
	if len(keys) > 0 {
		o.bytes(keys)
	}
}

// rawKey returns the bytes of a key; false for any other text.
func rawKey(s string) ([]byte, bool) {
	if len(s) < keyBytes || len(s) > maxKeyDigits {
		return nil, false
	}
	raw, err := base58.Decode(s)
	return raw, err == nil && len(raw) == keyBytes && base58.Encode(raw) == s
}
