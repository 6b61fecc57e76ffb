// Package worldtest makes launchpads like real ones, of any size, for tests and benchmarks of boards: tokens as a run has them that has just read the chain and Meteora.
package worldtest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/mr-tron/base58"

	"tokensync/internal/token"
)

// Pad is the launchpad of every token.
const Pad token.LaunchpadID = "56JeApTcgSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V"

// Epoch is when tick 0 is, in Unix milliseconds: 2026-02-05T18:48:01Z.
const Epoch = int64(1_770_317_281_000)

// Key returns a public key, the same for the same arguments.
func Key(kind string, i int) string {
	var seed, b [32]byte
	copy(seed[:], kind)
	binary.BigEndian.PutUint64(seed[24:], uint64(i))
	_, _ = rand.NewChaCha8(seed).Read(b[:]) // never fails
	return base58.Encode(b[:])
}

// World makes launchpads like real ones: of twenty tokens seventeen are on their curves with one pool, most of them asleep;
// three have graduated and have a second pool, whose numbers are Meteora's own. With each tick, a minute, the dollar moves,
// and one token in a hundred is traded: each of the few curves that are awake once in fifteen ticks.
type World struct{ Tick int }

// Tokens returns the first n.
func (w World) Tokens(n int) []token.Token {
	list := make([]token.Token, n)
	for i := range list {
		list[i] = w.Token(i)
	}
	return list
}

// Seeded returns numbers that are the same for the same arguments.
func Seeded(kind uint64, i int) *rand.Rand { return rand.New(rand.NewPCG(kind, uint64(i))) }

func (w World) sol() token.Number {
	n, _ := token.ParseNumber(fmt.Sprintf("%.8f", 150.12345678+0.0137*float64(w.Tick)))
	return n
}

// trades returns how many ticks the token i was traded in.
func (w World) trades(i int) int {
	if i%5 > 0 || isGraduate(i) {
		return 0
	}
	return (w.Tick + i/5*7%15) / 15
}

// At returns when its tick is, in Unix milliseconds.
func (w World) At() int64 { return Epoch + int64(w.Tick)*60_000 }

var (
	adjectives = strings.Fields("Baby Super Moon Doge Pepe Trump Based Giga Turbo Sad Happy Lucky Golden Tiny Mega Solana Degen Wojak Chad Pixel")
	nouns      = strings.Fields("Cat Dog Frog Inu Coin Bonk Ape Whale Shark Bird Hamster Monkey Dragon Wizard Rocket Banana Pizza Sock Hat Penguin")
)

func isGraduate(i int) bool { return i%20 < 3 }

// anchorsLive is how many ticks anchors stand.
const anchorsLive = 60

// Token returns the i-th, with the anchors that a run had set.
func (w World) Token(i int) token.Token {
	t, past := w.bare(i), World{w.Tick / anchorsLive * anchorsLive}.bare(i)
	past.Anchored(nil, true)
	t.Anchored(past.Pools, false)
	return t
}

func (w World) bare(i int) token.Token {
	r := Seeded(1, i)
	name := adjectives[r.IntN(len(adjectives))] + " " + nouns[r.IntN(len(nouns))]
	symbol := strings.ToUpper(name[strings.IndexByte(name, ' ')+1:]) + strconv.Itoa(r.IntN(100))
	created := Epoch - int64(r.IntN(40_000_000))*1000
	curve := w.curve(i, created)
	p := token.Pool{
		Address: Key("curve", i), Product: token.DBC, Launchpad: Pad, Name: symbol + "-SOL",
		Base: token.Asset{
			Mint: Key("mint", i), Name: name, Symbol: symbol, Decimals: "6", TotalSupply: "1000000000",
			URI: "https://gateway.irys.xyz/" + Key("uri", i), FreezeAuthorityDisabled: token.Yes, MintAuthorityDisabled: token.Yes,
			Token2022: token.FlagOf(i%16 == 0),
		},
		QuoteMint: token.SOL, QuoteSymbol: "SOL", QuoteUSD: w.sol(), FeePct: "1", CreatedAt: created, Curve: curve,
	}
	p.Price = curve.QuoteReserve.Add("30.123456").Quo("804327154.123817")
	pools := []token.Pool{p}
	if isGraduate(i) {
		pools = append(pools, w.amm(p, i))
	} else {
		price(&pools[0])
	}
	t := token.Merge(pools)
	t.FirstSeenAt, t.UpdatedAt = created+61_234, w.At()
	t.LastTradeAt = created + int64(r.IntN(1_000_000))*1000 + int64(w.trades(i))*15_000
	t.GraduatedAt = curve.CompletedAt
	w.describe(&t, i, r)
	return t
}

