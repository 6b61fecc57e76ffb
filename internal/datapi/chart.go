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

// History is what tokens have cost.
type History interface {
	// Prices returns what is known of a token between two moments, the oldest first, and how far apart its points are.
	Prices(ctx context.Context, mint string, from, to time.Time) ([]Price, time.Duration, error)
}

// NoHistory is the History that knows nothing.
type NoHistory struct{}

// Prices returns none.
func (NoHistory) Prices(context.Context, string, time.Time, time.Time) ([]Price, time.Duration, error) {
	return nil, 0, nil
}

// Price is what a token cost at a moment.
type Price struct {
	At        time.Time
	USD       token.Number
	VolumeUSD token.Number // since the point before; "" is unknown
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

// Chart returns the candles of a token from h; values are the request's parameters, "" for what is not given. A
// *catalog.ParameterError says what is wrong with them.
func Chart(ctx context.Context, c *catalog.Catalog, h History, mint string, value func(string) string) ([]byte, error) {
	s, err := parseSpan(value, time.Now())
	if err != nil {
		return nil, err
	}
	t, err := one(ctx, c, mint)
	if err != nil {
		return nil, err
	}
	prices, apart, err := h.Prices(ctx, mint, s.from, s.to)
	if err != nil {
		return nil, err
	}
	candles := s.fold(prices, apart)
	if s.mcap {
		candles = times(candles, t.TotalSupply)
	}
	return json.Marshal(struct {
		Candles []candle `json:"candles"`
	}{candles})
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
func (s *span) fold(prices []Price, apart time.Duration) []candle {
	candles := []candle{}
	for _, p := range prices {
		if !p.USD.Known() || p.At.Before(s.from) || !p.At.Before(s.to) {
			continue
		}
		at := s.begin(p.At, apart).Unix()
		if n := len(candles); n == 0 || candles[n-1].Time != at {
			open := p.USD
			if n > 0 {
				open = candles[n-1].Close
			}
			candles = append(candles, candle{at, open, open, open, open, "0"})
		}
		candles[len(candles)-1].add(p)
	}
	return slices.Clip(candles[max(0, len(candles)-s.candles):])
}

// begin is where the candle of a moment begins. A week begins on Monday, and a month with its first day.
func (s *span) begin(at time.Time, apart time.Duration) time.Time {
	at = at.UTC()
	if s.interval == month {
		return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	return at.Truncate(max(intervals[s.interval], apart))
}

func (c *candle) add(p Price) {
	c.Close = p.USD
	if p.USD.Float64() > c.High.Float64() {
		c.High = p.USD
	}
	if p.USD.Float64() < c.Low.Float64() {
		c.Low = p.USD
	}
	if p.VolumeUSD.Known() {
		c.Volume = c.Volume.Add(p.VolumeUSD)
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
