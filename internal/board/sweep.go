package board

import (
	"slices"

	"tokensync/internal/token"
)

// A block is what fields say of tokens that follow each other: of each field that is asked for, of all of them at once, which takes less
// than one after the other.
type block struct {
	first  int     // token
	pools  []int   // the first pool of each token, and one more, counted from that of the first
	swept  []swept // by a field's serial
	spread []swept // the same of tokens' own numbers, once for each pool
}

// blockTokens is how many tokens a block has: what is read of them stays in the processor's cache.
const blockTokens = 256

// swept is what a field says in a block, in one of the lists.
type swept struct {
	isThere bool
	amounts []token.Amount
	texts   []string
	ints    []int64
}

// sweeping returns a reader of tokens that are read in the board's order: it reads blocks of them.
func (b *Board) sweeping() reader {
	return reader{board: b, block: &block{
		pools: make([]int, 1, blockTokens+1), swept: make([]swept, serials), spread: make([]swept, serials),
	}}
}

// move makes the block the one of the token i.
func (k *block) move(b *Board, i int) {
	k.first, k.pools = i/blockTokens*blockTokens, k.pools[:0]
	for i := k.first; i <= min(k.first+blockTokens, b.Len()); i++ {
		k.pools = append(k.pools, int(b.pools.at(i)-b.pools.at(k.first)))
	}
	for i := range k.swept {
		k.swept[i].isThere, k.spread[i].isThere = false, false
	}
}

// end returns the first token behind the block.
func (k *block) end() int { return k.first + len(k.pools) - 1 }

func (k *block) has(i int) bool { return i >= k.first && i < k.end() }

func (k *block) poolCount(i int) int { return k.pools[i-k.first+1] - k.pools[i-k.first] }

// row returns which of f's values in the block is that of the token i or its pool j.
func (k *block) row(f *field, i, j int) int {
	if f.pooled {
		return k.pools[i-k.first] + j
	}
	return i - k.first
}

// owner returns the token of a row, and which of its pools it is of.
func (k *block) owner(f *field, row int) (i, j int) {
	if !f.pooled {
		return k.first + row, 0
	}
	i, _ = slices.BinarySearch(k.pools, row+1)
	return k.first + i - 1, row - k.pools[i-1]
}

// inBlock returns f's values in the block of the reader's token, and which of them is that of the token or its pool j.
func (r *reader) inBlock(f *field, j int) (*swept, int) {
	if !r.block.has(r.i) {
		r.block.move(r.board, r.i)
	}
	s := &r.block.swept[f.serial]
	if !s.isThere {
		r.sweep(f, s)
	}
	return s, r.block.row(f, r.i, j)
}

// sweep reads f's values in the block.
func (r *reader) sweep(f *field, s *swept) {
	k, asked := r.block, r.i
	s.isThere = true
	s.make(f, k.row(f, k.end(), 0))
	for next := k.first; next < k.end(); { // of one chunk after the other
		r.i = next
		c, start := r.column(f, 0)
		next = min(k.end(), r.chunkEnd(f.family))
		row := k.row(f, r.i, 0)
		c.streaks(start, start+k.row(f, next, 0)-row, func(x streak) {
			x.row += row - start
			r.streak(f, c, &x, s)
		})
	}
	r.i = asked
}

// make makes room for n values of f.
func (s *swept) make(f *field, n int) {
	switch {
	case f.form == integer:
		s.ints = room(s.ints, n)
	case f.form == word && !f.number:
		s.texts = room(s.texts, n)
	default:
		s.amounts = room(s.amounts, n)
	}
}

// room returns a slice of n, list's if that is long enough.
func room[E any](list []E, n int) []E {
	if cap(list) < n {
		return make([]E, n, n+n/8)
	}
	return list[:n]
}

// chunkEnd returns the first token behind the chunk of the family that the reader is in.
func (r *reader) chunkEnd(of family) int {
	if starts, n := r.board.starts[of], r.at[of].number+1; n < len(starts) {
		return int(starts[n])
	}
	return r.board.Len()
}

