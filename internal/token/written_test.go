package token

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestStale: an item is written again for six per cent and never for four, in either direction and at any magnitude.
func TestStale(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		price := r.ExpFloat64() * []float64{1e-100, 1e-9, 1, 1e18, 1e100}[r.IntN(5)]
		off := r.Float64() * 0.12
		if r.IntN(2) == 0 {
			off = 1/(1+off) - 1
		}
		item := Token{PriceUSD: Number(fmt.Sprint(price)), UpdatedAt: 5 * hourMS}
		now := item
		now.PriceUSD, now.Written = Number(fmt.Sprint(price*(1+off))), item.WriteMark()
		factor := max(1+off, 1/(1+off))
		if stale := now.Stale(); factor > 1.0511 && !stale || factor < 1.0405 && stale {
			t.Fatalf("price %v, off by %v: stale is %v", price, off, stale)
		}
	}
}

func TestStaleInEveryAmount(t *testing.T) {
	t.Parallel()
	item := Token{PriceUSD: "1", MarketCapUSD: "2", TVLUSD: "3", VolumeUSD: Windows{Day: "4"}, UpdatedAt: 30 * hourMS}
	for name, tt := range map[string]struct {
		change func(*Token)
		want   bool
	}{
		"nothing":                {func(*Token) {}, false},
		"price":                  {func(t *Token) { t.PriceUSD = "1.07" }, true},
		"market cap":             {func(t *Token) { t.MarketCapUSD = "1.8" }, true},
		"TVL":                    {func(t *Token) { t.TVLUSD = "0" }, true},
		"volume":                 {func(t *Token) { t.VolumeUSD[Day] = "" }, true},
		"volume of half an hour": {func(t *Token) { t.VolumeUSD[0] = "9" }, false},
		"almost a day":           {func(t *Token) { t.UpdatedAt += 23 * hourMS }, false},
		"a day":                  {func(t *Token) { t.UpdatedAt += 24 * hourMS }, true},
		"never written":          {func(t *Token) { t.Written = Written{} }, true},
	} {
		now := item
		now.Written = item.WriteMark()
		tt.change(&now)
		if got := now.Stale(); got != tt.want {
			t.Errorf("%s: stale is %v", name, got)
		}
	}
}
