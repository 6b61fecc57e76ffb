package token

import (
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"tokensync/internal/dev/study"
)

// randomDecimal has from 1 to 19 digits, trailing zeros now and then, and a magnitude that prices and supplies have.
func randomDecimal(random *rand.Rand) Number {
	s := strconv.FormatUint(random.Uint64()>>random.IntN(63), 10)
	s = s[:1+random.IntN(len(s))] + strings.Repeat("0", random.IntN(3))
	if random.IntN(4) == 0 {
		s = "-" + s
	}
	n, _ := ParseNumber(s + "e" + strconv.Itoa(random.IntN(40)-30))
	return n
}

func TestDecimalRoundTrip(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range study.Size(30_000, 100_000) {
		n := randomDecimal(random)
		mantissa, exponent, ok := n.Decimal()
		if ok && FromDecimal(mantissa, exponent) != n {
			t.Fatalf("%q is %de%d, which is %q", n, mantissa, exponent, FromDecimal(mantissa, exponent))
		}
		if digits := strings.Trim(strings.NewReplacer("-", "", ".", "").Replace(string(n)), "0"); !ok && len(digits) < 18 {
			t.Fatalf("%q has no decimal", n)
		}
	}
	for _, n := range []Number{"", "-", "many", "1.2.3", "e5", "1e", "123456789012345678901", "0.1234567890123456789"} {
		if m, e, ok := n.Decimal(); ok {
			t.Errorf("%q is %de%d", n, m, e)
		}
	}
}

// TestFastArithmetic compares the quick ways with exact fractions, rounded half to even.
func TestFastArithmetic(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range study.Size(30_000, 100_000) {
		n, m := randomDecimal(random), randomDecimal(random)
		a, _ := new(big.Rat).SetString(string(n))
		b, _ := new(big.Rat).SetString(string(m))
		for _, op := range []struct {
			name string
			do   func(a, b Amount) (Amount, bool)
			want func() Number
		}{
			{"+", Amount.add, func() Number {
				sum, _ := ParseNumber(new(big.Rat).Add(a, b).FloatString(maxMagnitude))
				return sum
			}},
			{"×", Amount.mul, func() Number { return nearest(new(big.Rat).Mul(a, b)) }},
			{"÷", Amount.quo, func() Number {
				if b.Sign() == 0 {
					return ""
				}
				return nearest(new(big.Rat).Quo(a, b))
			}},
		} {
			if got, ok := op.do(n.digits(), m.digits()); ok && got.Number() != op.want() {
				t.Fatalf("%s %s %s is %q, not %q", n, op.name, m, got.Number(), op.want())
			}
		}
		if got, want := addBig(n, m), n.Add(m); got != want {
			t.Fatalf("%s + %s is %q and %q", n, m, want, got)
		}
	}
}

// nearest rounds r to productDigits, half to even.
func nearest(r *big.Rat) Number {
	if r.Sign() == 0 {
		return "0"
	}
	f, _ := new(big.Float).SetPrec(200).SetRat(r).Float64()
	exponent, _ := strconv.Atoi(strings.SplitN(strconv.FormatFloat(f, 'e', -1, 64), "e", 2)[1])
	shift := productDigits - 1 - exponent
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil))
	if shift < 0 {
		scale.Inv(scale)
	}
	scaled := new(big.Rat).Mul(r, scale)
	q, rest := new(big.Int).QuoRem(scaled.Num(), scaled.Denom(), new(big.Int))
	switch twice := rest.Abs(rest).Lsh(rest, 1); twice.Cmp(scaled.Denom()) {
	case 1:
		q.Add(q, big.NewInt(int64(r.Sign())))
	case 0:
		if q.Bit(0) == 1 {
			q.Add(q, big.NewInt(int64(r.Sign())))
		}
	}
	n, _ := ParseNumber(q.String() + "e" + strconv.Itoa(-shift))
	return n
}

func BenchmarkMul(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Number("0.0001026783973741").Mul("892407081.380896")
	}
}
