package inflate

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// A bitBuffer is where the input is.
type bitBuffer struct {
	hold uint64 // bits that are used next, lowest first; those above the count are nothing, or what in has there
	bits uint   // in hold
	pos  int    // of the next byte that hold does not have
}

func (b *bitBuffer) drop(n uint) {
	b.hold >>= n & 63
	b.bits -= n
}

// refill tops hold up to 56 bits or more, from eight bytes of which it may use seven.
func (b *bitBuffer) refill(in []byte) {
	b.hold |= binary.LittleEndian.Uint64(in[b.pos:]) << (b.bits & 63)
	b.pos += int(63-b.bits) >> 3
	b.bits |= 56
}

// withExtra is an entry's value with its extra bits, which hold has.
func (b *bitBuffer) withExtra(e entry) int {
	n := e.value() + int(b.hold&(1<<e.extra()-1))
	b.drop(e.extra())
	return n
}

// fill reads more input. The last bytes stay before it, so that bits which hold has can be given back.
func (z *Reader) fill() bool {
	if z.srcErr != nil {
		return false
	}
	if keep := max(0, z.pos-wordSize); keep > 0 {
		z.end = copy(z.in, z.in[keep:z.end])
		z.pos -= keep
	}
	const maxEmptyReads = 100
	for range maxEmptyReads {
		n, err := z.src.Read(z.in[z.end:])
		z.end += n
		z.srcErr = err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	z.srcErr = io.ErrNoProgress
	return false
}

// ended is the error for a stream that stops where more was needed.
func (z *Reader) ended() error {
	if errors.Is(z.srcErr, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return z.srcErr
}

// need moves input into hold until that has n bits, at most 56, or the source has no more.
func (z *Reader) need(n uint) {
	for z.bits < n && (z.pos < z.end || z.fill()) {
		z.hold |= uint64(z.in[z.pos]) << z.bits
		z.pos++
		z.bits += 8
	}
}

// take uses n bits, at most 16.
func (z *Reader) take(n uint) (uint, error) {
	if z.need(n); z.bits < n {
		return 0, z.ended()
	}
	v := uint(z.hold) & (1<<n - 1)
	z.drop(n)
	return v, nil
}

// align drops the bits up to the next byte and gives back the bytes behind them.
func (z *Reader) align() {
	z.pos -= int(z.bits / 8)
	z.hold, z.bits = 0, 0
}

// byte uses a byte; hold is empty.
func (z *Reader) byte() (byte, error) {
	if z.pos == z.end && !z.fill() {
		return 0, z.ended()
	}
	z.pos++
	return z.in[z.pos-1], nil
}

// Flags of a member's header.
const (
	hasSum = 1 << (iota + 1)
	hasExtra
	hasName
	hasComment
)

// maxText bounds a name or comment, as compress/gzip does.
const maxText = 512

// header passes over a member's header.
func (z *Reader) header() error {
	h := headerReader{z: z}
	if h.next() != 0x1f || h.next() != 0x8b || h.next() != 8 {
		h.fail("no header")
	}
	flags := h.next()
	h.skip(6) // time, flags, system
	if flags&hasExtra != 0 {
		low := h.next()
		h.skip(int(low) | int(h.next())<<8)
	}
	if flags&hasName != 0 {
		h.text()
	}
	if flags&hasComment != 0 {
		h.text()
	}
	if sum := uint16(h.sum); flags&hasSum != 0 {
		if low := h.next(); uint16(low)|uint16(h.next())<<8 != sum {
			h.fail("the checksum of its header is wrong")
		}
	}
	return h.err
}

// A headerReader reads zeros after its first error.
type headerReader struct {
	z   *Reader
	sum uint32
	err error
}

func (h *headerReader) fail(what string) {
	if h.err == nil {
		h.err = corrupt(what)
	}
}

func (h *headerReader) next() byte {
	if h.err != nil {
		return 0
	}
	var c byte
	if c, h.err = h.z.byte(); h.err == nil {
		h.sum = crc32.Update(h.sum, crc32.IEEETable, h.z.in[h.z.pos-1:h.z.pos])
	}
	return c
}

func (h *headerReader) skip(n int) {
	for range n {
		h.next()
	}
}

func (h *headerReader) text() {
	for range maxText {
		if h.next() == 0 {
			return
		}
	}
	h.fail("a name in its header does not end")
}
