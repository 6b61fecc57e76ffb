package board

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// A stretch is what some tokens were at some times.
type stretch struct {
	times  []int64 // rising Unix seconds
	tracks []track // by rising hashes
	// Of a short roll: it begins with the last time of the long one, and a token that it lacks is as it was then, but for what its quote is
	// worth. Each of quotes tells that at all times.
	isShort bool
	quotes  [][]nine
}

// A track is what one token was at each time of a stretch.
type track struct {
	hash   uint64
	values []shown
}

func (t track) hashed() uint64 { return t.hash }

// shown are the numbers of a sample that charts show: its first ones.
type shown [firstCounter + 1]nine

// join puts next, which is later, behind s.
func (s *stretch) join(next *stretch) {
	n, m, x, y := len(s.times), len(next.times), s.tracks, next.tracks
	s.times = append(s.times, next.times...)
	s.tracks = make([]track, 0, max(len(x), len(y)))
	nothing := make([]shown, m)
	for len(x)+len(y) > 0 {
		t, more := track{hash: min(head(x), head(y))}, nothing
		if head(x) == t.hash {
			t, x = x[0], x[1:]
		} else {
			t.values = make([]shown, n, n+m)
		}
		if head(y) == t.hash {
			more, y = y[0].values, y[1:]
		}
		t.values = append(t.values, more...)
		s.tracks = append(s.tracks, t)
	}
}

func head(tracks []track) uint64 {
	if len(tracks) == 0 {
		return math.MaxUint64
	}
	return tracks[0].hash
}

// wake adds the tokens that a short roll has left out, which are those before it, and takes the time away that both have. It is an error
// when they do not follow one another.
func (s *stretch) wake(times []int64, before []track) error {
	if !s.isShort {
		return nil
	}
	last, woken := len(times)-1, s.tracks
	if last < 0 || times[last] != s.times[0] {
		return fmt.Errorf("%w: a short roll without what it follows", ErrCorrupt)
	}
	for _, t := range before {
		if _, isThere := s.find(t.hash); isThere {
			continue
		}
		if values := s.asleep(t.values[last]); values != nil {
			woken = append(woken, track{t.hash, values})
		}
	}
	slices.SortFunc(woken, func(x, y track) int { return cmp.Compare(x.hash, y.hash) })
	s.tracks = woken
	s.drop(func(at int64) bool { return at == s.times[0] })
	s.isShort, s.quotes = false, nil
	return nil
}

// asleep returns what a token that is v at the first time is at each when it is not traded; nil when that is not known.
func (s *stretch) asleep(v shown) (values []shown) {
	for _, quote := range s.quotes {
		if quote[0] != v[sampleQuoteUSD] || v == (shown{}) {
			continue
		}
		values = make([]shown, 0, len(quote))
		for _, worth := range quote {
			v[sampleQuoteUSD] = worth
			values = append(values, v)
		}
		return values
	}
	return nil
}

// sleepers sets quotes to what tokens that sleep have, the first of those that begin alike, and returns the tracks that do not follow
// from them.
func (s *stretch) sleepers(tracks []track) (awake []track) {
	s.quotes = nil
	for _, t := range tracks {
		values := s.asleep(t.values[0])
		if values == nil && t.isAsleep() {
			quote := make([]nine, len(t.values))
			for i := range quote {
				quote[i] = t.values[i][sampleQuoteUSD]
			}
			s.quotes = append(s.quotes, quote)
		} else if !slices.Equal(values, t.values) {
			awake = append(awake, t)
		}
	}
	return awake
}

// isAsleep reports whether nothing but what its quote is worth has moved.
func (t *track) isAsleep() bool {
	first := t.values[0]
	return first != shown{} && !slices.ContainsFunc(t.values, func(v shown) bool {
		v[sampleQuoteUSD] = first[sampleQuoteUSD]
		return v != first
	})
}

