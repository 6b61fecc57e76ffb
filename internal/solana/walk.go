package solana

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"
	"time"

	"tokensync/internal/upstream"
)

// ErrBudget means that a walk has used up what it may in one run. Its position says where to go on.
var ErrBudget = errors.New("the budget of a run is used up")

// A Search chooses a program's accounts of one size by a key that they hold: those of any of some kinds that have one of
// Keys at Offset.
type Search struct {
	Program Key
	Size    int       // of the whole account in bytes
	Kinds   [][8]byte // what an account may begin with
	Offset  int       // of the key
	Keys    []Key     // in order, each once
	Slice   Slice     // from 0, beyond the key's end
}

// Spread is how a search is cut into queries.
type Spread string

// The spreads. What a query does not filter is matched here.
const (
	PerKey  Spread = "key"  // one query a key
	PerByte Spread = "byte" // one for all keys that begin with the same byte
	All     Spread = "all"  // one for the whole program
)

// A Way is how a search is asked.
type Way struct {
	Method string `json:"method"`
	Spread Spread `json:"spread"`
}

func (w Way) String() string { return w.Method + " per " + string(w.Spread) }

// What ways cost, before anything was measured.
const (
	maxPlainKeys = 256 // beyond, bytes are asked for: there are no more of them
	programPages = 230 // of the program's 2.3 million accounts (October 2026)
	thinPages    = 3   // so many pages with a key and few rows: the node counts what it looks at
	thinRows     = pageSize / 10
)

// A Position is where a walk stands, and what it has cost so far. Its zero value is a beginning.
type Position struct {
	Way
	Search   string        `json:"search"`           // what the search asked for, hashed
	Step     int           `json:"step"`             // the query under way
	After    string        `json:"after,omitempty"`  // the key of its next page
	ByCursor bool          `json:"cursor,omitempty"` // the node calls its keys cursors
	Requests int64         `json:"requests"`
	Rows     int64         `json:"rows"` // that the node returned
	Bytes    int64         `json:"bytes"`
	Time     time.Duration `json:"time"`
	Thin     int           `json:"thin,omitempty"` // pages with a key and few rows
}

// Counting reports whether the node was seen to count the accounts that it looks at, not those that it returns.
func (p *Position) Counting() bool { return p.Thin >= thinPages }

// String says what a walk has cost.
func (p *Position) String() string {
	return fmt.Sprintf("%s: %d requests, %d rows, %d KB in %v", p.Way, p.Requests, p.Rows, p.Bytes>>10, p.Time.Round(100*time.Millisecond))
}

// Costs are what is known of a node from earlier walks.
type Costs struct {
	Pages    int64 `json:"pages,omitempty"`    // of a walk through the whole program; 0 is unknown
	Counting bool  `json:"counting,omitempty"` // the node counts what it looks at
}

// A Budget is what a walk may use in one run. Zero fields mean no limit.
type Budget struct {
	Requests int64
	Until    time.Time
}

// Ways are the ways in which q can be asked, the first ones first.
func (q *Search) Ways(c Costs) []Way {
	plain := PerKey
	if len(q.Keys) > maxPlainKeys {
		plain = PerByte
	}
	return []Way{{methodScan, plain}, {methodScanPages, q.pagedSpread(c)}}
}

// pagedSpread is the spread of fewer pages.
func (q *Search) pagedSpread(c Costs) Spread {
	whole, each := c.Pages, int64(len(q.Keys))
	if whole == 0 {
		whole = programPages
	}
	if c.Counting {
		each *= whole
	}
	if whole < each {
		return All
	}
	return PerKey
}

