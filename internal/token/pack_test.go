package token

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// packed returns pools with every peculiarity that packing has to keep.
func packed() []Pool {
	pools := append(samplePools(), Pool{})
	pools[0].Tags, pools[0].Blacklisted, pools[0].CreatedAt = []string{"a", "", "🚀"}, true, -7
	pools[0].Base.Verified, pools[0].Base.FreezeAuthorityDisabled = Yes, No
	odd := pools[0]
	odd.Address, odd.Base.Mint = SOL, "1"+USDC // a key, and what is not one
	odd.Base.Symbol, odd.QuoteSymbol, odd.Name = "TOK", "SOL", "TOK-SOL"
	odd.Price, odd.TVLUSD, odd.APR, odd.FeePct = "-1.5e+7", "0.000000000001", "many", "123456"
	odd.Curve = Curve{Stage: Bonding, Progress: "0.1172538", Creator: strings.Repeat("1", 32)}
	unnamed := odd
	unnamed.Base.Symbol, unnamed.QuoteSymbol, unnamed.Name = "", "", ""
	return append(pools, odd, unnamed)
}

func TestPackerRoundTrip(t *testing.T) {
	t.Parallel()
	var k Packer
	for range 2 { // the second time all words are known
		for _, want := range packed() {
			var got Pool
			before := want
			b := k.Append(nil, &want)
			if err := k.Unpack(b, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, got) + cmp.Diff(before, want); diff != "" {
				t.Error(diff)
			}
			for n := range b {
				if err := k.Unpack(b[:n], new(Pool)); err == nil {
					t.Errorf("%d of %d bytes were enough", n, len(b))
				}
			}
		}
	}
}

// TestPackerForgetsNothing once it remembers as many words as it may.
func TestPackerForgetsNothing(t *testing.T) {
	t.Parallel()
	var k Packer
	for i := range maxWords + 100 {
		want := Pool{QuoteMint: "quote " + strconv.Itoa(i), QuoteSymbol: "SOL"}
		var got Pool
		if err := k.Unpack(k.Append(nil, &want), &got); err != nil || !cmp.Equal(want, got) {
			t.Fatalf("word %d: %v, %+v", i, err, got)
		}
	}
	if len(k.words) > maxWords {
		t.Errorf("%d words", len(k.words))
	}
}

// TestPackedSize measures what the memory of a run with many matches rests on.
func TestPackedSize(t *testing.T) {
	t.Parallel()
	p := Pool{
		Address: "GpMZbSM2GgvTKHJirzeGfMFoaZ8UR2X7F4v8vHTvxFbL", Product: DBC, Launchpad: "56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V",
		Name: "LOUIE-SOL", QuoteMint: SOL, QuoteSymbol: "SOL", Price: "5.710184671262929e-8",
		Base: Asset{
			Mint: "QS4QLW6vZWMmQE3j3LAnGfCZbXWbVfDuVDeVfgT2dzM", Name: "Louie the dog", Symbol: "LOUIE", Decimals: "6",
			TotalSupply: "1000000000", PriceUSD: "0.0000068522216055155148", MarketCapUSD: "6852.2216055155148",
		},
		Curve: Curve{Stage: Bonding, Progress: "0.11725382491", Creator: "56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V"},
	}
	var k Packer
	k.Append(nil, &p)
	if n := len(k.Append(nil, &p)); n > 200 {
		t.Errorf("%d bytes", n)
	}
}

func FuzzUnpack(f *testing.F) {
	var k Packer
	for _, p := range packed() {
		f.Add(k.Append(nil, &p))
	}
	words := k.words
	f.Fuzz(func(t *testing.T, b []byte) {
		k := Packer{words: words, numbers: map[string]uint64{}}
		for i, w := range words {
			k.numbers[w] = uint64(i + 1)
		}
		var p, again Pool
		if k.Unpack(b, &p) != nil {
			return
		}
		if err := k.Unpack(k.Append(nil, &p), &again); err != nil || !cmp.Equal(p, again) {
			t.Fatalf("%v\n%s", err, cmp.Diff(p, again))
		}
	})
}
