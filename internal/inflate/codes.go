package inflate

// fixedLit and fixedDist are the lengths of a fixed block's codes.
var fixedLit, fixedDist = fixedLengths()

func fixedLengths() (lit [288]uint8, dist [32]uint8) {
	for i := range lit {
		switch {
		case i >= 256 && i < 280:
			lit[i] = 7
		case i >= 144 && i < 256:
			lit[i] = 9
		default:
			lit[i] = 8
		}
	}
	for i := range dist {
		dist[i] = 5
	}
	return lit, dist
}

func (z *Reader) fixedCodes() {
	build(z.lit[:], litBits, fixedLit[:], litMeaning[:])
	build(z.dist[:], distBits, fixedDist[:], distMeaning[:])
	z.lit.pair()
}

// lengthOrder is the order in which the lengths of the lengths' own codes come.
var lengthOrder = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

const lengthCodeBits = 7

// A lengthTable decodes code lengths, and what repeats them.
type lengthTable [1 << lengthCodeBits]entry

var lengthMeaning = func() (m [len(lengthOrder)]entry) {
	for i := range m {
		m[i] = entry(i) << valueShift
	}
	return m
}()

// dynamicCodes reads a block's own codes.
func (z *Reader) dynamicCodes() error {
	head, err := z.take(14)
	if err != nil {
		return err
	}
	lits, dists, lengths := int(head&31)+257, int(head>>5&31)+1, int(head>>10)+4
	if lits > maxLitCodes || dists > maxDistCodes {
		return corrupt("too many codes")
	}
	if err := z.lengthCode(lengths); err != nil {
		return err
	}
	code := z.code[:lits+dists]
	for n := 0; n < len(code); {
		times, length, err := z.codeLength(code[:n])
		if err != nil {
			return err
		}
		if times > len(code)-n {
			return corrupt("too many code lengths")
		}
		for range times {
			code[n] = length
			n++
		}
	}
	if !build(z.lit[:], litBits, code[:lits], litMeaning[:]) || !build(z.dist[:], distBits, code[lits:], distMeaning[:]) {
		return corrupt("a block's codes are none")
	}
	z.lit.pair()
	return nil
}

// lengthCode reads the code of the code lengths, of which n are given.
func (z *Reader) lengthCode(n int) error {
	var lengths [len(lengthOrder)]uint8
	for _, at := range lengthOrder[:n] {
		length, err := z.take(3)
		if err != nil {
			return err
		}
		lengths[at] = uint8(length)
	}
	if !build(z.lengths[:], lengthCodeBits, lengths[:], lengthMeaning[:]) {
		return corrupt("the code of a block's codes is none")
	}
	return nil
}

// codeLength reads one code length, or how often one comes; before are those that were read.
func (z *Reader) codeLength(before []uint8) (times int, length uint8, err error) {
	z.need(lengthCodeBits)
	e := z.lengths[z.hold&(1<<lengthCodeBits-1)]
	if z.bits < e.length() {
		return 0, 0, z.ended()
	}
	if e == noCode {
		return 0, 0, corrupt("a code length of no code")
	}
	z.drop(e.length())
	switch v := e.value(); v {
	case 16:
		if len(before) == 0 {
			return 0, 0, corrupt("a code length repeats nothing")
		}
		times, err = z.repeat(2, 3)
		return times, before[len(before)-1], err
	case 17:
		times, err = z.repeat(3, 3)
	case 18:
		times, err = z.repeat(7, 11)
	default:
		times, length = 1, uint8(v)
	}
	return times, length, err
}

func (z *Reader) repeat(bits uint, least int) (int, error) {
	n, err := z.take(bits)
	return int(n) + least, err
}
