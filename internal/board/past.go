package board

import (
	"errors"
	"slices"
	"time"

	"tokensync/internal/token"
)

// spans are how far back token.SpanNames look.
var spans = func() (list [len(token.SpanNames)]time.Duration) {
	for i, name := range token.SpanNames {
		list[i], _ = time.ParseDuration(name) // they are durations
	}
	return list
}()

// changeSpans and windowSpans are the places in spans of what is named so.
var (
	changeSpans = placesOf(token.ChangeNames[:])
	windowSpans = placesOf(token.WindowNames[:])
)

func placesOf(names []string) []int {
	places := make([]int, len(names))
	for i, name := range names {
		places[i] = slices.Index(token.SpanNames[:], name)
	}
	return places
}

// past is what a reader knows of its tokens at earlier times. It never changes.
type past struct {
	references [len(spans)]*reference // some are the same
	isYoung    [len(spans)]bool       // the reference is younger than the span, for it is the oldest
	quotes     map[string]string      // quote mints by config
}

// A reference is what one point says, and what has come since, each list in the board's order.
type reference struct {
	point  Point
	needs  needs
	prices prices // in dollars, at the point
	traded counters
}

// needs are what is asked of a reference.
type needs struct{ prices, volume, fees bool }

func (n needs) with(m needs) needs {
	return needs{n.prices || m.prices, n.volume || m.volume, n.fees || m.fees}
}

// counters reports which of them are wanted.
func (n needs) counters() [len(counters{})]bool { return [...]bool{n.volume, n.fees, n.fees} }

// counters are by how much those of curves have grown since a point, in whole tokens: volume, fees in the quote, fees in
// the token itself. Most tokens sleep.
type counters [3]sparse

// Recall gives b the points that its changes and windows are counted from. It must be called before b is shared; without
// it they are unknown. What previous, which may be nil, has of them is taken from there; fetch is called at most once, for
// the other parts, and leaves out those that it does not find. With an error, what could not be had is previous's, or unknown.
func (b *Board) Recall(ps Points, previous *Board, fetch Fetch) error {
	p, c := &past{}, carrier{board: b}
	if previous != nil && previous.past != nil {
		c.previous, c.order = previous, b.reorderOf(previous)
		c.gain()
		p.quotes = previous.past.quotes
	}
	var missing []*reference
	for _, r := range p.choose(ps, b.SyncedAt()) {
		if !c.carry(r) {
			missing = append(missing, r)
		}
	}
	err := b.load(missing, fetch)
	for k, r := range p.references {
		if r != nil && r.needs == (needs{}) { // it could not be loaded
			p.references[k] = c.older(k)
		}
	}
	p.learnQuotes(b)
	b.points, b.past = ps, p
	return err
}

// Points returns what b was recalled with. It must not be changed.
func (b *Board) Points() Points { return b.points }

// choose returns the points that the spans are counted from, each once. Where none is as old as the span, the oldest tells
// what a window has had so far.
func (p *past) choose(ps Points, now time.Time) (chosen []*reference) {
	for k, span := range spans {
		need := needs{
			prices: slices.Contains(changeSpans, k), volume: slices.Contains(windowSpans, k), fees: k == windowSpans[token.Day],
		}
		at, ok := ps.reference(now, span)
		if !ok && len(ps) > 0 && now.Sub(ps[0].Time()) < span {
			at, ok, need.prices, p.isYoung[k] = ps[0], true, false, true
		}
		if !ok || need == (needs{}) {
			continue
		}
		i := slices.IndexFunc(chosen, func(r *reference) bool { return r.point.At == at.At })
		if i < 0 {
			i, chosen = len(chosen), append(chosen, &reference{point: at})
		}
		chosen[i].needs = chosen[i].needs.with(need)
		p.references[k] = chosen[i]
	}
	return chosen
}

// Refer sets m's Moved. Its board is recalled with points, the one before it was with others. SyncedAt must be set.
func (m *Manifest) Refer(points Points, before *Manifest, others Points) {
	m.Moved = before.Moved
	if points.referred(m.SyncedAt) != others.referred(before.SyncedAt) {
		m.Moved = m.SyncedAt
	}
}

// A referral is what a span is counted from.
type referral struct {
	point   int64 // Unix seconds; 0 is none
	isYoung bool
}

// referred returns that of each span at a time in Unix milliseconds. Rows depend on nothing else of the past.
func (ps Points) referred(now int64) (list [len(spans)]referral) {
	var p past
	p.choose(ps, time.UnixMilli(now))
	for k, r := range p.references {
		if r != nil {
			list[k] = referral{r.point.At, p.isYoung[k]}
		}
	}
	return list
}

// Wanted returns the parts that Recall fetches for a reader's first board, for those who read them along with its chunks.
func (ps Points) Wanted(syncedAt time.Time) []PartKey { return keysOf(new(past).choose(ps, syncedAt)) }

func keysOf(references []*reference) (keys []PartKey) {
	for _, r := range references {
		for part := range r.point.Parts() {
			keys = append(keys, source{Point: r.point}.key(part))
		}
	}
	return keys
}

// load fetches references. One that lacks a part needs nothing any more.
func (b *Board) load(references []*reference, fetch Fetch) error {
	keys := keysOf(references)
	if len(keys) == 0 {
		return nil
	}
	data, err := fetch(keys)
	failed, totals := []error{err}, b.curveTotals()
	for _, r := range references {
		if err := r.fill(b, totals, data); err != nil {
			failed, *r = append(failed, err), reference{}
		}
	}
	return errors.Join(failed...)
}

// fill makes r of its parts.
func (r *reference) fill(b *Board, totals []total, data map[PartKey][]byte) error {
	parts := make([]*Part, r.point.Parts())
	for i := range parts {
		var err error
		if parts[i], err = (source{Point: r.point}).point(i, data); err != nil {
			return err
		}
	}
	if r.needs.prices {
		r.prices = newPrices(b.Len())
	}
	grown := grownOf(b.Len(), r.needs)
	for i := range b.Len() {
		var s amounts
		hash := r.point.hash(b.id(i))
		part := parts[r.point.part(hash)]
		row, ok := part.find(hash)
		if ok {
			s = part.amounts(row)
		}
		if price := s[samplePriceUSD]; r.needs.prices && price.Known() {
			r.prices[i] = float32(price.Float64())
		}
		for k, v := range totals[i].since(r.point, &s) {
			if grown[k] != nil {
				grown[k][i] = v
			}
		}
	}
	r.traded = sparseOf(&grown)
	return nil
}
