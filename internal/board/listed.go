package board

import (
	"slices"

	"tokensync/internal/token"
)

// unlisted are the statuses of tokens that a board holds although no list shows them: so the next run knows them without
// asking a table, and the operator finds them.
var unlisted = []string{string(token.Unapproved), string(token.Hidden)}

// Holds reports whether tokens of a status belong on a board.
func Holds(s token.Status) bool {
	return s == token.Listed || slices.Contains(unlisted, string(s))
}

// Without returns b with some tokens out of its lists, as if their status were hidden: the operator has hidden them since
// b was published. It shares everything else with b.
func (b *Board) Without(mints []string) *Board {
	mints = slices.Compact(slices.Sorted(slices.Values(mints)))
	if slices.Equal(mints, b.veil) {
		return b
	}
	c := &Board{
		manifest: b.manifest, chunks: b.chunks, starts: b.starts, pools: b.pools, mints: b.mints, orders: b.orders, points: b.points, past: b.past,
		veil: mints, veiled: newTokenSet(b.Len()),
	}
	for _, mint := range mints {
		if i, ok := b.find(idOf(mint)); ok {
			c.veiled.set(i)
		}
	}
	c.out = b.anyOf(statusField, unlisted...).or(c.veiled)
	return c
}

// Lists reports whether b holds the mint and its lists show it.
func (b *Board) Lists(mint string) bool {
	i, ok := b.find(idOf(mint))
	return ok && b.lists(i)
}

func (b *Board) lists(i int) bool { return !b.out.has(i) }

// Count returns how many tokens of a status b holds.
func (b *Board) Count(of token.Status) int {
	return b.ofStatus(of).len()
}

// ofStatus returns the tokens of a status that Holds.
func (b *Board) ofStatus(of token.Status) tokenSet {
	switch of {
	case token.Hidden:
		return b.anyOf(statusField, string(of)).or(b.veiled)
	case token.Listed:
		return b.all().less(b.out)
	case token.Delisted, token.Blacklisted, token.Unapproved:
	}
	return b.anyOf(statusField, string(of)).less(b.veiled)
}

// all returns every token.
func (b *Board) all() tokenSet {
	s := newTokenSet(b.Len())
	for i := range s {
		s[i] = ^uint64(0)
	}
	if rest := b.Len() % 64; rest > 0 {
		s[len(s)-1] = 1<<rest - 1
	}
	return s
}
