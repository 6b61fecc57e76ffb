package board

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/study"
	"tokensync/internal/dev/worldtest"
	"tokensync/internal/token"
)

// A ledger of points and rolls, as runs leave it.
type rolledPast struct {
	points, rolls Points
	parts         map[PartKey][]byte
	size, rolled  int // bytes of points, and of rolls
	units         int // of rolls
}

func newRolledPast() *rolledPast {
	return &rolledPast{parts: map[PartKey][]byte{}}
}

func (r *rolledPast) put(k PartKey, data []byte) error {
	r.parts[k] = data
	if r.size += len(data); k.IsRoll {
		r.size, r.rolled, r.units = r.size-len(data), r.rolled+len(data), r.units+(len(data)+unit-1)/unit
	}
	return nil
}

// fetch returns the parts that there are.
func (r *rolledPast) fetch(keys []PartKey) (map[PartKey][]byte, error) {
	found := map[PartKey][]byte{}
	for _, k := range keys {
		if data, ok := r.parts[k]; ok {
			found[k] = data
		}
	}
	return found, nil
}

// add keeps a point of samples.
func (r *rolledPast) add(tb testing.TB, p Point, samples map[string]Sample) (damage error) {
	tb.Helper()
	w := NewPointWriter(p)
	for mint, s := range samples {
		w.AddSample(mint, s)
	}
	p, data, err := w.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	for i := range data {
		_ = r.put(PartKey{At: p.At, Part: i}, data[i])
	}
	r.points, r.rolls = r.points.With(p), r.rolls.Until(p)
	if m, isDue := r.rolls.Merge(r.points); isDue {
		roll, bad, err := m.Write(r.fetch, r.put)
		if err != nil {
			tb.Fatal(err)
		}
		damage, r.rolls = bad, ParsePoints(m.Rolls(roll).Encode())
	}
	return damage
}

// next keeps a point of m five minutes after a moment, and returns when that was.
func (r *rolledPast) next(tb testing.TB, m *bazaar, now time.Time) (_ time.Time, damage error) {
	tb.Helper()
	now = now.Add(FiveMinutes.Step())
	m.tick()
	p, _ := r.points.Next(now)
	return now, r.add(tb, p, m.samples)
}

// live does what next does, n times. Nothing may be damaged.
func (r *rolledPast) live(tb testing.TB, m *bazaar, now time.Time, n int) time.Time {
	tb.Helper()
	var damage error
	for range n {
		if now, damage = r.next(tb, m, now); damage != nil {
			tb.Fatal(damage)
		}
	}
	return now
}

// chartSpans are what charts show.
var chartSpans = [grids]time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour}

// chart returns the samples of a mint, and how many parts that took of which none is above half a read unit.
func (r *rolledPast) chart(tb testing.TB, rolls Points, g Grid, now time.Time, mint string) (points Points, samples []Sample, read int) {
	tb.Helper()
	points = r.points.Series(g, now, chartSpans[g])
	keys := rolls.PartsOf(points, mint)
	parts, _ := r.fetch(keys)
	for k, data := range parts {
		if len(data) > maxPartBytes {
			tb.Errorf("%v has %d bytes", k, len(data))
		}
	}
	return points, rolls.SamplesOf(points, mint, parts, func(err error) { tb.Error(err) }), len(keys)
}

// A bazaar is what tokens are worth over time: some sleep, some are traded all the time, some come, graduate and go.
type bazaar struct {
	*rand.Rand
	samples map[string]Sample
	mints   []string
	tokens  int
	active  float64 // which share of them is traded from one point to the next
}

func newBazaar(seed uint64, tokens int, active float64) *bazaar {
	return &bazaar{rand.New(rand.NewPCG(seed, 3)), map[string]Sample{}, nil, tokens, active}
}