// keep drops the times that are not in points, and tokens that nothing is left of.
func (s *stretch) keep(points Points) {
	s.drop(func(at int64) bool {
		return !slices.ContainsFunc(points, func(p Point) bool { return p.At == at })
	})
	s.tracks = slices.DeleteFunc(s.tracks, func(t track) bool {
		return !slices.ContainsFunc(t.values, func(v shown) bool { return v != shown{} })
	})
}

// drop drops times.
func (s *stretch) drop(isGone func(at int64) bool) {
	var kept []int
	for i, at := range s.times {
		if !isGone(at) {
			kept = append(kept, i)
		}
	}
	s.times = pick(s.times, kept)
	for i := range s.tracks {
		s.tracks[i].values = pick(s.tracks[i].values, kept)
	}
}

func pick[T any](values []T, places []int) []T {
	picked := make([]T, len(places))
	for i, k := range places {
		picked[i] = values[k]
	}
	return picked
}

// only drops all tokens but one.
func (s *stretch) only(hash uint64) {
	i, ok := s.find(hash)
	if s.tracks = s.tracks[i:]; ok {
		s.tracks = s.tracks[:1]
	} else {
		s.tracks = nil
	}
}

func (s *stretch) find(hash uint64) (i int, ok bool) {
	return slices.BinarySearchFunc(s.tracks, hash, func(t track, hash uint64) int { return cmp.Compare(t.hash, hash) })
}

// samples returns what s, which has one token at most, has at points.
func (s *stretch) samples(points Points) []Sample {
	samples := make([]Sample, len(points))
	for i, p := range points {
		if k, ok := slices.BinarySearch(s.times, p.At); ok && len(s.tracks) > 0 {
			samples[i] = sampleFrom(s.tracks[0].values[k][:])
		}
	}
	return samples
}

// stretch returns what n rows of x, a part of its point, have.
func (x *Part) stretch(part, row, n int) stretch {
	s := stretch{times: []int64{x.point.At}, tracks: make([]track, n)}
	for i := range s.tracks {
		sample := x.sample(row + i)
		v := sample.short()
		if kind, _ := x.columns[samplePriceUSD].at(row + i); kind >= firstDerived {
			v[samplePriceUSD] = nine{isDerived: true}
		}
		s.tracks[i] = track{x.point.unmark(part, x.marks[row+i]), []shown{shown(v[:firstCounter+1])}}
	}
	return s
}

// rollFamily stands in the head of parts of rolls.
const rollFamily family = 'r'

// encode returns the parts of a roll that are on a shelf; false when one of them is larger than most.
func (s *stretch) encode(roll, shelves Point, shelf, most int) (parts [][]byte, fits bool, err error) {
	n := int(roll.Split - shelves.Split)
	for part := shelf << n; part < (shelf+1)<<n; part++ {
		data, raw, err := s.encodePart(roll, within(roll, part, s.tracks, track.hashed))
		if err != nil || roll.Split < maxSplit && (len(data) > most || raw > maxRollRaw) {
			return nil, false, err
		}
		parts = append(parts, data)
	}
	return parts, true, nil
}

// encodePart returns tracks, and how many bytes they were before they were compressed: the times, what quotes are worth, the marks, each
// column token by token, and a check sum.
func (s *stretch) encodePart(roll Point, tracks []track) (data []byte, raw int, err error) {
	o := output{plain: binary.AppendUvarint(nil, uint64(len(s.times)))}
	last := int64(0)
	for _, at := range s.times {
		o.plain, last = binary.AppendVarint(o.plain, at-last), at
	}
	o.plain = append(o.plain, byte(toInt(s.isShort)))
	if s.isShort {
		tracks = s.sleepers(tracks)
		o.plain = binary.AppendUvarint(o.plain, uint64(len(s.quotes)))
		for _, quote := range s.quotes {
			o.nines(len(quote), func(i int) nine { return quote[i] })
		}
	}
	marks := make([]uint64, len(tracks))
	for i := range tracks {
		marks[i] = roll.mark(tracks[i].hash)
	}
	o.marks(marks)
	for k := range len(shown{}) {
		for _, t := range tracks {
			o.nines(len(t.values), func(i int) nine { return t.values[i][k] })
		}
	}
	data, err = o.compress(rollFamily)
	return append(data, checkSum(data)...), len(o.plain), err
}

