package board

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"tokensync/internal/token"
)

// A Sample is what a point has of one token. Numbers have nine digits; what is unknown is "".
type Sample struct {
	Price    num // in the quote of the pool that the price came from
	QuoteUSD num // US dollars of one quote token
	PriceUSD num
	// Counters of its curve, in whole tokens: they begin with 0 when it is made, and only grow. A graduate has none.
	Volume, FeesQuote, FeesBase num
}

// sampleDigits is what a sample keeps of a number: more than any chart shows.
const sampleDigits = 9

// sampleOf returns what a point keeps of t: no price that nobody can check, no counters of what is history.
func sampleOf(t *tok) (s Sample) {
	if !t.PriceSuspect {
		s.Price, s.PriceUSD = t.Price, t.PriceUSD
		s.QuoteUSD = cmp.Or(quoteUSD(t), t.PriceUSD.Quo(t.Price))
	}
	if e := &t.Curve.Earnings; t.Curve.Stage != token.Graduated {
		s.Volume, s.FeesQuote, s.FeesBase = e.VolumeQuote, e.FeesQuote, e.FeesBase
	}
	return s
}

// quoteUSD returns what a quote token is worth: that of t's curve, else that of t's price.
func quoteUSD(t *tok) (found num) {
	for i := range t.Pools {
		switch p := &t.Pools[i]; {
		case p.Address == t.CurvePool && t.Curve.Stage != token.Graduated:
			return p.QuoteUSD
		case found == "" && p.QuoteMint == t.QuoteMint:
			found = p.QuoteUSD
		}
	}
	return found
}

// numbers returns s's, in the order of sampleFields.
func (s *Sample) numbers() [len(sampled{}.values)]*num {
	return [...]*num{&s.Price, &s.QuoteUSD, &s.PriceUSD, &s.Volume, &s.FeesQuote, &s.FeesBase}
}

// rounding is by how much, of itself, a product of two rounded numbers may differ from that of the numbers, rounded.
const rounding = 1.6e-8

// sampleFields are a sample's columns: where it stands in a token and its pool.
var sampleFields = []field{
	texts("price", 0, number, false, func(t *tok, _ *pool) *num { return &t.Price }),
	texts("quote usd", 0, word, false, func(_ *tok, p *pool) *num { return &p.QuoteUSD }),
	texts("price usd", 0, number, false, func(t *tok, _ *pool) *num { return &t.PriceUSD },
		func(t *tok, p *pool) num { return inShort(t.Price.Amount(), p.QuoteUSD.Amount()).Number() }),
	texts("volume", 0, number, false, func(t *tok, _ *pool) *num { return &t.Curve.Earnings.VolumeQuote }),
	texts("fees quote", 0, number, false, func(t *tok, _ *pool) *num { return &t.Curve.Earnings.FeesQuote }),
	texts("fees base", 0, number, false, func(t *tok, _ *pool) *num { return &t.Curve.Earnings.FeesBase }),
}

// inShort returns what a price in a quote is in dollars.
func inShort(price, quoteUSD token.Amount) token.Amount {
	return price.Mul(quoteUSD).Round(sampleDigits)
}

// amounts are a Sample's numbers, in the order of sampleFields.
type amounts [len(sampled{}.values)]token.Amount

// The places of prices and of the first counter.
const (
	samplePrice = iota
	sampleQuoteUSD
	samplePriceUSD
	firstCounter
)

// spread puts s where sampleFields look for it.
func (s *Sample) spread(t *tok, p *pool) {
	t.Price, p.QuoteUSD, t.PriceUSD = s.Price, s.QuoteUSD, s.PriceUSD
	t.Curve.Earnings.VolumeQuote, t.Curve.Earnings.FeesQuote, t.Curve.Earnings.FeesBase = s.Volume, s.FeesQuote, s.FeesBase
}

// A PointWriter collects the samples of a point, in some sixty bytes each.
type PointWriter struct {
	point Point
	rows  []sampled
}

// sampled is a Sample in short.
type sampled struct {
	hash   uint64 // of the mint
	values [6]nine
}

func (x sampled) hashed() uint64 { return x.hash }

// nine is a number of at most nine digits.
type nine struct {
	mantissa  int32
	exponent  int16
	known     bool
	isDerived bool // from the numbers before it, which is all there is to say
}

// NewPointWriter begins a point.
func NewPointWriter(p Point) *PointWriter { return &PointWriter{point: p} }

