package dev

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/dynamo"
	"tokensync/internal/token"
)

// week is how far back a made-up past goes.
const week = 7 * 24 * time.Hour

// InventPast makes up a week of points for the tokens of the board, which must have been published, so that charts have
// something to show: the prices end where they are, and the counters of curves began with nothing.
func (s *Stack) InventPast(ctx context.Context) (err error) {
	client := s.engine.Client()
	lease, err := dynamo.NewSyncTable(client, s.tables.Sync).Acquire(ctx, "the made-up past", time.Now().Add(time.Minute))
	if err != nil {
		return fmt.Errorf("making up a past: %w", err)
	}
	defer func() { err = errors.Join(err, lease.Release(context.WithoutCancel(ctx))) }()
	e, err := dynamo.NewBoardTable(client, s.tables.Board).Edit(ctx)
	if err != nil {
		return fmt.Errorf("making up a past: %w", err)
	}
	if e.Board() == nil {
		return errors.New("making up a past: there is no board yet")
	}
	now := time.Now()
	for _, p := range pastPoints(now) {
		if err := putPast(ctx, e, p, now); err != nil {
			return fmt.Errorf("making up a past: %w", err)
		}
	}
	m := e.Board().Manifest()
	return e.Publish(ctx, &m, e.State(), lease.Generation())
}

// pastPoints returns the points that a run each five minutes would have left of a week.
func pastPoints(now time.Time) (kept board.Points) {
	for at := now.Add(-week); at.Before(now.Add(-time.Minute)); at = at.Add(board.FiveMinutes.Step()) {
		if p, isDue := kept.Next(at); isDue {
			kept = kept.With(p)
		}
	}
	return kept
}

func putPast(ctx context.Context, e *dynamo.Edition, p board.Point, now time.Time) error {
	w := board.NewPointWriter(p)
	for t := range e.Board().All() {
		if t.CreatedAt < p.At*1000 {
			w.AddSample(t.Mint, pastSample(&t, p.Time(), now))
		}
	}
	p, parts, err := w.Finish()
	if err != nil {
		return err
	}
	return e.PutPoint(ctx, p, parts)
}

// pastSample returns what a token may have been: its price has swayed around what it is, and its counters have grown evenly.
func pastSample(t *token.Token, at, now time.Time) board.Sample {
	price := float(math.Exp(sway(t.Mint, at) - sway(t.Mint, now)))
	s := board.Sample{Price: t.Price.Mul(price), PriceUSD: t.PriceUSD.Mul(price), QuoteUSD: t.PriceUSD.Quo(t.Price)}
	if t.Curve.Stage == token.Graduated {
		return s
	}
	began := max(t.CreatedAt, now.Add(-week).UnixMilli())
	share := float(max(0, float64(at.UnixMilli()-began)) / float64(now.UnixMilli()-began))
	e := &t.Curve.Earnings
	s.Volume, s.FeesQuote, s.FeesBase = e.VolumeQuote.Mul(share), e.FeesQuote.Mul(share), e.FeesBase.Mul(share)
	return s
}

func float(v float64) token.Number {
	n, _ := token.ParseNumber(strconv.FormatFloat(v, 'e', 9, 64))
	return n
}

// sway returns a logarithm of a price: slow waves and quick ones, others for each mint.
func sway(mint string, at time.Time) (height float64) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(mint)) // never fails
	phases := h.Sum64()
	for i, hours := range []float64{61, 17, 5.3, 1.1} {
		phase := float64(phases>>(16*i)&0xffff) / 0x10000
		height += 0.5 / float64(1+2*i) * math.Sin(2*math.Pi*(float64(at.Unix())/3600/hours+phase))
	}
	return height
}
