package meteoratest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// spillBytes is how much JSON is gathered before it is sent.
const spillBytes = 32 << 10

// errCut ends an answer early: a fault wants it so.
var errCut = errors.New("meteoratest: body cut")

var (
	gzipWriters = sync.Pool{New: func() any {
		gz, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // errs for an unknown level only
		return gz
	}}
	buffers = sync.Pool{New: func() any { return new(append(make([]byte, 0, spillBytes+8192), 0)) }}
)

// body streams one JSON answer. Rows are appended to its encoder and sent by spill.
type body struct {
	encoder
	a    *answer
	out  io.Writer    // an encoder, or the wire
	wire io.Writer    // behind the encoder
	gz   *gzip.Writer // nil without compression
	sent int64        // JSON bytes so far
	err  error        // the first; after it nothing is written
	buf  *[]byte
}

func (a *answer) newBody() *body {
	b := &body{a: a, buf: buffers.Get().(*[]byte)}
	b.b = (*b.buf)[:0]
	a.w.Header().Set("Content-Type", "application/json")
	b.out = a.w
	if a.fault.Cut == CorruptWire {
		b.out = &flipper{w: a.w, at: a.fault.After}
	}
	b.wire = b.out
	switch encoding := a.fault.Encoding; {
	case encoding == "br":
		b.brotli()
	case encoding != "":
		a.w.Header().Set("Content-Encoding", encoding)
	case acceptsGzip(a.r):
		b.compress()
	}
	if a.fault.BOM {
		b.raw("\ufeff")
	}
	return b
}

func (b *body) compress() {
	b.a.w.Header().Set("Content-Encoding", "gzip")
	b.a.w.Header().Set("Vary", "Accept-Encoding")
	b.gz = gzipWriters.Get().(*gzip.Writer)
	b.gz.Reset(b.out)
	b.out = b.gz
}

func (b *body) brotli() {
	b.a.w.Header().Set("Content-Encoding", "br")
	b.out = &brotli{w: b.out}
}

// ok sends what has gathered when it is enough, and reports whether there is a point in going on.
func (b *body) ok() bool {
	if len(b.b) >= spillBytes {
		b.spill()
	}
	return b.err == nil
}

// spill sends what has gathered.
func (b *body) spill() {
	p := b.b
	b.b = b.b[:0]
	f := b.a.fault
	if keep := f.After - b.sent; f.Cut != NoCut && f.Cut != CorruptWire && keep >= 0 && keep < int64(len(p)) {
		b.write(p[:keep])
		p = p[keep:]
		if b.err == nil {
			b.err = b.cut(p)
		}
	}
	b.write(p)
}

func (b *body) write(p []byte) {
	if b.err != nil || len(p) == 0 {
		return
	}
	b.sent += int64(len(p))
	if b.a.fault.Drip > 0 {
		b.err = b.drip(p)
		return
	}
	_, b.err = b.out.Write(p)
}

// drip sends p a byte at a time, until the client or Close ends it.
func (b *body) drip(p []byte) error {
	for i := range p {
		if !b.a.s.sleep(b.a.r.Context(), b.a.fault.Drip) {
			return errCut
		}
		if _, err := b.out.Write(p[i : i+1]); err != nil {
			return err
		}
		if err := b.flush(); err != nil {
			return err
		}
	}
	return nil
}

// cut breaks the body before rest. A nil error lets the rest follow.
func (b *body) cut(rest []byte) error {
	switch b.a.fault.Cut { //nolint:exhaustive // the others cut the wire, not the JSON
	case Corrupt:
		rest[0] = 0
		return nil
	case Truncate:
		return errCut
	}
	if err := b.flush(); err != nil {
		return err
	}
	if b.a.fault.Cut == Stall {
		return b.stall()
	}
	b.err = errCut // reset may panic
	if b.a.fault.Cut == Reset {
		b.reset()
	}
	return errCut
}

// flush makes everything so far visible to the client.
func (b *body) flush() error {
	if b.gz != nil {
		if err := b.gz.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(b.a.w).Flush()
}

// stall waits for the fault's pause, or for ever. A wait that the client or Close ends leaves no sound body behind.
func (b *body) stall() error {
	if pause := b.a.fault.Pause; pause > 0 {
		if b.a.s.sleep(b.a.r.Context(), pause) {
			return nil
		}
	} else {
		select {
		case <-b.a.r.Context().Done():
		case <-b.a.s.closed:
		}
	}
	b.err = errCut // reset may panic
	b.reset()
	return errCut
}

// reset sends a TCP reset. A handler that has no connection, in a test without one, aborts instead.
func (b *body) reset() {
	conn, _, err := http.NewResponseController(b.a.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// finish sends the rest and gives the buffers back.
func (b *body) finish() {
	b.spill()
	*b.buf = b.b[:0]
	buffers.Put(b.buf)
	if b.err == nil || b.a.fault.Cut == Truncate {
		b.end()
	}
	if b.gz != nil {
		b.gz.Reset(io.Discard)
		gzipWriters.Put(b.gz)
	}
}

// end closes the encoding, and sends what follows it.
func (b *body) end() {
	if closer, ok := b.out.(io.Closer); ok {
		_ = closer.Close()
	}
	if zeros := b.a.fault.Zeros; zeros > 0 {
		_, _ = b.wire.Write(make([]byte, zeros))
	}
}

// repeat sends n times the byte c.
func (b *body) repeat(c byte, n int64) {
	for n > 0 && b.err == nil {
		b.spill()
		b.b = b.b[:min(n, spillBytes)]
		for i := range b.b {
			b.b[i] = c
		}
		n -= int64(len(b.b))
	}
	b.spill()
}

// flipper flips a bit of the byte at an offset.
type flipper struct {
	w    io.Writer
	at   int64
	seen int64
}

func (f *flipper) Write(p []byte) (int, error) {
	if i := f.at - f.seen; i >= 0 && i < int64(len(p)) {
		p = append([]byte(nil), p...)
		p[i] ^= 0x10
	}
	f.seen += int64(len(p))
	return f.w.Write(p)
}
