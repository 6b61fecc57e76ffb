package ingest_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/ingest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// scripted is a source that answers what a test puts into it.
type scripted struct {
	product token.Product
	pools   []token.Pool
	err     error
}

func (s *scripted) Product() token.Product { return s.product }

func (s *scripted) Pools(_ context.Context, _ []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		for _, p := range s.pools {
			stats.Scanned.Add(1)
			if !yield(p, nil) {
				return
			}
		}
		if s.err != nil {
			yield(token.Pool{}, s.err)
		}
	}
}

// TestCurves follows a token from its bonding curve into DAMM v2, and through an RPC node that fails.
func TestCurves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pad := token.LaunchpadID(w.ids)
	base := token.Asset{Mint: "mint", Symbol: "TOK"}
	curve := token.Pool{Address: "curve", Product: token.DBC, Launchpad: pad, Base: base, Curve: token.Curve{Stage: token.Bonding, Progress: "0.5"}}
	chain, other := &scripted{product: token.DBC, pools: []token.Pool{curve}}, &scripted{product: token.DLMM}
	w.sync.Sources = []ingest.Source{other, chain}

	start := time.Now().UnixMilli()
	check(t, "new", w.run(), counts{"succeeded", 0, 1, 1, 0, 0, 0, 0, 1, "done"})
	born := integer(w.tokens()["mint"], "created_at")
	if born < start || born != integer(w.tokens()["mint"], "first_seen_at") {
		t.Errorf("created at %d, the run was at %d", born, start)
	}
	time.Sleep(2 * time.Millisecond)
	check(t, "unchanged", w.run(), counts{"succeeded", 0, 1, 0, 0, 1, 0, 0, 0, "done"})

	curve.Curve = token.Curve{Stage: token.Graduated, Progress: "1"}
	pool := token.Pool{Address: "pool", Product: token.DAMMv2, Launchpad: pad, Base: base, TVLUSD: "100", CreatedAt: born + 60_000}
	chain.pools = []token.Pool{curve, pool}
	check(t, "graduated", w.run(), counts{"succeeded", 0, 2, 0, 1, 0, 0, 0, 1, "done"})
	if got := integer(w.tokens()["mint"], "created_at"); got != born {
		t.Errorf("created at %d after graduation, %d before", got, born)
	}

	before := w.tokens()
	chain.pools, chain.err = nil, errors.New("node down")
	other.pools = []token.Pool{{Address: "third", Product: token.DLMM, Launchpad: pad, Base: base, TVLUSD: "1"}}
	check(t, "node down", w.run(), counts{"partial", 1, 1, 0, 1, 0, 0, 0, 1, "none: dbc was not read to the end"})
	it := w.tokens()["mint"]
	if integer(it, "pool_count") != 3 || str(it, "stage") != "graduated" || integer(it, "created_at") != born {
		t.Errorf("with the node down: %v", it)
	}
	chain.pools, chain.err, other.pools = []token.Pool{curve, pool}, nil, nil
	w.run()
	after := w.tokens()
	delete(before["mint"], "updated_at")
	delete(before["mint"], "summary")
	delete(after["mint"], "updated_at")
	delete(after["mint"], "summary")
	if diff := cmp.Diff(before, after, attributes); diff != "" {
		t.Error(diff)
	}
}
