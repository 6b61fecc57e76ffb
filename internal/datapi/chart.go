package datapi

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"tokensync/internal/catalog"
	"tokensync/internal/token"
)

// A price is what a token cost at a moment.
type price struct {
	at     time.Time
	apart  time.Duration // from one to the next
	usd    token.Number
	volume token.Number // since the one before, in US dollars; "" is unknown
}

// ranges are those of the catalog's charts, the finest first.
var ranges = []struct {
	name        string
	span, apart time.Duration
}{
	{"1h", time.Hour, 5 * time.Minute},
	{"24h", 24 * time.Hour, 30 * time.Minute},
	{"7d", 7 * 24 * time.Hour, 6 * time.Hour},
	{"30d", farthest, 24 * time.Hour},
}

const (
	// maxCandles is how many a chart gets, the newest.
	maxCandles = 1000
	// farthest is how far back a chart without from looks.
	farthest = 30 * 24 * time.Hour
	month    = "1_MONTH"
)

// intervals are those that the scaffold may ask for.
var intervals = map[string]time.Duration{
	"1_SECOND": time.Second, "15_SECOND": 15 * time.Second, "30_SECOND": 30 * time.Second,
	"1_MINUTE": time.Minute, "3_MINUTE": 3 * time.Minute, "5_MINUTE": 5 * time.Minute, "15_MINUTE": 15 * time.Minute,
	"30_MINUTE": 30 * time.Minute, "1_HOUR": time.Hour, "2_HOUR": 2 * time.Hour, "4_HOUR": 4 * time.Hour, "8_HOUR": 8 * time.Hour,
	"12_HOUR": 12 * time.Hour, "1_DAY": 24 * time.Hour, "1_WEEK": 7 * 24 * time.Hour, month: 30 * 24 * time.Hour,
}

// span is what a chart shows.
type span struct {
	interval string
	from, to time.Time
	candles  int  // at most
	mcap     bool // instead of the price
}

// candle is one bar, in US dollars.
type candle struct {
	Time   int64        `json:"time"` // Unix seconds at which it begins
	Open   token.Number `json:"open"`
	High   token.Number `json:"high"`
	Low    token.Number `json:"low"`
	Close  token.Number `json:"close"`
	Volume token.Number `json:"volume"`
}

// Chart returns the candles of a token; values are the request's parameters, "" for what is not given. A
// *catalog.ParameterError says what is wrong with them.
func Chart(ctx context.Context, c *catalog.Catalog, mint string, value func(string) string) ([]byte, error) {
	s, err := parseSpan(value, time.Now())
	if err != nil {
		return nil, err
	}
	t, err := one(ctx, c, mint)
	if err != nil {
		return nil, err
	}
	prices, err := pricesSince(ctx, c, mint, s.from)
	if err != nil {
		return nil, err
	}
	candles := s.fold(prices)
	if s.mcap {
		candles = times(candles, t.TotalSupply)
	}
	return json.Marshal(struct {
		Candles []candle `json:"candles"`
	}{candles})
}

// pricesSince returns what is known from a moment on, oldest first, and each time as finely as it is known.
func pricesSince(ctx context.Context, c *catalog.Catalog, mint string, from time.Time) ([]price, error) {
	var prices []price
	var known time.Time // from here on prices has the finest; zero is nothing yet
	for _, r := range ranges {
		chart, err := c.Chart(ctx, mint, r.name)
		if err != nil {
			return nil, err
		}
		var older []price
		for _, p := range chart.Points {
			if known.IsZero() || !p.Time.After(known) {
				older = append(older, price{p.Time, r.apart, p.PriceUSD, p.VolumeUSD})
			}
		}
		prices = append(older, prices...)
		if known = chart.SyncedAt.Add(-r.span); !known.After(from) {
			break
		}
	}
	return prices, nil
}

func parseSpan(value func(string) string, now time.Time) (span, error) {
	s := span{interval: cmp.Or(value("interval"), "15_MINUTE"), to: now, candles: maxCandles}
	kind, base := value("type"), value("baseAsset")
	s.mcap = kind == "mcap"
	switch _, ok := intervals[s.interval]; {
	case !ok:
		return s, bad("interval", "is not an interval from 1_SECOND to 1_MONTH")
	case kind != "" && kind != "price" && kind != "mcap":
		return s, bad("type", "is neither price nor mcap")
	case base != "" && !token.IsPublicKey(base):
		return s, catalog.CheckMint("baseAsset", base)
	}
	if text := value("candles"); text != "" {
		n, err := whole(text)
		if err != nil || n < 1 {
			return s, bad("candles", "is not a whole number from 1 on")
		}
		s.candles = int(min(n, maxCandles))
	}
	var err error
	if s.to, err = moment(value, "to", s.to); err != nil {
		return s, err
	}
	s.from, err = moment(value, "from", s.to.Add(-farthest))
	return s, err
}

// maxMoment is the year 9999, in Unix milliseconds.
const maxMoment = 253402300799999

// moment reads Unix milliseconds.
func moment(value func(string) string, name string, fallback time.Time) (time.Time, error) {
	text := value(name)
	if text == "" {
		return fallback, nil
	}
	n, err := whole(text)
	if err != nil || n > maxMoment {
		return fallback, bad(name, "is not a moment in Unix milliseconds")
	}
	return time.UnixMilli(n), nil
}

// whole reads digits and nothing else.
func whole(text string) (int64, error) {
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), err
}

// fold makes the newest candles of prices. They are no finer than the prices are, and each opens at the close before.
func (s *span) fold(prices []price) []candle {
	candles := []candle{}
	for _, p := range prices {
		if !p.usd.Known() || p.at.Before(s.from) || !p.at.Before(s.to) {
			continue
		}
		at := s.begin(p.at, p.apart).Unix()
		if n := len(candles); n == 0 || candles[n-1].Time != at {
			open := p.usd
			if n > 0 {
				open = candles[n-1].Close
			}
			candles = append(candles, candle{at, open, open, open, open, "0"})
		}
		candles[len(candles)-1].add(&p)
	}
	return slices.Clip(candles[max(0, len(candles)-s.candles):])
}

// begin returns where the candle of a moment begins. A week begins on Monday, and a month with its first day.
func (s *span) begin(at time.Time, apart time.Duration) time.Time {
	at = at.UTC()
	if s.interval == month {
		return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	return at.Truncate(max(intervals[s.interval], apart))
}

func (c *candle) add(p *price) {
	c.Close = p.usd
	if p.usd.Float64() > c.High.Float64() {
		c.High = p.usd
	}
	if p.usd.Float64() < c.Low.Float64() {
		c.Low = p.usd
	}
	if p.volume.Known() {
		c.Volume = c.Volume.Add(p.volume)
	}
}

// times multiplies what candles cost; without a factor there are none.
func times(candles []candle, factor token.Number) []candle {
	if !factor.Known() {
		return []candle{}
	}
	for i := range candles {
		c := &candles[i]
		c.Open, c.High, c.Low, c.Close = c.Open.Mul(factor), c.High.Mul(factor), c.Low.Mul(factor), c.Close.Mul(factor)
	}
	return candles
}
