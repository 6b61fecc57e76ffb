package dbc

import (
	"context"
	"encoding/base64"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/rpctest"
	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// look calls Moved, which must cost at most most requests.
func (w *world) look(t *testing.T, most int64, ids ...string) map[string]token.Pool {
	t.Helper()
	got, stats, err := gather(t, w.Moved, ids...)
	if n := stats.Requests.Load(); err != nil || n > most {
		t.Errorf("%d requests, error %v, notes %q", n, err, stats.Notes())
	}
	return got
}

// bonding returns the indexes of a launchpad's curves that are for sale.
func (w *world) bonding() (found []int) {
	for _, i := range w.chain.TokensOf(w.chain.Launchpad()) {
		if w.chain.Token(i).Stage == rpctest.Bonding {
			found = append(found, i)
		}
	}
	return found
}

// TestMovedOnEveryNode streams what was traded since the last look, as the next refresh does, and nothing else.
func TestMovedOnEveryNode(t *testing.T) {
	t.Parallel()
	for name, node := range nodes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rpctest.Config{Node: node, Launches: []rpctest.Launch{{Key: rpctest.DefaultLaunchpad, FeeOption: 2}}})
			id := w.chain.Launchpad()
			w.until(t, w.Pools, id)
			for range 3 {
				w.refresh(t, id)
			}
			w.look(t, 12, id) // what a lagging node had not shown yet
			traded := w.bonding()[:3]
			for round := range 4 {
				for _, i := range traded {
					w.chain.Trade(i, 1e7)
				}
				w.chain.Advance(60)
				got := w.look(t, 12, id)
				var want []string
				for _, i := range traded {
					tok := w.chain.Token(i)
					want = append(want, tok.Pool)
					if reserve := got[tok.Pool].Curve.QuoteReserve; reserve != scaled(tok.QuoteReserve, 9) {
						t.Errorf("round %d: curve %s holds %v, not %d", round, tok.Pool, reserve, tok.QuoteReserve)
					}
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, curves(got)); diff != "" {
					t.Errorf("round %d: %s", round, diff)
				}
				if again := w.look(t, 12, id); len(again) != 0 {
					t.Errorf("round %d: %d curves have moved once more", round, len(again))
				}
			}
			last := w.look(t, 12, id)
			next, _, err := gather(t, w.Changed, id)
			if err != nil || len(last) != 0 {
				t.Errorf("%d curves, error %v", len(last), err)
			}
			for _, i := range traded {
				tok := w.chain.Token(i)
				if reserve := next[tok.Pool].Curve.QuoteReserve; reserve != scaled(tok.QuoteReserve, 9) {
					t.Errorf("the next refresh: curve %s holds %v, not %d", tok.Pool, reserve, tok.QuoteReserve)
				}
			}
		})
	}
}

// TestMovedLaunch finds a launch for two requests beside its names, and leaves its address to other processes with the next refresh.
func TestMovedLaunch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{})
	id := w.chain.Launchpad()
	w.until(t, w.Pools, id)
	w.refresh(t, id)
	w.look(t, 1, id)
	launched := w.chain.AddCurves(id, 1)[0]
	w.chain.Advance(20)
	got := w.look(t, 8, id)
	if pool := w.chain.Token(launched).Pool; len(got) != 1 || got[pool].Base.Name == "" || got[pool].CreatedAt == 0 {
		t.Errorf("%+v", got)
	}
	w.chain.Advance(20)
	if got := w.look(t, 1, id); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	asked := w.quotes.asked
	w.chain.Trade(launched, 1e7)
	if got := w.look(t, 3, id); len(got) != 1 || w.quotes.asked != asked {
		t.Errorf("%+v; quotes were asked for %d times", got, w.quotes.asked-asked)
	}
	before := w.kept(t)
	if _, _, err := gather(t, w.Changed, id); err != nil || w.kept(t) != before+1 {
		t.Errorf("%d addresses are kept after %d, error %v", w.kept(t), before, err)
	}
}

// kept returns how many addresses of curves the cache has.
func (w *world) kept(t *testing.T) (n int) {
	t.Helper()
	for name, text := range w.cache.entries {
		if strings.HasPrefix(name, "DBC-SEARCH#") && strings.HasSuffix(name, "#0") {
			raw, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			n = len(raw) / len(solana.Key{})
		}
	}
	return n
}

// TestMovedNeverGoesBack: what a backend shows that is behind the last look is not believed.
func TestMovedNeverGoesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{})
	id := w.chain.Launchpad()
	w.until(t, w.Pools, id)
	w.refresh(t, id)
	i := w.bonding()[0]
	w.chain.Trade(i, 1e7)
	w.chain.Advance(30)
	w.look(t, 4, id)
	w.chain.Trade(i, 1e7)
	w.chain.SetFault(func(rpctest.Request) *rpctest.Fault { return &rpctest.Fault{SlotBack: 50} })
	got, stats, err := gather(t, w.Moved, id)
	if err != nil || len(got) != 0 || !strings.Contains(strings.Join(stats.Notes(), " "), "it was not believed") {
		t.Errorf("%+v, notes %q, error %v", got, stats.Notes(), err)
	}
	w.chain.SetFault(nil)
	if got := w.look(t, 4, id); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}

// TestMovedFails leaves what it did not hand out to the next look, and needs a run of its process before it.
func TestMovedFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{})
	id := w.chain.Launchpad()
	if _, _, err := gather(t, w.Moved, id); !errors.Is(err, errUnread) {
		t.Errorf("before the first run: %v", err)
	}
	w.until(t, w.Pools, id)
	w.refresh(t, id)
	w.chain.Trade(w.bonding()[0], 1e7)
	w.chain.AddCurves(id, 1)
	w.cache.err = errors.New("the table is down")
	if got, _, err := gather(t, w.Moved, id); err == nil || !strings.Contains(err.Error(), "the table is down") {
		t.Errorf("%d curves, error %v", len(got), err)
	}
	w.cache.err = nil
	w.chain.Trade(w.bonding()[0], 1e7)
	w.chain.Trade(w.bonding()[1], 1e7)
	got := w.look(t, 8, id)
	if tok := w.chain.Token(w.bonding()[0]); len(got) != 3 || got[tok.Pool].Curve.QuoteReserve != scaled(tok.QuoteReserve, 9) {
		t.Errorf("%d curves, %v of %d", len(got), got[tok.Pool].Curve.QuoteReserve, tok.QuoteReserve)
	}
	stop := func(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
		return func(yield func(token.Pool, error) bool) {
			for pool, err := range w.Moved(ctx, ids, stats) {
				yield(pool, err)
				return // as one whose memory is full
			}
		}
	}
	w.chain.Trade(w.bonding()[0], 1e7)
	w.chain.Trade(w.bonding()[1], 1e7)
	if got, _, err := gather(t, stop, id); err != nil || len(got) != 1 {
		t.Errorf("%d curves, error %v", len(got), err)
	}
	if got := w.look(t, 4, id); len(got) != 2 {
		t.Errorf("%d curves after a look that was stopped", len(got))
	}
	if _, _, err := gather(t, w.Moved, "another"); !errors.Is(err, errUnread) {
		t.Errorf("of another launchpad: %v", err)
	}
}
