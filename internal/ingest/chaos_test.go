package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/study"
	"tokensync/internal/dynamo"
	"tokensync/internal/ingest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// TestChaos is many runs in a row while Meteora changes and everything fails now and then: no token is lost, none is
// there twice, none is wrongly delisted, none that is hidden is listed, and after the last good run the board is exactly what a first run would publish.
func TestChaos(t *testing.T) {
	t.Parallel()
	runs, seeds := study.Size(40, 1000), study.Size(2, 4)
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			c := &chaos{
				world: newWorld(t, token.DLMM, token.DAMMv2), rand: rand.New(rand.NewPCG(seed, 7)),
				ever: map[string]int64{}, hidden: map[string]bool{}, gone: map[string]bool{}, removed: map[string][]int{},
			}
			for range runs / seeds {
				c.step()
				if t.Failed() {
					return
				}
			}
			c.settle()
		})
	}
}

type chaos struct {
	*world
	rand    *rand.Rand
	ever    map[string]int64 // when mints that were stored at any time were first seen
	hidden  map[string]bool
	gone    map[string]bool // mints that had no pool in a run, until a full run has met those that are back
	removed map[string][]int
	steps   int
}

// step changes Meteora, breaks something, runs once, mends, and looks at the table.
func (c *chaos) step() {
	c.steps++
	c.change()
	c.hide()
	c.fake.SetFault(meteoratest.RandomFaults(c.rand.Uint64(), c.rand.Float64()*0.3))
	c.breakDynamoDB()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Duration(100+c.rand.IntN(3000))*time.Millisecond)
	run, err := c.sync.Run(ctx, ingest.Event{Mode: []string{ingest.ModeFull, ingest.ModeRefresh}[c.rand.IntN(2)]})
	cancel()
	c.db.write, c.db.get, c.db.put = nil, nil, nil
	if (err != nil) != (run.Status == syncrun.Failed) {
		c.t.Errorf("step %d: status %s, error %v", c.steps, run.Status, err)
	}
	c.check(run)
}

// change touches, removes, restores and adds pools of ours, and takes every pool from a token.
func (c *chaos) change() {
	leaves := ""
	if mints := c.fake.OurMints("dlmm", "damm-v2"); c.rand.IntN(6) == 0 {
		leaves = mints[c.rand.IntN(len(mints))]
	}
	for _, product := range []string{"dlmm", "damm-v2"} {
		d := c.fake.World(product)
		list := d.Ours()
		c.remove(product, slices.DeleteFunc(slices.Clone(list), func(i int) bool { return d.Mint(i) != leaves })...)
		switch c.rand.IntN(6) {
		case 0:
			d.Touch(list[c.rand.IntN(len(list))], list[c.rand.IntN(len(list))])
		case 1:
			c.remove(product, list[c.rand.IntN(len(list))])
		case 2:
			d.Restore(c.removed[product]...)
			c.removed[product] = nil
		case 3:
			d.Add(1, true)
		}
	}
}

func (c *chaos) remove(product string, pools ...int) {
	c.fake.World(product).Remove(pools...)
	c.removed[product] = append(c.removed[product], pools...)
}

// hide hides a token, and shows others again. One whose item a run has written as hidden, and whose board was not published,
// is not shown before another run: its item would stay so until the token changes.
func (c *chaos) hide() {
	hider := dynamo.NewHider(engine.Client(), c.tables.Sync, c.tables.Board)
	waiting := c.veil()
	for _, mint := range slices.Sorted(maps.Keys(c.hidden)) { // in order, for the same seed to be the same story
		if !slices.Contains(waiting, mint) && c.rand.IntN(4) == 0 {
			c.show(hider, mint)
		}
	}
	mints := c.fake.OurMints("dlmm", "damm-v2")
	mint := mints[c.rand.IntN(len(mints))]
	if _, err := hider.Hide(c.t.Context(), mint, "chaos"); err != nil {
		c.t.Fatal(err)
	}
	c.hidden[mint] = true
}

func (c *chaos) show(hider *dynamo.Hider, mint string) {
	if was, err := hider.Show(c.t.Context(), mint); err != nil || was.Reason != "chaos" {
		c.t.Fatalf("%+v, error %v", was, err)
	}
	delete(c.hidden, mint)
}

