package token

import (
	"math/big"
	"strconv"
	"strings"
)

// maxDigits is how many significant digits a DynamoDB number holds; u64 and every float64 fit.
const maxDigits = 38

// maxMagnitude bounds the decimal exponent, a little inside DynamoDB's 1E-130 to 9.99E+125.
const maxMagnitude = 120

// maxLiteral bounds the text of a number before it is read.
const maxLiteral = 1 << 10

// Number is an exact decimal in one canonical spelling, so that equal values are equal strings.
//
// The zero value "" means unknown, which is null in JSON and never 0. It is a string because
// prices such as 1.3e-06 and supplies such as 1.844e19 must keep every digit that Meteora sent.
type Number string

// ParseNumber reads a JSON number, or the same text out of a JSON string. It returns false for anything else,
// NaN and infinities among them, and for a magnitude that no table can hold. Digits past the 38th are rounded.
func ParseNumber(s string) (Number, bool) {
	if len(s) > maxLiteral {
		return "", false
	}
	d, ok := scanDecimal(s)
	if !ok {
		return "", false
	}
	return d.number()
}

// Known reports whether n has a value.
func (n Number) Known() bool { return n != "" }

// Negative reports whether n is known and below zero.
func (n Number) Negative() bool { return strings.HasPrefix(string(n), "-") }

// Float64 returns the nearest float64, for ordering only; an unknown number is 0.
func (n Number) Float64() float64 {
	f, _ := strconv.ParseFloat(string(n), 64)
	return f
}

// MarshalJSON writes the digits as they are, and null for unknown.
func (n Number) MarshalJSON() ([]byte, error) {
	if n == "" {
		return []byte("null"), nil
	}
	return []byte(n), nil
}

// UnmarshalJSON reads a JSON number or null.
func (n *Number) UnmarshalJSON(b []byte) error {
	*n = ""
	if string(b) == "null" {
		return nil
	}
	v, ok := ParseNumber(string(b))
	if !ok {
		return &strconv.NumError{Func: "UnmarshalJSON", Num: string(b), Err: strconv.ErrSyntax}
	}
	*n = v
	return nil
}

// Add returns the exact sum. Unknown adds nothing: unknown plus unknown stays unknown.
func (n Number) Add(m Number) Number {
	switch {
	case n == "":
		return m
	case m == "":
		return n
	}
	if sum, ok := n.digits().add(m.digits()); ok {
		return sum.Number()
	}
	return addBig(n, m)
}

// Sub returns the exact difference; unknown when either is.
func (n Number) Sub(m Number) Number {
	if n == "" || m == "" {
		return ""
	}
	if m.Negative() {
		return n.Add(m[1:])
	}
	return n.Add("-" + m)
}

// quotientBits is enough precision for the 17 digits that Quo and Mul keep.
const quotientBits = 160

// Quo returns n divided by m to 17 significant digits, a float64's worth; unknown when either is, or when m is 0.
func (n Number) Quo(m Number) Number {
	if q, ok := n.digits().quo(m.digits()); ok {
		return q.Number()
	}
	a, _, aerr := big.ParseFloat(string(n), 10, quotientBits, big.ToNearestEven)
	b, _, berr := big.ParseFloat(string(m), 10, quotientBits, big.ToNearestEven)
	if aerr != nil || berr != nil || b.Sign() == 0 {
		return ""
	}
	q, _ := ParseNumber(a.Quo(a, b).Text('e', productDigits-1))
	return q
}

// Mul returns n times m to 17 significant digits, as Quo; unknown when either is.
func (n Number) Mul(m Number) Number {
	if p, ok := n.digits().mul(m.digits()); ok {
		return p.Number()
	}
	a, _, aerr := big.ParseFloat(string(n), 10, quotientBits, big.ToNearestEven)
	b, _, berr := big.ParseFloat(string(m), 10, quotientBits, big.ToNearestEven)
	if aerr != nil || berr != nil {
		return ""
	}
	p, _ := ParseNumber(a.Mul(a, b).Text('e', productDigits-1))
	return p
}

