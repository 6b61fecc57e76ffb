// Package inflate reads gzip streams (RFC 1952, 1951): as compress/gzip does, whole streams only and checked to the last
// byte, in less than half of its time. It decodes two literals at once, takes input eight bytes at a time and copies matches so.
package inflate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// ErrCorrupt is wrapped by every error about bytes that are no gzip stream. One that is cut off is io.ErrUnexpectedEOF.
var ErrCorrupt = errors.New("corrupt gzip stream")

func corrupt(what string) error { return fmt.Errorf("%w: %s", ErrCorrupt, what) }

// Sizes in bytes.
const (
	inputSize  = 16 << 10
	history    = 32 << 10 // how far back a match may reach
	outputSize = 64 << 10 // decoded at once, behind the history
	maxMatch   = 258
	slack      = 16 // how far copying may run over a match's end
	wordSize   = 8
)

// A Reader reads one gzip stream after the other with the same buffers, some 150 KiB. Its zero value needs a Reset.
type Reader struct {
	src    io.Reader
	in     []byte
	end    int   // in[pos:end] is read and not yet used
	srcErr error // what src ended with
	err    error // what this reader ends with, once out is used up
	bitBuffer
	win       []byte
	first     int  // where what matches may reach begins
	out, w    int  // win[out:w] is decoded and not yet read
	members   int  // opened so far
	member    bool // one is open
	final     bool // the block is the member's last
	block     blockKind
	stored    int    // bytes left of a stored block
	sum, size uint32 // of the member so far
	lit       litTable
	dist      distTable
	lengths   lengthTable
	code      [maxLitCodes + maxDistCodes]uint8 // lengths of the block's codes
}

type blockKind uint8

const (
	noBlock blockKind = iota
	storedBlock
	huffmanBlock
)

// Reset makes z read the stream of src from its beginning.
func (z *Reader) Reset(src io.Reader) {
	if z.in == nil {
		z.in = make([]byte, inputSize)
		z.win = make([]byte, history+outputSize+maxMatch+slack)
	}
	z.src, z.bitBuffer, z.end = src, bitBuffer{}, 0
	z.srcErr, z.err = nil, nil
	z.first, z.out, z.w = 0, 0, 0
	z.members, z.member, z.block = 0, false, noBlock
}

// Read is io.Reader's. It answers io.EOF only when the last member's checksum and length were right and nothing is
// behind it; errors of the source come through.
func (z *Reader) Read(p []byte) (int, error) {
	for z.out == z.w {
		if z.err != nil {
			return 0, z.err
		}
		z.slide()
		z.err = z.decode()
	}
	n := copy(p, z.win[z.out:z.w])
	z.out += n
	return n, nil
}

// slide makes room for output: the history moves to the front.
func (z *Reader) slide() {
	if by := z.w - history; by > 0 {
		copy(z.win, z.win[by:z.w])
		z.out, z.w, z.first = z.out-by, history, max(0, z.first-by)
	}
}

// room is where output ends, so that a match fits behind it.
func (z *Reader) room() int { return len(z.win) - maxMatch - slack }

// decode decodes until the room is used up or the stream ends.
func (z *Reader) decode() (err error) {
	from := z.w
	for err == nil && z.w < z.room() {
		switch {
		case !z.member:
			err = z.openMember()
		case z.block == storedBlock:
			err = z.copyStored()
		case z.block == huffmanBlock:
			err = z.huffman()
		case z.final:
			z.check(from)
			from = z.w
			err = z.closeMember()
		default:
			err = z.openBlock()
		}
	}
	z.check(from)
	return err
}

// check adds what was decoded from there on to the member's checksum.
func (z *Reader) check(from int) {
	z.sum = crc32.Update(z.sum, crc32.IEEETable, z.win[from:z.w])
	z.size += uint32(z.w - from)
}

// openMember reads a member's header. The stream ends where one could begin, but for the first.
func (z *Reader) openMember() error {
	if z.pos == z.end && !z.fill() && z.members > 0 && errors.Is(z.srcErr, io.EOF) {
		return io.EOF
	}
	if err := z.header(); err != nil {
		return err
	}
	z.members++
	z.member, z.final, z.first, z.sum, z.size = true, false, z.w, 0, 0
	return nil
}

// closeMember holds the member against its checksum and length.
func (z *Reader) closeMember() error {
	z.align()
	var trailer [8]byte
	for i := range trailer {
		var err error
		if trailer[i], err = z.byte(); err != nil {
			return err
		}
	}
	if binary.LittleEndian.Uint32(trailer[:]) != z.sum || binary.LittleEndian.Uint32(trailer[4:]) != z.size {
		return corrupt("its checksum or length is wrong")
	}
	z.member = false
	return nil
}

// openBlock reads a block's first bits.
func (z *Reader) openBlock() error {
	head, err := z.take(3)
	if err != nil {
		return err
	}
	z.final = head&1 != 0
	switch head >> 1 {
	case 0:
		return z.openStored()
	case 1:
		z.fixedCodes()
	case 2:
		err = z.dynamicCodes()
	default:
		return corrupt("a block of no kind")
	}
	z.block = huffmanBlock
	return err
}

func (z *Reader) openStored() error {
	z.align()
	length, err := z.take(16)
	if err != nil {
		return err
	}
	inverse, err := z.take(16)
	if err != nil {
		return err
	}
	if length != ^inverse&0xffff {
		return corrupt("the length of a stored block is wrong")
	}
	z.align()
	z.block, z.stored = storedBlock, int(length)
	return nil
}

func (z *Reader) copyStored() error {
	if z.stored == 0 {
		z.block = noBlock
		return nil
	}
	if z.pos == z.end && !z.fill() {
		return z.ended()
	}
	n := copy(z.win[z.w:z.room()], z.in[z.pos:min(z.end, z.pos+z.stored)])
	z.pos, z.w, z.stored = z.pos+n, z.w+n, z.stored-n
	return nil
}
