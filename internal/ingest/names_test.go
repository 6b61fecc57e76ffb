package ingest_test

import (
	"fmt"
	"testing"

	"tokensync/internal/ingest"
	"tokensync/internal/token"
)

// TestNameCollisions: whoever comes later with a name or a symbol that looks like an earlier token's is told apart.
func TestNameCollisions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ids = "moonyard,other"
	rows := []struct {
		name, symbol string
		launchpad    token.LaunchpadID
		created      int64 // seconds
		want         bool
	}{
		{"Pepe", "PEPE", "moonyard", 100, false},
		{"pepe", "FROG", "moonyard", 101, true},    // its name
		{"Frogs", "ＰＥＰＥ", "moonyard", 102, true},   // its symbol, wide
		{"Рере", "RU", "moonyard", 103, true},      // in Cyrillic
		{"Pe\u200bpé", "X", "moonyard", 104, true}, // accent, and nothing between
		{"Pepe", "PEPE", "other", 105, false},      // another launchpad's
		{"PEPE", "Pepes", "moonyard", 99, false},   // the first of all, so that the one above is not
		{"Fine", "FINE", "moonyard", 106, false},   // nobody else's
		{"", "", "moonyard", 107, false},           // unknown
		{"", "", "moonyard", 108, false},           // unknown too
		{"RU", "Frogs", "moonyard", 109, false},    // a name is not a symbol
		{"one second", "one second", "moonyard", 0, false},
	}
	rows[0].want = true // its name is the seventh's
	chain := &scripted{product: token.DBC}
	for i, row := range rows {
		chain.pools = append(chain.pools, token.Pool{
			Address: key(fmt.Sprint("curve ", i)), Product: token.DBC, Launchpad: row.launchpad, CreatedAt: row.created * 1000,
			Base: token.Asset{Mint: key(fmt.Sprint("named ", i)), Name: row.name, Symbol: row.symbol}, Curve: token.Curve{Stage: token.Bonding},
		})
	}
	w.sync.Sources, w.sync.Finders = []ingest.Source{chain}, nil
	w.run()
	if run := w.run(); run.TokensUpdated != 0 {
		t.Errorf("%d tokens have become known for what they are in the second run", run.TokensUpdated)
	}
	for i, row := range rows {
		if got := w.token(key(fmt.Sprint("named ", i))); got.NameCollision != row.want {
			t.Errorf("%d, %q %q: %v", i, row.name, row.symbol, got.NameCollision)
		}
	}
	late := chain.pools[7]
	late.Address, late.Base.Mint, late.CreatedAt = key("late"), key("late"), 200_000
	chain.pools = append(chain.pools, late)
	if w.run(); !w.token(key("late")).NameCollision {
		t.Error("a new token with an old name passes in its first run")
	}
	chain.pools = chain.pools[:len(chain.pools)-1]
	chain.pools[6].Base.Name = "Renamed"
	w.run()
	if w.run(); w.token(chain.pools[0].Base.Mint).NameCollision {
		t.Error("the name is free")
	}
}
