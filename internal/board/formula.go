package board

import (
	"math"

	"tokensync/internal/token"
)

// An operation is how a value follows from others.
type operation uint8

const (
	byText   operation = iota // as a function of texts tells
	absent                    // it is unknown
	copied                    // the first value
	opening                   // the first value of the first pool
	first                     // the first value of the first pool that has one
	leading                   // the first value of the first pool that has the second
	product                   // of two values
	quotient                  // likewise
	summed                    // the first value of all pools together
)

// A formula tells a value from those of other fields.
type formula struct {
	operation operation
	names     []string // of the fields
	fields    [2]*field
}

// values are where formulas find what they take: in the columns of a board, or in a token.
type values interface {
	amount(f *field, pool int) token.Amount
	text(f *field, pool int) string
	poolCount() int
}

// selects reports whether the value is another field's, as it is.
func (m *formula) selects() bool { return m.operation >= copied && m.operation <= leading }

// pool returns the number of the pool whose value is selected for one of the pool j; -1 when there is no such pool.
func (m *formula) pool(x values, j int) int {
	switch m.operation {
	case copied:
		return j
	case opening:
		return min(0, x.poolCount()-1)
	case first, leading:
		decides := m.fields[0]
		if m.operation == leading {
			decides = m.fields[1]
		}
		for i := range x.poolCount() {
			if x.amount(decides, i).Known() {
				return i
			}
		}
	case byText, absent, product, quotient, summed:
	}
	return -1
}

// text returns the value for the pool j, of those that are selected.
func (m *formula) text(x values, j int) string {
	if i := m.pool(x, j); i >= 0 {
		return x.text(m.fields[0], i)
	}
	return ""
}

// amount returns the number for the pool j.
func (m *formula) amount(x values, j int) (a token.Amount) {
	switch m.operation {
	case product:
		return x.amount(m.fields[0], j).Mul(x.amount(m.fields[1], j))
	case quotient:
		return x.amount(m.fields[0], j).Quo(x.amount(m.fields[1], j))
	case summed:
		for i := range x.poolCount() {
			a = a.Add(x.amount(m.fields[0], i))
		}
	case first:
		for i := 0; i < x.poolCount() && !a.Known(); i++ {
			a = x.amount(m.fields[0], i)
		}
	case copied, opening, leading:
		if i := m.pool(x, j); i >= 0 {
			return x.amount(m.fields[0], i)
		}
	case absent:
	case byText:
		panic("board: a number is told by texts alone") // a test finds such fields
	}
	return a
}

// is reports whether the value for the pool j is v.
func (m *formula) is(v string, x values, j int) bool {
	if m.selects() {
		return m.text(x, j) == v
	}
	return m.amount(x, j).Is(num(v))
}

// A guess is a number that a field's values mostly lie near.
type guess struct {
	names  []string // of the fields that it is told from
	fields [3]*field
	of     func(v [3]float64) float64 // of their values
}

// at returns the guess for the pool j.
func (g *guess) at(x values, j int) float64 {
	var v [len(g.fields)]float64
	for i := range g.names {
		v[i] = x.amount(g.fields[i], j).Float64()
	}
	return g.of(v)
}

// maxGuess keeps distances from a guess within an int64.
const maxGuess = 1 << 62

// inUnits returns v in units of ten to the exponent, or 0 where that is out of bounds.
func inUnits(v float64, exponent int) int64 {
	if v = math.Round(v / math.Pow10(exponent)); math.Abs(v) < maxGuess {
		return int64(v)
	}
	return 0
}

// link finds the fields that l's formulas and guesses name.
func (l *layout) link() {
	named := map[string]*field{}
	for _, list := range l.lists() {
		for i := range list {
			named[list[i].name] = &list[i]
		}
	}
	find := func(names []string, fields []*field) {
		for i, name := range names {
			if fields[i] = named[name]; fields[i] == nil {
				panic("board: no field is called " + name)
			}
		}
	}
	for _, f := range named {
		for i := range f.follows {
			m := &f.follows[i].formula
			find(m.names, m.fields[:])
		}
		if f.near != nil {
			find(f.near.names, f.near.fields[:])
		}
	}
}

// ofToken are a token's values.
type ofToken struct{ *tok }

func (x ofToken) poolCount() int { return len(x.Pools) }

func (x ofToken) amount(f *field, pool int) token.Amount { return num(x.text(f, pool)).Amount() }

func (x ofToken) text(f *field, pool int) string {
	if !f.pooled {
		return f.text(x.tok, nil)
	}
	return f.text(x.tok, &x.Pools[pool])
}
