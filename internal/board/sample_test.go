package board

import (
	"iter"
	"testing"

	"tokensync/internal/dev/worldtest"
	"tokensync/internal/token"
)

type world = worldtest.World

const (
	testPad = worldtest.Pad
	epoch   = worldtest.Epoch
)

var testKey, seeded = worldtest.Key, worldtest.Seeded

// seq yields tokens without an error.
func seq(tokens []token.Token) iter.Seq2[token.Token, error] {
	return func(yield func(token.Token, error) bool) {
		for _, t := range tokens {
			if !yield(t, nil) {
				return
			}
		}
	}
}

func makeBoard(tb testing.TB, tokens []token.Token) *Board {
	tb.Helper()
	b, err := Make(Manifest{Version: 1, SyncedAt: epoch, Launchpads: []token.LaunchpadID{testPad}}, seq(tokens))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// chunksOf builds tokens and returns their chunks.
func chunksOf(tb testing.TB, tokens []token.Token) (Manifest, map[Ref][]byte) {
	tb.Helper()
	chunks := map[Ref][]byte{}
	m, err := Build(seq(tokens), func(c Chunk) error { chunks[c.Ref] = c.Data; return nil })
	if err != nil {
		tb.Fatal(err)
	}
	return m, chunks
}
