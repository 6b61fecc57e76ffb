package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// gzipInput is how much of a compressed body is read at once, in bytes.
const gzipInput = 16 << 10

// errTrailing reports bytes after a gzip stream.
var errTrailing = errors.New("data after the end")

// A GzipReader reads one gzip stream after the other with the same buffers. Call Reset before the first Read.
//
// A stream must be whole: Read returns io.EOF only when the checksum and length of its last member were right and
// nothing but zero bytes, which some proxies pad with, is after it.
type GzipReader struct {
	src  *bufio.Reader
	zip  gzip.Reader
	open bool // a member is being read
	err  error
}

// Reset makes z read the stream of src from its beginning.
func (z *GzipReader) Reset(src io.Reader) {
	if z.src == nil {
		z.src = bufio.NewReaderSize(src, gzipInput)
	}
	z.src.Reset(src)
	z.open = false
	z.err = nil
}

// Read implements io.Reader. An error about the bytes themselves wraps ErrMalformed; one of the source is returned as it is.
func (z *GzipReader) Read(p []byte) (n int, err error) {
	if z.err == nil && !z.open {
		z.err = z.openMember()
	}
	for n == 0 && z.err == nil {
		n, err = z.zip.Read(p)
		if errors.Is(err, io.EOF) {
			err = z.nextMember()
		}
		z.err = asMalformed(err)
	}
	if n > 0 {
		return n, nil
	}
	return 0, z.err
}

func (z *GzipReader) openMember() error {
	err := z.zip.Reset(z.src)
	if errors.Is(err, io.EOF) { // no byte at all, or none of a name that has begun
		err = io.ErrUnexpectedEOF
	}
	z.zip.Multistream(false)
	z.open = true
	return asMalformed(err)
}

// nextMember opens the member after the one that has ended. Without one it returns io.EOF.
func (z *GzipReader) nextMember() error {
	next, err := z.src.Peek(1)
	switch {
	case err != nil:
		return err
	case next[0] == 0:
		return z.skipZeros()
	}
	return z.openMember()
}

// skipZeros returns io.EOF once it has read zeros to the end.
func (z *GzipReader) skipZeros() error {
	for {
		b, err := z.src.ReadByte()
		if err != nil {
			return err
		}
		if b != 0 {
			return errTrailing
		}
	}
}

// asMalformed wraps ErrMalformed around what a damaged gzip stream leads to.
func asMalformed(err error) error {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	for _, damage := range []error{gzip.ErrHeader, gzip.ErrChecksum, io.ErrUnexpectedEOF, errTrailing} {
		corrupt = corrupt || errors.Is(err, damage)
	}
	if corrupt && !errors.Is(err, ErrMalformed) {
		return fmt.Errorf("%w: gzip: %w", ErrMalformed, err)
	}
	return err
}
