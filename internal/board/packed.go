package board

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// packed is whole numbers, each in the fewest bytes that hold all of them: (v − base) ÷ unit.
type packed struct {
	base  int64
	unit  uint64
	width int // bytes of each; 0 when all are base
	data  []byte
}

// at returns the number i.
func (p *packed) at(i int) int64 {
	var v uint64
	switch b := p.data[i*p.width:]; p.width {
	case 0:
		return p.base
	case 1:
		v = uint64(b[0])
	case 2:
		v = uint64(binary.LittleEndian.Uint16(b))
	case 8:
		v = binary.LittleEndian.Uint64(b)
	default:
		for k := p.width - 1; k >= 0; k-- {
			v = v<<8 | uint64(b[k])
		}
	}
	return p.base + int64(v*p.unit)
}

// appendPacked writes values. The bytes of one significance lie together, for those are alike.
func appendPacked(b []byte, values []int64) []byte {
	if len(values) == 0 {
		return b
	}
	base := slices.Min(values)
	var unit, most uint64
	for _, v := range values {
		distance := uint64(v) - uint64(base)
		unit, most = divisor(unit, distance), max(most, distance)
	}
	unit = max(unit, 1)
	width := (bits.Len64(most/unit) + 7) / 8
	b = binary.AppendVarint(b, base)
	b = binary.AppendUvarint(b, unit)
	b = append(b, byte(width))
	for k := range width {
		for _, v := range values {
			b = append(b, byte((uint64(v)-uint64(base))/unit>>(8*k)))
		}
	}
	return b
}

// divisor is the greatest common one.
func divisor(a, b uint64) uint64 {
	if a == 1 {
		return 1
	}
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// packed reads n numbers that appendPacked wrote.
func (r *input) packed(n int) (p packed) {
	if n == 0 {
		return p
	}
	p.base, p.unit, p.width = r.varint(), r.uvarint(), int(r.byte())
	if p.width > 8 {
		r.bad = true
		return packed{}
	}
	planes := r.bytes(n * p.width)
	if r.bad {
		return packed{}
	}
	p.data = make([]byte, len(planes))
	for k := range p.width {
		for i, c := range planes[k*n : (k+1)*n] {
			p.data[i*p.width+k] = c
		}
	}
	return p
}

// input takes values off bytes and remembers whether one was missing.
type input struct {
	rest []byte
	bad  bool
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

func (r *input) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *input) uvarint() uint64 {
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
