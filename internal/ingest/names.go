package ingest

import (
	"cmp"
	"hash/maphash"
	"slices"
	"sort"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// names are those of the last board's tokens and of new ones, folded, each with the token that had it first: 16 bytes a name.
// A name that a token takes later on is one of the next run's.
type names struct {
	seed   maphash.Seed // nobody can make two names with one hash
	owners []owner      // by name, each once
}

// An owner is who had a name first.
type owner struct {
	name  uint64 // hash of the launchpad, the sort of name, and the name
	first uint64 // rank of the token
}

// readNames takes those of the last board, and of what was gathered of other tokens.
func (r *run) readNames(b *board.Board, h *harvest) *names {
	n := &names{seed: maphash.MakeSeed(), owners: make([]owner, 0, 2*b.Len())}
	for t := range b.Names() {
		n.add(t)
	}
	for _, mint := range h.pools.without(b.Has) {
		t := token.Merge(h.pools.of(mint))
		t.CreatedAt = cmp.Or(t.CreatedAt, r.at)
		if slices.Contains(r.ids, t.Launchpad) && t.Status == token.Listed && r.rules.approve(&t) {
			n.add(&t)
		}
	}
	slices.SortFunc(n.owners, func(a, b owner) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.first, b.first))
	})
	n.owners = slices.CompactFunc(n.owners, func(a, b owner) bool { return a.name == b.name })
	return n
}

func (n *names) add(t *token.Token) {
	rank := n.rank(t)
	for _, name := range n.of(t) {
		n.owners = append(n.owners, owner{name, rank})
	}
}

// of returns the hashes of t's name and symbol, as far as it has them.
func (n *names) of(t *token.Token) []uint64 {
	hashes := make([]uint64, 0, 2)
	for kind, text := range []string{t.Name, t.Symbol} {
		if text = board.Fold(text); text == "" {
			continue
		}
		var h maphash.Hash
		h.SetSeed(n.seed)
		_, _ = h.WriteString(string(t.Launchpad))
		_ = h.WriteByte(byte(kind))
		_, _ = h.WriteString(text)
		hashes = append(hashes, h.Sum64())
	}
	return hashes
}

// rank orders tokens by the second of their creation, and those of one second somehow.
func (n *names) rank(t *token.Token) uint64 {
	second := max(0, t.CreatedAt/time.Second.Milliseconds())
	return uint64(second)<<32 | maphash.String(n.seed, t.Mint)>>32
}

// collide reports whether another token had t's name or its symbol first. The lower half of a rank tells tokens apart: one
// may have become younger than it was.
func (n *names) collide(t *token.Token) bool {
	rank := n.rank(t)
	return slices.ContainsFunc(n.of(t), func(name uint64) bool {
		i := sort.Search(len(n.owners), func(i int) bool { return n.owners[i].name >= name })
		return i < len(n.owners) && n.owners[i].name == name && n.owners[i].first < rank && uint32(n.owners[i].first) != uint32(rank)
	})
}
