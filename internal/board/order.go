package board

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"

	"tokensync/internal/token"
)

// A Sort is what a page is ordered by.
type Sort string

// The sorts. Tokens that lack the value count as the lowest: last in descending order. Equal values are ordered by mint.
const (
	Relevance   Sort = ""        // how well the search matches: exact symbol, prefix, part; then the market cap
	Created     Sort = "created" // when
	Volume      Sort = "volume"  // of 24 h
	TVL         Sort = "tvl"
	MarketCap   Sort = "market_cap" // unless its price is suspect or unknown
	Progress    Sort = "progress"
	Symbol      Sort = "symbol"     // lower case, by code points
	Graduation  Sort = "graduated"  // when
	LastTrade   Sort = "last_trade" // when
	PriceChange Sort = "price_change"
	Holders     Sort = "holders"
	Fees        Sort = "fees" // of 24 h
)

// Sorts lists every Sort but Relevance.
var Sorts = []Sort{Created, Volume, TVL, MarketCap, Progress, Symbol, Graduation, LastTrade, PriceChange, Holders, Fees}

// A sorting says how tokens are ordered by one value.
type sorting struct {
	name   Sort
	fields layout // that the value is made of
	number func(t *tok) token.Number
	time   func(t *tok) int64
	text   func(t *tok) string
}

var sorts = [...]sorting{
	{name: Created, fields: named("created_at"), time: func(t *tok) int64 { return t.CreatedAt }},
	{name: Volume, fields: named(append(windowed, "volume 24h")...), number: func(t *tok) num { return t.VolumeUSD[token.Day] }},
	{name: TVL, fields: named("tvl"), number: func(t *tok) num { return t.TVLUSD }},
	{name: MarketCap, fields: named("price_suspect", "market_cap"), number: credible},
	{name: Progress, fields: named("curve progress"), number: func(t *tok) num { return t.Curve.Progress }},
	{name: Symbol, fields: named("symbol"), text: func(t *tok) string { return strings.ToLower(t.Symbol) }},
	{name: Graduation, fields: named("graduated_at"), time: func(t *tok) int64 { return t.GraduatedAt }},
	{name: LastTrade, fields: named("last_trade_at"), time: func(t *tok) int64 { return t.LastTradeAt }},
	{name: PriceChange, fields: named("price_suspect", "pool quote usd", "pool price", "price_usd"), number: func(t *tok) num { return t.PriceChange[len(t.PriceChange)-1] }},
	{name: Holders, fields: named("holders"), number: func(t *tok) num { return t.Holders }},
	{name: Fees, fields: named(append(windowed, "pool price", "price_usd", "fees")...), number: func(t *tok) num { return t.Fees24hUSD }},
}

// windowed are the fields that say what a curve's counters come to in dollars, and since when.
var windowed = slices.Clip([]string{"created_at", "first_seen_at", "curve stage", "curve config", "pool quote mint", "pool quote usd"})

// named returns the fields whose names begin so, and those that they need.
func named(beginnings ...string) layout {
	wanted := map[string]bool{"": true}
	var want func(f *field)
	want = func(f *field) {
		wanted[f.name] = true
		for _, name := range f.needs {
			if !wanted[name] {
				want(fieldNamed(name))
			}
		}
	}
	for _, list := range all.lists() {
		for i := range list {
			if f := &list[i]; slices.ContainsFunc(beginnings, func(s string) bool { return strings.HasPrefix(f.name, s) }) {
				want(f)
			}
		}
	}
	return all.only(func(f *field) bool { return wanted[f.name] })
}

func fieldNamed(name string) *field {
	for _, list := range all.lists() {
		if i := slices.IndexFunc(list, func(f field) bool { return f.name == name }); i >= 0 {
			return &list[i]
		}
	}
	panic("board: no field is called " + name)
}

// credible returns a market cap that may lead a list: a price that nobody can check, or a quote that is worth nothing known,
// would put any token on top.
func credible(t *tok) num {
	if t.PriceSuspect || t.PriceUSD == "" {
		return ""
	}
	return t.MarketCapUSD
}

func sortingOf(name Sort) int {
	return slices.IndexFunc(sorts[:], func(s sorting) bool { return s.name == name })
}

// value is what a token is sorted by.
type value struct {
	number float64
	text   string
}

func (s *sorting) value(t *tok) value {
	switch {
	case s.text != nil:
		return value{text: s.text(t)}
	case s.time != nil:
		return value{number: float64(s.time(t))}
	}
	n := s.number(t)
	if n == "" {
		return value{number: math.Inf(-1)}
	}
	return value{number: n.Float64()}
}

func (v value) compare(w value) int {
	return cmp.Or(cmp.Compare(v.number, w.number), strings.Compare(v.text, w.text))
}

// order is the tokens in ascending order, made when it is first asked for.
type order struct {
	once   sync.Once
	tokens packed
}