func (m *bazaar) tick() {
	sol := token.FromDecimal(150_000_000+m.Int64N(1e6), -6)
	usdc := token.FromDecimal(1_000_000+m.Int64N(100), -6)
	for len(m.mints) < m.tokens || m.IntN(20) == 0 {
		mint := worldtest.Key("coin", len(m.mints))
		m.mints = append(m.mints, mint)
		m.samples[mint] = Sample{Price: token.FromDecimal(1+m.Int64N(1e9), -15), Volume: "0"}
	}
	for i, mint := range m.mints {
		s, ok := m.samples[mint]
		if !ok {
			continue
		}
		s.QuoteUSD = sol
		if i%5 == 0 {
			s.QuoteUSD = usdc
		}
		if m.Float64() < m.active {
			s.Price = s.Price.Mul(token.FromDecimal(900+m.Int64N(200), -3)).Round(sampleDigits)
			if s.Volume != "" {
				s.Volume = s.Volume.Add(token.FromDecimal(m.Int64N(1e9), -9)).Round(sampleDigits)
			}
		}
		s.PriceUSD = inShort(s.Price.Amount(), s.QuoteUSD.Amount()).Number()
		switch m.IntN(2000) {
		case 0:
			s.Volume = "" // it has left its curve
		case 1:
			s.Price, s.PriceUSD = "", "" // suspect, until it is traded
		case 2:
			s.PriceUSD = token.FromDecimal(1+m.Int64N(1e9), -12) // of a pool's own word
		case 3:
			delete(m.samples, mint)
			continue
		}
		if s.Price == "" && m.IntN(3) == 0 {
			s.Price = token.FromDecimal(1+m.Int64N(1e9), -15)
		}
		m.samples[mint] = s
	}
}

// TestRolls: whatever is traded, and whichever runs are lost, a chart of any grid says the same with rolls as without, of three parts at
// most, each of half a read unit.
func TestRolls(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		tokens int
		active float64
		lost   int // one of n runs
		points int
	}{
		"few":    {7, 0.5, 5, 2000},
		"asleep": {150, 0.01, 50, 400},
		"awake":  {150, 1, 50, 400},
		"quiet":  {study.Size(2000, 6000), 0.0005, 100, 30},
		"many":   {study.Size(1000, 3000), 0.3, 100, 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, past := newBazaar(7, tt.tokens, tt.active), newRolledPast()
			now := time.Date(2026, 2, 5, 18, 48, 1, 0, time.UTC)
			for i := range tt.points {
				now = now.Add(FiveMinutes.Step())
				if m.IntN(500) == 0 {
					now = now.Add(-time.Duration(m.IntN(40)) * time.Hour) // the clock was wrong
				}
				m.tick()
				if p, isDue := past.points.Next(now); isDue && m.IntN(tt.lost) > 0 {
					if err := past.add(t, p, m.samples); err != nil {
						t.Fatal(err)
					}
				}
				if i%29 == 0 && len(past.points) > 0 {
					compareCharts(t, past, now, m)
				}
			}
			t.Logf("points %d bytes, rolls %d in %d units", past.size, past.rolled, past.units)
		})
	}
}

// compareCharts compares the charts of some mints with those without rolls.
func compareCharts(t *testing.T, past *rolledPast, now time.Time, m *bazaar) {
	t.Helper()
	if len(past.rolls) > 2 {
		t.Errorf("%d rolls", len(past.rolls))
	}
	for _, mint := range []string{m.mints[0], m.mints[m.IntN(len(m.mints))], m.mints[len(m.mints)-1], token.SOL} {
		for g := range grids {
			_, want, _ := past.chart(t, nil, g, now, mint)
			points, got, read := past.chart(t, past.rolls, g, now, mint)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("grid %d of %s, %d points (-without +with):\n%s", g, mint, len(points), diff)
			}
			if read > 3 {
				t.Errorf("grid %d: %d parts for %d points", g, read, len(points))
			}
		}
	}
}

// TestRollSplits: a roll has as many parts as keep each small, and one that has become quiet has fewer again.
func TestRollSplits(t *testing.T) {
	t.Parallel()
	m, past := newBazaar(5, 300, 1), newRolledPast()
	now := time.Date(2026, 2, 5, 0, 0, 1, 0, time.UTC)
	now = past.live(t, m, now, 101)
	splits := []uint8{past.rolls[0].Split}
	now = past.live(t, m, now, 9)
	m.active = 0
	past.live(t, m, now, 370)
	splits = append(splits, past.rolls[0].Split)
	if splits[0] < 4 || splits[1] >= splits[0] {
		t.Errorf("split %d when all are traded, %d when none is", splits[0], splits[1])
	}
}

// TestShelves: however many tokens there are, a merge has few of them in memory at once.
func TestShelves(t *testing.T) {
	t.Parallel()
	for _, tokens := range []int{10, 1000, 10_000, 60_000, 500_000} {
		p := Point{At: 600, Split: splitOf(tokens)}
		points := Points{{At: 300, Split: p.Split}, p}
		long, _ := Points(nil).Merge(points)
		short, _ := Points{{At: 300}}.Merge(append(points, Point{At: 900, Split: p.Split}))
		if got := tokens / long.shelves().Parts(); got > 1024 {
			t.Errorf("%d tokens, and a shelf of the long roll has %d", tokens, got)
		}
		if got := tokens / short.shelves().Parts(); len(short.base) == 0 || got > 2048 {
			t.Errorf("%d tokens, and a shelf of the short roll has %d", tokens, got)
		}
	}
}

