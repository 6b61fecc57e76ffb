package board

import (
	"math"
	"math/bits"
	"slices"
)

// prices are one number a token, in the board's order; not a number where it is unknown. Seven digits are enough to compare with.
type prices []float32

var unknown = float32(math.NaN())

// newPrices returns n that are unknown.
func newPrices(n int) prices { return slices.Repeat(prices{unknown}, n) }

// floats are one number a token, in the board's order. Seven digits are shown, which must not depend on how they were summed up:
// float32 is too short.
type floats []float64

// A sparse is floats most of which are 0. It never changes.
type sparse struct {
	bits   []uint64 // which are not
	before []uint32 // how many there are before each word of bits
	values []float64
}

func (f floats) sparse() (s sparse) {
	for i, v := range f {
		if v == 0 {
			continue
		}
		if s.bits == nil {
			s.bits, s.before = make([]uint64, (len(f)+63)/64), make([]uint32, (len(f)+63)/64)
		}
		s.bits[i/64] |= 1 << (i % 64)
		s.values = append(s.values, v)
	}
	count := 0
	for i, word := range s.bits {
		s.before[i] = uint32(count)
		count += bits.OnesCount64(word)
	}
	s.values = slices.Clip(s.values)
	return s
}

func (s *sparse) at(i int) float64 {
	if s.bits == nil || s.bits[i/64]>>(i%64)&1 == 0 {
		return 0
	}
	below := s.bits[i/64] & (1<<(i%64) - 1)
	return s.values[int(s.before[i/64])+bits.OnesCount64(below)]
}

// A reorder says where the tokens of a board stand on the one before.
type reorder struct {
	same bool  // all at the same place
	from []int // -1 for a new one
}

func (b *Board) reorderOf(previous *Board) reorder {
	if slices.Equal(b.chunks[keysFamily], previous.chunks[keysFamily]) {
		return reorder{same: true}
	}
	from, next := make([]int, b.Len()), 0
	for i := range from {
		x := b.id(i)
		if next < previous.Len() && previous.id(next).compare(x) == 0 { // mostly
			from[i] = next
		} else if j, ok := previous.find(x); ok {
			from[i] = j
		} else {
			from[i] = -1
			continue
		}
		next = from[i] + 1
	}
	return reorder{from: from}
}

func (o *reorder) at(i int) int {
	if o.same {
		return i
	}
	return o.from[i]
}

func (o *reorder) moved(f prices) prices {
	if o.same || f == nil {
		return f
	}
	g := newPrices(len(o.from))
	for i, from := range o.from {
		if from >= 0 {
			g[i] = f[from]
		}
	}
	return g
}
