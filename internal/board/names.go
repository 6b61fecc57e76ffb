package board

import (
	"iter"

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
