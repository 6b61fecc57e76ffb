package main

import (
	"errors"
	"math/rand/v2"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// rollHours is how long rolls are written until their units are believed.
const rollHours = 12

// A trade is what happens to tokens between two points: every quote moves, and one of oneIn tokens is traded, none of 0.
type trade struct {
	*rand.Rand
	oneIn   int
	samples map[string]board.Sample
	parts   map[board.PartKey][]byte
	units   int
}

// rollUnits returns how many write units an hour the rolls of a board's tokens take, with a point every five minutes.
func rollUnits(b *board.Board, oneIn int) (float64, error) {
	samples := map[string]board.Sample{}
	t := trade{rand.New(rand.NewPCG(1, 2)), oneIn, samples, map[board.PartKey][]byte{}, 0}
	quotes := map[string]token.Number{}
	for t := range b.All() {
		if quotes[t.QuoteMint] == "" {
			quotes[t.QuoteMint] = t.PriceUSD.Quo(t.Price).Round(8)
		}
		samples[t.Mint] = board.Sample{Price: t.Price, QuoteUSD: quotes[t.QuoteMint], Volume: t.Curve.Earnings.VolumeQuote}
	}
	var points, rolls board.Points
	for now := b.SyncedAt(); now.Sub(b.SyncedAt()) < rollHours*time.Hour; now = now.Add(pointEvery) {
		p, err := t.point(points, now)
		if err != nil {
			return 0, err
		}
		points = points.With(p)
		if m, isDue := rolls.Merge(points); isDue {
			made, damage, err := m.Write(t.fetch, t.putRoll)
			if err != nil || damage != nil {
				return 0, errors.Join(err, damage)
			}
			rolls = m.Rolls(made)
		}
	}
	return float64(t.units) / rollHours, nil
}

// point moves the market and keeps a point of it.
func (t *trade) point(points board.Points, now time.Time) (board.Point, error) {
	next, _ := points.Next(now)
	w, move, moved := board.NewPointWriter(next), token.FromDecimal(1_000_000+t.Int64N(5000), -6), map[token.Number]token.Number{}
	for mint, s := range t.samples {
		if moved[s.QuoteUSD] == "" {
			moved[s.QuoteUSD] = s.QuoteUSD.Mul(move).Round(8)
		}
		s.QuoteUSD = moved[s.QuoteUSD]
		if t.oneIn > 0 && t.IntN(t.oneIn) == 0 {
			s.Price = s.Price.Mul(token.FromDecimal(950+t.Int64N(100), -3)).Round(9)
			s.Volume = s.Volume.Add(token.FromDecimal(t.Int64N(1e9), -9)).Round(9)
		}
		s.PriceUSD = s.Price.Mul(s.QuoteUSD)
		t.samples[mint] = s
		w.AddSample(mint, s)
	}
	p, parts, err := w.Finish()
	for i, data := range parts {
		t.parts[board.PartKey{At: p.At, Part: i}] = data
	}
	return p, err
}

func (t *trade) fetch(keys []board.PartKey) (map[board.PartKey][]byte, error) {
	found := make(map[board.PartKey][]byte, len(keys))
	for _, k := range keys {
		found[k] = t.parts[k]
	}
	return found, nil
}

// keyBytes are about those of an item beside its data.
const keyBytes = 60

func (t *trade) putRoll(k board.PartKey, data []byte) error {
	t.parts[k], t.units = data, t.units+1+(len(data)+keyBytes)/1024
	return nil
}
