package solana

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"
	"time"

	"tokensync/internal/upstream"
)

// ErrBudget is returned when a walk has used up what it may in one run. Its position tells where to go on.
var ErrBudget = errors.New("the budget of a run is used up")

// A Search chooses a program's accounts: those of any of some kinds that have one of the keys of any of Holds. It must not
// be changed once it was used.
type Search struct {
	Program Key
	Kinds   [][8]byte // what an account may begin with
	Holds   []Holds
	Slice   Slice // from 0, beyond the keys' ends

	sets []map[Key]struct{} // of Holds
}

// Holds is keys that an account may have at an offset.
type Holds struct {
	Offset int
	Keys   []Key // each once
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
	thinPages    = 3   // pages with a key and few rows, after which a node is taken to count what it looks at
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

// String shows what a walk has cost.
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

// Ways returns the ways in which q can be asked, the most promising first.
func (q *Search) Ways(c Costs) []Way {
	pages := Way{methodScanPages, q.pagedSpread(c)}
	if q.keys() > maxPlainKeys {
		return []Way{pages, {methodScan, PerByte}} // hundreds of calls, each of which may take as long as one for a key
	}
	return []Way{{methodScan, PerKey}, pages}
}

// keys returns how many q looks for.
func (q *Search) keys() (n int) {
	for i := range q.Holds {
		n += len(q.Holds[i].Keys)
	}
	return n
}

// pagedSpread returns the spread of fewer pages.
func (q *Search) pagedSpread(c Costs) Spread {
	whole, each := c.Pages, int64(q.keys())
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
	fmt.Fprint(h, q.Kinds)
	for i := range q.Holds {
		fmt.Fprint(h, q.Holds[i].Offset)
		for _, k := range q.Holds[i].Keys {
			h.Write(k[:])
		}
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// A part is what one of a spread's queries filters by: the beginning of a key, or all of it.
type part struct {
	offset int
	bytes  []byte
}

// parts returns the queries that a spread makes of q.
func (q *Search) parts(spread Spread) (parts []part) {
	if spread == All {
		return []part{{}}
	}
	for i := range q.Holds {
		h := &q.Holds[i]
		for _, beginning := range h.beginnings(spread) {
			parts = append(parts, part{h.Offset, beginning})
		}
	}
	return parts
}

func (h *Holds) beginnings(spread Spread) (beginnings [][]byte) {
	var seen [256]bool
	for i := range h.Keys {
		k := h.Keys[i][:]
		if spread == PerByte && !seen[k[0]] {
			beginnings = append(beginnings, k[:1])
		} else if spread == PerKey {
			beginnings = append(beginnings, k)
		}
		seen[k[0]] = true
	}
	return beginnings
}

func (q *Search) query(p part) query { return query{program: q.Program, part: p, slice: q.Slice} }

// matches reports whether data is what q chooses.
func (q *Search) matches(data []byte) bool {
	if q.sets == nil {
		q.sets = make([]map[Key]struct{}, len(q.Holds))
		for i := range q.Holds {
			q.sets[i] = make(map[Key]struct{}, len(q.Holds[i].Keys))
			for _, k := range q.Holds[i].Keys {
				q.sets[i][k] = struct{}{}
			}
		}
	}
	for i, set := range q.sets {
		if offset := q.Holds[i].Offset; len(data) >= offset+len(Key{}) {
			if _, ok := set[Key(data[offset:])]; ok {
				return true
			}
		}
	}
	return false
}

func (q *Search) isKind(data []byte) bool {
	return len(data) < 8 || slices.Contains(q.Kinds, [8]byte(data))
}

// A filter passes on what a query was to choose. An account that the node should have left out makes the answer
// malformed: it heeds no filter, or answers another question. Accounts of another kind are nobody's question. Those that
// are cut short are passed on as well where only a key was asked for: whoever reads them counts them.
type filter struct {
	Page
	search  *Search
	part    part
	foreign bool
}

// Reset empties the page.
func (f *filter) Reset() {
	f.foreign = false
	f.Page.Reset()
}

// Add passes an account on.
func (f *filter) Add(a *Account) {
	end := f.part.offset + len(f.part.bytes)
	isShort := len(a.Data) < end
	switch {
	case !isShort && !bytes.Equal(a.Data[f.part.offset:end], f.part.bytes):
		f.foreign = true
	case !f.search.isKind(a.Data):
	case len(f.part.bytes) == len(Key{}) || f.search.matches(a.Data):
		f.Page.Add(a)
	}
}

// Walk reads the accounts that q chooses into page, from where at stands to the end, and yields nil whenever page holds a
// whole answer; at stands behind it then. A node that counts what it looks at is walked through once for all keys. The
// error is the last: ErrBudget, or that of the node.
func (s *Session) Walk(ctx context.Context, q *Search, at *Position, budget Budget, page Page) iter.Seq[error] {
	return func(yield func(error) bool) {
		at.Search = q.ID()
		start, seen := at.Requests, map[string]bool{}
		for parts := q.parts(at.Spread); at.Step < len(parts); {
			spread := at.Spread
			err := s.step(ctx, q, parts[at.Step], at, seen, page)
			if !yield(err) || err != nil {
				return
			}
			if at.Spread != spread {
				parts = q.parts(at.Spread)
			}
			if at.Step < len(parts) && budget.spent(at.Requests-start) {
				yield(ErrBudget)
				return
			}
		}
	}
}

func (b Budget) spent(requests int64) bool {
	return b.Requests > 0 && requests >= b.Requests || !b.Until.IsZero() && !time.Now().Before(b.Until)
}

// step reads the answer at which at stands, and moves at past it.
func (s *Session) step(ctx context.Context, q *Search, p part, at *Position, seen map[string]bool, page Page) (err error) {
	query, f := q.query(p), &filter{Page: page, search: q, part: p}
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
		p := part{}
		if parts := q.parts(PerKey); len(parts) == 1 {
			p = parts[0]
		}
		query, f, at := q.query(p), &filter{Page: page, search: q, part: p}, new(Position)
		query.since = since
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
