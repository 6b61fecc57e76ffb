package token

import (
	"math"
	"math/big"
	"math/bits"
)

// An Amount is a Number to compute with: its digits and their exponent where they are few, else its text. It computes what
// Number does, without a text between. The zero value is unknown.
type Amount struct {
	mantissa int64 // of at most maxMantissaDigits digits
	exponent int32
	short    bool    // it is mantissa × 10^exponent
	long     *Number // it is this, unless it is short; nil is unknown
}

// long keeps n, whatever it is.
func long(n Number) Amount {
	if n == "" {
		return Amount{}
	}
	return Amount{long: &n}
}

// maxShort is the exponent of an Amount up to which its magnitude is one that a Number may have.
const maxShort = maxMagnitude - maxMantissaDigits - 1

// NewAmount returns the Amount of FromDecimal.
func NewAmount(mantissa int64, exponent int) Amount {
	if magnitude(mantissa) >= powersOfTen[maxMantissaDigits] || exponent > maxShort || exponent < -maxShort {
		return long(FromDecimal(mantissa, exponent))
	}
	return Amount{mantissa: mantissa, exponent: int32(exponent), short: true}
}

// Amount returns n to compute with. Number is its reverse, whatever n holds.
func (n Number) Amount() Amount {
	if mantissa, exponent, ok := n.Decimal(); ok {
		if a := NewAmount(mantissa, exponent); a.short && a.Is(n) {
			return a
		}
	}
	return long(n)
}

// digits returns n's Decimal; not short when it has none.
func (n Number) digits() (a Amount) {
	mantissa, exponent, ok := n.Decimal()
	if exponent != int(int32(exponent)) {
		return a
	}
	return Amount{mantissa: mantissa, exponent: int32(exponent), short: ok}
}

// Known reports whether a has a value.
func (a Amount) Known() bool { return a.short || a.long != nil }

// Append appends the text of a's Number to b.
func (a Amount) Append(b []byte) []byte {
	if a.short {
		return AppendDecimal(b, a.mantissa, int(a.exponent))
	}
	return append(b, a.Number()...)
}

// Is reports whether n is a's Number.
func (a Amount) Is(n Number) bool {
	if !a.short {
		return a.Number() == n
	}
	var b [48]byte
	return string(a.Append(b[:0])) == string(n)
}

// Number returns a as a Number.
func (a Amount) Number() Number {
	switch {
	case a.short:
		return FromDecimal(a.mantissa, int(a.exponent))
	case a.long != nil:
		return *a.long
	}
	return ""
}

// Add returns Number's.
func (a Amount) Add(b Amount) Amount {
	switch {
	case !a.Known():
		return b
	case !b.Known():
		return a
	}
	if sum, ok := a.add(b); ok {
		return sum
	}
	return long(a.Number().Add(b.Number()))
}

// Mul returns Number's.
func (a Amount) Mul(b Amount) Amount {
	if product, ok := a.mul(b); ok {
		return product
	}
	return long(a.Number().Mul(b.Number()))
}

// Quo returns Number's.
func (a Amount) Quo(b Amount) Amount {
	if quotient, ok := a.quo(b); ok {
		return quotient
	}
	return long(a.Number().Quo(b.Number()))
}

// Round is Number's.
func (a Amount) Round(digits int) Amount {
	if !a.short {
		return long(a.Number().Round(digits))
	}
	v := magnitude(a.mantissa)
	cut := digitsOf(v) - digits
	if cut <= 0 {
		return a
	}
	by := powersOfTen[cut]
	return NewAmount(signed(int64((v+by/2)/by), a.mantissa < 0), int(a.exponent)+cut)
}

// add returns the sum of short ones; ok is false when a step would not be exact.
func (a Amount) add(b Amount) (sum Amount, ok bool) {
	if a.exponent < b.exponent {
		a, b = b, a
	}
	shift := uint(int(a.exponent) - int(b.exponent))
	if !a.short || !b.short || shift > maxMantissaDigits {
		return Amount{}, false
	}
	hi, lo := bits.Mul64(magnitude(a.mantissa), powersOfTen[shift])
	if hi != 0 || lo > 1<<62 || magnitude(b.mantissa) > 1<<62 {
		return Amount{}, false
	}
	return NewAmount(signed(int64(lo), a.mantissa < 0)+b.mantissa, int(b.exponent)), true
}

// productDigits is a float64's worth: what Mul and Quo keep.
const productDigits = 17