func (o *output) nines(n int, at func(i int) nine) {
	before := nine{}
	for i := range n {
		v := at(i)
		o.plain, before = v.append(o.plain, before), v
	}
}

// What stands before a number in a roll.
const (
	nineAsBefore = iota // it is the one before
	nineUnknown
	nineDerived // from the price and the quote's
	nineLiteral // exponent and mantissa follow
	nineMoved   // the mantissa's distance from the one before follows
)

func (v nine) append(b []byte, before nine) []byte {
	switch {
	case v == before:
		return append(b, nineAsBefore)
	case v == nine{}:
		return append(b, nineUnknown)
	case v.isDerived:
		return append(b, nineDerived)
	case before.known && v.exponent == before.exponent:
		return binary.AppendVarint(append(b, nineMoved), int64(v.mantissa)-int64(before.mantissa))
	}
	return binary.AppendVarint(binary.AppendVarint(append(b, nineLiteral), int64(v.exponent)), int64(v.mantissa))
}

func (r *input) nine(before nine) nine {
	switch r.byte() {
	case nineAsBefore:
		return before
	case nineUnknown:
		return nine{}
	case nineDerived:
		return nine{isDerived: true}
	case nineLiteral:
		exponent := r.varint()
		return r.newNine(r.varint(), exponent)
	case nineMoved:
		return r.newNine(int64(before.mantissa)+r.varint(), int64(before.exponent))
	}
	r.bad = true
	return nine{}
}

func (r *input) newNine(mantissa, exponent int64) nine {
	v := nine{mantissa: int32(mantissa), exponent: int16(exponent), known: true}
	r.bad = r.bad || int64(v.mantissa) != mantissa || int64(v.exponent) != exponent
	return v
}

// readRoll decodes a part of a roll. Its errors wrap ErrFormat or ErrCorrupt.
func readRoll(roll Point, part int, data []byte) (s stretch, err error) {
	r, err := unseal(rollFamily, data)
	if err != nil {
		return s, fmt.Errorf("roll of %s: %w", roll.Time(), err)
	}
	s.times = r.times()
	if s.isShort = r.byte() == 1; s.isShort {
		s.quotes = make([][]nine, r.count(len(r.rest)/max(1, len(s.times))))
		for k := range s.quotes {
			s.quotes[k] = make([]nine, len(s.times))
			r.nines(len(s.times), func(i int, v nine) { s.quotes[k][i] = v })
		}
	}
	marks := r.marks(roll)
	if r.bad || len(s.times) == 0 || s.times[len(s.times)-1] != roll.At || len(marks)*len(s.times)*len(shown{}) > len(r.rest) {
		return stretch{}, fmt.Errorf("roll of %s: %w: its head", roll.Time(), ErrCorrupt)
	}
	values := make([]shown, len(marks)*len(s.times))
	for i, mark := range marks {
		s.tracks = append(s.tracks, track{roll.unmark(part, mark), slices.Clip(values[i*len(s.times) : (i+1)*len(s.times)])})
	}
	for k := range len(shown{}) {
		for _, t := range s.tracks {
			r.nines(len(s.times), func(i int, v nine) { t.values[i][k] = v })
		}
	}
	if left := len(r.rest) + len(r.random); r.bad || left > 0 {
		return stretch{}, fmt.Errorf("roll of %s: %w: %d bytes too many", roll.Time(), ErrCorrupt, left)
	}
	return s, nil
}

func (r *input) times() []int64 {
	times, last := make([]int64, r.count(maxPoints)), int64(0)
	for i := range times {
		step := r.varint()
		r.bad = r.bad || i > 0 && step <= 0
		last += step
		times[i] = last
	}
	return times
}

func (r *input) nines(n int, set func(i int, v nine)) {
	before := nine{}
	for i := range n {
		before = r.nine(before)
		set(i, before)
	}
}
