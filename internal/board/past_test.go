package board

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/token"
)

// kept is what a test knows of a world: every point with the tokens of its time, written out.
type kept struct {
	points Points
	parts  map[PartKey][]byte
	tokens map[int64]map[string]token.Token // by a point's time, and mint
}

// sample writes a point of tokens if one is due.
func (k *kept) sample(tb testing.TB, at time.Time, tokens []token.Token) {
	tb.Helper()
	p, isDue := k.points.Next(at)
	if !isDue {
		return
	}
	p, data := writePoint(tb, p, tokens)
	for i := range data {
		k.parts[PartKey{At: p.At, Part: i}] = data[i]
	}
	k.points = k.points.With(p)
	k.tokens[p.At] = map[string]token.Token{}
	for _, t := range tokens {
		k.tokens[p.At][t.Mint] = t
	}
}

// near reports whether a float is what a number says, to some six digits: floats of seven are summed up.
func near(got token.Number, want float64) bool {
	return got != "" && math.Abs(got.Float64()-want) <= 4e-6*math.Abs(want)+2e-4
}

// check compares what a board says of its tokens with the tokens of the points that it names.
func (k *kept) check(tb testing.TB, b *Board, now time.Time, plain map[string]token.Token) (changes, windows int) {
	tb.Helper()
	for got := range b.All() {
		want := plain[got.Mint]
		for c, s := range changeSpans {
			if got.PriceChange[c] == "" {
				continue
			}
			then, ok := k.tokens[got.Since[s]/1000][got.Mint]
			if percent := (want.PriceUSD.Float64()/then.PriceUSD.Float64() - 1) * 100; !ok || !near(got.PriceChange[c], percent) {
				tb.Errorf("%s: %s in %s, it was %g", got.Mint, got.PriceChange[c], token.ChangeNames[c], percent)
			}
			if age := now.Sub(time.UnixMilli(got.Since[s])); age < spans[s]-slack || age > 2*spans[s]+5*time.Minute {
				tb.Errorf("%s: %s ago instead of %s", got.Mint, age, spans[s])
			}
			changes++
		}
		for w, s := range windowSpans {
			if got.Since[s] == 0 || want.Curve.Stage == "" {
				continue
			}
			then, ok := k.tokens[got.Since[s]/1000][got.Mint]
			volume := want.Curve.Earnings.VolumeQuote.Float64() - then.Curve.Earnings.VolumeQuote.Float64()
			if !ok && want.CreatedAt < got.Since[s] {
				tb.Errorf("%s: a window since before it was seen", got.Mint)
			}
			total := want.VolumeUSD[w].Float64() + volume*want.Pools[0].QuoteUSD.Float64()
			if want.Curve.Stage == token.Graduated {
				continue // its pools' dollars are another test's
			}
			if !near(got.VolumeUSD[w], total) {
				tb.Errorf("%s: a volume of %s in %s, it was %g", got.Mint, got.VolumeUSD[w], token.WindowNames[w], total)
			}
			windows++
		}
	}
	return changes, windows
}

// launched returns some tokens, of which one in ten leaves, and new ones: one in every few ticks, half of them just made.
func launched(w world, n, every int) (list []token.Token) {
	for i, t := range w.Tokens(n + w.Tick/every) {
		if i%10 == 7 && w.Tick > i*11 {
			continue
		}
		if seen := (world{Tick: (i - n) * every}); i >= n && i%2 == 0 {
			t.CreatedAt, t.FirstSeenAt = seen.At()-20_000, seen.At()
		}
		if t.Curve.Stage == token.Graduated && i%4 == 1 { // whose counters were never read
			t.Curve.Earnings = token.Earnings{}
		}
		list = append(list, t)
	}
	return list
}

