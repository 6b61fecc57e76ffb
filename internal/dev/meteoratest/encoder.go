package meteoratest

import "strconv"

// encoder appends JSON. Every field is written with a comma after it; end puts the bracket in the last one's place.
type encoder struct {
	b    []byte
	bare bool // whole numbers without ".0"
}

func (e *encoder) raw(s string) { e.b = append(e.b, s...) }

// field is a name with quotes and colon, ready to be appended.
func (e *encoder) num(field string, d dec) {
	e.b = append(e.b, field...)
	e.b = appendDec(e.b, d, e.bare)
	e.b = append(e.b, ',')
}

// numText writes a number as a string, as DAMM v1 does.
func (e *encoder) numText(field string, d dec) {
	e.b = append(e.b, field...)
	e.b = append(e.b, '"')
	e.b = appendDec(e.b, d, e.bare)
	e.b = append(e.b, `",`...)
}

// int writes a number alone, without a field and a comma.
func (e *encoder) int(n int) { e.b = strconv.AppendInt(e.b, int64(n), 10) }

func (e *encoder) uint(field string, n uint64) {
	e.b = append(e.b, field...)
	e.b = strconv.AppendUint(e.b, n, 10)
	e.b = append(e.b, ',')
}

func (e *encoder) bool(field string, v bool) {
	e.b = append(e.b, field...)
	e.b = strconv.AppendBool(e.b, v)
	e.b = append(e.b, ',')
}

func (e *encoder) key(field string, k key) {
	e.b = append(e.b, field...)
	e.b = append(e.b, '"')
	e.b = appendBase58(e.b, k)
	e.b = append(e.b, `",`...)
}

// end closes an object or array that is itself a field or element: what follows finds its comma there.
func (e *encoder) end(bracket byte) {
	if last := len(e.b) - 1; e.b[last] == ',' {
		e.b[last] = bracket
	} else {
		e.b = append(e.b, bracket)
	}
	e.b = append(e.b, ',')
}
