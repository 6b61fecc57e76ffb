package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"tokensync/internal/dynamo"
	"tokensync/internal/ingest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// A simulation is a launchpad that lives through a day in a bubble's time: tokens are launched, traded, completed and graduate, and
// the dollar moves. Its books have what every run could see.
type simulation struct {
	*world
	rand   *rand.Rand
	chain  *scripted
	amms   *scripted
	reader *dynamo.BoardReader
	warned []string

	sol    float64 // dollars
	tokens []*coin
	books  map[int64]map[string]entry // by the second of a run that may have kept a point, and mint
	last   time.Time                  // of the last run that published
}

// A coin is one of the day's tokens. Amounts are in billionths of a SOL.
type coin struct {
	mint                         string
	born, completed, graduated   time.Time
	reserve, gross               int64
	shown                        int64   // gross on the last board
	ammPrice                     float64 // in SOL
	swaps                        []swap  // on its AMM pool
	traded, noticed, firstNotice time.Time
	lagged                       bool // what looks like a trade is none
}

type swap struct {
	at      time.Time
	dollars float64
}

// An entry is what the books say of a token at one time.
type entry struct{ dollars, volume float64 }

const (
	threshold = int64(5e9)
	feeRate   = 0.01
)

func newDay(w *world) *simulation {
	d := &simulation{
		world: w, rand: rand.New(rand.NewPCG(22, 1)), sol: 150,
		chain: &scripted{product: token.DBC}, amms: &scripted{product: token.DAMMv2}, books: map[int64]map[string]entry{},
	}
	d.reader = dynamo.NewBoardReader(w.client, w.tables.Board).Recalling(func(err error) { d.warned = append(d.warned, err.Error()) })
	d.sync.Sources = []ingest.Source{d.chain, d.amms}
	return d
}

// move lets a minute pass.
func (d *simulation) move() {
	time.Sleep(time.Minute)
	d.sol *= 1 + d.rand.NormFloat64()*0.002
	if d.rand.IntN(90) == 0 || len(d.tokens) < 3 {
		d.tokens = append(d.tokens, &coin{mint: key(fmt.Sprint("coin", len(d.tokens))), born: time.Now().Add(-10 * time.Second)})
	}
	for _, c := range d.tokens {
		switch {
		case d.rand.IntN(12) > 0:
		case c.completed.IsZero():
			d.trade(c)
		case c.graduated.IsZero():
			c.graduated, c.ammPrice = time.Now(), price(c.reserve)
		default:
			c.ammPrice *= math.Exp(d.rand.NormFloat64() * 0.1)
			c.swaps, c.traded = append(c.swaps, swap{time.Now(), 100 * d.rand.Float64()}), time.Now()
		}
	}
}

func price(reserve int64) float64 { return float64(3e9+reserve) / 1e9 * 1e-8 }

// trade buys or sells on a curve.
func (d *simulation) trade(c *coin) {
	amount := 1 + d.rand.Int64N(threshold/4)
	if d.rand.IntN(3) == 0 {
		amount = -min(amount, c.reserve)
	}
	c.reserve += amount
	c.gross += max(amount, -amount)
	if amount != 0 {
		c.traded = time.Now()
	}
	if c.reserve >= threshold {
		c.completed = time.Now()
	}
}

func number(v float64) token.Number {
	n, _ := token.ParseNumber(fmt.Sprintf("%.15e", v))
	return n
}

// pools returns what the chain says of a coin's curve, and a Data API of its AMM pool.
func (d *simulation) pools(c *coin) (curve token.Pool, amm *token.Pool) {
	sol := number(d.sol)
	curve = token.Pool{
		Address: key(c.mint + "curve"), Product: token.DBC, Launchpad: "pad", Base: token.Asset{Mint: c.mint, Symbol: "C"},
		QuoteMint: token.SOL, QuoteSymbol: "SOL", QuoteUSD: sol, Price: number(price(c.reserve)), CreatedAt: c.born.UnixMilli(),
		Curve: token.Curve{Stage: token.Bonding, Config: key("config"), Creator: key("creator"), QuoteReserve: token.FromDecimal(c.reserve, -9)},
	}
	e := &curve.Curve.Earnings
	e.FeesQuote, e.FeesBase = token.FromDecimal(c.gross, -9).Mul("0.008"), "0"
	e.VolumeQuote = token.FromDecimal(c.gross, -9)
	if !c.completed.IsZero() {
		curve.Curve.Stage, curve.Curve.CompletedAt = token.Migrating, c.completed.UnixMilli()
	}
	if c.graduated.IsZero() {
		curve.Base.PriceUSD = curve.Price.Mul(sol)
		return curve, nil
	}
	curve.Curve.Stage, curve.Curve.GraduatedPool = token.Graduated, key(c.mint+"amm")
	amm = &token.Pool{
		Address: curve.Curve.GraduatedPool, Product: token.DAMMv2, Launchpad: "pad", Base: token.Asset{Mint: c.mint, PriceUSD: number(c.ammPrice * d.sol)},
		QuoteMint: token.SOL, QuoteSymbol: "SOL", QuoteUSD: sol, Price: number(c.ammPrice), TVLUSD: "5000", CreatedAt: c.graduated.UnixMilli(),
	}
	for w := range amm.VolumeUSD {
		amm.VolumeUSD[w] = number(c.swapped(windows[w]))
	}
	amm.Fees24hUSD = amm.VolumeUSD[token.Day].Mul("0.02")
	return curve, amm
}

