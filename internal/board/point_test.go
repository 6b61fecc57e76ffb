package board

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/token"
)

func writePoint(tb testing.TB, p Point, tokens []token.Token) (Point, [][]byte) {
	tb.Helper()
	w := NewPointWriter(p)
	for i := range tokens {
		w.Add(&tokens[i])
	}
	p, data, err := w.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	return p, data
}

// pointsOf writes points of n tokens, some minutes before now.
func pointsOf(tb testing.TB, n int, now world, minutes ...int) (ps Points, parts map[PartKey][]byte) {
	tb.Helper()
	parts = map[PartKey][]byte{}
	for i := range minutes {
		then := world{Tick: now.Tick - minutes[len(minutes)-1-i]}
		p, data := writePoint(tb, Point{At: then.At() / 1000, Grid: Day}, then.Tokens(n))
		ps = append(ps, p)
		for k := range data {
			parts[PartKey{At: p.At, Part: k}] = data[k]
		}
	}
	return ps, parts
}

// partsFrom serves parts.
func partsFrom(parts map[PartKey][]byte) func([]PartKey) (map[PartKey][]byte, error) {
	return func([]PartKey) (map[PartKey][]byte, error) { return parts, nil }
}

// TestPointRoundTrip finds every token in the part that it belongs to, with nine digits of each of its numbers, but for what follows from two
// others.
func TestPointRoundTrip(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 500, 5000} {
		tokens := world{}.Tokens(n)
		p, data := writePoint(t, Point{At: epoch / 1000, Grid: HalfHour}, tokens)
		if p.Parts() != len(data) || n == 5000 && p.Parts() != 32 {
			t.Errorf("%d tokens in %d parts", n, p.Parts())
		}
		parts := make([]*Part, len(data))
		total := 0
		for i := range parts {
			var err error
			if parts[i], err = ReadPart(p, data[i]); err != nil {
				t.Fatal(err)
			}
			total += parts[i].Len()
		}
		if total != n {
			t.Errorf("%d samples of %d tokens", total, n)
		}
		for i := range tokens {
			got, ok := parts[p.PartOf(tokens[i].Mint)].sampleOfMint(tokens[i].Mint)
			want := sampleOf(&tokens[i])
			for _, n := range want.numbers() {
				*n = n.Round(9)
			}
			if math.Abs(got.PriceUSD.Float64()-want.PriceUSD.Float64()) <= 2e-8*want.PriceUSD.Float64() {
				want.PriceUSD = got.PriceUSD // it may follow from the price, which was rounded
			}
			if diff := cmp.Diff(want, got); diff != "" || !ok {
				t.Fatalf("token %d (-want +got):\n%s", i, diff)
			}
		}
		if _, ok := parts[p.PartOf(token.SOL)].sampleOfMint(token.SOL); ok {
			t.Error("a sample of a mint that was not there")
		}
	}
}

// TestPointUnits measures what the bill of the points rests on.
func TestPointUnits(t *testing.T) {
	t.Parallel()
	_, data := writePoint(t, Point{At: epoch / 1000}, world{}.Tokens(1000))
	units := 0
	for _, part := range data {
		units += (len(part) + unit - 1) / unit
	}
	t.Logf("%d units in %d parts", units, len(data))
	if most := 24; units > most {
		t.Errorf("%d write units, want at most %d", units, most)
	}
}

// sampleOfMint returns what x, which must be the mint's part, has of a mint; false when that is nothing.
func (x *Part) sampleOfMint(mint string) (Sample, bool) {
	i, ok := x.find(x.point.hash(idOf(mint)))
	if !ok {
		return Sample{}, false
	}
	return x.sample(i), true
}