// Add takes t, each mint once.
func (w *PointWriter) Add(t *token.Token) { w.AddSample(t.Mint, sampleOf(t)) }

// AddSample takes what is known of a mint, each once.
func (w *PointWriter) AddSample(mint string, s Sample) {
	s.derive()
	row := sampled{w.point.hash(idOf(mint)), s.short()}
	if row.values != (sampled{}.values) {
		w.rows = append(w.rows, row)
	}
}

// derive makes a price in dollars what the price in the quote comes to, where it is that but for the rounding of both.
func (s *Sample) derive() {
	d := inShort(s.Price.Round(sampleDigits).Amount(), s.QuoteUSD.Round(sampleDigits).Amount())
	if x, y := s.PriceUSD.Float64(), d.Float64(); d.Known() && s.PriceUSD.Known() && math.Abs(x-y) <= rounding*y {
		s.PriceUSD = d.Number()
	}
}

func (s *Sample) short() (values [6]nine) {
	for i, n := range s.numbers() {
		if mantissa, exponent, ok := n.Round(sampleDigits).Decimal(); ok {
			values[i] = nine{mantissa: int32(mantissa), exponent: int16(exponent), known: true}
		}
	}
	return values
}

// sampleFrom returns the sample whose first numbers are values.
func sampleFrom(values []nine) (s Sample) {
	numbers := s.numbers()
	for i, v := range values {
		switch n := numbers[i]; {
		case v.isDerived:
			*n = inShort(s.Price.Amount(), s.QuoteUSD.Amount()).Number()
		case v.known:
			*n = token.FromDecimal(int64(v.mantissa), int(v.exponent))
		}
	}
	return s
}

// Finish returns the point with its Split, and its parts in their order.
func (w *PointWriter) Finish() (p Point, parts [][]byte, err error) {
	slices.SortFunc(w.rows, func(x, y sampled) int { return cmp.Compare(x.hash, y.hash) })
	p = w.point
	for p.Split = splitOf(len(w.rows)); ; p.Split++ {
		if parts, err = w.parts(p); err != nil {
			return p, nil, fmt.Errorf("point of %s: %w", p.Time(), err)
		}
		isLarge := func(part []byte) bool { return len(part) > maxPartBytes }
		if p.Split == maxSplit || !slices.ContainsFunc(parts, isLarge) {
			return p, parts, nil
		}
	}
}

func (w *PointWriter) parts(p Point) (parts [][]byte, err error) {
	for part := range p.Parts() {
		data, err := encodePart(p, within(p, part, w.rows, sampled.hashed))
		if err != nil {
			return nil, err
		}
		parts = append(parts, data)
	}
	return parts, nil
}

// within returns those of list, which is by rising hashes, that are in a part of p.
func within[E any](p Point, part int, list []E, hash func(E) uint64) []E {
	from := func(part int) int {
		i, _ := slices.BinarySearchFunc(list, part, func(x E, part int) int { return cmp.Compare(p.part(hash(x)), part) })
		return i
	}
	return list[from(part):from(part+1)]
}

// hashBits of a hash stand for a mint: the first of them for its part, the others for it in there.
const hashBits = 42

// hash stands for a mint. Nobody can make a mint that is taken for another's, for nobody knows the salt.
func (p Point) hash(x id) uint64 {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, p.Salt), x.raw...))
	return binary.BigEndian.Uint64(sum[:]) >> (64 - hashBits)
}

// part returns the number of the part that a hash is in.
func (p Point) part(hash uint64) int { return int(hash >> (hashBits - p.Split)) }

// mark stands for a hash in its part, and unmark reverses it.
func (p Point) mark(hash uint64) uint64 { return hash & (1<<(hashBits-p.Split) - 1) }

func (p Point) unmark(part int, mark uint64) uint64 { return uint64(part)<<(hashBits-p.Split) | mark }

// distinct drops rows that share their mark, for none can be told from the other: once in a million points.
func (p Point) distinct(rows []sampled) (kept []sampled) {
	for i := 0; i < len(rows); {
		end := i + 1
		for end < len(rows) && p.mark(rows[end].hash) == p.mark(rows[i].hash) {
			end++
		}
		if end == i+1 {
			kept = append(kept, rows[i])
		}
		i = end
	}
	return kept
}

// pointFamily stands in the head of parts, where chunks have their family.
const pointFamily family = 'p'

