package meteoratest

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

const (
	defaultPageSize = 10   // documented
	maxPageSize     = 1000 // documented
	maxSearchSize   = 300  // of damm-v1, as was seen: more is cut down without a word
)

// answer is one request's answer in the making; it sees one world from beginning to end.
type answer struct {
	s     *Server
	w     http.ResponseWriter
	r     *http.Request
	world *world
	fault *Fault

	product string
}

// page answers GET /pools of dlmm and damm-v2. Unknown parameters are ignored, as Meteora does.
func (a *answer) page() {
	q := a.r.URL.Query()
	if a.product == DBCList { // knows no others
		q = url.Values{"page": q["page"], "page_size": q["page_size"], "sort_by": {"pool_created_at:asc"}}
	}
	page, err1 := intParam(q, "page", 1, 1, 1<<40)
	size, err2 := intParam(q, "page_size", defaultPageSize, 1, maxPageSize)
	order, err3 := parseOrder(a.world, q.Get("sort_by"))
	filter, err4 := parseFilter(q.Get("filter_by"), a.world, a.s.dialects.product(a.product))
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			plainText(a.w, http.StatusBadRequest, err.Error())
			return
		}
	}
	filter.addQuery(q.Get("query"))
	page, size = a.fault.paging(page, size, 1)
	total, rows := order.rows(filter, max(0, (page-1)*size-a.fault.Shift), size)
	b := a.newBody()
	defer b.finish()
	b.envelope(total, page, size, a.fault)
	b.rows(rows)
	b.raw("]}")
}

// rows writes the pools of a list, with the fault's changes.
func (b *body) rows(rows iter.Seq[int]) {
	n := 0
	f := b.a.fault
	b.repeat(' ', f.Spaces)
	if f.Empty {
		return
	}
	for i := range rows {
		if n > 0 {
			b.raw(",")
		}
		p := b.a.world.pool(i)
		if n < f.NoAddress {
			p.noAddress = 1 + n%3
		}
		p.noMint = n < f.NoMint
		p.nan = n < f.NaN
		if n == 0 && f.HugeName > 0 {
			b.huge(&p, f.HugeName)
		} else {
			b.pool(b.a.world, &p)
		}
		b.b = b.b[:len(b.b)-1] // the pool's own comma: another row may not follow
		n++
		if !b.ok() {
			return
		}
	}
}

// huge writes p with a name of n bytes, without ever holding it.
func (b *body) huge(p *pool, n int) {
	field := []byte(`name":"`)
	var e encoder
	e.pool(b.a.world, p)
	at := bytes.Index(e.b, field) + len(field)
	b.b = append(b.b, e.b[:at]...)
	b.repeat('x', int64(n))
	b.b = append(b.b, e.b[at:]...)
}

// single answers GET /pools/{address}.
func (a *answer) single(address string) {
	i, ok := a.world.find(address)
	if !ok {
		a.w.Header().Set("Content-Type", "application/json")
		a.w.WriteHeader(http.StatusNotFound)
		_, _ = a.w.Write([]byte(`{"message":` + spelled("Pool not found: "+address).json + `}`))
		return
	}
	b := a.newBody()
	defer b.finish()
	b.rows(slices.Values([]int{i}))
}

// array answers damm-v1's GET /pools: the pools at the addresses in one array, a page of it with page and size. Without an
// address it is refused, unless Config.OneArray makes it what it was at the time of the incident: every pool at once.
func (a *answer) array() {
	q := a.r.URL.Query()
	page, err1 := intParam(q, "page", 0, 0, 1<<40)
	size, err2 := intParam(q, "size", 1<<20, 0, 1<<20)
	switch {
	case err1 != nil || err2 != nil:
		plainText(a.w, http.StatusBadRequest, cmp.Or(err1, err2).Error())
		return
	case len(q["address"]) == 0 && !a.s.cfg.OneArray:
		plainText(a.w, http.StatusBadRequest, "Address cannot be empty")
		return
	}
	rows := a.v1Rows()
	if q.Has("size") {
		page, size = a.fault.paging(page, size, 0)
		rows = firstN(skipN(rows, page*size), size)
	}
	b := a.newBody()
	defer b.finish()
	b.raw("[")
	b.rows(rows)
	b.raw("]")
}

// v1Rows returns the pools that the address and launchpad parameters of damm-v1 ask for.
func (a *answer) v1Rows() iter.Seq[int] {
	q := a.r.URL.Query()
	var pads []string
	if a.s.cfg.LaunchpadFilter {
		pads = q["launchpad"]
	}
	return func(yield func(int) bool) {
		for i := range a.v1Candidates(q["address"]) {
			if pad, _ := a.world.launchpadOf(i); len(pads) > 0 && !slices.Contains(pads, pad.text) {
				continue
			}
			if !yield(i) {
				return
			}
		}
	}
}

func (a *answer) v1Candidates(addresses []string) iter.Seq[int] {
	byAge := order{w: a.world}
	if len(addresses) == 0 {
		return byAge.from(0)
	}
	f := &filter{w: a.world}
	f.addAddresses(addresses)
	return slices.Values(byAge.among(f))
}

// search answers damm-v1's GET /pools/search, whose pages count from 0. Of its filters it knows launchpad alone, and that only
// with Config.LaunchpadFilter.
func (a *answer) search() {
	q := a.r.URL.Query()
	page, err1 := intParam(q, "page", -1, 0, 1<<40)
	size, err2 := intParam(q, "size", -1, 0, 1<<20)
	for _, err := range []error{err1, err2} {
		if err != nil {
			plainText(a.w, http.StatusBadRequest, err.Error())
			return
		}
	}
	page, size = a.fault.paging(page, min(size, maxSearchSize), 0)
	total := 0
	for range a.v1Rows() {
		total++
	}
	b := a.newBody()
	defer b.finish()
	b.raw(`{"data":[`)
	b.rows(firstN(skipN(a.v1Rows(), page*size-a.fault.Shift), size))
	b.raw(`],"page":`)
	b.int(page)
	b.raw(`,"total_count":`)
	b.int(total + a.fault.TotalDelta)
	b.raw("}")
}

func skipN(seq iter.Seq[int], n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		skipped := 0
		for v := range seq {
			if skipped < n {
				skipped++
				continue
			}
			if !yield(v) {
				return
			}
		}
	}
}

// intParam reads an integer parameter within bounds; a default below the bounds makes it a required one.
func intParam(q url.Values, name string, byDefault, lowest, highest int) (int, error) {
	text := q.Get(name)
	if text == "" && byDefault >= lowest {
		return byDefault, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < lowest || n > highest {
		//lint:ignore ST1005 this is how Meteora speaks
		return 0, fmt.Errorf("Failed to deserialize query string: %s: invalid value %q", name, text)
	}
	return n, nil
}
