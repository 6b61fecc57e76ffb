package token

import "math"

// Written is what a run remembers of a token's item, so that it can tell without reading it when to write it again. It
// changes only when the item is written.
type Written struct {
	Hour  int64    // Unix hours of its updated_at; 0 when there is no item, or one of another content in kind
	Steps [4]uint8 // its price, market cap, TVL and 24 h volume: logarithms in steps of a per cent, which begin again after 253
}

// Amounts drift with the price of what they are measured in, each minute. An item is written again when one of them is
// some five per cent from what it says, or when it is a day old.
const (
	step      = 1.01
	maxSteps  = 5
	rounds    = 254
	maxHours  = 24
	hourMS    = 60 * 60 * 1000
	stepZero  = 1 // 0 is unknown
	firstStep = 2
)

// WriteMark returns what to remember of t's item once it is written.
func (t *Token) WriteMark() Written {
	return Written{Hour: t.UpdatedAt / hourMS, Steps: [4]uint8{
		steps(t.PriceUSD), steps(t.MarketCapUSD), steps(t.TVLUSD), steps(t.VolumeUSD[Day]),
	}}
}

// Stale reports whether t's item, of which t.Written is remembered, is too far from t to stay as it is.
func (t *Token) Stale() bool {
	now, item := t.WriteMark(), t.Written
	if item.Hour == 0 || now.Hour-item.Hour >= maxHours {
		return true
	}
	for i := range now.Steps {
		if far(now.Steps[i], item.Steps[i]) {
			return true
		}
	}
	return false
}

func steps(n Number) uint8 {
	v := math.Abs(n.Float64())
	switch {
	case n == "":
		return 0
	case v == 0:
		return stepZero
	}
	m := int(math.Floor(math.Log(v)/math.Log(step))) % rounds
	return uint8(firstStep + (m+rounds)%rounds)
}

func far(a, b uint8) bool {
	if a < firstStep || b < firstStep {
		return a != b
	}
	d := (int(a) - int(b) + rounds) % rounds
	return min(d, rounds-d) >= maxSteps
}
