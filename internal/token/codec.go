package token

import (
	"encoding/binary"
	"slices"
)

// appendContent appends everything that p says, each text after its length: what Same compares.
func (p *Pool) appendContent(b []byte) []byte {
	for _, f := range slices.Concat(p.fields(), p.Curve.fields(), p.Curve.Earnings.fields()) {
		b = appendString(b, *f.text)
	}
	b = binary.AppendUvarint(b, p.bits())
	b = appendVarints(b, p.CreatedAt, p.Curve.CompletedAt, int64(len(p.Tags)))
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

// fieldKind tells what a text is made of, so that it can be packed.
type fieldKind int

const (
	free   fieldKind = iota // anything
	key                     // mostly base58 for 32 bytes
	word                    // one of a few that come again and again
	number                  // digits and little else
)

// fields lists p's texts, in the order in which they are packed.
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
		{(*string)(&p.QuoteUSD), number},
		{(*string)(&p.DepthUSD), number},
		{&a.URI, free},
	}
	for i := range p.VolumeUSD {
		list = append(list, field{(*string)(&p.VolumeUSD[i]), number})
	}
	return list
}

// fields lists c's texts.
func (c *Curve) fields() []field {
	list := []field{
		{(*string)(&c.Stage), word},
		{(*string)(&c.Progress), number},
		{&c.Creator, key},
		{&c.Config, word},
		{&c.GraduatedPool, key},
	}
	for _, n := range []*Number{&c.QuoteReserve, &c.QuoteThreshold} {
		list = append(list, field{(*string)(n), number})
	}
	return list
}

// fields lists e's texts.
func (e *Earnings) fields() []field {
	var list []field
	for _, n := range []*Number{&e.FeesBase, &e.FeesQuote, &e.VolumeQuote, &e.CreationFee, &e.Leftover} {
		list = append(list, field{(*string)(n), number})
	}
	for _, side := range []*Share{&e.Partner, &e.Creator} {
		for _, n := range []*Number{
			&side.UnclaimedBase, &side.UnclaimedQuote, &side.ClaimedBase, &side.ClaimedQuote, &side.Surplus, &side.MigrationFee,
		} {
			list = append(list, field{(*string)(n), number})
		}
	}
	return list
}

// flags and bools list what takes two bits and one.
func (p *Pool) flags() []*Flag {
	return []*Flag{&p.Base.Verified, &p.Base.FreezeAuthorityDisabled, &p.Base.MintAuthorityDisabled, &p.Base.Token2022}
}

func (p *Pool) bools() []*bool {
	e := &p.Curve.Earnings
	return []*bool{
		&p.Blacklisted, &e.VolumeEstimated, &e.CreationFeeTaken,
		&e.Partner.SurplusTaken, &e.Partner.MigrationTaken, &e.Creator.SurplusTaken, &e.Creator.MigrationTaken,
	}
}

// bits returns p's flags and bools in one number.
func (p *Pool) bits() (bits uint64) {
	for _, f := range p.flags() {
		bits = bits<<2 | uint64(*f)&3
	}
	for _, is := range p.bools() {
		bits <<= 1
		if *is {
			bits |= 1
		}
	}
	return bits
}

// setBits reverses bits.
func (p *Pool) setBits(bits uint64) {
	bools, flags := p.bools(), p.flags()
	for _, is := range slices.Backward(bools) {
		*is = bits&1 == 1
		bits >>= 1
	}
	for _, f := range slices.Backward(flags) {
		*f = Flag(bits & 3)
		bits >>= 2
	}
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
