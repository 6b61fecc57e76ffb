package token

import (
	"math/big"
	"math/bits"
	"strconv"
)

// maxMantissaDigits is how many digits every int64 holds.
const maxMantissaDigits = 18

// powersOfTen are those that a uint64 holds.
var powersOfTen = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// Decimal returns n as mantissa × 10^exponent. ok is false when n is unknown, not canonical, or has more than 18 digits.
func (n Number) Decimal() (mantissa int64, exponent int, ok bool) {
	s, negative := string(n), n.Negative()
	if negative {
		s = s[1:]
	}
	fraction := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9' && mantissa < int64(powersOfTen[maxMantissaDigits-1]):
			mantissa = mantissa*10 + int64(c-'0')
			exponent -= fraction
		case c == '0' && fraction == 0:
			exponent++
		case c == '.' && fraction == 0:
			fraction = 1
		case c == 'e' && i > 0:
			e, err := strconv.Atoi(s[i+1:])
			return signed(mantissa, negative), exponent + e, err == nil
		default:
			return 0, 0, false
		}
	}
	return signed(mantissa, negative), exponent, s != ""
}

func signed(v int64, negative bool) int64 {
	if negative {
		return -v
	}
	return v
}

// FromDecimal returns mantissa × 10^exponent, or unknown when that is of a magnitude that ParseNumber refuses.
func FromDecimal(mantissa int64, exponent int) Number {
	var b [48]byte
	return Number(AppendDecimal(b[:0], mantissa, exponent))
}

// AppendDecimal appends the text of FromDecimal to b.
func AppendDecimal(b []byte, mantissa int64, exponent int) []byte {
	if mantissa == 0 {
		return append(b, '0')
	}
	v := magnitude(mantissa)
	for v%10 == 0 {
		v, exponent = v/10, exponent+1
	}
	var digits [20]byte
	d := decimal{digits: strconv.AppendUint(digits[:0], v, 10)}
	d.exp = exponent + len(d.digits)
	if d.exp > maxMagnitude || d.exp < -maxMagnitude {
		return b
	}
	if mantissa < 0 {
		b = append(b, '-')
	}
	return d.append(b)
}

// add returns the sum of decimals that fit; ok is false when a step would not be exact.
func add(n, m Number) (sum Number, ok bool) {
	a, ae, aok := n.Decimal()
	b, be, bok := m.Decimal()
	if !aok || !bok {
		return "", false
	}
	if ae < be {
		a, ae, b, be = b, be, a, ae
	}
	if ae-be > maxMantissaDigits {
		return "", false
	}
	hi, lo := bits.Mul64(magnitude(a), powersOfTen[ae-be])
	if hi != 0 || lo > 1<<62 || magnitude(b) > 1<<62 {
		return "", false
	}
	return FromDecimal(signed(int64(lo), a < 0)+b, be), true
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// addBig returns the sum of decimals that do not fit.
func addBig(n, m Number) Number {
	a, aok := scanDecimal(string(n))
	b, bok := scanDecimal(string(m))
	if !aok || !bok {
		return ""
	}
	low := min(a.exp-len(a.digits), b.exp-len(b.digits))
	sum := a.big(low)
	sum.Add(sum, b.big(low))
	result, _ := ParseNumber(sum.String() + "e" + strconv.Itoa(low))
	return result
}

// big returns d in units of 10^low.
func (d *decimal) big(low int) *big.Int {
	v, ok := new(big.Int).SetString(string(appendZeros(append([]byte("0"), d.digits...), d.exp-len(d.digits)-low)), 10)
	if ok && d.negative {
		v.Neg(v)
	}
	return v
}

// productDigits is a float64's worth: what Mul and Quo keep.
const productDigits = 17

// mul returns the product of decimals that fit.
func mul(n, m Number) (product Number, ok bool) {
	a, ae, aok := n.Decimal()
	b, be, bok := m.Decimal()
	if !aok || !bok {
		return "", false
	}
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	return rounded(hi, lo, ae+be, false, (a < 0) != (b < 0)), true
}

// quo returns the quotient of decimals that fit.
func quo(n, m Number) (quotient Number, ok bool) {
	a, ae, aok := n.Decimal()
	b, be, bok := m.Decimal()
	if !aok || !bok || b == 0 {
		return "", false
	}
	const step = 9 // digits at a time
	by := magnitude(b)
	q, rest := magnitude(a)/by, magnitude(a)%by
	exponent, hi := ae-be, uint64(0)
	for rest != 0 && hi == 0 && q < powersOfTen[productDigits] {
		high, low := bits.Mul64(rest, powersOfTen[step])
		digits, left := bits.Div64(high, low, by)
		hi, q = bits.Mul64(q, powersOfTen[step])
		var carry uint64
		q, carry = bits.Add64(q, digits, 0)
		hi, rest, exponent = hi+carry, left, exponent-step
	}
	return rounded(hi, q, exponent, rest != 0, (a < 0) != (b < 0)), true
}

// rounded keeps productDigits digits of hi·2^64+lo, half to even. more means that a fraction follows, which there may be
// only where digits go.
func rounded(hi, lo uint64, exponent int, more, negative bool) Number {
	if hi > 0 { // cut off what makes it one word, which leaves 18 digits at least
		cut := digitsOf(hi)
		by := powersOfTen[cut]
		var rest uint64
		lo, rest = bits.Div64(hi%by, lo, by)
		more, exponent = more || rest != 0, exponent+cut
	}
	if cut := digitsOf(lo) - productDigits; cut > 0 {
		by := powersOfTen[cut]
		rest := lo % by
		lo, exponent = lo/by, exponent+cut
		if rest > by/2 || rest == by/2 && (more || lo%2 == 1) {
			lo++
		}
	}
	return FromDecimal(signed(int64(lo), negative), exponent)
}

func digitsOf(v uint64) (n int) {
	for n < len(powersOfTen) && v >= powersOfTen[n] {
		n++
	}
	return n
}
