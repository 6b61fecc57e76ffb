package dbc

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/rpctest"
	"tokensync/internal/solana"
)

// TestChanged finds everything that a full read does.
func TestChanged(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*world){ // between the first run and the second
		"nothing moved":       func(*world) {},
		"curves moved":        func(w *world) { w.chain.Tick(); w.chain.Tick() },
		"no first run":        func(w *world) { w.last.Store(nil); w.cache.entries = nil; w.chain.Tick() },
		"another process":     func(w *world) { w.last.Store(nil); w.chain.Tick() },
		"another node":        func(w *world) { w.last.Load().node = new(solana.Client); w.chain.Tick() },
		"a run that was lost": func(w *world) { w.fail(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rpctest.Config{})
			w.chain.Tick() // what never moves was written before
			w.mustRead(t, w.ids()...)
			before(w)
			got, _, err := gather(t, w.Changed, w.ids()...)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := w.mustRead(t, w.ids()...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("a full read differs (-full +changed):\n%s", diff)
			}
		})
	}
}

// fail lets a run end early.
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
	w := newWorld(t, rpctest.Config{Tokens: 200})
	w.chain.Tick()
	w.mustRead(t, w.ids()...)
	for range 12 {
		w.chain.Tick()
		got, stats, err := gather(t, w.Changed, w.ids()...)
		if err != nil || stats.Requests.Load() > 14 {
			t.Fatalf("%d requests, %v", stats.Requests.Load(), err)
		}
		fresh := &Source{Node: w.Node, Cache: w.cache, Graduates: w.Graduates, GraduatesV1: w.GraduatesV1, Quotes: w.Quotes}
		want, _, err := gather(t, fresh.Pools, w.ids()...)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("%v\n%s", err, diff)
		}
	}
}
