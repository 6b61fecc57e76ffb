package board

import (
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

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
var Sorts = func() (names []Sort) {
	for _, s := range sorts {
		names = append(names, s.name)
	}
	return names
}()

// A sorting says by which value of a token tokens are ordered.
type sorting struct {
	name   Sort
	amount func(r *reader) token.Amount
	time   *field
	text   *field // lower case
}

var sorts = [...]sorting{
	{name: Created, time: createdField},
	{name: Volume, amount: func(r *reader) token.Amount { return r.lately().dayVolume() }},
	{name: TVL, amount: func(r *reader) token.Amount { return r.amount(tvlField, 0) }},
	{name: MarketCap, amount: credible},
	{name: Progress, amount: func(r *reader) token.Amount { return r.amount(progressField, 0) }},
	{name: Symbol, text: symbolField},
	{name: Graduation, time: headField("graduated_at")},
	{name: LastTrade, time: headField("last_trade_at")},
	{name: PriceChange, amount: func(r *reader) token.Amount { return r.change(changeSpans[len(changeSpans)-1]) }},
	{name: Holders, amount: func(r *reader) token.Amount { return r.amount(holdersField, 0) }},
	{name: Fees, amount: func(r *reader) token.Amount { return r.lately().dayFees() }},
}

// What values for orders and sums are made of.
var (
	createdField   = headField("created_at")
	firstSeenField = headField("first_seen_at")
	suspectField   = headField("price_suspect")
	progressField  = headField("curve progress")
	quoteField     = fieldIn(all.pools, "pool quote mint")
	quoteUSDField  = fieldIn(all.pools, "pool quote usd")
	tvlField       = fieldIn(all.sums, "tvl")
	holdersField   = fieldIn(all.sums, "holders")
	priceField     = fieldIn(all.sums, "price_usd")
	capField       = fieldIn(all.sums, "market_cap")
	feesField      = fieldIn(all.sums, "fees")
	volumeField    = fieldIn(all.sums, "volume "+token.WindowNames[token.Day])
)

func headField(name string) *field { return fieldIn(all.heads, name) }

func fieldIn(list []field, name string) *field {
	return &list[slices.IndexFunc(list, func(f field) bool { return f.name == name })]
}

// dayVolume returns what r's token was traded for in a day, on its curve and in its pools, and dayFees what swaps have paid.
func (l lately) dayVolume() token.Amount { return l.amount(volumeField, 0).Add(l.volume(token.Day)) }
func (l lately) dayFees() token.Amount   { return l.amount(feesField, 0).Add(l.fees()) }

// named returns the fields of tokens whose names begin so.
func named(beginnings ...string) layout {
	return all.only(func(f *field) bool {
		return !f.pooled && slices.ContainsFunc(beginnings, func(s string) bool { return strings.HasPrefix(f.name, s) })
	})
}

// credible returns a market cap that may lead a list: a price that nobody can check, or a quote that is worth nothing known,
// would put any token on top.
func credible(r *reader) token.Amount {
	if r.int(suspectField) != 0 || !r.amount(priceField, 0).Known() {
		return token.Amount{}
	}
	return r.amount(capField, 0)
}

func sortingOf(name Sort) int {
	return slices.IndexFunc(sorts[:], func(s sorting) bool { return s.name == name })
}

// value is what a token is sorted by.
type value struct {
	number float64
	text   string
}

func (s *sorting) value(r *reader, i int) value {
	r.i = i
	switch {
	case s.text != nil:
		return value{text: strings.ToLower(r.text(s.text, 0))}
	case s.time != nil:
		return value{number: float64(r.int(s.time))}
	}
	a := s.amount(r)
	if !a.Known() {
		return value{number: math.Inf(-1)}
	}
	return value{number: a.Float64()}
}

func (v value) compare(w value) int {
	return cmp.Or(cmp.Compare(v.number, w.number), strings.Compare(v.text, w.text))
}

// order is the tokens in ascending order, made when it is first asked for.
type order struct {
	once   sync.Once
	isMade atomic.Bool
	apart  atomic.Int64 // how many tokens were sorted apart from it
	tokens packed
}

// order returns the tokens in ascending order.
func (b *Board) order(sort int) *packed {
	o := &b.orders[sort]
	o.once.Do(func() {
		o.tokens = b.sorted(&sorts[sort], b.all())
		o.isMade.Store(true)
	})
	return &o.tokens
}

// orderOf returns some tokens in ascending order, and maybe others among them: what takes less, but the order of all when those that were
// sorted apart from it are as many as half of it.
func (b *Board) orderOf(sort int, some func() tokenSet) *packed {
	o := &b.orders[sort]
	if o.isMade.Load() {
		return &o.tokens
	}
	tokens := some()
	if o.apart.Add(int64(tokens.len())) >= int64(b.Len()/2) {
		return b.order(sort)
	}
	apart := b.sorted(&sorts[sort], tokens)
	return &apart
}

// sorted returns some tokens in ascending order.
func (b *Board) sorted(by *sorting, some tokenSet) packed {
	values := b.values(by, some)
	list := make([]keyed, 0, some.len()) // in the mints' order, which is that of equals
	for k := range b.Len() {
		if i := uint32(b.mints.sorted.at(k)); some.has(int(i)) {
			list = append(list, keyed{values.keys[i], i})
		}
	}
	list = byKey(list)
	if by.text != nil {
		values.sortEquals(list)
	}
	return packTokens(list)
}

// sortValues are what tokens are sorted by.
type sortValues struct {
	keys  []uint64
	texts []string // of which the keys are the beginnings; nil where they are of numbers
}

// values returns those of some tokens.
func (b *Board) values(by *sorting, some tokenSet) sortValues {
	r, values := reader{board: b}, sortValues{keys: make([]uint64, b.Len())}
	if some.len() > b.Len()/2 {
		r = b.sweeping()
	}
	if by.text != nil {
		values.texts = make([]string, b.Len())
	}
	for i := range b.Len() {
		if !some.has(i) {
			continue
		}
		v := by.value(&r, i)
		if values.keys[i] = v.key(); by.text != nil {
			values.keys[i], values.texts[i] = beginning(v.text), v.text
		}
	}
	return values
}

// sortEquals sorts those of list by their texts that follow each other with equal keys.
func (v *sortValues) sortEquals(list []keyed) {
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].key == list[0].key {
			n++
		}
		slices.SortStableFunc(list[:n], func(x, y keyed) int { return strings.Compare(v.texts[x.token], v.texts[y.token]) })
		list = list[n:]
	}
}

