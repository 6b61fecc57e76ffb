package board

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"
	"time"
)

// A Grid is how coarse a series is that a point stands in. A point of a coarse grid stands in the finer ones too.
type Grid uint8

// The grids, finest first. A point is of the coarsest one whose period has none yet.
const (
	FiveMinutes Grid = iota
	HalfHour
	SixHours
	Day
	grids
)

// Of each grid: its period, and how long its points are kept.
var gridTimes = [grids]struct{ step, life time.Duration }{
	FiveMinutes: {5 * time.Minute, 7 * time.Hour},
	HalfHour:    {30 * time.Minute, 26 * time.Hour},
	SixHours:    {6 * time.Hour, 8 * 24 * time.Hour},
	Day:         {24 * time.Hour, 32 * 24 * time.Hour},
}

// Step returns the period of g, which begins at a multiple of it since the Unix epoch.
func (g Grid) Step() time.Duration { return gridTimes[g].step }

// Life returns how long a point of g is kept.
func (g Grid) Life() time.Duration { return gridTimes[g].life }

func (g Grid) period(at int64) int64 { return at / int64(g.Step()/time.Second) }

// A Point names what a run kept of all tokens: their prices and counters at one time. It is written once and never changed.
type Point struct {
	At    int64 // Unix seconds at which the run began
	Grid  Grid
	Split uint8  // it has 1<<Split parts, by mint
	Salt  uint64 // of the hashes that stand for mints; no stranger knows it
}

// Time returns At.
func (p Point) Time() time.Time { return time.Unix(p.At, 0).UTC() }

// Parts returns how many parts p has.
func (p Point) Parts() int { return 1 << p.Split }

// Points lists the points that are kept, oldest first.
type Points []Point

// Next returns the point that a run has to write which began at a time; false when there is one of its five minutes. It has
// the salt of those before it, by which mints are in the same order in all of them.
func (ps Points) Next(began time.Time) (Point, bool) {
	at := began.Unix()
	for g := Day; ; g-- {
		isThere := func(p Point) bool { return p.Grid >= g && p.At <= at && g.period(p.At) == g.period(at) }
		if !slices.ContainsFunc(ps, isThere) {
			return Point{At: at, Grid: g, Salt: ps.salt()}, true
		}
		if g == FiveMinutes {
			return Point{}, false
		}
	}
}

func (ps Points) salt() uint64 {
	if len(ps) > 0 {
		return ps[len(ps)-1].Salt
	}
	return rand.Uint64()
}

// With returns ps and p behind them, without those whose time is over. One from the future is a clock's fault, and goes.
func (ps Points) With(p Point) Points {
	kept := make(Points, 0, len(ps)+1)
	for _, old := range ps {
		if age := p.Time().Sub(old.Time()); age > 0 && age <= old.Grid.Life() {
			kept = append(kept, old)
		}
	}
	return append(kept, p)
}

// Series returns the points of a grid in the time before now, oldest first, behind the last one before that time if there
// is one.
func (ps Points) Series(g Grid, now time.Time, span time.Duration) (series Points) {
	for _, p := range ps {
		switch {
		case p.Grid < g || p.At > now.Unix():
		case p.At > now.Add(-span).Unix():
			series = append(series, p)
		default:
			series = Points{p}
		}
	}
	return series
}

// slack is how much younger than its span a reference may be: runs do not begin on the second.
const slack = 30 * time.Second

// reference returns the youngest point that is as old as span, but not so old that a change since then would be another's.
func (ps Points) reference(now time.Time, span time.Duration) (Point, bool) {
	for _, p := range slices.Backward(ps) {
		if age := now.Sub(p.Time()); age >= span-slack {
			return p, age <= 2*span+FiveMinutes.Step()
		}
	}
	return Point{}, false
}

// Bounds of a list of points, above what With keeps.
const (
	maxPoints = 1 << 10
	maxSplit  = 12
	gridShift = 4 // of a point's second byte, below which its Split stands
)

// pointsFormat is the first byte of a list that Encode has made.
const pointsFormat = 1

// Encode returns ps, which have one salt, in some three bytes a point.
func (ps Points) Encode() []byte {
	if len(ps) == 0 {
		return nil
	}
	b, last := binary.BigEndian.AppendUint64([]byte{pointsFormat}, ps.salt()), int64(0)
	for _, p := range ps {
		b = binary.AppendVarint(b, p.At-last)
		b = append(b, byte(p.Grid)<<gridShift|p.Split)
		last = p.At
	}
	return b
}

// ParsePoints reverses Encode. It returns nil for what no Encode has made: a lost list is begun anew.
func ParsePoints(b []byte) (ps Points) {
	const head = 1 + 8
	if len(b) < head || b[0] != pointsFormat {
		return nil
	}
	r, last := input{rest: b[head:]}, Point{Salt: binary.BigEndian.Uint64(b[1:])}
	for len(r.rest) > 0 {
		step, kind := r.varint(), r.byte()
		p := Point{At: last.At + step, Grid: Grid(kind >> gridShift), Split: kind & (1<<gridShift - 1), Salt: last.Salt}
		if r.bad || p.At <= last.At || p.Grid >= grids || p.Split > maxSplit || len(ps) == maxPoints {
			return nil
		}
		ps, last = append(ps, p), p
	}
	return ps
}

// maxPartBytes is what half a read unit is charged for, beside the key: a chart of one token reads a part.
const maxPartBytes = 4<<10 - 160

// partTokens is how many tokens a part of a point has at most, on average, before anything is known of their size.
const partTokens = 256

// splitOf returns the Split to begin with for a point of n tokens.
func splitOf(n int) uint8 {
	return uint8(min(bits.Len(uint(max(0, n-1)/partTokens)), maxSplit))
}
