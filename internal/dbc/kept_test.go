package dbc

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/rpctest"
	"tokensync/internal/solana"
)

// TestChanged finds everything that a full read does, and reads only what was written since the last run.
func TestChanged(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cfg    rpctest.Config
		before func(*world) // between the first run and the second
		least  int64        // accounts read by the second run
		most   int64
	}{
		"nothing moved":       {rpctest.Config{}, func(*world) {}, 300, 512}, // a slot's accounts come again in the next answer
		"curves moved":        {rpctest.Config{}, func(w *world) { w.chain.Tick(); w.chain.Tick() }, 200, 400},
		"no first run":        {rpctest.Config{}, func(w *world) { w.last.Store(nil); w.chain.Tick() }, 512, 512},
		"a node without V2":   {rpctest.Config{Node: rpctest.Node{Kind: rpctest.Plain}}, func(w *world) { w.chain.Tick() }, 512, 512},
		"another node":        {rpctest.Config{}, func(w *world) { w.last.Load().node = new(solana.Client); w.chain.Tick() }, 512, 512},
		"a run that was lost": {rpctest.Config{}, func(w *world) { w.fail(t) }, 512, 512},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.cfg)
			w.chain.Tick() // what never moves was written before
			w.mustRead(t, w.ids()...)
			tt.before(w)
			got, stats, err := gather(t, w.Changed, w.ids()...)
			if err != nil {
				t.Fatal(err)
			}
			if n := stats.Scanned.Load(); n < tt.least || n > tt.most {
				t.Errorf("%d accounts, want %d to %d", n, tt.least, tt.most)
			}
			want, _ := w.mustRead(t, w.ids()...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("a full read differs (-full +changed):\n%s", diff)
			}
		})
	}
}

// fail lets a run end early: what it has taken from the last one must not be used again.
func (w *world) fail(t *testing.T) {
	t.Helper()
	good := w.Cache
	w.Cache = &memory{err: errors.New("table down")}
	w.chain.Tick()
	if _, _, err := gather(t, w.Changed, w.ids()...); err == nil {
		t.Error("no error")
	}
	w.Cache = good
}

// TestManyChanges follows a chain for many runs, whose names are looked up once.
func TestManyChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{})
	w.chain.Tick()
	w.mustRead(t, w.ids()...)
	for range 30 {
		w.chain.Tick()
		got, stats, err := gather(t, w.Changed, w.ids()...)
		if err != nil || stats.Scanned.Load() >= 512 || stats.Requests.Load() > 16 {
			t.Fatalf("%d accounts, %d requests, %v", stats.Scanned.Load(), stats.Requests.Load(), err)
		}
		fresh := &Source{Node: w.Node, Cache: w.Cache, Graduates: w.Graduates, Quotes: w.Quotes}
		want, _, err := gather(t, fresh.Pools, w.ids()...)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("%v\n%s", err, diff)
		}
	}
}

