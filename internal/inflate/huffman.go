package inflate

import "encoding/binary"

// aheadSize is how much input the fast loop wants to see: two words, one for each time that it refills.
const aheadSize = 2 * wordSize

// huffman decodes symbols until the block ends, or the room for output is used up.
func (z *Reader) huffman() error {
	for z.w < z.room() {
		if e := z.fast(); e != 0 {
			return z.unusual(e)
		}
		if z.w >= z.room() {
			return nil
		}
		if e, err := z.slow(); err != nil || e != 0 {
			return z.unusualOr(e, err)
		}
	}
	return nil
}

func (z *Reader) unusualOr(e entry, err error) error {
	if err != nil {
		return err
	}
	return z.unusual(e)
}

// unusual is for entries that are neither literals nor a match: the end of the block, or nothing at all.
func (z *Reader) unusual(e entry) error {
	if e&ending == 0 {
		return corrupt("a code of no symbol, or a match from before the beginning")
	}
	z.block = noBlock
	return nil
}

// fast decodes while there is more than enough input and room, and returns an entry that is neither literals nor a
// match; 0 when input or room run low. It is where the time goes: all that it needs is in local variables, and what it
// calls is inlined. A refill of 56 bits serves two entries of literals and a length with its extra bits.
func (z *Reader) fast() (unusual entry) {
	in, win, lit, dist, first := z.in[:z.end], z.win, &z.lit, &z.dist, z.first
	b, w := z.bitBuffer, z.w
	for room := z.room(); b.pos+aheadSize <= len(in) && w < room; {
		b.refill(in)
		e := lit[b.hold&(1<<litBits-1)]
		for n := 0; e&literal != 0 && n < 2; n++ {
			w = put(win, w, e)
			b.drop(e.length())
			e = lit[b.hold&(1<<litBits-1)]
		}
		if e&second != 0 {
			e = lit[e.value()+int(b.hold>>litBits&(1<<e.extra()-1))]
		}
		b.drop(e.length())
		if e&literal != 0 {
			w = put(win, w, e)
			continue
		}
		if e&special != 0 {
			unusual = e
			break
		}
		to := w + b.withExtra(e)
		b.refill(in)
		e = dist[b.hold&(1<<distBits-1)]
		if e&second != 0 {
			e = dist[e.value()+int(b.hold>>distBits&(1<<e.extra()-1))]
		}
		b.drop(e.length())
		from := w - b.withExtra(e)
		if e&special != 0 || from < first {
			unusual = noCode
			break
		}
		if w-from < wordSize {
			repeat(win[from:to], w-from)
			w = to
		}
		for ; w < to; from, w = from+wordSize, w+wordSize {
			binary.LittleEndian.PutUint64(win[w:], binary.LittleEndian.Uint64(win[from:]))
		}
		w = to
	}
	z.bitBuffer, z.w = b, w
	return unusual
}

// put writes one literal or two and returns the place behind them.
func put(win []byte, w int, e entry) int {
	binary.LittleEndian.PutUint16(win[w:], uint16(e>>valueShift))
	return w + 1 + int(e>>twoShift&1)
}

// repeat fills p with its first n bytes, over and over.
func repeat(p []byte, n int) {
	for i := n; i < len(p); i++ {
		p[i] = p[i-n]
	}
}

// slow decodes one symbol, asking for input as it is needed.
func (z *Reader) slow() (unusual entry, err error) {
	e, err := z.symbol(z.lit[:], litBits)
	switch {
	case err != nil:
		return 0, err
	case e&literal != 0:
		z.w = put(z.win, z.w, e)
		return 0, nil
	case e&special != 0:
		return e, nil
	}
	length, err := z.extended(e)
	if err != nil {
		return 0, err
	}
	if e, err = z.symbol(z.dist[:], distBits); err != nil || e&special != 0 {
		return e, err
	}
	back, err := z.extended(e)
	if err != nil {
		return 0, err
	}
	if z.w-back < z.first {
		return noCode, nil
	}
	repeat(z.win[z.w-back:z.w+length], back)
	z.w += length
	return 0, nil
}

// symbol uses the next code.
func (z *Reader) symbol(table []entry, first uint) (entry, error) {
	z.need(maxCodeBits)
	e := table[z.hold&(1<<first-1)]
	if e&second != 0 {
		e = table[e.value()+int(z.hold>>first&(1<<e.extra()-1))]
	}
	if z.bits < e.length() || e == noCode && z.bits < maxCodeBits {
		return 0, z.ended()
	}
	z.drop(e.length())
	return e, nil
}

// extended is withExtra, asking for input.
func (z *Reader) extended(e entry) (int, error) {
	extra, err := z.take(e.extra())
	return e.value() + int(extra), err
}
