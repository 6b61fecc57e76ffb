package board

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"

	"tokensync/internal/token"
)

// Build writes tokens as chunks, in the order in which they come, which is the board's order. It keeps a fraction of
// them in memory at a time, whatever their number. The result depends on the tokens alone: equal content has equal chunks.
//
// Chunks end where a mint's hash says so. For the chunks of the last board to be met again, tokens must come in its
// order (Board.All), without those that are gone, and new ones behind them.
//
// emit is called once for each chunk, possibly for one that the last manifest names already (see Manifest.Has). A
// mint that comes twice is an error, an error of tokens or of emit ends the build and is returned as it is.
func Build(tokens iter.Seq2[token.Token, error], emit func(Chunk) error) (Manifest, error) {
	b := builder{emit: emit, seen: map[[hashBytes]byte]bool{}}
	for i := range b.writers {
		b.writers[i] = newChunkWriter(family(i))
	}
	for t, err := range tokens {
		if err != nil {
			return Manifest{}, err
		}
		if err := b.add(&t); err != nil {
			return Manifest{}, err
		}
	}
	for _, w := range b.writers {
		if err := b.finish(w); err != nil {
			return Manifest{}, err
		}
	}
	m := Manifest{Format: Format, Tokens: len(b.seen)}
	for _, refs := range b.refs {
		m.Chunks = append(m.Chunks, refs...)
	}
	return m, nil
}

type builder struct {
	emit    func(Chunk) error
	writers [families]*chunkWriter
	refs    [families][]Ref
	seen    map[[hashBytes]byte]bool
}

func (b *builder) add(t *tok) error {
	sum := sha256.Sum256([]byte(t.Mint))
	id := [hashBytes]byte(sum[:])
	if b.seen[id] {
		return fmt.Errorf("the board has mint %q twice", t.Mint)
	}
	b.seen[id] = true
	hash := binary.BigEndian.Uint32(sum[hashBytes:])
	for _, w := range b.writers {
		w.add(t)
		if w.isFull(hash) {
			if err := b.finish(w); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) finish(w *chunkWriter) error {
	if w.tokens == 0 {
		return nil
	}
	c, err := w.finish()
	if err != nil {
		return fmt.Errorf("chunk of %s: %w", plans[w.family].name, err)
	}
	b.refs[w.family] = append(b.refs[w.family], c.Ref)
	return b.emit(c)
}

// Has reports whether m names the chunk already, so that it need not be written again.
func (m *Manifest) Has(ref Ref) bool { return slices.Contains(m.Chunks, ref) }

// Make builds a board in memory and opens it. Format, Tokens and Chunks of m are ignored.
func Make(m Manifest, tokens iter.Seq2[token.Token, error]) (*Board, error) {
	data := map[string][]byte{}
	built, err := Build(tokens, func(c Chunk) error {
		data[c.Hash] = c.Data
		return nil
	})
	if err != nil {
		return nil, err
	}
	m.Format, m.Tokens, m.Chunks = built.Format, built.Tokens, built.Chunks
	return Open(m, nil, func(ref Ref) ([]byte, error) { return data[ref.Hash], nil })
}
