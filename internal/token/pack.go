package token

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/mr-tron/base58"
)

// errPacked cannot happen to bytes that the same Packer packed.
var errPacked = errors.New("token: damaged packed pool")

// maxWords bounds what a Packer remembers; words beyond it are spelled out.
const maxWords = 1 << 12

// A Packer writes pools in some 170 bytes where the struct and its strings take 1 KB: a run keeps its matched pools this
// way, so that 100,000 of them fit its memory. Keys take their 32 bytes, digits half a byte, and words that come again
// and again their number. Its zero value is ready; it is for one goroutine.
type Packer struct {
	numbers map[string]uint64 // of words, from 1
	words   []string
}

// Append appends p, packed, to b.
func (k *Packer) Append(b []byte, p *Pool) []byte {
	named := p.Name
	if p.Name != "" && p.Name == p.pairName() {
		p.Name = "" // it goes without saying
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	for _, f := range p.fields() {
		b = k.append(b, f)
	}
	p.Name = named
	b = k.appendCurve(b, &p.Curve)
	b = binary.AppendUvarint(b, p.bits())
	b = binary.AppendVarint(b, p.CreatedAt)
	b = binary.AppendUvarint(b, uint64(len(p.Tags)))
	for _, tag := range p.Tags {
		b = k.append(b, field{&tag, word})
	}
	return b
}

// appendCurve packs c in one byte where there is none.
func (k *Packer) appendCurve(b []byte, c *Curve) []byte {
	if *c == (Curve{}) {
		return append(b, 0)
	}
	fields := c.fields()
	if c.Earnings == (Earnings{}) {
		b = append(b, 1)
	} else {
		b = append(b, 2)
		fields = append(fields, c.Earnings.fields()...)
	}
	for _, f := range fields {
		b = k.append(b, f)
	}
	return binary.AppendVarint(b, c.CompletedAt)
}

// pairName returns what pools are called unless they are called something else.
func (p *Pool) pairName() string { return p.Base.Symbol + "-" + p.QuoteSymbol }

func (k *Packer) append(b []byte, f field) []byte {
	switch f.kind {
	case key:
		return appendKey(b, *f.text)
	case word:
		return k.appendWord(b, *f.text)
	case number:
		return appendDigits(b, *f.text)
	case free:
	}
	return appendString(b, *f.text)
}

const keyBytes = 32

// appendKey writes the length of a text and the text, or 0 and 32 bytes. Base58 has one spelling for each of those.
func appendKey(b []byte, s string) []byte {
	if raw, err := base58.Decode(s); err == nil && len(raw) == keyBytes {
		return append(append(b, 0), raw...)
	}
	return appendString(append(b, 1), s)
}

// appendWord writes a word's number, or 0 and the word.
func (k *Packer) appendWord(b []byte, s string) []byte {
	n, ok := k.numbers[s]
	if !ok && len(k.words) < maxWords {
		if k.numbers == nil {
			k.numbers = map[string]uint64{}
		}
		s = strings.Clone(s) // it may be part of something large
		k.words = append(k.words, s)
		n, ok = uint64(len(k.words)), true
		k.numbers[s] = n
	}
	if !ok {
		return appendString(append(b, 0), s)
	}
	return binary.AppendUvarint(b, n)
}

// digits are what a Number is made of, each half a byte; endDigits ends them, and otherText begins a text.
const (
	digits    = "0123456789.-e+"
	otherText = 0xE
	endDigits = 0xF
)

func appendDigits(b []byte, s string) []byte {
	start := len(b)
	for i := range len(s) + 1 {
		half := byte(endDigits)
		if i < len(s) {
			at := strings.IndexByte(digits, s[i])
			if at < 0 {
				return appendString(append(b[:start], otherText), s)
			}
			half = byte(at)
		}
		if i%2 == 0 {
			b = append(b, half|endDigits<<4)
		} else {
			b[len(b)-1] = b[len(b)-1]&0x0F | half<<4
		}
	}
	return b
}

// Unpack reads what Append wrote into p. Its strings share no memory with b.
func (k *Packer) Unpack(b []byte, p *Pool) error {
	r := packReader{packer: k, rest: string(b)}
	isPair := r.byte() == 1
	for _, f := range p.fields() {
		*f.text = r.field(f.kind)
	}
	if isPair {
		p.Name = p.pairName()
	}
	p.Curve = Curve{}
	r.curve(&p.Curve)
	p.setBits(r.uvarint())
	p.CreatedAt = r.varint()
	p.Tags = r.tags()
	if r.bad || r.rest != "" {
		return errPacked
	}
	return nil
}

// packReader takes fields off a string and remembers whether one was missing.
type packReader struct {
	packer *Packer
	rest   string
	bad    bool
}

func (r *packReader) field(kind fieldKind) string {
	switch kind {
	case key:
		return r.key()
	case word:
		return r.word()
	case number:
		return r.digits()
	case free:
	}
	return r.cut(r.uvarint())
}

func (r *packReader) curve(c *Curve) {
	how := r.byte()
	if how == 0 {
		return
	}
	fields := c.fields()
	if how > 1 {
		fields = append(fields, c.Earnings.fields()...)
	}
	for _, f := range fields {
		*f.text = r.field(f.kind)
	}
	c.CompletedAt = r.varint()
}

func (r *packReader) key() string {
	if r.byte() != 0 {
		return r.cut(r.uvarint())
	}
	return base58.Encode([]byte(r.cut(keyBytes)))
}

func (r *packReader) word() string {
	switch n := r.uvarint(); {
	case n == 0:
		return r.cut(r.uvarint())
	case n > uint64(len(r.packer.words)):
		r.bad = true
		return ""
	default:
		return r.packer.words[n-1]
	}
}

func (r *packReader) digits() string {
	if r.rest != "" && r.rest[0] == otherText {
		r.byte()
		return r.cut(r.uvarint())
	}
	var text []byte
	for !r.bad {
		c := r.byte()
		for _, half := range [2]byte{c & 0x0F, c >> 4} {
			if half == endDigits {
				return string(text)
			}
			if int(half) >= len(digits) {
				r.bad = true
				return ""
			}
			text = append(text, digits[half])
		}
	}
	return ""
}

func (r *packReader) tags() []string {
	n := r.uvarint()
	if n == 0 || n > uint64(len(r.rest)) { // each takes a byte at least
		r.bad = r.bad || n > 0
		return nil
	}
	tags := make([]string, n)
	for i := range tags {
		tags[i] = r.word()
	}
	return tags
}

func (r *packReader) cut(n uint64) string {
	if n > uint64(len(r.rest)) {
		r.bad = true
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *packReader) byte() byte {
	if r.rest == "" {
		r.bad = true
		return 0
	}
	c := r.rest[0]
	r.rest = r.rest[1:]
	return c
}

func (r *packReader) uvarint() uint64 {
	v, n := binary.Uvarint([]byte(r.rest[:min(len(r.rest), binary.MaxVarintLen64)]))
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *packReader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}
