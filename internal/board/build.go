package board

import (
	"iter"

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
	panic("TODO")
}

// Has reports whether m names the chunk already, so that it need not be written again.
func (m *Manifest) Has(ref Ref) bool { panic("TODO") }

// Make builds a board in memory and opens it. Format, Tokens and Chunks of m are ignored.
func Make(m Manifest, tokens iter.Seq2[token.Token, error]) (*Board, error) { panic("TODO") }
