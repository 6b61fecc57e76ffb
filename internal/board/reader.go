package board

import (
	"sort"

	"tokensync/internal/token"
)

// reader makes tokens of a board's columns. It remembers where it was and which cold chunks it opened; it is not safe for
// concurrent use.
type reader struct {
	board *Board
	at    [families]place
	to    arena
	pools []pool // of a row, which nobody keeps
}

// place is a token in its chunk of a family.
type place struct {
	number  int      // of the chunk
	columns []column // of the chunk; nil before the first
	row     int      // of the token
	pool    int      // of its first pool
}

// token sets t to the token i with its pools.
func (r *reader) token(i int, t *tok) {
	*t = tok{}
	if n := r.poolCount(i); n > 0 {
		t.Pools = make([]pool, n)
	}
	r.read(i, &all, t)
	r.board.past.apply(i, &all, t)
	r.veil(i, t)
}

// row sets t to the token i without its pools.
func (r *reader) row(i int, t *tok) {
	r.some(i, &rows, t)
	r.veil(i, t)
}

// veil is the status that Without gave.
func (r *reader) veil(i int, t *tok) {
	if r.board.veiled.has(i) {
		t.Status = token.Hidden
	}
}

// some sets the fields of l but leaves out the pools.
func (r *reader) some(i int, l *layout, t *tok) {
	n := r.poolCount(i)
	if n > len(r.pools) {
		r.pools = make([]pool, n)
	}
	*t = tok{Pools: r.pools[:n]}
	clear(t.Pools)
	r.read(i, l, t)
	r.board.past.apply(i, l, t)
	t.Pools = nil
}

func (r *reader) poolCount(i int) int { return int(r.board.pools[i+1] - r.board.pools[i]) }

// read sets the fields of l.
func (r *reader) read(i int, l *layout, t *tok) {
	for f, is := range l.families {
		if is {
			r.find(i, family(f))
		}
	}
	r.each(l.heads, t)
	for j := range t.Pools {
		for k := range l.pools {
			f := &l.pools[k]
			at := &r.at[f.family]
			r.set(f, at, at.pool+j, t, &t.Pools[j])
		}
	}
	r.each(l.sums, t)
}

func (r *reader) each(list []field, t *tok) {
	for k := range list {
		f := &list[k]
		at := &r.at[f.family]
		r.set(f, at, at.row, t, nil)
	}
}

// set reads f's value into t or p, where there is none yet.
func (r *reader) set(f *field, at *place, row int, t *tok, p *pool) {
	c := &at.columns[f.index]
	if c.isEmpty() {
		return
	}
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
	if at.columns == nil || at.number != n {
		at.number, at.columns = n, r.board.chunks[of][n].opened(of)
	}
	first := int(starts[n])
	at.row = i - first
	at.pool = int(r.board.pools[i] - r.board.pools[first])
}