// TestRecall follows a launchpad for a day: tokens come and go, runs are lost, and one reader keeps up while others begin.
// Whatever they say is what was between the points that they name.
func TestRecall(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 22))
	k := &kept{parts: map[PartKey][]byte{}, tokens: map[int64]map[string]token.Token{}}
	var before *Board
	fetched, changes, windows := 0, 0, 0
	for tick := 0; tick < 26*60; tick += 1 + r.IntN(6)*r.IntN(6) {
		w := world{Tick: tick}
		tokens := launched(w, 30, 40)
		now := time.UnixMilli(w.At()).UTC()
		plain := map[string]token.Token{}
		for _, t := range tokens {
			plain[t.Mint] = t
		}
		k.sample(t, now, tokens)
		b, fresh := boardAt(t, w, tokens, before), boardAt(t, w, tokens, nil)
		if err := b.Recall(k.points, before, func(keys []PartKey) (map[PartKey][]byte, error) {
			fetched += len(keys)
			return k.parts, nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := fresh.Recall(k.points, nil, partsFrom(k.parts)); err != nil {
			t.Fatal(err)
		}
		c, n := k.check(t, b, now, plain)
		changes, windows = changes+c, windows+n
		k.check(t, fresh, now, plain)
		if tick%5 == 0 {
			agree(t, b, fresh)
			ordered(t, b)
		}
		before = b
	}
	if changes < 5_000 || windows < 5_000 {
		t.Errorf("only %d changes and %d windows were checked", changes, windows)
	}
	if points := len(k.points); fetched > 8*points*3 {
		t.Errorf("%d parts were read of %d points", fetched, points)
	}
}

// boardAt makes a board that shares its chunks with another.
func boardAt(tb testing.TB, w world, tokens []token.Token, previous *Board) *Board {
	tb.Helper()
	m, chunks := chunksOf(tb, tokens)
	m.SyncedAt, m.Launchpads = w.At(), []token.LaunchpadID{testPad}
	b, err := Open(m, previous, func(ref Ref) ([]byte, error) { return chunks[ref], nil })
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// agree compares two readers.
func agree(tb testing.TB, a, b *Board) {
	tb.Helper()
	for x := range a.All() {
		y, _ := b.Token(x.Mint)
		if diff := cmp.Diff(x.Since, y.Since); diff != "" {
			tb.Fatalf("%s (-kept up +began):\n%s", x.Mint, diff)
		}
		if x.VolumeUSD != y.VolumeUSD || x.Fees24hUSD != y.Fees24hUSD {
			tb.Fatalf("%s: volume %s and %s, fees %s and %s", x.Mint, x.VolumeUSD, y.VolumeUSD, x.Fees24hUSD, y.Fees24hUSD)
		}
	}
}

// ordered holds the sorts that the past has a say in against the rows.
func ordered(tb testing.TB, b *Board) {
	tb.Helper()
	for sort, value := range map[Sort]func(*token.Token) num{
		PriceChange: func(t *token.Token) num { return t.PriceChange[3] },
		Volume:      func(t *token.Token) num { return t.VolumeUSD[token.Day] },
		Fees:        func(t *token.Token) num { return t.Fees24hUSD },
	} {
		last, query := math.Inf(1), Query{Sort: sort, Limit: 7}
		for {
			page, err := b.Page(query)
			if err != nil {
				tb.Fatal(err)
			}
			for row := range page.All() {
				v := math.Inf(-1)
				if n := value(row); n != "" {
					v = n.Float64()
				}
				if v > last {
					tb.Errorf("by %s: %g behind %g", sort, v, last)
				}
				last = v
			}
			if query.After = page.Next; query.After == nil {
				break
			}
		}
	}
}

// TestRecallWithout shows what a board has when points cannot be read: what it had, or nothing, and no damage.
func TestRecallWithout(t *testing.T) {
	t.Parallel()
	now := world{Tick: 24*60 + 10}
	points, parts := pointsOf(t, 50, now, 5, 60, 1440)
	broken := errors.New("no answer")
	for name, tt := range map[string]struct {
		fetch func([]PartKey) (map[PartKey][]byte, error)
		want  error
	}{
		"no answer": {func([]PartKey) (map[PartKey][]byte, error) { return nil, broken }, broken},
		"none":      {partsFrom(nil), nil},
		"damaged": {func([]PartKey) (map[PartKey][]byte, error) {
			bad := map[PartKey][]byte{}
			for key, data := range parts {
				bad[key] = append([]byte("x"), data...)
			}
			return bad, nil
		}, ErrCorrupt},
	} {
		b := boardAt(t, now, now.Tokens(50), nil)
		if err := b.Recall(points, nil, tt.fetch); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		for got := range b.All() {
			if got.Since != (token.Spans{}) || got.PriceChange != (token.PriceChanges{}) {
				t.Errorf("%s: %v %v", name, got.Since, got.PriceChange)
			}
		}
		whole, next := boardAt(t, now, now.Tokens(50), nil), boardAt(t, world{Tick: now.Tick + 1}, now.Tokens(50), nil)
		if err := whole.Recall(points, nil, partsFrom(parts)); err != nil {
			t.Fatal(err)
		}
		later, _ := writePoint(t, Point{At: now.At()/1000 - 200}, now.Tokens(50))
		if err := next.Recall(append(slices.Clone(points), later), whole, tt.fetch); err != nil {
			t.Errorf("%s: what the board before had was fetched again: %v", name, err)
		}
	}
}

// TestPoints lists which runs keep a point, of which grid, and for how long it is named.
func TestPoints(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 2, 5, 18, 48, 1, 0, time.UTC)
	var ps Points
	var got []string
	for _, minutes := range []int{0, 1, 2, 7, 12, 13, 42, 5 * 60, 6 * 60, 30 * 60, 31*60 + 12} {
		p, ok := ps.Next(start.Add(time.Duration(minutes) * time.Minute))
		if ok {
			ps = ps.With(p)
		}
		got = append(got, fmt.Sprint(minutes, ok, p.Grid, len(ps)))
	}
	want := []string{
		"0 true 3 1", "1 false 0 1", "2 true 0 2", "7 true 0 3", "12 true 1 4", "13 false 0 4", "42 true 1 5", "300 true 1 6",
		"360 true 3 7", "1800 true 3 4", "1872 true 1 4",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(ps, ParsePoints(ps.Encode())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPointsOfAMonth counts what a manifest names when no run is lost, and what each range of a chart has.
func TestPointsOfAMonth(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 2, 5, 18, 48, 1, 0, time.UTC)
	now, ps := start, Points(nil)
	for ; now.Sub(start) < 40*24*time.Hour; now = now.Add(time.Minute) {
		if p, ok := ps.Next(now); ok {
			ps = ps.With(p)
		}
	}
	if size := len(ps.Encode()); len(ps) > 200 || size > 800 {
		t.Errorf("%d points in %d bytes", len(ps), size)
	}
	for _, tt := range []struct {
		grid Grid
		span time.Duration
		want int
	}{{FiveMinutes, time.Hour, 12}, {HalfHour, 24 * time.Hour, 48}, {SixHours, 7 * 24 * time.Hour, 28}, {Day, 30 * 24 * time.Hour, 30}} {
		if got := len(ps.Series(tt.grid, now, tt.span)) - 1; got != tt.want {
			t.Errorf("%d points in %s, want %d", got, tt.span, tt.want)
		}
	}
	for k, span := range spans {
		if p, ok := ps.reference(now, span); !ok || now.Sub(p.Time()) > span+30*time.Minute {
			t.Errorf("%s: %v %v", token.SpanNames[k], p.Time(), ok)
		}
	}
}

// FuzzPoints: a list that is not one is lost, not believed.
func FuzzPoints(f *testing.F) {
	f.Add(Points{{1, Day, 0, 7}, {400, FiveMinutes, 3, 7}}.Encode())
	f.Add(append(Points{{At: 1}}.Encode(), 0, 0x30))
	f.Add([]byte{2, 0x30, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		ps := ParsePoints(b)
		if again := ParsePoints(ps.Encode()); !slices.Equal(ps, again) {
			t.Errorf("%v came back as %v", ps, again)
		}
		for i, p := range ps {
			if p.Grid >= grids || p.Split > maxSplit || i > 0 && (p.At < ps[i-1].At || p.At == ps[i-1].At && p.Grid <= ps[i-1].Grid) {
				t.Errorf("%v", ps)
			}
		}
	})
}

// FuzzPart: any bytes are a part of a point or an error, and a part says something of every mint.
func FuzzPart(f *testing.F) {
	p, data := writePoint(f, Point{At: epoch / 1000}, world{}.Tokens(40))
	f.Add(data[0])
	f.Add(data[0][:20])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, data := range [][]byte{b, sealed(b)} {
			x, err := ReadPart(p, data)
			if err != nil {
				if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrFormat) {
					t.Errorf("%v", err)
				}
				continue
			}
			for i := range x.Len() {
				_ = x.sample(i)
			}
			x.sampleOfMint(token.SOL)
		}
	})
}

