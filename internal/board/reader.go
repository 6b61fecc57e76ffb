package board

import "sort"

// reader makes tokens of a board's columns. It remembers where it was and which cold chunks it opened; it is not safe for
// concurrent use.
type reader struct {
	board *Board
	at    [families]place
	to    arena
}

// place is a token in its chunk of a family.
type place struct {
	number int    // of the chunk
	chunk  *chunk // with its columns; nil before the first
	row    int    // of the token
	pool   int    // of its first pool
}

// token returns the token i with its pools.
func (r *reader) token(i int) tok { return r.read(i, &all) }

// row returns the token i without its pools.
func (r *reader) row(i int) tok {
	t := r.read(i, &rows)
	t.Pools = nil
	return t
}

// read sets the fields of l.
func (r *reader) read(i int, l *layout) (t tok) {
	var found [families]bool
	find := func(of family) *place {
		if !found[of] {
			found[of] = true
			r.find(i, of)
		}
		return &r.at[of]
	}
	if n := r.board.pools[i+1] - r.board.pools[i]; n > 0 {
		t.Pools = make([]pool, n)
	}
	for k := range l.heads {
		f := &l.heads[k]
		at := find(f.family)
		r.set(f, at.chunk, at.row, &t, nil)
	}
	for j := range t.Pools {
		for k := range l.pools {
			f := &l.pools[k]
			at := find(f.family)
			r.set(f, at.chunk, at.pool+j, &t, &t.Pools[j])
		}
	}
	for k := range l.sums {
		f := &l.sums[k]
		at := find(f.family)
		r.set(f, at.chunk, at.row, &t, nil)
	}
	return t
}

// set reads f's value.
func (r *reader) set(f *field, from *chunk, row int, t *tok, p *pool) {
	c := &from.columns[f.index]
	if f.form == integer {
		f.setInt(t, p, c.int(f, row, t, p))
		return
	}
	f.setText(t, p, c.text(f, row, t, p, &r.to))
}

// find sets the place of the token i.
func (r *reader) find(i int, of family) {
	at, starts := &r.at[of], r.board.starts[of]
	n := sort.Search(len(starts), func(n int) bool { return int(starts[n]) > i }) - 1
	if at.chunk == nil || at.number != n {
		at.number, at.chunk = n, r.board.chunks[of][n]
		if plans[of].cold {
			at.chunk = at.chunk.opened(of)
		}
	}
	first := int(starts[n])
	at.row = i - first
	at.pool = int(r.board.pools[i] - r.board.pools[first])
}