// streak reads f's values of x from its column.
func (r *reader) streak(f *field, c *column, x *streak, s *swept) {
	switch {
	case s.ints != nil:
		each(s.ints, x, func(at int) int64 { return c.integer(f, x.kind, at, nil, nil) })
	case s.texts != nil && x.kind >= firstDerived:
		owned(r, f, s.texts, x, func(j int) string { return r.derived(&f.follows[x.kind-firstDerived].formula, j) })
	case s.texts != nil:
		each(s.texts, x, func(at int) string { return c.value(f, x.kind, at, nil, nil, &r.to) })
	case x.kind >= firstDerived:
		r.follow(&f.follows[x.kind-firstDerived].formula, f, s.amounts, x)
	case x.kind == cell && f.near != nil:
		r.readNear(f, c, s.amounts, x)
	default:
		each(s.amounts, x, func(at int) token.Amount { return r.number(c, f, x.kind, at, 0) })
	}
}

// each sets x's rows to the values at their places.
func each[E any](to []E, x *streak, value func(at int) E) {
	to = to[x.row : x.row+x.rows]
	if x.still {
		v := value(x.at)
		for n := range to {
			to[n] = v
		}
		return
	}
	for n := range to {
		to[n] = value(x.at + n)
	}
}

// owned sets x's rows to the values of the pool j of their tokens.
func owned[E any](r *reader, f *field, to []E, x *streak, value func(j int) E) {
	for row := x.row; row < x.row+x.rows; row++ {
		var j int
		r.i, j = r.block.owner(f, row)
		to[row] = value(j)
	}
}

// follow sets x's rows to what m tells.
func (r *reader) follow(m *formula, f *field, to []token.Amount, x *streak) {
	switch end := x.row + x.rows; m.operation {
	case product, quotient:
		v, w := r.operand(m.fields[0], f)[x.row:end], r.operand(m.fields[1], f)[x.row:end]
		for n, to := 0, to[x.row:end]; n < len(to); n++ {
			if m.operation == product {
				to[n] = v[n].Mul(w[n])
			} else {
				to[n] = v[n].Quo(w[n])
			}
		}
	case copied:
		copy(to[x.row:end], r.operand(m.fields[0], f)[x.row:end])
	case first, summed:
		r.i = r.block.first + x.row
		s, _ := r.inBlock(m.fields[0], 0)
		pools := r.block.pools[x.row : end+1]
		for n, to := 0, to[x.row:end]; n < len(to); n++ {
			to[n] = m.ofPools(s.amounts[pools[n]:pools[n+1]])
		}
	default: // seldom
		owned(r, f, to, x, func(j int) token.Amount { return m.amount(r, j) })
	}
}

// ofPools returns the first number that is known, or the sum of those of a token's pools.
func (m *formula) ofPools(list []token.Amount) (a token.Amount) {
	for _, v := range list {
		if m.operation == summed {
			a = a.Add(v)
		} else if a = v; a.Known() {
			break
		}
	}
	return a
}

// operand returns the numbers of f for the rows of another field: a token's for each of its pools.
func (r *reader) operand(f, of *field) []token.Amount {
	own := &r.block.swept[f.serial]
	if !own.isThere {
		r.sweep(f, own)
	}
	if f.pooled == of.pooled {
		return own.amounts
	}
	s := &r.block.spread[f.serial]
	if s.isThere {
		return s.amounts
	}
	s.isThere, s.amounts = true, s.amounts[:0]
	for i, a := range own.amounts {
		for range r.block.pools[i+1] - r.block.pools[i] {
			s.amounts = append(s.amounts, a)
		}
	}
	return s.amounts
}

// readNear sets x's rows to numbers that are written as distances from what is near them.
func (r *reader) readNear(f *field, c *column, to []token.Amount, x *streak) {
	var of [len(f.near.fields)][]token.Amount
	for k := range f.near.names {
		of[k] = r.operand(f.near.fields[k], f)
	}
	var v [len(of)]float64
	for n := range x.rows {
		for k := range f.near.names {
			v[k] = of[k][x.row+n].Float64()
		}
		to[x.row+n] = c.near(x.place(n), f.near.of(v))
	}
}