func (w World) curve(i int, created int64) token.Curve {
	c := token.Curve{
		Stage: token.Bonding, Creator: Key("creator", i/3), Config: string(Pad), QuoteThreshold: "85",
		QuoteReserve: token.FromDecimal(1+Seeded(2, i*1000+w.trades(i)).Int64N(84_000_000_000), -9),
	}
	if isGraduate(i) {
		c.Stage, c.QuoteReserve, c.GraduatedPool = token.Graduated, "85.000000001", Key("amm", i)
		c.CompletedAt = created + 3_600_000
	}
	c.Progress = c.QuoteReserve.Quo(c.QuoteThreshold)
	e := &c.Earnings
	fees := Seeded(6, i)
	e.FeesQuote = token.FromDecimal(fees.Int64N(840_000_000)+int64(w.trades(i))*(1+fees.Int64N(10_000_000)), -9)
	e.FeesBase = "0"
	e.Partner.UnclaimedQuote = e.FeesQuote.Mul("0.5")
	e.Creator.UnclaimedQuote = e.Partner.UnclaimedQuote
	e.VolumeQuote = e.FeesQuote.Quo("0.008")
	return c
}

// price makes dollars of a curve's numbers.
func price(p *token.Pool) {
	p.Base.PriceUSD = p.Price.Mul(p.QuoteUSD)
	p.Base.MarketCapUSD = p.Base.PriceUSD.Mul(p.Base.TotalSupply)
	p.TVLUSD = p.Curve.QuoteReserve.Mul(p.QuoteUSD)
}

// amm returns a pool as Meteora lists it: every number is a float64 that moves with its quote, and some each tick by trade.
func (w World) amm(curve token.Pool, i int) token.Pool {
	p := curve
	p.Address, p.Product, p.Curve, p.QuoteUSD = curve.Curve.GraduatedPool, token.DAMMv2, token.Curve{}, w.sol()
	p.CreatedAt = curve.Curve.CompletedAt
	r, traded, moved := Seeded(4, i), Seeded(6, i*1000+w.Tick), w.sol().Float64()
	float := func(scale, by float64) token.Number {
		v := scale * r.Float64() * by
		if i%2 == 0 {
			v *= 1 + traded.Float64()/50
		}
		n, _ := token.ParseNumber(strconv.FormatFloat(v, 'g', -1, 64))
		return n
	}
	p.Base.Holders = token.FromDecimal(r.Int64N(5000), 0)
	p.Price, p.Base.PriceUSD, p.TVLUSD = float(1e-5, 1), float(1e-5, moved), float(1e3, moved)
	p.Base.MarketCapUSD = p.Base.PriceUSD.Mul("1000000007.13")
	p.Fees24hUSD, p.APR = float(1e3, 1), float(100, 1)
	for k := range p.VolumeUSD {
		p.VolumeUSD[k] = float(1e5, 1)
	}
	return p
}

func (w World) describe(t *token.Token, i int, r *rand.Rand) {
	t.Face = token.Face{ImageURL: "https://gateway.irys.xyz/" + Key("image", i)}
	if i%3 == 0 {
		t.Face.Twitter = "https://x.com/" + strings.ToLower(t.Symbol)
		t.Face.Description = t.Name + ", the " + adjectives[r.IntN(len(adjectives))] + " one that everyone was waiting for."
	}
}
