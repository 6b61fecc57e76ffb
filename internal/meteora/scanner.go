package meteora

import (
	"encoding/binary"
	"math/bits"
)

// maxDepth bounds how deep a pool's JSON may nest; real pools nest two levels.
const maxDepth = 64

// A valueScanner finds the end of one JSON object or array in a stream that arrives in pieces. It looks only at
// quotes, backslashes and brackets, 64 bytes at a time without a branch a byte: that is enough to find the end, and
// whatever has to be understood is parsed afterwards.
type valueScanner struct {
	depth    int
	inString bool
	escaped  bool // the last byte was a backslash inside a string
	escapes  bool // a backslash was seen somewhere in the value
	tooDeep  bool
}

// scan goes on with p and returns how many of its bytes belong to the value, and whether the value ended there.
func (s *valueScanner) scan(p []byte) (n int, done bool) {
	for len(p)-n >= blockSize {
		b := loadBlock(p[n:])
		if b.backslash || s.escaped {
			if end, ok := s.scanBytes(p[n : n+blockSize]); ok {
				return n + end, true
			}
		} else if end, ok := s.scanBlock(&b); ok {
			return n + end, true
		}
		n += blockSize
	}
	end, ok := s.scanBytes(p[n:])
	return n + end, ok
}

// scanBytes is the plain form of scan, for the ends of pieces and for blocks with backslashes.
func (s *valueScanner) scanBytes(p []byte) (int, bool) {
	for i, c := range p {
		switch {
		case s.escaped:
			s.escaped = false
		case s.inString:
			s.escaped = c == '\\'
			s.escapes = s.escapes || s.escaped
			s.inString = c != '"'
		case c == '"':
			s.inString = true
		case c == '{' || c == '[':
			s.enter()
		case c == '}' || c == ']':
			if s.depth--; s.depth == 0 {
				return i + 1, true
			}
		}
	}
	return len(p), false
}

func (s *valueScanner) enter() {
	s.depth++
	s.tooDeep = s.tooDeep || s.depth > maxDepth
}

// scanBlock is scan for a block without backslashes.
func (s *valueScanner) scanBlock(b *block) (int, bool) {
	inside := prefixXor(b.quotes)
	if s.inString {
		inside = ^inside
	}
	s.inString = inside>>63 != 0
	openers, closers := b.openers&^inside, b.closers&^inside
	if bits.OnesCount64(closers) < s.depth { // the value cannot end in this block
		s.depth += bits.OnesCount64(openers) - bits.OnesCount64(closers)
		s.tooDeep = s.tooDeep || s.depth > maxDepth
		return blockSize, false
	}
	return s.walk(openers, closers)
}

// walk follows the brackets of a block one by one.
func (s *valueScanner) walk(openers, closers uint64) (int, bool) {
	for brackets := openers | closers; brackets != 0; brackets &= brackets - 1 {
		if openers&brackets&-brackets != 0 {
			s.enter()
		} else if s.depth--; s.depth == 0 {
			return bits.TrailingZeros64(brackets) + 1, true
		}
	}
	return blockSize, false
}

const blockSize = 64

// A block is 64 bytes of JSON as bit sets, bit i for byte i.
type block struct {
	quotes, openers, closers uint64
	backslash                bool
}

// Eight copies of a byte, for arithmetic on eight bytes at once.
const (
	ones   = 0x0101010101010101
	highs  = 0x80 * ones
	lows   = 0x7f * ones
	gather = 0x0102040810204080 // multiplies the low bits of eight bytes into the top byte
)

// loadBlock classifies the first 64 bytes of p. "|0x26" maps the four brackets to 0x7f, with four other bytes that,
// unlike brackets, have bits 1 and 2 alike; bit 2 alone tells a closing bracket from an opening one.
func loadBlock(p []byte) block {
	var b block
	var slashes uint64
	_ = p[blockSize-1]
	for i := 0; i < blockSize; i += 8 {
		x := binary.LittleEndian.Uint64(p[i:])
		slash := x ^ ('\\' * ones)
		slashes |= (slash - ones) &^ slash
		brackets := bytesEqual(x|0x26*ones, 0x7f*ones) & (x>>1 ^ x>>2)
		closing := x >> 2 & brackets
		b.quotes |= squeeze(bytesEqual(x, '"'*ones)) << i
		b.openers |= squeeze(brackets&^closing) << i
		b.closers |= squeeze(closing) << i
	}
	b.backslash = slashes&highs != 0
	return b
}

// bytesEqual sets the low bit of each byte in which x and y agree.
func bytesEqual(x, y uint64) uint64 {
	t := x ^ y
	return ^((t&lows + lows) | t) & highs >> 7
}

// squeeze packs the low bits of eight bytes into one byte.
func squeeze(x uint64) uint64 { return x * gather >> 56 }

// prefixXor sets every bit that has an odd number of set bits at or below it: from each opening quote up to, not
// including, its closing one.
func prefixXor(x uint64) uint64 {
	x ^= x << 1
	x ^= x << 2
	x ^= x << 4
	x ^= x << 8
	x ^= x << 16
	x ^= x << 32
	return x
}
