package board

import (
	"iter"
	"time"

	"tokensync/internal/token"
)

// A Board is the tokens of one manifest in memory. It never changes and is safe for concurrent use.
type Board struct{}

// Open reads the chunks that m names: those that previous has are shared with it, the others are fetched, at most once
// each. previous may be nil. fetch may return bytes that are damaged: they are checked. It is not called
// concurrently; a caller that wants chunks side by side asks Manifest.Missing first.
//
// The board is whole or there is an error: fetch's, or one that wraps ErrFormat or ErrCorrupt.
func Open(m Manifest, previous *Board, fetch func(Ref) ([]byte, error)) (*Board, error) {
	panic("TODO")
}

// Missing lists the chunks of m that b, which may be nil, does not have.
func (b *Board) Missing(m *Manifest) []Ref { panic("TODO") }

// Manifest returns what b was opened with. It must not be changed.
func (b *Board) Manifest() Manifest { panic("TODO") }

// Version returns the manifest's version.
func (b *Board) Version() int64 { panic("TODO") }

// SyncedAt returns when the run began that published b.
func (b *Board) SyncedAt() time.Time { panic("TODO") }

// Launchpads returns those whose tokens b holds. The slice must not be changed.
func (b *Board) Launchpads() []token.LaunchpadID { panic("TODO") }

// Len returns how many tokens b holds.
func (b *Board) Len() int { panic("TODO") }

// All yields every token with its pools, in the board's order.
func (b *Board) All() iter.Seq[token.Token] { panic("TODO") }

// Has reports whether b holds the mint.
func (b *Board) Has(mint string) bool { panic("TODO") }

// Token returns the token with its pools.
func (b *Board) Token(mint string) (t token.Token, ok bool) { panic("TODO") }

// Tokens returns those of the mints that b holds, without their pools, in the order of mints.
func (b *Board) Tokens(mints []string) []token.Token { panic("TODO") }

// Totals sums up all tokens; now decides which are new.
func (b *Board) Totals(now time.Time) token.Stats { panic("TODO") }