// decimal is ±0.d1d2d3… × 10^exp, without leading or trailing zeros in digits.
type decimal struct {
	negative bool
	digits   []byte
	exp      int
}

// scanDecimal reads -?digits(.digits)?([eE][+-]?digits)? and nothing else.
func scanDecimal(s string) (decimal, bool) {
	var d decimal
	if strings.HasPrefix(s, "-") {
		d.negative, s = true, s[1:]
	}
	mantissa, exponent, hasExp := cutExponent(s)
	whole, fraction, hasPoint := strings.Cut(mantissa, ".")
	if !isDigits(whole) || hasPoint && !isDigits(fraction) {
		return d, false
	}
	if hasExp {
		e, err := strconv.Atoi(exponent)
		if err != nil {
			return d, false
		}
		d.exp = e
	}
	d.exp += len(whole)
	d.digits = append(append(make([]byte, 0, len(s)), whole...), fraction...)
	d.trim()
	return d, true
}

func cutExponent(s string) (mantissa, exponent string, found bool) {
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// trim removes zeros at both ends, keeping the value.
func (d *decimal) trim() {
	for len(d.digits) > 0 && d.digits[0] == '0' {
		d.digits, d.exp = d.digits[1:], d.exp-1
	}
	for n := len(d.digits); n > 0 && d.digits[n-1] == '0'; n-- {
		d.digits = d.digits[:n-1]
	}
}

// round keeps that many digits, half up.
func (d *decimal) round(most int) {
	if len(d.digits) <= most {
		return
	}
	up := d.digits[most] >= '5'
	d.digits = d.digits[:most]
	for i := most - 1; up && i >= 0; i-- {
		if up = d.digits[i] == '9'; up {
			d.digits[i] = '0'
		} else {
			d.digits[i]++
		}
	}
	if up { // 999…9 became 1000…0
		d.digits, d.exp = []byte{'1'}, d.exp+1
	}
	d.trim()
}

// number spells d: plain digits where that is short, else with an exponent.
func (d decimal) number() (Number, bool) {
	d.round(maxDigits)
	if len(d.digits) == 0 {
		return "0", true
	}
	if d.exp > maxMagnitude || d.exp < -maxMagnitude {
		return "", false
	}
	b := make([]byte, 0, len(d.digits)+8)
	if d.negative {
		b = append(b, '-')
	}
	return Number(d.append(b)), true
}

// plainZeros is how many zeros a plain spelling may add on either side.
const plainZeros = 20

func (d decimal) append(b []byte) []byte {
	n := len(d.digits)
	switch {
	case d.exp <= 0 && d.exp > -plainZeros:
		b = append(b, "0."...)
		b = appendZeros(b, -d.exp)
		return append(b, d.digits...)
	case d.exp > 0 && d.exp < n:
		b = append(b, d.digits[:d.exp]...)
		b = append(b, '.')
		return append(b, d.digits[d.exp:]...)
	case d.exp >= n && d.exp-n <= plainZeros:
		return appendZeros(append(b, d.digits...), d.exp-n)
	}
	b = append(b, d.digits[0])
	if n > 1 {
		b = append(append(b, '.'), d.digits[1:]...)
	}
	return strconv.AppendInt(append(b, 'e'), int64(d.exp-1), 10)
}

func appendZeros(b []byte, n int) []byte {
	for range n {
		b = append(b, '0')
	}
	return b
}

// Round returns n with at most that many significant digits, half up; unknown stays unknown.
func (n Number) Round(digits int) Number {
	if len(n) <= digits {
		return n
	}
	d, ok := scanDecimal(string(n))
	if !ok {
		return ""
	}
	d.round(digits)
	rounded, _ := d.number()
	return rounded
}
