package inflate

import "math/bits"

// Codes of RFC 1951.
const (
	maxLitCodes  = 286
	maxDistCodes = 30
	endOfBlock   = 256
	maxCodeBits  = 15
)

// A table is indexed by the next bits of the input. Its first part answers codes of up to so many bits; a longer one
// finds there where its second part begins.
const (
	litBits  = 11
	distBits = 9
	litSub   = maxCodeBits - litBits // bits of a second part
	distSub  = maxCodeBits - distBits
)

// Each second part serves two codes or more.
type (
	litTable  [1<<litBits + (maxLitCodes+2)/2<<litSub]entry
	distTable [1<<distBits + (maxDistCodes+2)/2<<distSub]entry
)

// An entry is what a code means. Its lowest five bits are the code's length; then, from the lowest:
// five bits, how many extra bits follow; flags; and sixteen bits of value: one or two literals, the least length or
// distance, or where a second part begins.
type entry uint32

const (
	extraShift       = 5
	literal    entry = 1 << 10
	twoShift         = 11 // set: two literals
	two        entry = 1 << twoShift
	special    entry = 1 << 12 // none of those: a second part, the end of the block, or no code at all
	ending     entry = 1 << 13 // of the block
	second     entry = 1 << 14
	valueShift       = 16
	lengthMask       = 31
)

const noCode = special

func (e entry) length() uint { return uint(e) & lengthMask }
func (e entry) extra() uint  { return uint(e) >> extraShift & lengthMask }
func (e entry) value() int   { return int(e >> valueShift) }

// meanings of the symbols, without their codes' lengths.
var (
	litMeaning  = litMeanings()
	distMeaning = distMeanings()
)

func litMeanings() (m [288]entry) {
	for i := range endOfBlock {
		m[i] = literal | entry(i)<<valueShift
	}
	m[endOfBlock] = special | ending
	base := 3
	for i := endOfBlock + 1; i < maxLitCodes; i++ {
		extra := max(0, (i-257)/4-1)
		m[i] = entry(base)<<valueShift | entry(extra)<<extraShift
		base += 1 << extra
	}
	m[maxLitCodes-1] = maxMatch << valueShift
	m[286], m[287] = noCode, noCode
	return m
}

func distMeanings() (m [32]entry) {
	base := 1
	for i := range maxDistCodes {
		extra := max(0, i/2-1)
		m[i] = entry(base)<<valueShift | entry(extra)<<extraShift
		base += 1 << extra
	}
	m[30], m[31] = noCode, noCode
	return m
}

// build fills a table, whose first part has so many bits, from the lengths of its symbols' codes; false when these are no
// code. As in compress/flate, a code may be empty or have but one symbol, of one bit.
func build(table []entry, first uint, lengths []uint8, meaning []entry) bool {
	var count, next [maxCodeBits + 1]int
	for _, n := range lengths {
		count[n]++
	}
	code, longest := 0, uint(0)
	for n := uint(1); n <= maxCodeBits; n++ {
		next[n] = code
		if code += count[n]; code > 1<<n {
			return false
		}
		if count[n] > 0 {
			longest = n
		}
		code <<= 1
	}
	whole := code == 1<<(maxCodeBits+1)
	if !whole && longest > 0 && (longest > 1 || count[1] > 1) {
		return false
	}
	b := builder{table: table, first: first, sub: max(longest, first) - first, free: 1 << first}
	clear(table[:b.free])
	for symbol, n := range lengths {
		if n > 0 {
			b.add(uint(bits.Reverse16(uint16(next[n]))>>(16-n)), uint(n), meaning[symbol])
			next[n]++
		}
	}
	if !whole {
		b.close()
	}
	return true
}

// A builder adds codes to a table, in which what a code means stands wherever its bits are the lowest of the index.
type builder struct {
	table      []entry
	first, sub uint
	free       int // where the next second part goes
}

func (b *builder) add(code, length uint, meaning entry) {
	meaning |= entry(length)
	if length <= b.first {
		for i := code; i < 1<<b.first; i += 1 << length {
			b.table[i] = meaning
		}
		return
	}
	head := &b.table[code&(1<<b.first-1)]
	if *head == 0 {
		*head = special | second | entry(b.sub)<<extraShift | entry(b.free)<<valueShift
		b.free += 1 << b.sub
	}
	part := b.table[head.value():][:1<<b.sub]
	for i := code >> b.first; i < 1<<b.sub; i += 1 << (length - b.first) {
		part[i] = meaning
	}
}

// close marks what no code leads to.
func (b *builder) close() {
	for i := range b.table[:1<<b.first] {
		if b.table[i] == 0 {
			b.table[i] = noCode
		}
	}
}

// pair lets literals whose codes fit into the first part together be decoded at once. It goes downwards: the second of
// them is looked up further below, where none are paired yet.
func (t *litTable) pair() {
	for i := 1<<litBits - 1; i >= 0; i-- {
		e := t[i]
		if e&literal == 0 {
			continue
		}
		next := t[i>>e.length()]
		if next&(literal|two) == literal && e.length()+next.length() <= litBits {
			t[i] = e + entry(next.length()) | two | entry(next.value())<<(valueShift+8)
		}
	}
}
