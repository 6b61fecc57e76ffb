package board

import (
	"fmt"
	"slices"
	"sort"

	"tokensync/internal/token"
)

// A Query selects a page. What is left empty does not filter.
type Query struct {
	Launchpad token.LaunchpadID
	Stage     token.Stage
	Creator   string
	Config    string
	Search    string // a mint, 8 or more of its first characters, or any part of a name or symbol
	Sort      Sort   // Relevance needs a Search
	Ascending bool   // instead of the highest first
	After     *Position
	Limit     int
	Within    *Board // tokens that this board does not have are left out, unless it is nil
}

// A Position is the place of a token in an order.
type Position struct {
	Rank  int     // how well it matches, of Relevance
	Value float64 // by which it is sorted
	Text  string  // by which it is sorted, of Symbol
	Mint  string
}

// Page is some tokens in a query's order.
type Page struct {
	Tokens []token.Token // without their pools
	Next   *Position     // After of the next page; nil on the last
}

// Page returns the tokens of q behind q.After, at most q.Limit.
func (b *Board) Page(q Query) (Page, error) {
	w := walk{board: b, query: &q, by: sortingOf(q.Sort), passed: b.filter(&q)}
	if q.Sort == Relevance {
		w.by = sortingOf(MarketCap)
	}
	if w.by < 0 || q.Sort == Relevance && q.Search == "" || q.Limit < 1 {
		return Page{}, fmt.Errorf("a board has no page by %q of %d tokens", q.Sort, q.Limit)
	}
	if q.Search != "" {
		w.ranks = b.matches(q.Search)
	}
	return w.page(), nil
}

// walk looks for a page's tokens.
type walk struct {
	board  *Board
	query  *Query
	by     int      // of sorts
	passed tokenSet // tokens that the filters let through; nil is all
	ranks  []uint8  // of tokens, when there is a search
	found  []uint32
}

func (w *walk) page() (page Page) {
	if w.query.Sort == Relevance {
		w.byRank()
	} else {
		w.through(w.query.After, func(rank uint8) bool { return rank != noMatch })
	}
	more := len(w.found) > w.query.Limit
	if more {
		w.found = w.found[:w.query.Limit]
	}
	r := reader{board: w.board}
	page.Tokens = make([]token.Token, len(w.found))
	for i, at := range w.found {
		page.Tokens[i] = r.row(int(at))
	}
	if more {
		page.Next = w.position(int(w.found[len(w.found)-1]), &page.Tokens[len(page.Tokens)-1])
	}
	return page
}

func (w *walk) position(i int, t *tok) *Position {
	v := sorts[w.by].value(t)
	p := &Position{Value: v.number, Text: v.text, Mint: t.Mint}
	if w.query.Sort == Relevance {
		p.Rank = int(w.ranks[i])
	}
	return p
}

// byRank walks once for each rank, the best first.
func (w *walk) byRank() {
	ranks := []uint8{exactMatch, prefixMatch, partMatch}
	if w.query.Ascending {
		slices.Reverse(ranks)
	}
	after := w.query.After
	for _, rank := range ranks {
		if after != nil && int(rank) != after.Rank {
			continue
		}
		w.through(after, func(r uint8) bool { return r == rank })
		after = nil
	}
}

// through collects tokens behind after whose ranks are wanted, one more than the page takes.
func (w *walk) through(after *Position, wanted func(rank uint8) bool) {
	order := w.board.order(w.by)
	next, end, step := len(order)-1, -1, -1
	if w.query.Ascending {
		next, end, step = 0, len(order), 1
	}
	if after != nil {
		next = w.behind(order, after)
	}
	for ; next != end && len(w.found) <= w.query.Limit; next += step {
		i := order[next]
		if w.passed != nil && !w.passed.has(int(i)) || w.ranks != nil && !wanted(w.ranks[i]) || !w.isWithin(int(i)) {
			continue
		}
		w.found = append(w.found, i)
	}
}

// behind returns the place of the first token behind after.
func (w *walk) behind(order []uint32, after *Position) int {
	by := &sorts[w.by]
	mark, mint := value{after.Value, after.Text}, idOf(after.Mint)
	r := reader{board: w.board}
	least := 1 // what a token behind after compares as
	if !w.query.Ascending {
		least = 0
	}
	place := sort.Search(len(order), func(k int) bool {
		i := int(order[k])
		t := r.read(i, &by.fields)
		c := by.value(&t).compare(mark)
		if c == 0 {
			c = w.board.id(i).compare(mint)
		}
		return c >= least
	})
	if w.query.Ascending {
		return place
	}
	return place - 1
}

func (w *walk) isWithin(i int) bool {
	in := w.query.Within
	if in == nil || in == w.board {
		return true
	}
	x := w.board.id(i)
	at := in.mints.behind(in, x)
	return at < len(in.mints.sorted) && in.id(int(in.mints.sorted[at])).compare(x) == 0
}