// mul returns the product of short ones.
func (a Amount) mul(b Amount) (product Amount, ok bool) {
	if !a.short || !b.short {
		return Amount{}, false
	}
	hi, lo := bits.Mul64(magnitude(a.mantissa), magnitude(b.mantissa))
	return rounded(hi, lo, int(a.exponent)+int(b.exponent), false, (a.mantissa < 0) != (b.mantissa < 0)), true
}

// quo returns the quotient of short ones.
func (a Amount) quo(b Amount) (quotient Amount, ok bool) {
	if !a.short || !b.short || b.mantissa == 0 {
		return Amount{}, false
	}
	const step = 9 // digits at a time
	by := magnitude(b.mantissa)
	q, rest := magnitude(a.mantissa)/by, magnitude(a.mantissa)%by
	exponent, hi := int(a.exponent)-int(b.exponent), uint64(0)
	for rest != 0 && hi == 0 && q < powersOfTen[productDigits] {
		high, low := bits.Mul64(rest, powersOfTen[step])
		digits, left := bits.Div64(high, low, by)
		hi, q = bits.Mul64(q, powersOfTen[step])
		var carry uint64
		q, carry = bits.Add64(q, digits, 0)
		hi, rest, exponent = hi+carry, left, exponent-step
	}
	return rounded(hi, q, exponent, rest != 0, (a.mantissa < 0) != (b.mantissa < 0)), true
}

// rounded keeps productDigits digits of hi·2^64+lo, half to even. more means that a fraction follows, which there may be
// only where digits go.
func rounded(hi, lo uint64, exponent int, more, negative bool) Amount {
	if cut := digitsOf2(hi, lo) - productDigits; cut > 0 {
		by := powersOfTen[cut]
		var rest uint64
		lo, rest = bits.Div64(hi, lo, by)
		exponent += cut
		if rest > by/2 || rest == by/2 && (more || lo%2 == 1) {
			lo++
		}
	}
	return NewAmount(signed(int64(lo), negative), exponent)
}

// powersOfTen2 are those that two words hold, from the first on that takes both.
var powersOfTen2 = func() (p [19][2]uint64) {
	hi, lo := uint64(0), powersOfTen[len(powersOfTen)-1]
	for i := range p {
		over, low := bits.Mul64(lo, 10)
		hi, lo = hi*10+over, low
		p[i] = [2]uint64{hi, lo}
	}
	return p
}()

// digitsOf2 returns how many decimal digits hi·2^64+lo has.
func digitsOf2(hi, lo uint64) int {
	if hi == 0 {
		return digitsOf(lo)
	}
	const logarithm = 1233 // of 2 to the base 10, times 1<<12
	n := (bits.Len64(hi) + 64) * logarithm >> 12
	if n < len(powersOfTen) { // which are below what takes both
		return n + 1
	}
	if p := &powersOfTen2[n-len(powersOfTen)]; hi > p[0] || hi == p[0] && lo >= p[1] {
		n++
	}
	return n
}

// digitsOf returns how many decimal digits v has.
func digitsOf(v uint64) int {
	const logarithm = 1233 // of 2 to the base 10, times 1<<12
	n := bits.Len64(v) * logarithm >> 12
	if n < len(powersOfTen) && v >= powersOfTen[n] {
		n++
	}
	return n
}

// Float64 returns Number's.
func (a Amount) Float64() float64 {
	if a.short {
		if f, ok := a.float(); ok {
			return f
		}
	}
	return a.Number().Float64()
}

// A tenth is a power of ten as the sum of two float64s, to 106 bits, and about one divided by it.
type tenth struct{ high, low, inverse float64 }

// tenths are the powers of ten that amounts are divided by.
var tenths = func() (list [48]tenth) {
	power, ten := big.NewFloat(1).SetPrec(4*quotientBits), big.NewFloat(10)
	for i := range list {
		high, _ := power.Float64()
		low, _ := new(big.Float).Sub(power, big.NewFloat(high)).Float64()
		list[i] = tenth{high, low, 1 / high}
		power.Mul(power, ten)
	}
	return list
}()

// float returns the nearest float64 of a short a; ok is false where that is not certain, as it is next to never.
//
// The quotient of two sums of float64s is off by less than a millionth of a millionth of its last place, so that it rounds
// as the true one does unless that lies as near to the middle between two float64s.
func (a Amount) float() (f float64, ok bool) {
	by := -int(a.exponent)
	if by < 0 || by >= len(tenths) {
		return 0, false
	}
	const doubt = 1.0 / (1 << 40)
	m, power := float64(a.mantissa), tenths[by]
	f = m / power.high
	rest := math.FMA(-f, power.high, m) - f*power.low + float64(a.mantissa-int64(m))
	rest *= power.inverse
	return f + rest, f+rest*(1-doubt) == f+rest*(1+doubt)
}
