package token

import "encoding/binary"

// appendContent appends everything that p says, each text behind its length: what Hash is taken of.
func (p *Pool) appendContent(b []byte) []byte {
	for _, f := range p.fields() {
		b = appendString(b, *f.text)
	}
	b = append(b, byte(p.Base.Verified), byte(p.Base.FreezeAuthorityDisabled), byte(FlagOf(p.Blacklisted)))
	b = binary.AppendVarint(b, p.CreatedAt)
	b = binary.AppendUvarint(b, uint64(len(p.Tags)))
	for _, tag := range p.Tags {
		b = appendString(b, tag)
	}
	return b
}

// A field is one of a pool's texts.
type field struct {
	text *string
	kind fieldKind
}

// fieldKind says what a text is made of, so that it can be packed.
type fieldKind int

const (
	free   fieldKind = iota // anything
	key                     // mostly base58 for 32 bytes
	word                    // one of a few that come again and again
	number                  // digits and little else
)

// fields lists p's texts, in an order that stored hashes rely on.
func (p *Pool) fields() []field {
	a := &p.Base
	list := []field{
		{&p.Address, key},
		{(*string)(&p.Product), word},
		{(*string)(&p.Launchpad), word},
		{&p.Name, free},
		{&a.Mint, key},
		{&a.Name, free},
		{&a.Symbol, free},
		{(*string)(&a.Decimals), number},
		{(*string)(&a.Holders), number},
		{(*string)(&a.TotalSupply), number},
		{(*string)(&a.PriceUSD), number},
		{(*string)(&a.MarketCapUSD), number},
		{&p.QuoteMint, word},
		{&p.QuoteSymbol, word},
		{(*string)(&p.Price), number},
		{(*string)(&p.TVLUSD), number},
		{(*string)(&p.Fees24hUSD), number},
		{(*string)(&p.FeePct), number},
		{(*string)(&p.APR), number},
		{(*string)(&p.Curve.Stage), word},
		{(*string)(&p.Curve.Progress), number},
		{&p.Curve.Creator, key},
	}
	for i := range p.VolumeUSD {
		list = append(list, field{(*string)(&p.VolumeUSD[i]), number})
	}
	return list
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendVarints(b []byte, values ...int64) []byte {
	for _, v := range values {
		b = binary.AppendVarint(b, v)
	}
	return b
}