// keyed is a token with what it is sorted by.
type keyed struct {
	key   uint64
	token uint32
}

func packTokens(list []keyed) packed {
	tokens := make([]uint32, len(list))
	for k := range list {
		tokens[k] = list[k].token
	}
	return pack(tokens)
}

// key returns a key whose order is that of numbers.
func (v value) key() uint64 {
	b := math.Float64bits(v.number + 0) // there is one 0
	if b>>63 == 1 {
		return ^b
	}
	return b | 1<<63
}

// beginning returns a key whose order is that of texts, but for those that begin alike.
func beginning(text string) uint64 {
	var b [8]byte
	copy(b[:], text)
	return binary.BigEndian.Uint64(b[:])
}

// byKey sorts list by the keys, and leaves equals as they stand. It may return another slice than list.
func byKey(list []keyed) []keyed {
	const width = 8
	spare := make([]keyed, len(list))
	for shift := 0; shift < 64; shift += width {
		var next [1 << width]int // where the next one goes that has a byte
		for _, x := range list {
			next[byte(x.key>>shift)]++
		}
		if slices.Contains(next[:], len(list)) {
			continue // all have the same
		}
		sum := 0
		for i, count := range next {
			next[i], sum = sum, sum+count
		}
		for _, x := range list {
			to := &next[byte(x.key>>shift)]
			spare[*to] = x
			*to++
		}
		list, spare = spare, list
	}
	return list
}

// tokenSet is a set of tokens; nil has none.
type tokenSet []uint64

func newTokenSet(n int) tokenSet { return make(tokenSet, (n+63)/64) }

func (s tokenSet) has(i int) bool { return len(s) > 0 && s[i/64]>>(i%64)&1 == 1 }
func (s tokenSet) set(i int)      { s[i/64] |= 1 << (i % 64) }

// fill sets all from first to end, which is not set.
func (s tokenSet) fill(first, end int) {
	for ; first < end && first%64 != 0; first++ {
		s.set(first)
	}
	for ; first+64 <= end; first += 64 {
		s[first/64] = math.MaxUint64
	}
	for ; first < end; first++ {
		s.set(first)
	}
}

// len returns how many there are.
func (s tokenSet) len() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

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
		if end := int(r.end); r.still {
			if m.is(r.kind, int(r.start)) {
				found.fill(first+row, first+end)
			}
			row = end
		}
		for at := int(r.start); row < int(r.end); row++ {
			if m.is(r.kind, at) {
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
