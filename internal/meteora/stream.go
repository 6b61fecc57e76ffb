package meteora

import (
	"errors"
	"fmt"
	"io"

	"tokensync/internal/upstream"
)

// Bounds on what a body may be.
const (
	maxElement = 1 << 20  // bytes of one pool; real ones have about 1,700
	maxGap     = 64 << 10 // bytes of white space between two tokens
	minBuffer  = 64 << 10 // grows to maxElement only for a pool that needs it
)

// ErrMalformed is wrapped by every error about a body that is not the JSON it should be.
var ErrMalformed = upstream.ErrMalformed

func malformed(format string, args ...any) error { return upstream.Malformed(format, args...) }

// A stream is a window on a body, at most one pool long.
type stream struct {
	src        io.Reader
	buf        []byte
	start, end int // buf[start:end] is read and not yet used
	offset     int64
	err        error // what src ended with
}

func newStream(r io.Reader, buf []byte) *stream {
	if cap(buf) < minBuffer {
		buf = make([]byte, minBuffer)
	}
	return &stream{src: r, buf: buf[:cap(buf)]}
}

// fill reads more. It moves what is unused to the front, and grows the window up to maxElement when it is full.
// It returns false at the end of the body, with the reason in s.err.
func (s *stream) fill() bool {
	if s.err != nil {
		return false
	}
	if s.start > 0 {
		s.end = copy(s.buf, s.buf[s.start:s.end])
		s.start = 0
	}
	if s.end == len(s.buf) {
		s.buf = append(s.buf, make([]byte, min(len(s.buf), maxElement))...)
	}
	const maxEmptyReads = 100
	for range maxEmptyReads {
		n, err := s.src.Read(s.buf[s.end:])
		s.end += n
		s.err = err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// ended returns the error for a body that stops where more was needed.
func (s *stream) ended(in string) error {
	if s.err == nil || errors.Is(s.err, io.EOF) {
		return malformed("body ends inside %s at byte %d", in, s.offset)
	}
	return fmt.Errorf("reading %s at byte %d: %w", in, s.offset, s.err)
}

func (s *stream) skip(n int) {
	s.start += n
	s.offset += int64(n)
}

// peek passes over white space and returns the next byte without using it; 0 and false at the end of the body.
func (s *stream) peek() (byte, bool) {
	for range maxGap {
		if s.start == s.end && !s.fill() {
			return 0, false
		}
		switch c := s.buf[s.start]; c {
		case ' ', '\t', '\n', '\r':
			s.skip(1)
		default:
			return c, true
		}
	}
	s.err = malformed("more than %d bytes of white space", maxGap)
	return 0, false
}

// next uses the next byte that is not white space.
func (s *stream) next(in string) (byte, error) {
	c, ok := s.peek()
	if !ok {
		return 0, s.ended(in)
	}
	s.skip(1)
	return c, nil
}

// object returns the JSON object or array that starts here, valid until the stream is used again, and whether it
// has escapes. One that is too large or too deep to be a pool is passed over: its bytes are nil.
func (s *stream) object(in string) (value []byte, escapes bool, err error) {
	scan := newScanner(s.buf[s.start])
	seen, large := 0, false
	for {
		n, done := scan.scan(s.buf[s.start+seen : s.end])
		seen += n
		if done {
			break
		}
		if seen > maxElement { // keep its end in sight, not its bytes
			s.skip(seen)
			seen, large = 0, true
		}
		if !s.fill() {
			return nil, false, s.ended(in)
		}
	}
	value = s.buf[s.start : s.start+seen]
	s.skip(seen)
	if large || scan.tooDeep {
		return nil, scan.escapes, nil
	}
	return value, scan.escapes, nil
}

// scalar returns the string, number or literal that starts here, valid until the stream is used again. It does not
// judge it.
func (s *stream) scalar(in string) ([]byte, error) {
	inString, escaped := false, false
	for seen := 0; ; seen++ {
		if seen > maxElement {
			return nil, malformed("%s is longer than %d bytes", in, maxElement)
		}
		if s.start+seen == s.end && !s.fill() {
			return nil, s.ended(in)
		}
		c := s.buf[s.start+seen]
		switch {
		case escaped:
			escaped = false
			continue
		case inString && c == '\\':
			escaped = true
			continue
		case c == '"':
			if inString {
				seen++
			}
			if !inString && seen == 0 {
				inString = true
				continue
			}
		case inString || !endsScalar(c):
			continue
		}
		value := s.buf[s.start : s.start+seen]
		s.skip(seen)
		return value, nil
	}
}

// endsScalar reports whether c cannot be part of a number or literal.
func endsScalar(c byte) bool {
	switch c {
	case ',', '}', ']', ':', '{', '[', ' ', '\t', '\n', '\r':
		return true
	}
	return false
}
