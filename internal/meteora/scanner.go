package meteora

import "bytes"

// maxDepth bounds how deep a pool's objects may nest; real pools nest two levels.
const maxDepth = 64

// A valueScanner finds the end of one JSON object or array in a stream that arrives in pieces. It looks only at
// quotes, backslashes and its own kind of bracket, each with a search that the standard library has in vector
// instructions: that is enough to find the end, and whatever has to be understood is parsed afterwards.
type valueScanner struct {
	open, end byte // the brackets of the value: braces or square ones
	depth     int
	inString  bool
	escaped   bool // the last byte was a backslash inside a string
	escapes   bool // a backslash was seen somewhere in the value
	tooDeep   bool
}

// newScanner returns a scanner of the value that starts with the bracket open.
func newScanner(open byte) valueScanner {
	return valueScanner{open: open, end: open + 2} // in ASCII
}

// pieceSize bounds how far a backslash is looked for: little further than a pool is long.
const pieceSize = 2 << 10

// scan goes on with p and returns how many of its bytes belong to the value, and whether the value ended there.
func (s *valueScanner) scan(p []byte) (n int, done bool) {
	for n < len(p) {
		if s.escaped {
			s.escaped = false
			n++
			continue
		}
		piece := p[n:min(len(p), n+pieceSize)]
		slash := bytes.IndexByte(piece, '\\')
		if slash >= 0 {
			piece = piece[:slash]
		}
		end, done := s.scanPlain(piece)
		n += end
		if done {
			return n, true
		}
		if slash >= 0 {
			s.escaped = s.inString
			s.escapes = s.escapes || s.inString
			n++
		}
	}
	return n, false
}

// scanPlain is like scan for a piece without backslashes: a bracket counts when an even number of quotes stands before it.
func (s *valueScanner) scanPlain(p []byte) (n int, done bool) {
	open := index(p, 0, s.open)
	for {
		end := index(p, n, s.end)
		for open < end {
			if s.pass(p[n:open]); !s.inString {
				s.depth++
				s.tooDeep = s.tooDeep || s.depth > maxDepth
			}
			n = open + 1
			open = index(p, n, s.open)
		}
		s.pass(p[n:end])
		if end == len(p) {
			return end, false
		}
		n = end + 1
		if s.inString {
			continue
		}
		if s.depth--; s.depth == 0 {
			return n, true
		}
	}
}

var quote = []byte{'"'}

// pass notes the quotes in p.
func (s *valueScanner) pass(p []byte) {
	s.inString = s.inString != (bytes.Count(p, quote)&1 != 0)
}

// index returns where c stands in p from position from on; len(p) when it does not.
func index(p []byte, from int, c byte) int {
	if i := bytes.IndexByte(p[from:], c); i >= 0 {
		return from + i
	}
	return len(p)
}