// order returns the tokens in ascending order.
func (b *Board) order(sort int) *packed {
	o := &b.orders[sort]
	o.once.Do(func() { o.tokens = b.sorted(&sorts[sort]) })
	return &o.tokens
}

func (b *Board) sorted(by *sorting) packed {
	r := reader{board: b}
	values := make([]value, b.Len())
	var t tok
	for i := range values {
		r.some(i, &by.fields, &t)
		values[i] = by.value(&t)
	}
	// The mints' order is the order of equals, and a stable sort keeps it.
	tokens := make([]uint32, b.Len())
	for i := range tokens {
		tokens[i] = uint32(b.mints.sorted.at(i))
	}
	slices.SortStableFunc(tokens, func(x, y uint32) int { return values[x].compare(values[y]) })
	return pack(tokens)
}

// tokenSet is a set of tokens; nil has none.
type tokenSet []uint64

func newTokenSet(n int) tokenSet { return make(tokenSet, (n+63)/64) }

func (s tokenSet) has(i int) bool { return len(s) > 0 && s[i/64]>>(i%64)&1 == 1 }
func (s tokenSet) set(i int)      { s[i/64] |= 1 << (i % 64) }

// or, and and less change s, and return it.
func (s tokenSet) or(t tokenSet) tokenSet {
	for i, word := range t {
		s[i] |= word
	}
	return s
}

func (s tokenSet) and(t tokenSet) tokenSet {
	for i, word := range t {
		s[i] &= word
	}
	return s
}

func (s tokenSet) less(t tokenSet) tokenSet {
	for i, word := range t {
		s[i] &^= word
	}
	return s
}

// The columns that filters look into. None of them follows from others.
var (
	launchpadField = headField("launchpad")
	creatorField   = headField("curve creator")
	configField    = headField("curve config")
	stageField     = headField("curve stage")
	statusField    = headField("status")
)

func headField(name string) *field {
	return &all.heads[slices.IndexFunc(all.heads, func(f field) bool { return f.name == name })]
}

// filter returns the tokens that q's filters let through.
func (b *Board) filter(q *Query) tokenSet {
	passed := b.ofStatus(cmp.Or(q.Status, token.Listed))
	for _, f := range []struct {
		field *field
		any   []string
	}{
		{launchpadField, given(q.Launchpads...)},
		{stageField, given(q.Stage)},
		{creatorField, given(q.Creator)},
		{configField, given(q.Configs...)},
	} {
		if len(f.any) > 0 {
			passed.and(b.anyOf(f.field, f.any...))
		}
	}
	return passed
}

// given returns values without the empty ones, which do not filter.
func given[S ~string](values ...S) (out []string) {
	for _, v := range values {
		if v != "" {
			out = append(out, string(v))
		}
	}
	return out
}

// anyOf returns the tokens whose field f, a word or a key, is one of wants.
func (b *Board) anyOf(f *field, wants ...string) tokenSet {
	found := newTokenSet(b.Len())
	for _, want := range wants {
		b.equal(f, want, found)
	}
	return found
}

// equal adds the tokens whose field f is want.
func (b *Board) equal(f *field, want string, found tokenSet) {
	x := idOf(want)
	for n, c := range b.chunks[f.family] {
		column := &c.columns[f.index]
		if column.more == nil {
			continue // no value took bytes
		}
		match := matcher{column: column, form: f.form, want: want, id: x, number: column.more.number(want)}
		if f.form == word && match.number < 0 {
			continue
		}
		if column.many != nil {
			match.many(c.tokens, found, int(b.starts[f.family][n]))
		} else {
			match.runs(found, int(b.starts[f.family][n]))
		}
	}
}

// matcher compares a column's values with one.
type matcher struct {
	column *column
	form   form
	want   string
	id     id
	number int64 // of the word
}

func (m *matcher) is(k kind, at int) bool {
	more := m.column.more
	switch {
	case k == free:
		return more.heap.at(at, new(arena)) == m.want
	case k != cell:
		return false
	case m.form == word:
		return m.column.more.ints.at(at) == m.number
	}
	return m.id.isRaw && string(more.keys[at*keyBytes:(at+1)*keyBytes]) == string(m.id.raw)
}

// runs sets the rows that match, and asks once of values that repeat each other.
func (m *matcher) runs(found tokenSet, first int) {
	row := 0
	for _, r := range m.column.runs {
		at, is := int(r.start), r.still && m.is(r.kind, int(r.start))
		for ; row < int(r.end); row++ {
			if is || !r.still && m.is(r.kind, at) {
				found.set(first + row)
			}
			at++
		}
	}
}

// many sets the rows that match.
func (m *matcher) many(rows int, found tokenSet, first int) {
	at, is := -1, false // of the last cell
	for row := range rows {
		switch m.column.many.kind(row) {
		case cell:
			at++
			is = m.is(cell, at)
		case same:
		default:
			continue
		}
		if is {
			found.set(first + row)
		}
	}
}
