package rpctest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// maxLimit is what a page may hold (Helius).
const maxLimit = 10_000

// An element is an account's place in the order in which a node walks over a program: the chain's own accounts lie
// scattered among the strangers'.
type element struct {
	stranger int // the stranger's account before which it lies
	id       int // of the chain's own account; ofStranger for the stranger itself
}

const ofStranger = math.MaxInt

func (e element) compare(other element) int {
	if e.stranger != other.stranger {
		return e.stranger - other.stranger
	}
	switch {
	case e.id < other.id:
		return -1
	case e.id > other.id:
		return 1
	}
	return 0
}

// scattered returns the places of the chain's own accounts. An account keeps its place when others come.
func (c *Chain) scattered(strangers int) []element {
	ids := c.ids()
	own := make([]element, len(ids))
	for i, id := range ids {
		own[i].id = id
		if strangers > 0 {
			own[i].stranger = int(word("place", id) % uint64(strangers))
		}
	}
	slices.SortFunc(own, element.compare)
	return own
}

// A scan is one query for a program's accounts.
type scan struct {
	*question
	*options
	program   key
	asOf      uint64
	strangers bool // their accounts may pass the filters
}

func (q *question) scan(params []json.RawMessage) (*scan, *failure) {
	o, err := q.options(params)
	if err != nil {
		return nil, err
	}
	var program string
	_ = json.Unmarshal(params[0], &program)
	s := &scan{question: q, options: o, program: parseKey(program), asOf: q.now - q.node.Behind}
	s.strangers = s.program == dbcProgram && !o.namesAKey()
	return s, nil
}

// walk calls f for every element from a place on until it returns false.
func (s *scan) walk(from element, f func(element) bool) {
	own := s.scattered(s.node.Strangers)
	at, _ := slices.BinarySearchFunc(own, from, element.compare)
	for n := from.stranger; n <= s.node.Strangers; n++ {
		for ; at < len(own) && own[at].stranger == n; at++ {
			if !f(own[at]) {
				return
			}
		}
		if n < s.node.Strangers && !f(element{n, ofStranger}) {
			return
		}
	}
}

// context says at which slot the rows hold.
func (s *scan) context() string { return contextAt(s.asOf - s.fault.SlotBack) }

// account returns the account at e, or nil when the query does not choose it.
func (s *scan) account(e element) *Account {
	var a Account
	switch {
	case e.id == ofStranger && !s.strangers:
		return nil
	case e.id == ofStranger:
		a = s.stranger(e.stranger)
	default:
		own, ok := s.own(e.id, s.asOf)
		if !ok || own.Owner != s.program {
			return nil
		}
		a = own
	}
	if !s.passes(&a) {
		return nil
	}
	return &a
}

// program answers getProgramAccounts.
func (q *question) program(params []json.RawMessage) (results, *failure) {
	s, err := q.scan(params)
	if err != nil {
		return nil, err
	}
	if q.node.scans() {
		return nil, failed(badRequest, "too many accounts (%d pubkeys)", len(q.ids())+q.node.Strangers)
	}
	return func(out *bufio.Writer) {
		if s.WithContext {
			fmt.Fprintf(out, `{"context":%s,"value":`, s.context())
			defer out.WriteString("}")
		}
		out.WriteString("[")
		s.rows(out, element{}, math.MaxInt)
		out.WriteString("]")
	}, nil
}

// programPage answers getProgramAccountsV2.
func (q *question) programPage(params []json.RawMessage) (results, *failure) {
	s, err := q.scan(params)
	if err != nil {
		return nil, err
	}
	if limit := q.node.maxLimit(); s.Limit < 1 || s.Limit > limit {
		return nil, failed(badParams, "limit must be between 1 and %d", limit)
	}
	from, ok := parsePlace(s.cursor())
	if !ok {
		return nil, failed(badParams, "Invalid paginationKey")
	}
	return func(out *bufio.Writer) {
		end := "}"
		if q.node.Kind != Cursor && (s.WithContext || q.node.Kind == Wrapped) {
			fmt.Fprintf(out, `{"context":%s,"value":`, s.context())
			end = "}}"
		} else if q.node.Kind == Cursor {
			out.WriteString(`{"value":`)
			end = "}}"
		}
		out.WriteString(`{"accounts":[`)
		next := s.ending(from, s.rows(out, from.element, s.Limit))
		out.WriteString("]," + q.node.more(next, s.total()) + end)
	}, nil
}

// cursor returns where the client wants to go on; each kind of node reads the name that it gave it.
func (s *scan) cursor() string {
	if s.node.Kind == Cursor {
		return s.Cursor
	}
	return s.PaginationKey
}

// rows writes the accounts of a page, and returns where the next one begins, or nil.
func (s *scan) rows(out *bufio.Writer, from element, limit int) (next *element) {
	l := &list{out: out}
	for i := range s.fault.Foreign {
		a := s.stranger(strangersPool(i))
		s.writeNamed(l.next(), &a)
	}
	if s.fault.Empty {
		return nil
	}
	return s.page(from, limit, func(a *Account) { s.writeNamed(l.next(), a) })
}

// page calls visit for the accounts of the page that begins at from, and returns where the next one does, or nil.
func (s *scan) page(from element, limit int, visit func(*Account)) (next *element) {
	n := 0
	s.walk(from, func(e element) bool {
		a := s.scanned(e, n == limit)
		if a == nil && !s.node.scans() {
			return true
		}
		if n == limit {
			next = &e
			return false
		}
		n++
		if a != nil {
			visit(a)
		}
		return true
	})
	return next
}

// scanned returns account, without computing it where a node that counts what it scans only looks whether there is more.
func (s *scan) scanned(e element, full bool) *Account {
	if full && s.node.scans() {
		return nil
	}
	return s.account(e)
}

// total counts all accounts of the query, for the nodes that tell it.
func (s *scan) total() (n int) {
	if s.node.Kind == Cursor {
		s.page(element{}, math.MaxInt, func(*Account) { n++ })
	}
	return n
}

// A place is what a paginationKey stands for.
type place struct {
	page int // pages before it
	element
}

func (p place) String() string { return fmt.Sprintf("%d.%d.%d", p.page, p.stranger, p.id) }

func parsePlace(s string) (p place, ok bool) {
	if s == "" {
		return place{}, true
	}
	n, err := fmt.Sscanf(s, "%d.%d.%d", &p.page, &p.stranger, &p.id)
	return p, err == nil && n == 3 && p.String() == s && p.stranger >= 0 && p.page > 0
}

// end returns the place after the last account.
func (s *scan) end(page int) place { return place{page, element{s.node.Strangers, ofStranger}} }

// ending returns the key that the page at from gets when the next one begins at next: as the fault has walks end.
func (s *scan) ending(from place, next *element) string {
	isEnd := from.page > 0 && from == s.end(from.page)
	switch end := s.fault.End; {
	case s.fault.Empty || end == NoKey:
		return ""
	case end == Circle && from.page >= 2:
		if second := s.page(element{}, s.Limit, func(*Account) {}); second != nil {
			return place{1, *second}.String()
		}
		return ""
	case next != nil:
		return place{from.page + 1, *next}.String()
	case end == KeyRepeats && isEnd:
		return from.String()
	case end == KeyRepeats, end == KeyStays && !isEnd:
		return s.end(from.page + 1).String()
	}
	return ""
}