// sealed returns b with the check sum that it needs.
func sealed(b []byte) []byte {
	sum := checkSum(b)
	return append(slices.Clone(b), sum...)
}

// TestDamagedPart: each proper prefix of a part, and each part with a byte changed, is an error.
func TestDamagedPart(t *testing.T) {
	t.Parallel()
	p, data := writePoint(t, Point{At: epoch / 1000}, world{}.Tokens(40))
	for n := range data[0] {
		if _, err := ReadPart(p, data[0][:n]); err == nil {
			t.Errorf("a part that ends after %d bytes", n)
		}
		bad := slices.Clone(data[0])
		bad[n] ^= 4
		if _, err := ReadPart(p, bad); err == nil {
			t.Errorf("a part with another byte %d", n)
		}
	}
	if _, err := ReadPart(Point{At: p.At + 1}, data[0]); !errors.Is(err, ErrCorrupt) {
		t.Errorf("another point's part: %v", err)
	}
}

// TestPercent comes to what the text with four digits behind the point says, also next to the middle between two of them.
func TestPercent(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(31, 32))
	for i := range 200_000 {
		v := r.NormFloat64() * math.Pow10(r.IntN(14)-4)
		if i%2 == 0 {
			v = float64(2*r.Int64N(1<<uint(1+r.IntN(40)))+1) / 2 / percentUnits
		}
		want, _ := token.ParseNumber(strconv.FormatFloat(v, 'f', percentDigits, 64))
		if got := percent(v); got.Number() != want || got.Float64() != want.Float64() {
			t.Fatalf("%v: %s, want %s", v, got.Number(), want)
		}
	}
}