// encodePart returns the rows: marks in rising order, columns, and a check sum.
func encodePart(p Point, rows []sampled) ([]byte, error) {
	o := output{plain: binary.AppendVarint(nil, p.At)}
	rows = p.distinct(rows)
	marks := make([]uint64, len(rows))
	for i := range rows {
		marks[i] = p.mark(rows[i].hash)
	}
	o.marks(marks)
	writers := make([]writer, len(sampleFields))
	for i := range writers {
		writers[i].f = &sampleFields[i]
	}
	for i := range rows {
		t := tok{Pools: make([]pool, 1)}
		s := sampleFrom(rows[i].values[:])
		s.spread(&t, &t.Pools[0])
		for k := range writers {
			writers[k].add(&t, 0)
		}
	}
	for k := range writers {
		writers[k].append(&o)
	}
	data, err := o.compress(pointFamily)
	return append(data, checkSum(data)...), err
}

// marks writes marks in rising order.
func (o *output) marks(marks []uint64) {
	o.plain = binary.AppendUvarint(o.plain, uint64(len(marks)))
	steps, last := make([]int64, len(marks)), uint64(0)
	for i, m := range marks {
		steps[i], last = int64(m-last), m
	}
	o.packed(steps)
}

// A Part is the samples of some tokens at one point. It is safe for concurrent use.
type Part struct {
	point   Point
	marks   []uint64
	columns []column
}

// ReadPart decodes a part of p. Its errors wrap ErrFormat or ErrCorrupt.
func ReadPart(p Point, data []byte) (*Part, error) {
	x := &Part{point: p}
	if err := x.decode(data); err != nil {
		return nil, fmt.Errorf("point of %s: %w", p.Time(), err)
	}
	return x, nil
}

func (x *Part) decode(data []byte) error {
	r, err := unseal(pointFamily, data)
	if err != nil {
		return err
	}
	if at := r.varint(); at != x.point.At {
		return fmt.Errorf("%w: it is of %d", ErrCorrupt, at)
	}
	x.marks = r.marks(x.point)
	for i := range sampleFields {
		x.columns = append(x.columns, r.column(&sampleFields[i], len(x.marks)))
	}
	if left := len(r.rest) + len(r.random); r.bad || left > 0 {
		return fmt.Errorf("%w: %d bytes too many", ErrCorrupt, left)
	}
	return nil
}

// unseal checks the sum behind data and returns what it is of.
func unseal(of family, data []byte) (input, error) {
	if !hasCheck(data) {
		return input{}, fmt.Errorf("%w: its check sum is another", ErrCorrupt)
	}
	return inflate(of, data[:len(data)-checkBytes])
}

// marks reads the marks of a part of p, in rising order.
func (r *input) marks(p Point) (marks []uint64) {
	n := r.count(maxChunkRows)
	steps, last := r.packed(n), uint64(0)
	for i := 0; i < n && !r.bad; i++ {
		step := steps.at(i)
		if next := last + uint64(step); step < 0 || step == 0 && i > 0 || p.mark(next) != next {
			r.bad = true
		} else {
			marks, last = append(marks, next), next
		}
	}
	return marks
}

// Len returns how many samples x has.
func (x *Part) Len() int { return len(x.marks) }

// PartOf returns the number of the part with a mint's sample.
func (p Point) PartOf(mint string) int { return p.part(p.hash(idOf(mint))) }

func (x *Part) find(hash uint64) (row int, ok bool) {
	return slices.BinarySearch(x.marks, x.point.mark(hash))
}

func (x *Part) sample(i int) (s Sample) {
	for k, a := range x.amounts(i) {
		*s.numbers()[k] = a.Number()
	}
	return s
}

func (x *Part) amounts(row int) (list amounts) {
	for k := range sampleFields {
		c := &x.columns[k]
		switch kind, at := c.at(row); {
		case kind == zero:
			list[k] = token.NewAmount(0, 0)
		case kind == cell && sampleFields[k].form == word:
			list[k] = c.more.amounts[c.more.ints.at(at)]
		case kind == cell:
			list[k] = token.NewAmount(c.more.ints.at(at), int(c.more.exps.at(at)))
		case kind == free:
			list[k] = num(c.more.heap.at(at, new(arena))).Amount()
		case kind >= firstDerived: // of which there is one
			list[k] = inShort(list[samplePrice], list[sampleQuoteUSD])
		}
	}
	return list
}