// TestRollUnits measures what the bill of the rolls rests on: a month's, by the token's hour.
func TestRollUnits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		active float64
		most   float64 // units an hour for a thousand tokens
	}{{0, 40}, {0.05, 150}, {1, 2000}} {
		m, past := newBazaar(3, 1000, tt.active), newRolledPast()
		now := time.Date(2026, 2, 5, 0, 0, 1, 0, time.UTC)
		hours := study.Size(3, 12)
		past.live(t, m, now, 12*hours)
		units := float64(past.units) / float64(hours)
		t.Logf("%3.0f %% traded: points %d KB, rolls %d KB, %.0f units an hour", 100*tt.active, past.size>>10, past.rolled>>10, units)
		if units > tt.most {
			t.Errorf("%.0f units an hour, want at most %.0f", units, tt.most)
		}
	}
}

// TestRollDamage: what is damaged or lost is told, and is all that a roll lacks.
func TestRollDamage(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(past *rolledPast, k PartKey){
		"lost":    func(past *rolledPast, k PartKey) { delete(past.parts, k) },
		"damaged": func(past *rolledPast, k PartKey) { past.parts[k] = flipped(past.parts[k]) },
	} {
		m, past := newBazaar(5, 600, 1), newRolledPast()
		now := time.Date(2026, 2, 5, 0, 0, 1, 0, time.UTC)
		now = past.live(t, m, now, 3)
		whole, harmed := past.points[0], past.points[2]
		harm(past, PartKey{At: harmed.At, Part: 1})
		now, err := past.next(t, m, now)
		if err == nil || !strings.Contains(err.Error(), harmed.Time().String()) {
			t.Errorf("%s: %v", name, err)
		}
		for _, mint := range m.mints[:100] {
			points, samples, _ := past.chart(t, past.rolls, FiveMinutes, now, mint)
			isGone := harmed.PartOf(mint) == 1
			for i, p := range points {
				if isEmpty := samples[i] == (Sample{}); p.At == whole.At && isEmpty || p.At == harmed.At && isEmpty != isGone {
					t.Fatalf("%s: %s at %v: %v", name, mint, p.Time(), samples[i])
				}
			}
		}
	}
}

func flipped(b []byte) []byte {
	b = slices.Clone(b)
	b[len(b)/2] ^= 1
	return b
}

// TestRollFails: a table that does not answer, or takes nothing, makes no roll.
func TestRollFails(t *testing.T) {
	t.Parallel()
	m, past, broken := newBazaar(5, 20, 1), newRolledPast(), errors.New("broken")
	now := time.Date(2026, 2, 5, 0, 0, 1, 0, time.UTC)
	past.live(t, m, now, 2)
	merge, _ := Points(nil).Merge(past.points)
	if _, _, err := merge.Write(func([]PartKey) (map[PartKey][]byte, error) { return nil, broken }, past.put); !errors.Is(err, broken) {
		t.Errorf("reading: %v", err)
	}
	if _, _, err := merge.Write(past.fetch, func(PartKey, []byte) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("writing: %v", err)
	}
}

// FuzzRoll: any bytes are a part of a roll or an error, and a part says the same when it is written again.
func FuzzRoll(f *testing.F) {
	m, past := newBazaar(5, 40, 0.5), newRolledPast()
	now := time.Date(2026, 2, 5, 0, 0, 1, 0, time.UTC)
	past.live(f, m, now, 8)
	roll := past.rolls[0]
	for _, k := range slices.SortedFunc(maps.Keys(past.parts), func(a, b PartKey) int { return int(a.At - b.At) }) {
		if k.IsRoll {
			f.Add(past.parts[k])
		}
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, data := range [][]byte{b, sealed(b)} {
			s, err := readRoll(roll, 0, data)
			if err != nil {
				if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrFormat) {
					t.Errorf("%v", err)
				}
				continue
			}
			s.samples(past.points)
			if s.isShort {
				continue // it cannot be told without the long one
			}
			again, _, err := s.encodePart(roll, s.tracks)
			if err != nil {
				t.Fatal(err)
			}
			if same, err := readRoll(roll, 0, again); err != nil || !cmp.Equal(s, same, cmp.AllowUnexported(stretch{}, track{}, nine{})) {
				t.Errorf("%v: %v came back as %v", err, s, same)
			}
		}
	})
}
