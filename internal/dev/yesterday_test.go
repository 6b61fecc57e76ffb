package dev

import (
	"testing"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// TestPastPoints: a made-up week has what real runs would have left of one.
func TestPastPoints(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 2, 5, 18, 48, 1, 0, time.UTC)
	points := pastPoints(now)
	for _, tt := range []struct {
		grid board.Grid
		span time.Duration
		want int
	}{{board.FiveMinutes, time.Hour, 11}, {board.HalfHour, 24 * time.Hour, 48}, {board.SixHours, week - 6*time.Hour, 27}} {
		series := points.Series(tt.grid, now, tt.span)
		if n := len(series) - 1; n < tt.want || n > tt.want+1 {
			t.Errorf("%d points in %s, want %d", n, tt.span, tt.want)
		}
	}
}

// TestPastSample: prices end where they are, and counters never fall.
func TestPastSample(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 2, 5, 18, 48, 1, 0, time.UTC)
	tok := token.Token{Mint: token.SOL, Price: "2", PriceUSD: "300", CreatedAt: now.Add(-week).UnixMilli()}
	tok.Curve = token.Curve{Stage: token.Bonding, Earnings: token.Earnings{VolumeQuote: "50", FeesQuote: "0.4", FeesBase: "0"}}
	var last board.Sample
	moves := 0
	for at := now.Add(-week); !at.After(now); at = at.Add(time.Hour) {
		s := pastSample(&tok, at, now)
		if s.Volume.Float64() < last.Volume.Float64() || s.Volume.Negative() || s.FeesQuote.Float64() < last.FeesQuote.Float64() {
			t.Errorf("at %s: %+v after %+v", at, s, last)
		}
		if s.PriceUSD != last.PriceUSD {
			moves++
		}
		last = s
	}
	if last.PriceUSD != "300" || last.Price != "2" || last.QuoteUSD != "150" || last.Volume != "50" || moves < 100 {
		t.Errorf("%d moves to %+v", moves, last)
	}
}
