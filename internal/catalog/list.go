package catalog

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// List is one page of a list.
type List struct {
	Rows     []byte    // tokens as JSON objects with commas between them, in the list's order
	Len      int       // how many
	Unread   []string  // as Batch has it
	Next     string    // cursor of the next page; "" on the last
	SyncedAt time.Time // when the run began that published what is shown; zero before the first
}

// rowBytes is somewhat more than what a row takes, and bodyBytes than what a body has before and behind its rows.
const (
	rowBytes  = 1800
	bodyBytes = 512
)

// grow makes room for n rows, and for what makes a body of them.
func (l *List) grow(n int) { l.Rows = slices.Grow(l.Rows, n*rowBytes+bodyBytes) }

// add appends what appends a row.
func (l *List) add(row func(b []byte) []byte) {
	if l.Len > 0 {
		l.Rows = append(l.Rows, ',')
	}
	l.Rows = row(l.Rows)
	l.Len++
}

// List returns a page. A *ParameterError says what is wrong with the query; before the first board the list is empty.
//
// A walk from page to page shows the board that it began with, so that each token comes exactly once although runs
// publish meanwhile, less those that have left the lists. That board is kept for some time (see shelf). Where it is not
// there any more, the walk goes on in the newest board behind the value of the last row: a token whose own value has moved
// across that one since is missed or comes twice.
func (c *Catalog) List(ctx context.Context, query Query) (List, error) {
	q, err := query.normal()
	if err != nil {
		return List{}, err
	}
	shown, page, err := c.page(ctx, &q)
	if err != nil || shown == nil {
		return List{}, err
	}
	return c.list(&q, shown, &page), nil
}

// Head returns the first tokens of a list, without their pools. An error is one of List's.
func (c *Catalog) Head(ctx context.Context, query Query) ([]token.Token, error) {
	q, err := query.normal()
	if err != nil {
		return nil, err
	}
	shown, page, err := c.page(ctx, &q)
	if err != nil || shown == nil {
		return nil, err
	}
	tokens := make([]token.Token, 0, page.Len())
	for t := range page.All() {
		tokens = append(tokens, *t)
	}
	return tokens, nil
}

// page returns the page of a normal query, and the board that it is of: nil before the first.
func (c *Catalog) page(ctx context.Context, q *Query) (shown *board.Board, page board.Page, err error) {
	newest, err := c.Boards.Board(ctx)
	if err != nil {
		return nil, page, unavailable("reading the board", err)
	}
	if newest != nil && q.Launchpad != "" && !slices.Contains(newest.Launchpads(), q.Launchpad) {
		return nil, page, badParameter("launchpad", "is not a launchpad that is listed here")
	}
	from, err := parseCursor(q.Cursor, q)
	if err != nil || newest == nil {
		return nil, page, err
	}
	c.seen.keep(newest)
	shown = newest
	if from.after != nil {
		shown = cmp.Or(c.walks.board(from.version), c.seen.board(from.version), newest)
	}
	page, err = shown.Page(q.board(from.after, newest))
	return shown, page, err
}

// list renders a page of the board shown.
func (c *Catalog) list(q *Query, shown *board.Board, page *board.Page) List {
	list := List{SyncedAt: shown.SyncedAt()}
	list.grow(page.Len())
	for t := range page.All() {
		list.add(t.AppendRow)
	}
	if page.Next != nil {
		next := cursor{query: q.binding(), version: shown.Version(), after: page.Next}
		list.Next = next.encode()
		c.walks.keep(shown)
	}
	return list
}

// board returns q as a board understands it. Tokens that have left the newest board are not shown.
func (q *Query) board(after *board.Position, newest *board.Board) board.Query {
	b := board.Query{
		Stage: q.Stage, Creator: q.Creator, Configs: q.Configs, Search: q.Search, Sort: q.Sort, Ascending: q.Order == ascending,
		After: after, Limit: q.Limit, Within: newest,
	}
	if q.Launchpad != "" {
		b.Launchpads = []token.LaunchpadID{q.Launchpad}
	}
	return b
}

// maxWalks is how many boards are kept for walks that have begun here, and how many for those that have begun in another
// instance. They share with the newest what has not changed.
const maxWalks = 4

// shelf keeps boards that cursors speak of, the newest of them. Its zero value is ready; it is safe for concurrent use.
type shelf struct {
	mu     sync.Mutex
	boards []*board.Board // oldest first
}

// keep keeps b.
func (s *shelf) keep(b *board.Board) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.boards, b) {
		return
	}
	s.boards = append(slices.DeleteFunc(s.boards, func(old *board.Board) bool { return old.Version() == b.Version() }), b)
	slices.SortFunc(s.boards, func(x, y *board.Board) int { return int(x.Version() - y.Version()) })
	s.boards = slices.Delete(s.boards, 0, max(0, len(s.boards)-maxWalks))
}

// board returns the one of a version, nil when it is not there.
func (s *shelf) board(version int64) *board.Board {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.boards {
		if b.Version() == version {
			return b
		}
	}
	return nil
}
