package board

import (
	"maps"
	"math"

	"tokensync/internal/token"
)

// A total is what the counters of a token's curve stand at.
type total struct {
	stage   token.Stage
	created int64                    // Unix milliseconds; 0 when it is not known for sure
	values  [len(counters{})]float64 // not a number where it is unknown
}

// counterFields are what the values of a total are.
var counterFields = [...]*field{headField("curve earned volume"), headField("curve earned quote"), headField("curve earned base")}

// total reads that of the token i.
func (r *reader) total(i int) total {
	r.i = i
	now := total{stage: token.Stage(r.text(stageField, 0))}
	if created := r.int(createdField); created < r.int(firstSeenField) {
		now.created = created
	}
	for k, a := range r.counters(i) {
		now.values[k] = orNaN(a.Round(sampleDigits))
	}
	return now
}

// counters reads those of the token i as they stand.
func (r *reader) counters(i int) (list [len(counters{})]token.Amount) {
	r.i = i
	for k, f := range counterFields {
		list[k] = r.amount(f, 0)
	}
	return list
}

// orNaN returns a as a float64, which is not a number where a is unknown.
func orNaN(a token.Amount) float64 {
	if !a.Known() {
		return math.NaN()
	}
	return a.Float64()
}

// curveTotals returns those of all tokens.
func (b *Board) curveTotals() []total {
	r, list := b.sweeping(), make([]total, b.Len())
	for i := range list {
		list[i] = r.total(i)
	}
	return list
}

// since returns what counters have grown by since a point that has s of the token: all that they stand at, when it was made
// later. It is below 0 where a counter went back, and not a number where nothing is known of a curve; a graduate that was one
// already has gained nothing on its curve.
func (now *total) since(p Point, s *amounts) (grown [len(counters{})]float64) {
	if now.stage == "" {
		return grown
	}
	for k, was := range s[firstCounter:] {
		switch {
		case was.Known():
			grown[k] = now.values[k] - was.Float64()
		case now.created > p.At*1000:
			grown[k] = now.values[k]
		case now.stage != token.Graduated || *s == amounts{}:
			grown[k] = math.NaN()
		}
	}
	return grown
}

// A carrier takes what is known of the board before to the next one.
type carrier struct {
	board, previous *Board // previous is nil when it knows nothing
	order           reorder
	gains           []gain
}

// A gain is what counters have come to from one board to the next.
type gain struct {
	token int
	isNew bool
	now   total
	was   [len(counters{})]float64
}

// gain compares the totals of chunks that are new.
func (c *carrier) gain() {
	r, before := reader{board: c.board}, reader{board: c.previous}
	for n, chunk := range c.board.chunks[earningsFamily] {
		first := int(c.board.starts[earningsFamily][n])
		if c.isSame(chunk, first) {
			continue
		}
		for i := first; i < first+chunk.tokens; i++ {
			from := c.order.at(i)
			if from >= 0 && r.counters(i) == before.counters(from) {
				continue // most sleep
			}
			g := gain{token: i, isNew: from < 0, now: r.total(i)}
			if !g.isNew {
				g.was = before.total(from).values
			}
			if g.isNew || g.now.stage != "" && g.was != g.now.values {
				c.gains = append(c.gains, g)
			}
		}
	}
}

// isSame reports whether a chunk of earnings is of the same tokens on the board before. Those that sleep look all the same.
func (c *carrier) isSame(of *chunk, first int) bool {
	for n, old := range c.previous.chunks[earningsFamily] {
		start := int(c.previous.starts[earningsFamily][n])
		if old == of && c.order.at(first) == start && c.order.at(first+of.tokens-1) == start+of.tokens-1 {
			return true
		}
	}
	return false
}

// carry sets r to what the board before has of its point, if that is enough.
func (c *carrier) carry(r *reference) bool {
	if c.previous == nil {
		return false
	}
	for _, old := range c.previous.past.references {
		if old != nil && old.point.At == r.point.At && old.needs.with(r.needs) == old.needs {
			*r = *c.carried(old)
			return true
		}
	}
	return false
}

// older returns what stood in for a span on the board before, unless that is too old by now.
func (c *carrier) older(k int) *reference {
	if c.previous == nil || c.previous.past.references[k] == nil {
		return nil
	}
	old := c.previous.past.references[k]
	if _, ok := (Points{old.point}).reference(c.board.SyncedAt(), spans[k]); !ok {
		return nil
	}
	return c.carried(old)
}

func (c *carrier) carried(old *reference) *reference {
	if c.order.same && len(c.gains) == 0 {
		return old
	}
	next := *old
	next.prices = c.order.moved(old.prices)
	grown := grownOf(c.board.Len(), old.needs)
	for k := range grown {
		for i := range grown[k] {
			if from := c.order.at(i); from >= 0 {
				grown[k][i] = old.traded[k].at(from)
			}
		}
	}
	for _, g := range c.gains {
		since := g.now.since(old.point, &amounts{})
		for k := range grown {
			switch {
			case grown[k] == nil:
			case g.isNew:
				grown[k][g.token] = since[k]
			case !math.IsNaN(g.now.values[k]) || !math.IsNaN(g.was[k]): // what was and is unknown tells nothing new
				grown[k][g.token] += g.now.values[k] - g.was[k]
			}
		}
	}
	next.traded = sparseOf(&grown)
	return &next
}

// grownOf has room for what is wanted.
func grownOf(n int, wanted needs) (grown [len(counters{})]floats) {
	for k, is := range wanted.counters() {
		if is {
			grown[k] = make(floats, n)
		}
	}
	return grown
}

func sparseOf(grown *[len(counters{})]floats) (c counters) {
	for k := range grown {
		c[k] = grown[k].sparse()
	}
	return c
}

// learnQuotes finds the quotes of configs that are new: a config has one for ever.
func (p *past) learnQuotes(b *Board) {
	r, learned, last := reader{board: b}, map[string]string{}, ""
	for i := range b.Len() {
		r.i = i
		config := r.text(configField, 0)
		if config == last || p.quotes[config] != "" || learned[config] != "" {
			continue // most have the same
		}
		var whole tok
		r.token(i, b.layout(), &whole)
		for j := range whole.Pools {
			if whole.Pools[j].Address == whole.CurvePool {
				learned[config], last = whole.Pools[j].QuoteMint, config
			}
		}
	}
	if len(learned) == 0 {
		return
	}
	maps.Copy(learned, p.quotes) // others may read the old map
	p.quotes = learned
}
