package token

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"tokensync/internal/dev/study"
)

// anyNumber returns what may stand in a Number: decimals, products, float64s, what is too long or too large to be short, and texts that are not numbers.
func anyNumber(random *rand.Rand) Number {
	odd := []Number{
		"", "0", "-0", "many", "1.50", "+1", "01", "1e120", "-1e-119", "5e-324", "1e400", "18446744073709551615",
		"0.12345678901234567890123456789012345678", "12345678901234567890.123456789012345678", "999999999999999999", "9007199254740993",
	}
	switch random.IntN(6) {
	case 0:
		return odd[random.IntN(len(odd))]
	case 1:
		n, _ := ParseNumber(strconv.FormatFloat(math.Exp(random.NormFloat64()*20), 'g', -1, 64))
		return n
	case 2:
		return FromDecimal(random.Int64N(1e17), -random.IntN(24)).Mul(FromDecimal(random.Int64N(1e17), -random.IntN(24)))
	}
	return randomDecimal(random)
}

// TestAmounts come to what Number makes of the same texts, to the last digit and the last bit.
func TestAmounts(t *testing.T) {
	t.Parallel()
	random, short, n := rand.New(rand.NewPCG(5, 6)), 0, study.Size(60_000, 300_000)
	for range n {
		n, m := anyNumber(random), anyNumber(random)
		a, b := n.Amount(), m.Amount()
		if a.Number() != n || !a.Is(n) || a.Is(n+"0") || a.Known() != n.Known() {
			t.Fatalf("%q comes back as %q", n, a.Number())
		}
		for _, test := range []struct {
			name string
			got  Amount
			want Number
		}{{"itself", a, n}, {"+", a.Add(b), n.Add(m)}, {"×", a.Mul(b), n.Mul(m)}, {"÷", a.Quo(b), n.Quo(m)}, {"to nine digits", a.Round(9), n.Round(9)}} {
			if test.got.Number() != test.want || test.got.Known() != test.want.Known() {
				t.Fatalf("%s %s %s: %q, want %q", n, test.name, m, test.got.Number(), test.want)
			}
			if got, want := test.got.Float64(), test.want.Float64(); got != want {
				t.Fatalf("%s %s %s: %v, want %v", n, test.name, m, got, want)
			}
			if _, ok := test.got.float(); ok && test.got.short {
				short++
			}
		}
	}
	if short < n*5/3 {
		t.Errorf("only %d amounts came to float64s without their text", short)
	}
}

// TestAmountsBetweenFloats are in the very middle between two float64s, and next to it: their texts decide.
func TestAmountsBetweenFloats(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	for range study.Size(30_000, 100_000) {
		bits := 54 + random.IntN(3)
		middle := 1<<bits | (2*random.Int64N(1<<52)+1)<<(bits-53)
		for _, a := range []Amount{NewAmount(middle, 0), NewAmount(middle-1, 0), NewAmount(middle+1, 0), NewAmount(middle*10, -1), NewAmount(middle*10+1, -1)} {
			if got, want := a.Float64(), a.Number().Float64(); got != want {
				t.Fatalf("%s: %v, want %v", a.Number(), got, want)
			}
		}
	}
}

func BenchmarkAmount(b *testing.B) {
	price, usd := Number("0.0000000334567890123").Amount(), Number("151.04712345").Amount()
	b.Run("mul", func(b *testing.B) {
		for b.Loop() {
			_ = price.Mul(usd)
		}
	})
	product := price.Mul(usd)
	b.Run("float", func(b *testing.B) {
		for b.Loop() {
			_ = product.Float64()
		}
	})
}
