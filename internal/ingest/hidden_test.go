package ingest_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tokensync/internal/dynamo"
	"tokensync/internal/ingest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// TestHiding: a hidden token leaves the lists at once, stays out of them through every kind of run, and is back with the
// run after it was shown.
func TestHiding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	hider := dynamo.NewHider(engine.Client(), w.tables.Sync, w.tables.Board)
	all := w.listed()
	mint := all[7]
	status := func(want token.Status, listed int) {
		t.Helper()
		b := w.board()
		if got := w.token(mint); got.Status != want || len(got.Pools) == 0 || b.Lists(mint) != (want == token.Listed) {
			t.Errorf("%s; listed: %v", got.Status, b.Lists(mint))
		}
		if got := len(slices.Collect(b.Mints())); got != listed || b.Len() != len(all) {
			t.Errorf("%d tokens are listed, %d on the board", got, b.Len())
		}
	}
	hide := func() {
		t.Helper()
		if _, err := hider.Hide(t.Context(), mint, "not ours"); err != nil {
			t.Fatal(err)
		}
	}
	hide()
	status(token.Hidden, len(all)-1) // before any run
	for _, run := range []func() syncrun.Record{w.refresh, w.run, w.refresh, w.run} {
		if got := run(); got.TokensHidden != 1 || got.Status != syncrun.Succeeded {
			t.Errorf("%+v", got)
		}
		status(token.Hidden, len(all)-1)
	}
	if got := w.tokens()[mint].Status; got != token.Hidden {
		t.Errorf("its item says %s", got)
	}
	if left := w.veil(); len(left) != 0 {
		t.Errorf("readers are still told of %v", left)
	}
	d := w.fake.World("dlmm")
	d.Touch(d.Ours()...)
	w.run()
	status(token.Hidden, len(all)-1)
	if _, err := hider.Show(t.Context(), mint); err != nil {
		t.Fatal(err)
	}
	status(token.Hidden, len(all)-1)
	hide() // and once more before a run
	w.refresh()
	status(token.Hidden, len(all)-1)
	if _, err := hider.Show(t.Context(), mint); err != nil {
		t.Fatal(err)
	}
	if got := w.refresh(); got.TokensHidden != 0 || got.TokensUpdated == 0 {
		t.Errorf("%+v", got)
	}
	status(token.Listed, len(all))
	if len(w.listed()) != len(all) {
		t.Error("it is not back")
	}
}

// veil returns what readers are told of beside the board.
func (w *world) veil() []string {
	w.t.Helper()
	b := w.board()
	e, err := w.sync.Edit(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if e.Board() == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Collect(e.Board().Mints()), b.Lists)
}

// TestHiddenDuringARun: what is hidden while a run is under way, which did not know, is not listed by its board either.
func TestHiddenDuringARun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	mint := w.listed()[0]
	d := w.fake.World("dlmm")
	d.Touch(d.Ours()...) // there are chunks to put
	hidden := false
	w.db.put = func(table, _ string) error {
		if table != w.tables.Board || hidden {
			return nil
		}
		hidden = true
		_, err := dynamo.NewHider(engine.Client(), w.tables.Sync, w.tables.Board).Hide(t.Context(), mint, "now")
		return err
	}
	if run := w.run(); run.TokensHidden != 0 || run.Status != syncrun.Succeeded || !hidden {
		t.Errorf("hidden: %v, %+v", hidden, run)
	}
	if w.board().Lists(mint) || !slices.Equal(w.veil(), []string{mint}) {
		t.Errorf("readers are told of %v", w.veil())
	}
	if run := w.refresh(); run.TokensHidden != 1 || len(w.veil()) != 0 {
		t.Errorf("readers are told of %v: %+v", w.veil(), run)
	}
	w.forget("", "MANIFEST") // the board is lost
	if run := w.run(); run.TokensHidden != 1 || w.board().Lists(mint) || w.token(mint).Status != token.Hidden {
		t.Errorf("a board that was built anew: %+v", run)
	}
}

// TestStrangersAreNotRead: tokens that meet no rule cost a run no read once they are known, whatever their number, and nobody
// is asked for their pools.
func TestStrangersAreNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 150
	chain := &scripted{product: token.DBC, pools: curvesOf(w, n)}
	market := &finder{product: token.DAMMv2}
	w.sync.Sources, w.sync.Finders = []ingest.Source{chain}, []ingest.Finder{market}
	text := fmt.Sprintf(`{"creators":[%q]}`, key("ours"))
	chain.pools[0].Curve.Creator = key("ours")
	w.sync.Listing = &ingest.Listing{
		Text:  func(context.Context) (string, error) { return text, nil },
		Cache: dynamo.NewCache(dynamo.NewSyncTable(w.db, w.tables.Sync)),
	}
	reads := map[string]int{}
	w.db.get = func(in *dynamodb.BatchGetItemInput) error {
		for table := range maps.Keys(in.RequestItems) {
			reads[table]++
		}
		return nil
	}
	for i := range 3 {
		clear(reads)
		chain.pools[1].Curve.QuoteReserve = token.Number(fmt.Sprint(i + 1))
		if run := w.run(); run.TokensUnapproved != n-1 || len(w.listed()) != 1 || i > 0 && run.TokensUpdated != 1 {
			t.Errorf("%+v", run)
		}
		if want := (n + 99) / 100; i == 0 && reads[w.tables.Tokens] != want || i > 0 && reads[w.tables.Tokens] != 0 {
			t.Errorf("run %d: %v", i, reads)
		}
	}
	if asked := slices.Concat(market.asked...); len(asked) == 0 || slices.ContainsFunc(asked, func(mint string) bool { return mint != chain.pools[0].Base.Mint }) {
		t.Errorf("asked for %d mints", len(asked))
	}
	if got := w.board().Count(token.Unapproved); got != n-1 {
		t.Errorf("the board knows %d", got)
	}
}
