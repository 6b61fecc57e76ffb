package board

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
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
	lists := ofFamily[w.family].lists()
	before, after := len(lists[0]), len(lists[0])+len(lists[1])
	for i := range w.writers {
		if i < before || i >= after {
			w.writers[i].add(t, nil)
			continue
		}
		for j := range t.Pools {
			w.writers[i].add(t, &t.Pools[j])
		}
	}
	w.tokens++
	w.pools = append(w.pools, int64(len(t.Pools)))
}

// size is about how many bytes the chunk takes before it is compressed.
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
func (w *chunkWriter) finish(to *compressor) (Chunk, error) {
	raw := binary.AppendUvarint(nil, uint64(w.tokens))
	if w.family.pooled() {
		raw = appendPacked(raw, w.pools)
	}
	for i := range w.writers {
		raw = w.writers[i].append(raw)
	}
	*w = *newChunkWriter(w.family)
	if len(raw) > maxRaw {
		return Chunk{}, fmt.Errorf("a token takes %d bytes, more than %d", len(raw), maxRaw)
	}
	data, err := to.compress(w.family, raw)
	return Chunk{Ref{plans[w.family].name, hashOf(data), len(data)}, data}, err
}

// hashBytes of SHA-256 are out of reach for who would make two chunks with one hash.
const hashBytes = 16

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return base64.RawURLEncoding.EncodeToString(sum[:hashBytes])
}

// compressor makes a chunk's bytes: format, family, the size before compression, and the compressed rest.
type compressor struct {
	w *flate.Writer
	b bytes.Buffer
}

func (c *compressor) compress(of family, raw []byte) ([]byte, error) {
	c.b.Reset()
	c.b.Write(binary.AppendUvarint([]byte{Format, byte(of)}, uint64(len(raw))))
	if c.w == nil {
		c.w, _ = flate.NewWriter(&c.b, flate.BestCompression)
	} else {
		c.w.Reset(&c.b)
	}
	if _, err := c.w.Write(raw); err != nil {
		return nil, err
	}
	err := c.w.Close()
	return bytes.Clone(c.b.Bytes()), err
}

// readChunk checks data against ref and decodes it.
func readChunk(ref Ref, of family, data []byte) (*chunk, error) {
	if hashOf(data) != ref.Hash {
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

// opened returns a cold chunk with its columns.
func (c *chunk) opened(of family) *chunk {
	open := &chunk{ref: c.ref}
	if err := open.decode(of, c.data); err != nil {
		panic("board: a chunk that was read once cannot be read again: " + err.Error()) // its bytes were changed
	}
	return open
}

func (c *chunk) decode(of family, data []byte) error {
	raw, err := inflate(of, data)
	if err != nil {
		return err
	}
	r := input{rest: raw}
	c.tokens = r.count(maxChunkRows)
	pools := 0
	if of.pooled() {
		c.pools = r.packed(c.tokens)
		pools = r.sum(&c.pools, c.tokens)
	}
	for i, list := range ofFamily[of].lists() {
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
	if r.bad || len(r.rest) > 0 || c.tokens == 0 {
		return fmt.Errorf("%w: %d bytes too many", ErrCorrupt, len(r.rest))
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

// inflate returns what compress was given.
func inflate(of family, data []byte) ([]byte, error) {
	r := input{rest: data}
	format, is := r.byte(), r.byte()
	size := r.count(maxRaw)
	switch {
	case !r.bad && format != Format:
		return nil, fmt.Errorf("%w: %d, not %d", ErrFormat, format, Format)
	case r.bad || family(is) != of:
		return nil, fmt.Errorf("%w: no head of its family", ErrCorrupt)
	}
	raw := make([]byte, 0, min(size+1, 64*len(r.rest)+512))
	b := bytes.NewBuffer(raw)
	n, err := io.Copy(b, io.LimitReader(flate.NewReader(bytes.NewReader(r.rest)), int64(size)+1))
	if err != nil || n != int64(size) {
		return nil, fmt.Errorf("%w: %d bytes of %d: %w", ErrCorrupt, n, size, err)
	}
	return b.Bytes(), nil
}