// breakDynamoDB makes writes and reads fail at times.
func (c *chaos) breakDynamoDB() {
	down := errors.New("connection reset by peer")
	failing, unprocessed := c.rand.IntN(10) == 0, c.rand.IntN(4) == 0
	c.db.write = func(in *dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) {
		requests := in.RequestItems[c.tables.Tokens]
		switch {
		case failing:
			return nil, down
		case unprocessed && len(requests) > 2:
			left := requests[len(requests)/2:]
			in.RequestItems[c.tables.Tokens] = requests[:len(requests)/2]
			out, err := engine.Client().BatchWriteItem(context.Background(), in)
			if err == nil {
				out.UnprocessedItems = map[string][]types.WriteRequest{c.tables.Tokens: left}
			}
			return out, err
		}
		return nil, nil
	}
	if c.rand.IntN(20) == 0 {
		c.db.get = func(*dynamodb.BatchGetItemInput) error { return down }
	}
	if c.rand.IntN(20) == 0 { // the board is lost
		c.forget("", "MANIFEST")
	}
	var puts atomic.Int64
	puts.Store(c.rand.Int64N(40)) // of the board that go through before it fails
	c.db.put = func(table, _ string) error {
		if table == c.tables.Board && puts.Add(-1) < 0 {
			return down
		}
		return nil
	}
}

// check holds what is true after every run, however it ended.
func (c *chaos) check(run syncrun.Record) {
	stored, b := c.tokens(), c.board()
	for mint, since := range c.ever {
		if stored[mint].FirstSeenAt != since {
			c.t.Errorf("step %d: token %s was first seen at %d, now at %d", c.steps, mint, since, stored[mint].FirstSeenAt)
		}
	}
	alive := map[string]bool{}
	for _, mint := range c.fake.OurMints("dlmm", "damm-v2") {
		alive[mint] = true
	}
	if run.Status == syncrun.Succeeded {
		c.listed()
	}
	if run.Mode == ingest.ModeFull && run.Status == syncrun.Succeeded {
		clear(c.gone) // a refresh asks for what is new, and for what is on the board
	}
	for mint, it := range stored {
		c.ever[mint] = it.FirstSeenAt
		if !alive[mint] {
			c.gone[mint] = true
		}
		if it.Status == token.Delisted && !c.gone[mint] {
			c.t.Errorf("step %d, %s, %s: token %s is wrongly delisted", c.steps, run.Mode, run.Status, mint)
		}
	}
	for t := range b.All() {
		isKnown := t.Status == token.Listed && !c.hidden[t.Mint] || t.Status == token.Hidden // shown, as no run could yet
		if !isKnown || len(t.Pools) == 0 || b.Lists(t.Mint) != (t.Status == token.Listed) {
			c.t.Errorf("step %d: the board has %+v", c.steps, t)
		}
	}
}

// settle makes good runs until what was hidden is back and the deepest pools lead prices: the board then is Meteora's, and
// nothing is left to write.
func (c *chaos) settle() {
	c.fake.SetFault(nil)
	c.closeBreakers()
	c.run()
	for mint := range c.hidden {
		c.show(dynamo.NewHider(engine.Client(), c.tables.Sync, c.tables.Board), mint)
	}
	for range 3 { // the first puts them back; from the next on their names are theirs again
		c.run()
	}
	if run := c.run(); run.Status != syncrun.Succeeded || run.WriteBatches != 0 {
		c.t.Errorf("the last run: %+v", run)
	}
	want := c.fake.OurMints("dlmm", "damm-v2")
	slices.Sort(want)
	if diff := cmp.Diff(want, c.listed()); diff != "" {
		c.t.Error(diff)
	}
	clean := newWorld(c.t, token.DLMM, token.DAMMv2)
	clean.sync.Sources, clean.sync.Finders = c.sync.Sources, c.sync.Finders // of the same Meteora, into other tables
	clean.run()
	got, reference := byMint(c.board()), byMint(clean.board())
	for mint, want := range reference {
		got := got[mint]
		got.FirstSeenAt, got.UpdatedAt, got.Written = want.FirstSeenAt, want.UpdatedAt, want.Written
		got.LastTradeAt = want.LastTradeAt // a first run has seen no trade
		for i := range min(len(got.Pools), len(want.Pools)) {
			got.Pools[i].Anchor = want.Pools[i].Anchor // of its first run
		}
		if diff := cmp.Diff(want, got); diff != "" {
			c.t.Errorf("a first run would have published something else: %s", diff)
		}
	}
}

// closeBreakers deletes the breakers' state, as time would.
func (c *chaos) closeBreakers() {
	c.forget("BREAKER", "dlmm")
	c.forget("BREAKER", "damm-v2")
}
