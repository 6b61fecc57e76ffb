package board

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// packed is whole numbers, each in the fewest bytes that hold all of them: (v − base) ÷ unit.
type packed struct {
	base   int64
	unit   uint64
	stride int    // bytes from one to the next
	data   []byte // with seven more behind the last number, so that each can be read as eight
}

const wordBytes = 8

// newPacked has room for n numbers of width bytes.
func newPacked(n, width int) packed {
	p := packed{unit: 1, stride: width, data: nothing[:]}
	if width > 0 {
		p.data = make([]byte, n*width+wordBytes-1)
	}
	return p
}

// nothing is the data of numbers that are all the same.
var nothing [wordBytes]byte

// len returns how many there are, unless they are all the same.
func (p *packed) len() int { return (len(p.data) - wordBytes + 1) / p.stride }

// at returns the number i.
func (p *packed) at(i int) int64 {
	return p.base + int64(binary.LittleEndian.Uint64(p.data[i*p.stride:])&(^uint64(0)>>(8*(wordBytes-p.stride)))*p.unit)
}

// output is a chunk on its way: what compresses, and what is as random as keys are, which it would only slow down.
type output struct{ plain, random []byte }

// packed writes values. The bytes of one significance lie together, for those are alike.
func (o *output) packed(values []int64) {
	if len(values) == 0 {
		return
	}
	base := slices.Min(values)
	var unit, most uint64
	for _, v := range values {
		distance := uint64(v) - uint64(base)
		unit, most = divisor(unit, distance), max(most, distance)
	}
	unit = max(unit, 1)
	width := (bits.Len64(most/unit) + 7) / 8
	o.plain = binary.AppendVarint(o.plain, base)
	o.plain = binary.AppendUvarint(o.plain, unit)
	o.plain = append(o.plain, byte(width))
	plane := make([]byte, len(values))
	for k := range width {
		for i, v := range values {
			plane[i] = byte((uint64(v) - uint64(base)) / unit >> (8 * k))
		}
		o.bytes(plane)
	}
}

// bytes writes as many bytes as the reader expects, where they belong.
func (o *output) bytes(b []byte) {
	if isRandom(b) {
		o.plain, o.random = append(o.plain, 1), append(o.random, b...)
	} else {
		o.plain = append(append(o.plain, 0), b...)
	}
}

// isRandom reports whether b would not become noticeably smaller by Huffman's code.
func isRandom(b []byte) bool {
	if len(b) < 256 {
		return false
	}
	var count [256]int
	for _, c := range b {
		count[c]++
	}
	// Of random bytes, two are the same once in 256 times.
	pairs := 0
	for _, n := range count {
		pairs += n * (n - 1)
	}
	return pairs*160 < len(b)*(len(b)-1)
}

// divisor returns the greatest common one.
func divisor(a, b uint64) uint64 {
	if a == 1 {
		return 1
	}
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// packed reads n numbers.
func (r *input) packed(n int) (p packed) {
	if n == 0 {
		return p
	}
	base, unit, width := r.varint(), r.uvarint(), int(r.byte())
	if width > wordBytes || n*width > len(r.rest)+len(r.random) {
		r.bad = true
		return packed{}
	}
	p = newPacked(n, width)
	p.base, p.unit = base, unit
	for k := range width {
		for i, c := range r.block(n) {
			p.data[i*width+k] = c
		}
	}
	return p
}

// block reads n bytes, from where they are.
func (r *input) block(n int) []byte {
	if r.byte() == 0 {
		return r.bytes(n)
	}
	if n > len(r.random) {
		r.bad = true
		return nil
	}
	b := r.random[:n]
	r.random = r.random[n:]
	return b
}

// pack returns what is kept of values that were never written.
func pack(values []uint32) packed {
	width := 2
	if len(values) > 0 && slices.Max(values) >= 1<<16 {
		width = 4
	}
	p := newPacked(len(values), width)
	for i, v := range values {
		for k := range width {
			p.data[i*width+k] = byte(v >> (8 * k))
		}
	}
	return p
}

// input takes values off bytes and remembers whether one was missing.
type input struct {
	rest   []byte
	random []byte // of an output
	bad    bool
}

func (r *input) bytes(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.bad, r.rest = true, nil
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *input) byte() (b byte) {
	if len(r.rest) == 0 {
		r.bad = true
		return 0
	}
	b, r.rest = r.rest[0], r.rest[1:]
	return b
}

func (r *input) uvarint() uint64 {
	if len(r.rest) > 0 && r.rest[0] < 1<<7 { // most have one byte
		return uint64(r.byte())
	}
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *input) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// count reads a number that cannot be above limit.
func (r *input) count(limit int) int {
	v := r.uvarint()
	if v > uint64(max(limit, 0)) {
		r.bad, r.rest = true, nil
		return 0
	}
	return int(v)
}
