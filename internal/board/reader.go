package board

import (
	"sort"

	"tokensync/internal/token"
)

// reader makes tokens of a board's columns, or single values of one. It remembers where it was and which cold chunks it
// opened; it is not safe for concurrent use.
type reader struct {
	board *Board
	i     int // the token that is read
	at    [families]place
	to    arena
	done  [keptFields + 1]done
	block *block // of tokens that are read in the board's order; nil of others

	config, quote string       // of a curve: the last one
	usd           token.Amount // what the last quote is worth
	dollars       float64      // the same
}

// keptFields is how many fields a reader keeps the last number of, which others take: those of pools that may be products, which take longer
// than all else, and the price.
const keptFields = 5

// done is such a number that was made a moment ago.
type done struct {
	token, pool int // the token's number, and one more
	amount      token.Amount
}

// place is a token in its chunk of a family.
type place struct {
	number  int      // of the chunk
	columns []column // of the chunk; nil before the first
	token   int
	row     int // of the token
	pool    int // of its first pool
}

// token sets t to the token i with its pools: what l has of them.
func (r *reader) token(i int, l *layout, t *tok) {
	*t = tok{}
	if n := r.board.poolCount(i); n > 0 {
		t.Pools = make([]pool, n)
	}
	r.read(i, l, t)
	r.veil(t)
}

// row sets t to the token i without its pools.
func (r *reader) row(i int, t *tok) {
	r.some(i, &rows, t)
	r.veil(t)
}

// veil sets the status that Without gave.
func (r *reader) veil(t *tok) {
	if r.board.veiled.has(r.i) {
		t.Status = token.Hidden
	}
}

// some sets the fields of l, which has none of pools.
func (r *reader) some(i int, l *layout, t *tok) {
	*t = tok{}
	r.read(i, l, t)
}

func (b *Board) poolCount(i int) int { return int(b.pools.at(i+1) - b.pools.at(i)) }

func (r *reader) poolCount() int {
	if k := r.block; k != nil && k.has(r.i) {
		return k.poolCount(r.i)
	}
	return r.board.poolCount(r.i)
}

// read sets the fields of l.
func (r *reader) read(i int, l *layout, t *tok) {
	r.i = i
	r.each(l.heads, t)
	for j := range t.Pools {
		for k := range l.pools {
			r.set(&l.pools[k], t, j)
		}
	}
	r.each(l.sums, t)
	r.board.past.apply(r, l, t)
}

func (r *reader) each(list []field, t *tok) {
	for k := range list {
		r.set(&list[k], t, 0)
	}
}

// set reads f's value into t, or its pool j, where there is none yet.
func (r *reader) set(f *field, t *tok, j int) {
	c, row := r.column(f, j)
	if c.isEmpty() {
		return
	}
	p := poolOf(t, j)
	if f.form == integer {
		f.setInt(t, p, c.int(f, row, t, p))
		return
	}
	switch k, at := c.at(row); {
	case k >= firstDerived && f.follows[k-firstDerived].operation != byText:
		f.setText(t, p, r.derived(&f.follows[k-firstDerived].formula, j))
	case k == cell && f.near != nil:
		f.setText(t, p, r.to.amount(r.cell(c, f, at, j)))
	default:
		f.setText(t, p, c.value(f, k, at, t, p, &r.to))
	}
}

// column returns where the value of f is, of the token's pool j if f is of pools: the column, and the row.
func (r *reader) column(f *field, j int) (c *column, row int) {
	at := &r.at[f.family]
	if at.token != r.i || at.columns == nil {
		r.find(at, f.family)
	}
	if f.pooled {
		return &at.columns[f.index], at.pool + j
	}
	return &at.columns[f.index], at.row
}

// find sets the place of the token.
func (r *reader) find(at *place, of family) {
	starts := r.board.starts[of]
	n := at.number
	if at.columns == nil || int(starts[n]) > r.i || n+1 < len(starts) && int(starts[n+1]) <= r.i {
		n = sort.Search(len(starts), func(n int) bool { return int(starts[n]) > r.i }) - 1
		at.number, at.columns = n, r.board.chunks[of][n].opened(of)
	}
	first := int(starts[n])
	at.token, at.row, at.pool = r.i, r.i-first, int(r.board.pools.at(r.i)-r.board.pools.at(first))
}

// derived returns what m tells as a text.
func (r *reader) derived(m *formula, j int) string {
	if m.selects() {
		return m.text(r, j)
	}
	return r.to.amount(m.amount(r, j))
}

// amount returns the value of a field that is a number, of the token or its pool j.
func (r *reader) amount(f *field, j int) token.Amount {
	if r.block != nil {
		s, row := r.inBlock(f, j)
		return s.amounts[row]
	}
	if f.kept == 0 {
		return r.make(f, j)
	}
	last := &r.done[f.kept]
	if last.token != r.i+1 || last.pool != j {
		*last = done{r.i + 1, j, r.make(f, j)}
	}
	return last.amount
}

func (r *reader) make(f *field, j int) token.Amount {
	c, row := r.column(f, j)
	k, at := c.at(row)
	return r.number(c, f, k, at, j)
}

// number returns the one of a kind at a place of f's column, of the token or its pool j.
func (r *reader) number(c *column, f *field, k kind, at, j int) token.Amount {
	switch {
	case k == zero:
		return token.NewAmount(0, 0)
	case k == cell:
		return r.cell(c, f, at, j)
	case k == free:
		return num(c.more.heap.at(at, &r.to)).Amount()
	case k >= firstDerived:
		return f.follows[k-firstDerived].amount(r, j)
	}
	return token.Amount{}
}

// cell returns a number that takes bytes.
func (r *reader) cell(c *column, f *field, at, j int) token.Amount {
	if f.form == word {
		return c.more.amounts[c.more.ints.at(at)]
	}
	if f.near != nil {
		return c.near(at, f.near.at(r, j))
	}
	return token.NewAmount(c.more.ints.at(at), int(c.more.exps.at(at)))
}

// text returns the value of a field, of the token or its pool j, which no function of texts tells.
func (r *reader) text(f *field, j int) string {
	if f.form == number {
		if a := r.amount(f, j); a.Known() {
			return r.to.amount(a)
		}
		return ""
	}
	if r.block != nil && f.form == word {
		s, row := r.inBlock(f, j)
		return s.texts[row]
	}
	c, row := r.column(f, j)
	k, at := c.at(row)
	if k >= firstDerived {
		return r.derived(&f.follows[k-firstDerived].formula, j)
	}
	return c.value(f, k, at, nil, nil, &r.to)
}

// int returns the value of an integer of the token.
func (r *reader) int(f *field) int64 {
	if r.block != nil {
		s, row := r.inBlock(f, 0)
		return s.ints[row]
	}
	c, row := r.column(f, 0)
	return c.int(f, row, nil, nil)
}
