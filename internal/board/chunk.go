package board

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// Bounds of a chunk, so that it fits any store's item and no reader has to trust a length.
const (
	maxRaw       = 1 << 20   // bytes before they are compressed
	enoughRaw    = 96 << 10  // where a chunk ends, whatever the hash says
	maxChunkRows = 1<<16 - 1 // tokens, and pools
)

// chunk is a family's facts of some tokens that follow each other in the board.
type chunk struct {
	ref     Ref
	tokens  int
	pools   packed // of each token, where the family has facts of pools
	columns []column
	data    []byte // of cold families, whose columns are made when they are asked for
	words   searchable
}

// chunkWriter collects tokens for a family's next chunk.
type chunkWriter struct {
	family  family
	writers []writer // in the order of ofFamily's lists
	tokens  int
	pools   []int64 // of each token
}

// pooled reports whether family has facts of pools.
func (f family) pooled() bool { return len(ofFamily[f].pools) > 0 }

func newChunkWriter(of family) *chunkWriter {
	w := &chunkWriter{family: of}
	for _, list := range ofFamily[of].lists() {
		for i := range list {
			w.writers = append(w.writers, writer{f: &list[i]})
		}
	}
	return w
}

// add takes t's facts.
func (w *chunkWriter) add(t *tok) {
	for i := range w.writers {
		if !w.writers[i].f.pooled {
			w.writers[i].add(t, 0)
			continue
		}
		for j := range t.Pools {
			w.writers[i].add(t, j)
		}
	}
	w.tokens++
	w.pools = append(w.pools, int64(len(t.Pools)))
}

// size returns about how many bytes the chunk takes before it is compressed.
func (w *chunkWriter) size() (size int) {
	for i := range w.writers {
		size += w.writers[i].grown
	}
	return size
}

// isFull reports whether a chunk ends behind the token with this hash.
func (w *chunkWriter) isFull(hash uint32) bool {
	average := plans[w.family].tokens
	ends := w.tokens >= average/4 && hash%uint32(average*3/4) == 0 || w.tokens >= 4*average
	return ends || w.size() >= enoughRaw || len(w.pools) >= maxChunkRows/4
}

// finish returns the chunk and starts the next.
func (w *chunkWriter) finish() (Chunk, error) {
	o := output{plain: binary.AppendUvarint(nil, uint64(w.tokens))}
	if w.family.pooled() {
		o.packed(w.pools)
	}
	for i := range w.writers {
		w.writers[i].append(&o)
	}
	of := w.family
	*w = *newChunkWriter(of)
	if size := len(o.plain) + len(o.random); size > maxRaw {
		return Chunk{}, fmt.Errorf("a token takes %d bytes, more than %d", size, maxRaw)
	}
	data, err := o.compress(of)
	return Chunk{Ref{plans[of].name, Hash(data), len(data)}, data}, err
}

// hashBytes of SHA-256 are out of reach for who would make two chunks with one hash.
const hashBytes = 15

// Hash returns what names the bytes of parts, one behind the other: 20 characters of base64url.
func Hash(parts ...[]byte) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:hashBytes])
}

// deflaters are used again: one takes a megabyte.
var deflaters = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, level) // fails for no level that there is
	return w
}}

// level is where the next one takes more time and saves next to nothing.
const level = 8

// compress makes a chunk's bytes: format, family, how much is random, how much there is before it is compressed, what is
// random, and what is compressed.
func (o *output) compress(of family) ([]byte, error) {
	b := binary.AppendUvarint([]byte{Format, byte(of)}, uint64(len(o.random)))
	b = binary.AppendUvarint(b, uint64(len(o.plain)))
	to := bytes.NewBuffer(append(b, o.random...))
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(to)
	if _, err := w.Write(o.plain); err != nil {
		return nil, err
	}
	err := w.Close()
	return to.Bytes(), err
}

// readChunk checks data against ref and decodes it.
func readChunk(ref Ref, of family, data []byte) (*chunk, error) {
	if Hash(data) != ref.Hash {
		return nil, fmt.Errorf("%w: chunk %s of %s has another content", ErrCorrupt, ref.Hash, ref.Family)
	}
	c := &chunk{ref: ref}
	if err := c.decode(of, data); err != nil {
		return nil, fmt.Errorf("chunk %s of %s: %w", ref.Hash, ref.Family, err)
	}
	if plans[of].cold {
		c.columns, c.data = nil, bytes.Clone(data)
	}
	return c, nil
}

// opened returns the chunk's columns, of a cold one anew.
func (c *chunk) opened(of family) []column {
	if !plans[of].cold {
		return c.columns
	}
	var open chunk
	if err := open.decode(of, c.data); err != nil {
		panic("board: a chunk that was read once cannot be read again: " + err.Error()) // its bytes were changed
	}
	return open.columns
}

func (c *chunk) decode(of family, data []byte) error {
	r, err := inflate(of, data)
	if err != nil {
		return err
	}
	c.tokens = r.count(maxChunkRows)
	pools, fields := 0, ofFamily[of].lists()
	c.columns = make([]column, 0, len(fields[0])+len(fields[1])+len(fields[2]))
	if of.pooled() {
		c.pools = r.packed(c.tokens)
		pools = r.sum(&c.pools, c.tokens)
	}
	for i, list := range fields {
		for j := range list {
			count := c.tokens
			if i == 1 {
				count = pools
			}
			c.columns = append(c.columns, r.column(&list[j], count))
			if r.bad {
				return fmt.Errorf("%w: column %q", ErrCorrupt, list[j].name)
			}
		}
	}
	if left := len(r.rest) + len(r.random); r.bad || left > 0 || c.tokens == 0 {
		return fmt.Errorf("%w: %d bytes too many", ErrCorrupt, left)
	}
	return nil
}

// sum adds up p's n numbers, which have to be counts.
func (r *input) sum(p *packed, n int) (total int) {
	for i := 0; i < n && !r.bad; i++ {
		v := p.at(i)
		if v < 0 || v > maxChunkRows || total+int(v) > maxChunkRows {
			r.bad = true
			return 0
		}
		total += int(v)
	}
	return total
}

// inflaters are used again: one takes 40 KB.
var inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// inflate returns what compress was given.
func inflate(of family, data []byte) (input, error) {
	r := input{rest: data}
	format, is := r.byte(), r.byte()
	random, plain := r.count(maxRaw), r.count(maxRaw)
	switch {
	case !r.bad && format != Format:
		return r, fmt.Errorf("%w: %d, not %d", ErrFormat, format, Format)
	case r.bad || family(is) != of || random > len(r.rest):
		return r, fmt.Errorf("%w: no head of its family", ErrCorrupt)
	}
	r.random = r.bytes(random)
	from := inflaters.Get().(io.Reader)
	defer inflaters.Put(from)
	if err := from.(flate.Resetter).Reset(bytes.NewReader(r.rest), nil); err != nil {
		return r, err
	}
	r.rest = make([]byte, plain+1) // one more, to meet the end
	if n, err := io.ReadFull(from, r.rest); n != plain || !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return r, fmt.Errorf("%w: %d bytes of %d: %w", ErrCorrupt, n, plain, err)
	}
	r.rest = r.rest[:plain]
	return r, nil
}
