package board

import (
	"fmt"
	"iter"
	"slices"
	"sort"

	"tokensync/internal/token"
)

// A Query selects a page. What is left empty does not filter.
type Query struct {
	Launchpads []token.LaunchpadID // any of them
	Status     token.Status        // instead of the tokens in the lists, those that were taken out of them for this reason
	Stage      token.Stage
	Creator    string
	Configs    []string // any of them
	Search     string   // a mint, 8 or more of its first characters, or any part of a name or symbol
	Sort       Sort     // Relevance needs a Search
	Ascending  bool     // instead of the highest first
	After      *Position
	Limit      int
	Within     *Board // tokens that this board does not list are left out, unless it is nil or there is a Status
}

// A Position is the place of a token in an order.
type Position struct {
	Rank  int     // how well it matches, of Relevance
	Value float64 // by which it is sorted
	Text  string  // by which it is sorted, of Symbol
	Mint  string
}

// A Page is some tokens in a query's order.
type Page struct {
	Next *Position // After of the next page; nil on the last

	board *Board
	found []uint32
}

// Len returns how many tokens p has.
func (p *Page) Len() int { return len(p.found) }

// All yields p's tokens without their pools. What is yielded is valid until the next; its texts may be kept.
func (p *Page) All() iter.Seq[*token.Token] {
	return func(yield func(*token.Token) bool) {
		r, t := reader{board: p.board, to: arena{large: true}}, token.Token{}
		for _, i := range p.found {
			if r.row(int(i), &t); !yield(&t) {
				return
			}
		}
	}
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
		w.ranks, w.matches = b.matches(q.Search)
	}
	return w.page(), nil
}

// walk looks for a page's tokens.
type walk struct {
	board   *Board
	query   *Query
	by      int                 // of sorts
	passed  tokenSet            // tokens that the filters let through
	ranks   []uint8             // of tokens, when there is a search
	matches [exactMatch + 1]int // how many have a rank
}

func (w *walk) page() Page {
	page := Page{board: w.board, found: w.found()}
	if len(page.found) > w.query.Limit {
		page.found = page.found[:w.query.Limit]
		page.Next = w.position(int(page.found[w.query.Limit-1]))
	}
	return page
}

func (w *walk) position(i int) *Position {
	r := reader{board: w.board}
	v := sorts[w.by].value(&r, i)
	p := &Position{Value: v.number, Text: v.text, Mint: r.text(mintField, 0)}
	if w.query.Sort == Relevance {
		p.Rank = int(w.ranks[i])
	}
	return p
}

// found returns the page's tokens, and one more if there is one.
func (w *walk) found() (found []uint32) {
	order, after := w.board.orderOf(w.by, w.candidates), w.query.After
	first := w.first(order)
	if after != nil {
		first = w.behind(order, after)
	}
	if w.query.Sort == Relevance {
		return w.byRank(order, first)
	}
	w.each(order, first, noMatch, func(i int) bool {
		found = append(found, uint32(i))
		return len(found) <= w.query.Limit
	})
	return found
}

// candidates returns tokens among which the page's are: those that the filters let through and that match, by relevance only those of
// the ranks that are enough for a page.
func (w *walk) candidates() tokenSet {
	if w.ranks == nil {
		return w.passed
	}
	if w.query.Sort != Relevance {
		return w.ranked(partMatch, prefixMatch, exactMatch)
	}
	found, count := newTokenSet(w.board.Len()), 0
	for _, rank := range w.bestFirst() {
		some := w.ranked(rank)
		found.or(some)
		if after := w.query.After; after == nil || rank != after.Rank { // of whose tokens some were on pages before
			count += some.len()
		}
		if count > w.query.Limit && w.query.isWithinAll(w.board) {
			break
		}
	}
	return found
}

// ranked returns the tokens that the filters let through, of those that have one of the ranks.
func (w *walk) ranked(ranks ...int) tokenSet {
	var wanted [exactMatch + 1]bool
	for _, rank := range ranks {
		wanted[rank] = true
	}
	found := newTokenSet(w.board.Len())
	for i, rank := range w.ranks {
		if wanted[rank] {
			found.set(i)
		}
	}
	return found.and(w.passed)
}

// bestFirst returns the ranks in the order in which a page by relevance has them, from that of the last page's last token on.
func (w *walk) bestFirst() []int {
	ranks := []int{exactMatch, prefixMatch, partMatch}
	if w.query.Ascending {
		slices.Reverse(ranks)
	}
	if w.query.After != nil {
		ranks = ranks[max(0, slices.Index(ranks, w.query.After.Rank)):]
	}
	return ranks
}

// byRank returns what was found in the order of ranks, the best first, and in order among equals.
func (w *walk) byRank(order *packed, first int) (found []uint32) {
	for k, rank := range w.bestFirst() {
		place := w.first(order)
		if k == 0 && w.query.After != nil {
			place = first
		}
		w.each(order, place, rank, func(i int) bool {
			found = append(found, uint32(i))
			return len(found) <= w.query.Limit
		})
		if len(found) > w.query.Limit {
			break
		}
	}
	return found
}

// first returns the place where the order begins.
func (w *walk) first(order *packed) int {
	if w.query.Ascending {
		return 0
	}
	return order.len() - 1
}

// each visits the tokens that q lets through, of those with a rank or, for noMatch, with any when there is a search, from a place of
// the order on, until visit returns false.
func (w *walk) each(order *packed, place, rank int, visit func(i int) bool) {
	step, left := -1, w.matches[rank]
	if w.query.Ascending {
		step = 1
	}
	if rank == noMatch {
		left = w.board.Len() - left
	}
	for ; place >= 0 && place < order.len(); place += step {
		i := int(order.at(place))
		if w.ranks != nil {
			if left == 0 {
				return
			}
			if is := int(w.ranks[i]); is == noMatch || rank != noMatch && is != rank {
				continue
			}
			left--
		}
		if w.passed.has(i) && w.isWithin(i) && !visit(i) {
			return
		}
	}
}

// behind returns the place of the first token behind after.
func (w *walk) behind(order *packed, after *Position) int {
	by := &sorts[w.by]
	mark, mint := value{after.Value, after.Text}, idOf(after.Mint)
	r := reader{board: w.board}
	least := 1 // what a token behind after compares as
	if !w.query.Ascending {
		least = 0
	}
	place := sort.Search(order.len(), func(k int) bool {
		i := int(order.at(k))
		c := by.value(&r, i).compare(mark)
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
	if w.query.isWithinAll(w.board) {
		return true
	}
	at, ok := w.query.Within.find(w.board.id(i))
	return ok && w.query.Within.lists(at)
}

// isWithinAll reports whether q leaves no token of b out because of another board.
func (q *Query) isWithinAll(b *Board) bool { return q.Within == nil || q.Within == b || q.Status != "" }