var windows = [...]time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// swapped returns what was traded on a coin's AMM pool in the time before now.
func (c *coin) swapped(span time.Duration) (dollars float64) {
	for _, s := range c.swaps {
		if time.Since(s.at) < span {
			dollars += s.dollars
		}
	}
	return dollars
}

// look makes the sources tell what there is now, and writes it down. stale coins look as they did in between: a node lags.
func (d *simulation) look(stale ...*coin) {
	d.chain.pools, d.amms.pools, d.chain.err, d.amms.err = nil, nil, nil, nil
	now := map[string]entry{}
	for _, c := range d.tokens {
		seen := *c
		if slices.Contains(stale, c) {
			seen.gross, seen.reserve = c.shown/2, c.reserve/2
		}
		curve, amm := d.pools(&seen)
		d.chain.pools = append(d.chain.pools, curve)
		dollars := curve.Base.PriceUSD
		if amm != nil {
			d.amms.pools, dollars = append(d.amms.pools, *amm), amm.Base.PriceUSD
		}
		now[c.mint] = entry{dollars.Float64(), float64(seen.gross) / 1e9}
	}
	d.books[time.Now().Unix()] = now
}

// run syncs, and notes which trades it has seen.
func (d *simulation) run() syncrun.Record {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	defer cancel()
	start := time.Now()
	record, err := d.sync.Run(ctx, ingest.Event{Mode: ingest.ModeFull})
	if (err != nil) != (record.Status == syncrun.Failed) {
		d.t.Errorf("%s: %v", record.Status, err)
	}
	if record.BoardVersion > 0 {
		for _, c := range d.tokens {
			if c.traded.After(c.noticed) {
				c.noticed = start
			}
			c.shown = int64(d.books[start.Unix()][c.mint].volume * 1e9)
			if c.firstNotice.IsZero() {
				c.firstNotice = start
			}
		}
		d.last = start
	}
	return record
}

func close6(got token.Number, want float64) bool {
	return got != "" && math.Abs(got.Float64()-want) <= 1e-5*math.Abs(want)+1e-3
}

// check compares what a reader sees with the books. It returns how much it could compare.
func (d *simulation) check(except ...*coin) (changes, sums, sinceBirth int) {
	d.t.Helper()
	b, err := d.reader.Board(context.Background())
	if err != nil || len(d.warned) > 0 {
		d.t.Fatalf("%v, %v", err, d.warned)
	}
	now := d.books[d.last.Unix()]
	for _, c := range d.tokens {
		got, ok := b.Token(c.mint)
		if !ok || slices.Contains(except, c) {
			continue
		}
		for i, name := range token.ChangeNames {
			k := slices.Index(token.SpanNames[:], name)
			then, known := d.books[got.Since[k]/1000][c.mint]
			if got.PriceChange[i] == "" {
				continue
			}
			if want := (now[c.mint].dollars/then.dollars - 1) * 100; !known || !close6(got.PriceChange[i], want) {
				d.t.Errorf("%s: %s %% in %s, it was %g", c.mint, got.PriceChange[i], name, want)
			}
			d.isOldEnough(got.Since[k], name, false)
			changes++
		}
		for i, name := range token.WindowNames {
			k := slices.Index(token.SpanNames[:], name)
			if got.Since[k] == 0 {
				continue
			}
			then := d.books[got.Since[k]/1000][c.mint] // nothing, before it was born
			want := (now[c.mint].volume-then.volume)*d.sol + c.swapped(windows[i])
			if !close6(got.VolumeUSD[i], want) {
				d.t.Errorf("%s: a volume of %s in %s, it was %g", c.mint, got.VolumeUSD[i], name, want)
			}
			d.isOldEnough(got.Since[k], name, true)
			if sums++; then == (entry{}) {
				sinceBirth++
			}
			if fees := (now[c.mint].volume-then.volume)*feeRate*d.sol + c.swapped(windows[i])*0.02; i == int(token.Day) && !close6(got.Fees24hUSD, fees) {
				d.t.Errorf("%s: fees of %s, they were %g", c.mint, got.Fees24hUSD, fees)
			}
		}
		if c.noticed.After(c.firstNotice) && !c.lagged && got.LastTradeAt != c.noticed.Truncate(time.Second).UnixMilli() {
			d.t.Errorf("%s: traded at %s, seen at %s, the row says %s", c.mint, c.traded, c.noticed, time.UnixMilli(got.LastTradeAt).UTC())
		}
	}
	return changes, sums, sinceBirth
}

