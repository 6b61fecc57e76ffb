package apitest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/mr-tron/base58"

	"tokensync/internal/token"
)

// Epoch is when the first made-up token was created.
var Epoch = time.Date(2026, 2, 5, 18, 48, 1, 0, time.UTC)

// Tokens returns n listed tokens, spread over ids, the same ones every time. They have what is hard on lists: many equal
// values, many unknown ones, numbers from 1e-12 to 1.8e19, and names in any script.
func Tokens(n int, ids ...token.LaunchpadID) []token.Token {
	tokens := make([]token.Token, n)
	for i := range tokens {
		tokens[i] = token.Merge([]token.Pool{pool(i, ids[i%len(ids)])})
		tokens[i].FirstSeenAt = Epoch.UnixMilli()
		tokens[i].UpdatedAt = Epoch.UnixMilli() + 340
	}
	return tokens
}

// Mint returns the mint of the token number i of Tokens.
func Mint(i int) string { return key("mint", i) }

func key(kind string, i int) string {
	var seed [32]byte
	copy(seed[:], kind)
	binary.BigEndian.PutUint64(seed[24:], uint64(i))
	random := rand.NewChaCha8(seed)
	var b [32]byte
	_, _ = random.Read(b[:]) // never fails
	return base58.Encode(b[:])
}

var names = []string{"Louie", "Café del Mar 🌊", "👩‍🚀🚀 moon", "ソラナ", "<b>bold</b> & \"quoted\"", "دولار", ""}

var amounts = []token.Number{"", "0", "0.000000000001", "1.5", "18446744073709552000", "12345678901234567890.123456789012345678", "-0"}

func pool(i int, id token.LaunchpadID) token.Pool {
	random := rand.New(rand.NewPCG(1, uint64(i)))
	p := token.Pool{
		Address: key("pool", i), Product: token.DLMM, Launchpad: id, Name: "pool " + fmt.Sprint(i),
		Base: token.Asset{
			Mint: Mint(i), Name: names[i%len(names)], Symbol: symbol(i), Decimals: "6", Verified: token.FlagOf(i%3 == 0),
			Holders: token.Number(fmt.Sprint(random.IntN(5000))), TotalSupply: "892407081.380896",
			PriceUSD: amount(random), MarketCapUSD: amount(random),
		},
		QuoteMint: token.SOL, QuoteSymbol: "SOL", Price: "0.0000013", TVLUSD: amount(random), Fees24hUSD: amount(random),
		FeePct: "2", APR: "33.69", CreatedAt: Epoch.UnixMilli() + int64(random.IntN(500))*1000, // ties
	}
	if i%10 == 0 {
		p.CreatedAt = 0
	}
	if i%4 == 0 {
		p.Curve = token.Curve{Stage: stage(i), Progress: amount(random), Creator: key("creator", i)}
	}
	p.VolumeUSD[token.Day] = amount(random)
	return p
}

// stage returns mostly bonding, and rarely migrating.
func stage(i int) token.Stage {
	switch {
	case i%1000 == 500:
		return token.Migrating
	case i%20 == 0:
		return token.Graduated
	}
	return token.Bonding
}

// amount returns an unknown or one of a few odd values half of the time.
func amount(random *rand.Rand) token.Number {
	if random.IntN(2) == 0 {
		n, _ := token.ParseNumber(string(amounts[random.IntN(len(amounts))]))
		return n
	}
	n, _ := token.ParseNumber(fmt.Sprintf("%.4f", random.Float64()*1e6))
	return n
}

// symbol returns symbols that repeat, and are sometimes missing or not ASCII.
func symbol(i int) string {
	switch i % 10 {
	case 0:
		return ""
	case 1:
		return "ÉCLAIR"
	case 2:
		return "🚀"
	}
	return fmt.Sprintf("SYM%d", i%97)
}
