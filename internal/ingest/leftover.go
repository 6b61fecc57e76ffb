package ingest

import (
	"context"
	"fmt"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// A Weigher knows how many base tokens are left over in the vaults of graduated curves. It reads more than a run needs:
// it is asked in full runs only.
type Weigher interface {
	// Leftovers returns them by the curve's address, in whole tokens; what is unknown is left out. It counts into stats.
	Leftovers(ctx context.Context, curves []string, stats *syncrun.Counts) (map[string]token.Number, error)
}

// maxWeighed is how many curves a full run asks for what is left over, in 20 requests at most: the others have their turns.
const maxWeighed = 1000

// weigh adds to the curves that were gathered what is left over from them. Without it they keep what was known.
func (r *run) weigh(ctx context.Context, p *plan, h *harvest, t *task) {
	source, ok := t.source.(Weigher)
	if !ok || r.record.Mode != ModeFull || t.err != nil {
		return
	}
	curves, mints := p.weighed(h)
	if len(curves) == 0 {
		return
	}
	left, err := source.Leftovers(ctx, curves, &t.side)
	if err != nil {
		t.stats.Note(fmt.Sprintf("what is left over from graduated curves stays as it was: %v", err))
		return
	}
	for i, mint := range mints {
		for _, pool := range h.pools.of(mint) {
			if n, ok := left[curves[i]]; ok && pool.Address == curves[i] {
				pool.Curve.Earnings.Leftover = n
				_, _ = h.pools.add(&pool) // it is there: without room for more, it stays as it was
			}
		}
	}
}

// weighed returns the graduated curves whose turn it is, and their mints: those from which something may be left over.
func (p *plan) weighed(h *harvest) (curves, mints []string) {
	var all []poolID
	for t := range p.previous.All() {
		if t.Curve.Stage == token.Graduated && t.Curve.Earnings.Leftover != "0" && h.pools.has(t.CurvePool, t.Mint) {
			all = append(all, poolID{t.CurvePool, t.Mint})
		}
	}
	for i := range min(len(all), maxWeighed) {
		id := all[(p.state.Turn*maxWeighed+i)%len(all)]
		curves, mints = append(curves, id.address), append(mints, id.mint)
	}
	return curves, mints
}