// isOldEnough checks how far back a span really goes. While nothing is as old as it, a window may begin later.
func (d *simulation) isOldEnough(since int64, name string, mayBeYoung bool) {
	d.t.Helper()
	span, _ := time.ParseDuration(name)
	age := d.last.Sub(time.UnixMilli(since))
	if age > 2*span+5*time.Minute || age < span-30*time.Second && !mayBeYoung {
		d.t.Errorf("%s go back %s", name, age)
	}
}

// TestDay lives through a day in which runs fail, are killed, and are left out. Whatever a row says is what happened between
// the point that it names and its board, to the digits that it shows.
func TestDay(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world) {
		d := newDay(w)
		changes, sums, sinceBirth, noted := 0, 0, 0, 0
		for minute := range 27 * 60 {
			d.move()
			if minute%4 > 0 {
				continue
			}
			d.look()
			switch fate := d.rand.IntN(20); {
			case minute > 600 && minute < 690: // nobody calls it
				continue
			case fate == 0:
				d.chain.pools, d.amms.pools = nil, nil
				d.chain.err, d.amms.err = errors.New("down"), errors.New("down")
				if record := d.run(); record.Status != syncrun.Failed {
					t.Errorf("a run without an answer %s", record.Status)
				}
				continue
			case fate == 1:
				d.kill()
				continue
			case fate == 2 && minute > 60:
				noted += d.lag()
				continue
			}
			if record := d.run(); record.Status != syncrun.Succeeded {
				t.Fatalf("minute %d: %s %s", minute, record.Status, record.Error)
			}
			c, s, b := d.check()
			changes, sums, sinceBirth = changes+c, sums+s, sinceBirth+b
		}
		graduates := slices.DeleteFunc(slices.Clone(d.tokens), func(c *coin) bool { return c.graduated.IsZero() })
		if changes < 5000 || sums < 5000 || sinceBirth < 50 || noted == 0 || len(graduates) < 3 {
			t.Errorf("only %d changes, %d windows, %d of new tokens, %d counters that went back, %d graduates", changes, sums, sinceBirth, noted, len(graduates))
		}
	})
}

// kill ends a run somewhere on its way: what it would have written after that is not written.
func (d *simulation) kill() {
	left := d.rand.IntN(12)
	d.db.put = func(_, _ string) error {
		if left--; left < 0 {
			return errors.New("killed")
		}
		return nil
	}
	d.run()
	d.db.put = nil
	time.Sleep(20 * time.Second) // the lease runs out meanwhile, if it was not given back
}

// lag makes a run whose node shows some curves as they were: it says so, and no window falls below nothing.
func (d *simulation) lag() (noted int) {
	var behind []*coin
	for _, c := range d.tokens {
		if c.completed.IsZero() && c.firstNotice.Before(d.last) && c.shown > 10 {
			behind = append(behind, c)
		}
	}
	if len(behind) == 0 {
		return 0
	}
	c := behind[d.rand.IntN(len(behind))]
	c.lagged = true
	d.look(c)
	record := d.run()
	for _, p := range record.Products {
		for _, note := range p.Notes {
			if strings.Contains(note, "went back") && strings.Contains(note, c.mint) {
				noted++
			}
		}
	}
	if noted != 1 || record.Status != syncrun.Succeeded {
		d.t.Errorf("%s went back: %d notes in %+v", c.mint, noted, record)
	}
	b, err := d.reader.Board(context.Background())
	if err != nil {
		d.t.Fatal(err)
	}
	for t := range b.All() {
		for _, v := range append(t.VolumeUSD[:], t.Fees24hUSD) {
			if v.Negative() {
				d.t.Errorf("%s: a volume of %s", t.Mint, v)
			}
		}
	}
	return noted
}
