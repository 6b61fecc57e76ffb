package board

import (
	"strconv"
	"testing"

	"tokensync/internal/token"
)

// TestWhatMovesWithItsQuoteIsShort: an hour's boards tell of markets by how far they are from their anchors.
func TestWhatMovesWithItsQuoteIsShort(t *testing.T) {
	t.Parallel()
	const n = 1000
	market := func(move func(i int) float64) (size int) {
		var tokens []token.Token
		for i := range n {
			at := listed(i, 150)
			at.Anchored(nil, true)
			now := listed(i, 150*move(i))
			now.Anchored(at.Pools, false)
			tokens = append(tokens, now)
		}
		m, _ := chunksOf(t, tokens)
		for _, ref := range m.Chunks {
			if ref.Family == plans[marketFamily].name {
				size += ref.Size
			}
		}
		return size
	}
	for name, test := range map[string]struct {
		move        func(i int) float64
		least, most int
	}{
		"nothing moved":     {func(int) float64 { return 1 }, 50, 2 * n},
		"the quote moved":   {func(int) float64 { return 1.0123 }, 1 * n, 6 * n},
		"each one moved so": {func(i int) float64 { return 1 + float64(i)/7001 }, 2 * n, 12 * n},
	} {
		if size := market(test.move); size < test.least || size > test.most {
			t.Errorf("%s: %d bytes for %d pools, want %d to %d", name, size, n, test.least, test.most)
		}
	}
}

// listed returns a token with a pool as Meteora lists it, whose dollars are those of its quote.
func listed(i int, usd float64) token.Token {
	r := seeded(9, i)
	float := func(v float64) token.Number {
		n, _ := token.ParseNumber(strconv.FormatFloat(v, 'g', -1, 64))
		return n
	}
	p := token.Pool{Address: testKey("quoted", i), Product: token.DLMM, Launchpad: testPad, QuoteMint: token.SOL, QuoteUSD: float(usd)}
	price, supply, volume := r.Float64()*1e-5, 1e9*r.Float64(), r.Float64()*1e5
	p.Base = token.Asset{Mint: testKey("mint", i), TotalSupply: float(supply), PriceUSD: float(price * usd), MarketCapUSD: float(price * usd * supply)}
	p.Price, p.TVLUSD = float(price), float(r.Float64()*1e3*usd)
	for k := range p.VolumeUSD {
		p.VolumeUSD[k] = float(volume * float64(k+1))
	}
	p.Fees24hUSD = float(volume / 100)
	return token.Merge([]token.Pool{p})
}
