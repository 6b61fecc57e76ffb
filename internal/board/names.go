package board

import (
	"iter"
	"strings"

	"tokensync/internal/token"
)

var onlyNames = named("mint", "launchpad", "created_at", "name", "symbol")

// Names yields the tokens in the lists, in the board's order, with their mints, launchpads, names, symbols and times of creation alone.
// A token is valid until the next.
func (b *Board) Names() iter.Seq[*token.Token] {
	return func(yield func(*token.Token) bool) {
		r := reader{board: b}
		var t tok
		for i := range b.Len() {
			if r.some(i, &onlyNames, &t); b.lists(i) && !yield(&t) {
				return
			}
		}
	}
}

// earning is what tells what curves have earned.
var earning = func() layout {
	wanted := func(f *field) bool {
		name := strings.TrimPrefix(f.name, "pool ")
		return strings.HasPrefix(name, "curve") || strings.HasPrefix(name, "quote ") || name == "address" || name == "price_usd" || name == "mint"
	}
	return all.only(wanted)
}()

// Earning yields the tokens in the lists whose curves a creator made, in the board's order, with what their curves have earned and in
// which quotes, and with their mints alone. A token is valid until the next.
func (b *Board) Earning(creator string) iter.Seq[*token.Token] {
	passed := b.filter(&Query{Creator: creator})
	return func(yield func(*token.Token) bool) {
		r := reader{board: b}
		var t tok
		for i := range b.Len() {
			if passed.has(i) {
				if r.token(i, &earning, &t); !yield(&t) {
					return
				}
			}
		}
	}
}
