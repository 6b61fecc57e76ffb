package ingest

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// A point is what the run keeps of all tokens, for changes, windows and charts; nil when one is there already.
type point struct {
	*board.PointWriter
	doubtful map[string]bool // mints whose curves look as they did before
}

func (r *run) newPoint(kept board.Points) *point {
	next, isDue := kept.Next(time.UnixMilli(r.at))
	if !isDue {
		return nil
	}
	return &point{board.NewPointWriter(next), r.reversed}
}

// sampling passes on tokens, which are those of the new board, and takes a sample of each.
func (p *point) sampling(tokens iter.Seq2[token.Token, error]) iter.Seq2[token.Token, error] {
	if p == nil {
		return tokens
	}
	return func(yield func(token.Token, error) bool) {
		for t, err := range tokens {
			if err == nil && !p.doubtful[t.Mint] {
				p.Add(&t)
			}
			if !yield(t, err) {
				return
			}
		}
	}
}

// putPoint stores a point. The next run tries again when that fails, and the board goes out without.
func (r *run) putPoint(ctx context.Context, e Edition, p *point) {
	if p == nil {
		return
	}
	next, parts, err := p.Finish()
	if err == nil {
		err = e.PutPoint(ctx, next, parts)
	}
	if err != nil {
		r.trouble = append(r.trouble, err)
		return
	}
	for _, part := range parts {
		r.record.PointBytes += int64(len(part))
	}
}

// trade notes when a token that was before is traded: a counter, a reserve, or a price in the quote moved since the last
// board. Of a new one only that it was made since then is known.
func (r *run) trade(t, before *token.Token) {
	e := &t.Curve.Earnings
	t.LastTradeAt = before.LastTradeAt
	if old := &before.Curve.Earnings; less(e.FeesQuote, old.FeesQuote) || less(e.FeesBase, old.FeesBase) {
		r.reversed[t.Mint] = true
	}
	isFirst := before.FirstSeenAt == 0 && t.CreatedAt > r.lastSync && e.FeesQuote.Add(e.FeesBase).Float64() > 0
	if isFirst || moved(t, before) && !r.reversed[t.Mint] {
		t.LastTradeAt = r.at / 1000 * 1000
	}
	// A curve's volume stays in the windows for a day after its token has left it.
	isPast := t.GraduatedAt != 0 && r.start.Sub(time.UnixMilli(t.GraduatedAt)) > day
	t.VolumeEstimated = e.VolumeEstimated && !isPast
}

const day = 24 * time.Hour

// moved reports whether t was traded since it was before.
func moved(t, before *token.Token) bool {
	now, then := &t.Curve, &before.Curve
	if differ(now.QuoteReserve, then.QuoteReserve) || differ(now.Earnings.FeesQuote, then.Earnings.FeesQuote) ||
		differ(now.Earnings.FeesBase, then.Earnings.FeesBase) {
		return true
	}
	for i := range t.Pools {
		p := &t.Pools[i]
		at := slices.IndexFunc(before.Pools, func(q token.Pool) bool { return q.Address == p.Address })
		if p.Product == token.DBC || at < 0 {
			continue
		}
		old := &before.Pools[at]
		if differ(p.Price, old.Price) || less(old.VolumeUSD[0], p.VolumeUSD[0]) {
			return true
		}
	}
	return false
}

// differ and less compare what is known.
func differ(a, b token.Number) bool { return a != "" && b != "" && a != b }

func less(a, b token.Number) bool { return differ(a, b) && a.Float64() < b.Float64() }

// noteCurves tells of curves that somebody has to look at: of counters that went back, which they never do but for a fork, or a node
// that lags behind, and of migrations that do not come.
func (r *run) noteCurves() {
	if n := len(r.reversed); n > 0 {
		example := slices.Min(slices.Collect(maps.Keys(r.reversed)))
		r.noteCurve(fmt.Sprintf("the counters of %d curves went back, such as that of %s: they make no volume", n, example))
	}
	if r.stuck > 0 {
		r.noteCurve(fmt.Sprintf("complete for more than a day and not migrated: %d, such as %s; "+
			"Meteora's keepers leave out what is below 10 SOL, 750 USDC or 1,500 JUP", r.stuck, r.stuckMint))
	}
}

func (r *run) noteCurve(note string) {
	for i := range r.record.Products {
		if p := &r.record.Products[i]; p.Product == token.DBC {
			p.Notes = append(p.Notes, note)
		}
	}
}