// ID tells searches apart.
func (q *Search) ID() string {
	h := fnv.New64a()
	fmt.Fprint(h, q.Size, q.Offset, q.Kinds)
	for i := range q.Keys {
		h.Write(q.Keys[i][:])
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// queries are how many a spread makes of q.
func (q *Search) queries(spread Spread) int {
	switch spread {
	case PerKey:
		return len(q.Keys)
	case PerByte:
		return len(q.firstBytes())
	}
	return min(1, len(q.Keys))
}

func (q *Search) firstBytes() []byte {
	var bytes []byte
	for i := range q.Keys {
		if b := q.Keys[i][0]; len(bytes) == 0 || bytes[len(bytes)-1] != b {
			bytes = append(bytes, b)
		}
	}
	return bytes
}

// query is one of the spread's queries.
func (q *Search) query(spread Spread, step int) Query {
	query := Query{Program: q.Program, Size: q.Size, Slice: q.Slice}
	switch spread {
	case PerKey:
		query.Matches = []Match{{q.Offset, q.Keys[step][:]}}
	case PerByte:
		query.Matches = []Match{{q.Offset, q.firstBytes()[step : step+1]}}
	}
	return query
}

// matches reports whether data is what q chooses. Data that is too short for a key passes: whoever reads it counts it.
func (q *Search) matches(data []byte) bool {
	if len(data) < q.Offset+len(Key{}) {
		return true
	}
	_, ok := slices.BinarySearchFunc(q.Keys, Key(data[q.Offset:]), Key.Compare)
	return ok && slices.Contains(q.Kinds, [8]byte(data))
}

// A filter passes on what a query was to choose. What a node should have filtered out itself makes the answer malformed:
// it heeds no filter, or answers another question.
type filter struct {
	Page
	search  *Search
	key     *Key // that every row must have; nil where the search is matched here
	foreign bool
}

func (f *filter) Reset() {
	f.foreign = false
	f.Page.Reset()
}

func (f *filter) Add(a *Account) {
	switch {
	case f.key != nil && len(a.Data) >= f.search.Offset+len(Key{}) && Key(a.Data[f.search.Offset:]) != *f.key:
		f.foreign = true
	case f.key != nil || f.search.matches(a.Data):
		f.Page.Add(a)
	}
}

// Walk reads the accounts that q chooses into page, from where at stands to the end, and yields nil whenever page holds a
// whole answer; at stands behind it then. A node that counts what it looks at is walked through once for all keys. The
// error is the last: ErrBudget, or that of the node.
func (s *Session) Walk(ctx context.Context, q *Search, at *Position, budget Budget, page Page) iter.Seq[error] {
	return func(yield func(error) bool) {
		at.Search = q.ID()
		start, seen := s.stats.Requests.Load(), map[string]bool{}
		for at.Step < q.queries(at.Spread) {
			err := s.step(ctx, q, at, seen, page)
			if !yield(err) || err != nil {
				return
			}
			if at.Step < q.queries(at.Spread) && budget.spent(s.stats.Requests.Load()-start) {
				yield(ErrBudget)
				return
			}
		}
	}
}

func (b Budget) spent(requests int64) bool {
	return b.Requests > 0 && requests >= b.Requests || !b.Until.IsZero() && !time.Now().Before(b.Until)
}

// step reads the answer at which at stands, and moves at behind it.
func (s *Session) step(ctx context.Context, q *Search, at *Position, seen map[string]bool, page Page) (err error) {
	query := q.query(at.Spread, at.Step)
	f := &filter{Page: page, search: q}
	if at.Spread == PerKey {
		f.key = &q.Keys[at.Step]
	}
	defer s.measure(at)()
	isLast := true
	if at.Method == methodScan {
		err = s.whole(ctx, &query, f)
	} else {
		isLast, err = s.nextPage(ctx, &query, at, seen, f)
	}
	switch {
	case err != nil:
		return err
	case isLast:
		at.Step++
		clear(seen)
	case s.answer.page.rows < thinRows:
		at.Thin++
		s.regroup(q, at, seen)
	}
	return nil
}

// regroup starts a walk anew with one query for all keys when the node turns out to count what it looks at.
func (s *Session) regroup(q *Search, at *Position, seen map[string]bool) {
	if at.Spread == PerKey && at.Counting() && q.pagedSpread(Costs{Counting: true}) == All {
		at.Spread, at.Step, at.After = All, 0, ""
		clear(seen)
	}
}

// measure adds to at what is used until the result is called.
func (s *Session) measure(at *Position) func() {
	requests, bytes, start := s.stats.Requests.Load(), s.stats.Bytes.Load(), time.Now()
	return func() {
		at.Requests += s.stats.Requests.Load() - requests
		at.Bytes += s.stats.Bytes.Load() - bytes
		at.Time += time.Since(start)
		at.Rows += int64(s.answer.page.rows)
	}
}

// Changes reads into page the accounts that q chooses and that were written since a slot, as Walk does. ErrBudget means
// that the node looks at more than pages pages for it: asking for changes does not shorten the walk there.
func (s *Session) Changes(ctx context.Context, q *Search, since int64, pages int, page Page) iter.Seq[error] {
	return func(yield func(error) bool) {
		query, f, at := q.query(All, 0), &filter{Page: page, search: q}, new(Position)
		if len(q.Keys) == 1 {
			query, f.key = q.query(PerKey, 0), &q.Keys[0]
		}
		query.ChangedSince = since
		for err := range s.pages(ctx, &query, at, f) {
			if !yield(err) || err != nil {
				return
			}
			if pages--; pages == 0 && at.After != "" {
				yield(ErrBudget)
				return
			}
		}
	}
}

// IsDetour reports whether another way may lead to what the one that failed with err does not.
func IsDetour(err error) bool {
	return err != nil && !IsPlan(err) && (refused(err) || isTimeout(err) || isRPC(err) || errors.Is(err, upstream.ErrMalformed))
}
