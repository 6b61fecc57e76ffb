package catalog

import (
	"context"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// Past is where earlier points come from.
type Past interface {
	// Samples returns what each of points, which are a series that charts show, has of a mint, without its fees: as many as there are points;
	// the zero value where that is nothing.
	Samples(ctx context.Context, points board.Points, mint string) ([]board.Sample, error)
}

// A Chart is a token's past, from our own runs.
type Chart struct {
	Points   []ChartPoint // oldest first; none for a mint that none of them has
	Interval string       // from one to the next, where no run was lost
	SyncedAt time.Time    // as List has it
}

// A ChartPoint is a token at one time. Numbers have nine digits.
type ChartPoint struct {
	Time      time.Time
	PriceUSD  token.Number
	Price     token.Number // in the quote of the pool that the price came from
	VolumeUSD token.Number // on its curve since the point before; unknown where the token was on none
}

// A chartRange is how far back a chart goes, in which steps.
type chartRange struct {
	name     string
	span     time.Duration
	grid     board.Grid
	interval string
}

var chartRanges = []chartRange{
	{"1h", time.Hour, board.FiveMinutes, "5m"},
	{"24h", 24 * time.Hour, board.HalfHour, "30m"},
	{"7d", 7 * 24 * time.Hour, board.SixHours, "6h"},
	{"30d", 30 * 24 * time.Hour, board.Day, "1d"},
}

// Chart returns the past of a mint; span is 1h, 24h, 7d or 30d. A *ParameterError tells of another, and of what is not a mint.
func (c *Catalog) Chart(ctx context.Context, mint, span string) (Chart, error) {
	if err := CheckMint("mint", mint); err != nil {
		return Chart{}, err
	}
	r, err := rangeOf(span)
	if err != nil {
		return Chart{}, err
	}
	b, err := c.Boards.Board(ctx)
	switch {
	case err != nil:
		return Chart{}, unavailable("reading the board", err)
	case b == nil:
		return Chart{Interval: r.interval}, nil
	}
	points, err := c.chartPoints(ctx, b, mint, r.grid, b.SyncedAt().Add(-r.span))
	return Chart{Points: points, Interval: r.interval, SyncedAt: b.SyncedAt()}, err
}

// chartPoints returns what b's points of a grid have of a mint since a moment.
func (c *Catalog) chartPoints(ctx context.Context, b *board.Board, mint string, grid board.Grid, from time.Time) (list []ChartPoint, err error) {
	points := b.Points().Series(grid, b.SyncedAt(), b.SyncedAt().Sub(from))
	samples, err := c.Past.Samples(ctx, points, mint)
	if err != nil {
		return nil, unavailable("reading points", err)
	}
	t, _ := b.Token(mint)
	for i, p := range points {
		if s := &samples[i]; p.Time().After(from) && *s != (board.Sample{}) {
			list = append(list, ChartPoint{p.Time(), s.PriceUSD, s.Price, volumeSince(&t, points, samples, i)})
		}
	}
	return list, nil
}

func rangeOf(name string) (chartRange, error) {
	for _, r := range chartRanges {
		if r.name == name {
			return r, nil
		}
	}
	return chartRange{}, badParameter("range", "must be one of 1h, 24h, 7d, 30d")
}

// volumeSince returns what was traded on t's curve from the point before i to it. A counter begins with 0.
func volumeSince(t *token.Token, points board.Points, samples []board.Sample, i int) token.Number {
	if i == 0 {
		return ""
	}
	before := samples[i-1].Volume
	if samples[i-1] == (board.Sample{}) && t.CreatedAt > points[i-1].At*1000 && t.CreatedAt < t.FirstSeenAt {
		before = "0"
	}
	if before == "" || samples[i].Volume == "" {
		return ""
	}
	grown := samples[i].Volume.Sub(before)
	if grown.Negative() {
		return ""
	}
	return grown.Mul(samples[i].QuoteUSD)
}
