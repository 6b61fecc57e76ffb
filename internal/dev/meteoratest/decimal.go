package meteoratest

import "strconv"

// dec is the decimal number units / 10^scale, exact, so that it is printed without the cost of shortest-float search.
type dec struct {
	units uint64
	scale int
}

// pow10 holds the powers of ten that fit a uint64.
var pow10 = func() (t [20]uint64) {
	t[0] = 1
	for i := 1; i < len(t); i++ {
		t[i] = t[i-1] * 10
	}
	return t
}()

// float returns d's nearest value, for comparisons.
func (d dec) float() float64 {
	f := float64(d.units)
	s := d.scale
	for s >= len(pow10) {
		f /= 1e19
		s -= 19
	}
	return f / float64(pow10[s])
}

// rounded drops digits beyond scale.
func (d dec) rounded(scale int) dec {
	if d.scale <= scale {
		return d
	}
	return dec{d.units / pow10[d.scale-scale], scale}
}

// decOf gives f, which is not negative, about 15 significant digits.
func decOf(f float64) dec {
	if f <= 0 {
		return dec{}
	}
	scale := 0
	for f < 1e14 && scale < 30 {
		f *= 10
		scale++
	}
	if f >= 1e19 {
		f = 1e19
	}
	return dec{uint64(f), scale}
}

// appendDec writes d as Meteora's servers do: 5.0, 0.04, 1.3e-06. With bare, a whole number is written without its ".0".
func appendDec(b []byte, d dec, bare bool) []byte {
	if d.units == 0 {
		return appendWhole(b, 0, bare)
	}
	for d.scale > 0 && d.units%10 == 0 {
		d.units /= 10
		d.scale--
	}
	if d.scale == 0 {
		return appendWhole(b, d.units, bare)
	}
	var tmp [20]byte
	digits := strconv.AppendUint(tmp[:0], d.units, 10)
	switch point := len(digits) - d.scale; {
	case point > 0:
		b = append(append(b, digits[:point]...), '.')
		return append(b, digits[point:]...)
	case point > -4:
		b = append(append(b, "0.0000"[:2-point]...), digits...)
		return b
	default:
		return appendExponent(b, digits, point-1)
	}
}

func appendWhole(b []byte, n uint64, bare bool) []byte {
	b = strconv.AppendUint(b, n, 10)
	if bare {
		return b
	}
	return append(b, ".0"...)
}

// appendExponent writes digits as d.ddde-XX; the exponent has at least two digits, as in Python and C.
func appendExponent(b, digits []byte, exp int) []byte {
	b = append(b, digits[0])
	if len(digits) > 1 {
		b = append(append(b, '.'), digits[1:]...)
	}
	b = append(b, "e-"...)
	if exp > -10 {
		b = append(b, '0')
	}
	return strconv.AppendInt(b, int64(-exp), 10)
}
