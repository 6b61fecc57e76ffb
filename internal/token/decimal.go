package token

import (
	"math/big"
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
