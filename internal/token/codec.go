package token

import (
	"encoding/binary"
	"errors"
)

// errCodec cannot happen to bytes that AppendBinary wrote.
var errCodec = errors.New("token: damaged pool encoding")

// AppendBinary appends a compact encoding of p to b, about 320 bytes where the struct and its strings take 1 KB:
// a run keeps its matched pools this way, so that 60,000 of them fit its memory.
func (p *Pool) AppendBinary(b []byte) []byte {
	for _, s := range p.strings() {
		b = appendString(b, *s)
	}
	b = append(b, byte(p.Base.Verified), byte(p.Base.FreezeAuthorityDisabled), byte(FlagOf(p.Blacklisted)))
	b = binary.AppendVarint(b, p.CreatedAt)
	b = binary.AppendUvarint(b, uint64(len(p.Tags)))
	for _, tag := range p.Tags {
		b = appendString(b, tag)
	}
	return b
}

// UnmarshalBinary reads what AppendBinary wrote. The strings share one copy of b.
func (p *Pool) UnmarshalBinary(b []byte) error {
	r := fieldReader{rest: string(b)}
	for _, s := range p.strings() {
		*s = r.string()
	}
	p.Base.Verified, p.Base.FreezeAuthorityDisabled = Flag(r.byte()), Flag(r.byte())
	p.Blacklisted = Flag(r.byte()) == Yes
	p.CreatedAt = r.varint()
	p.Tags = r.tags()
	if r.bad || r.rest != "" {
		return errCodec
	}
	return nil
}

// strings lists p's text fields in the encoding's order.
func (p *Pool) strings() []*string {
	a := &p.Base
	list := []*string{
		&p.Address, (*string)(&p.Product), (*string)(&p.Launchpad), &p.Name,
		&a.Mint, &a.Name, &a.Symbol, (*string)(&a.Decimals), (*string)(&a.Holders),
		(*string)(&a.TotalSupply), (*string)(&a.PriceUSD), (*string)(&a.MarketCapUSD),
		&p.QuoteMint, &p.QuoteSymbol, (*string)(&p.Price), (*string)(&p.TVLUSD),
		(*string)(&p.Fees24hUSD), (*string)(&p.FeePct), (*string)(&p.APR),
		(*string)(&p.Curve.Stage), (*string)(&p.Curve.Progress), &p.Curve.Creator,
	}
	for i := range p.VolumeUSD {
		list = append(list, (*string)(&p.VolumeUSD[i]))
	}
	return list
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// fieldReader takes fields off a string and remembers whether one was missing.
type fieldReader struct {
	rest string
	bad  bool
}

func (r *fieldReader) tags() []string {
	n := r.uvarint()
	if n == 0 || n > uint64(len(r.rest)) { // each takes a byte at least
		r.bad = r.bad || n > 0
		return nil
	}
	tags := make([]string, n)
	for i := range tags {
		tags[i] = r.string()
	}
	return tags
}

func (r *fieldReader) string() string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad = true
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *fieldReader) byte() byte {
	if r.rest == "" {
		r.bad = true
		return 0
	}
	c := r.rest[0]
	r.rest = r.rest[1:]
	return c
}

func (r *fieldReader) uvarint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		c := r.byte()
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			break
		}
	}
	return v
}

func (r *fieldReader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func appendVarints(b []byte, values ...int64) []byte {
	for _, v := range values {
		b = binary.AppendVarint(b, v)
	}
	return b
}
