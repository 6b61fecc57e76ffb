package meteoratest

import "io"

// brotli writes a sound Brotli stream (RFC 7932) that compresses nothing: all a fault needs.
type brotli struct {
	w     io.Writer
	begun bool
}

const (
	brotliWindow = 0x0b // 22 bits, written in four
	brotliEnd    = 0x03 // an empty last meta-block, written in two
	brotliChunk  = 1 << 16
)

// Write sends p as uncompressed meta-blocks.
func (b *brotli) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		chunk := p[:min(len(p), brotliChunk)]
		if _, err := b.w.Write(append(b.head(len(chunk)), chunk...)); err != nil {
			return n, err
		}
		n += len(chunk)
		p = p[len(chunk):]
	}
	return n, nil
}

// head returns an uncompressed meta-block's header, of which the first has the stream's own before it. Bits are packed from the
// lowest on: last 0, nibbles 4 as 00, the length less one in 16, uncompressed 1, and zeros up to the next byte.
func (b *brotli) head(length int) []byte {
	bits, have := uint32(0), 0
	if !b.begun {
		b.begun = true
		bits, have = brotliWindow, 4
	}
	bits |= uint32(length-1) << (have + 3)
	bits |= 1 << (have + 19)
	return []byte{byte(bits), byte(bits >> 8), byte(bits >> 16)}
}

// Close ends the stream.
func (b *brotli) Close() error {
	end := []byte{brotliEnd}
	if !b.begun {
		end = []byte{brotliWindow | brotliEnd<<4}
	}
	_, err := b.w.Write(end)
	return err
}
