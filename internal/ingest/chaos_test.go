package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/ingest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// TestChaos is many runs in a row while Meteora changes and everything fails now and then: no token is lost, none is
// there twice, none is wrongly delisted, and after the last good run the lists are exactly what Meteora has.
func TestChaos(t *testing.T) {
	t.Parallel()
	runs := 1000
	if testing.Short() {
		runs = 100
	}
	const seeds = 4
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			c := &chaos{world: newWorld(t, token.DLMM, token.DAMMv2), rand: rand.New(rand.NewPCG(seed, 7)), ever: map[string]bool{}}
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
	ever    map[string]bool // mints that were stored at any time
	removed map[string][]int
	steps   int
}

// step changes Meteora, breaks something, runs once, mends, and looks at the table.
func (c *chaos) step() {
	c.steps++
	c.change()
	c.fake.SetFault(meteoratest.RandomFaults(c.rand.Uint64(), c.rand.Float64()*0.3))
	c.breakDynamoDB()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Duration(100+c.rand.IntN(3000))*time.Millisecond)
	run, err := c.sync.Run(ctx, ingest.Event{Mode: []string{ingest.ModeFull, ingest.ModeRefresh}[c.rand.IntN(2)]})
	cancel()
	c.db.write, c.db.query = nil, nil
	if (err != nil) != (run.Status == syncrun.Failed) {
		c.t.Errorf("step %d: status %s, error %v", c.steps, run.Status, err)
	}
	c.check(run)
}

// change touches, removes, restores and adds pools of ours.
func (c *chaos) change() {
	if c.removed == nil {
		c.removed = map[string][]int{}
	}
	for _, product := range []string{"dlmm", "damm-v2"} {
		d := c.fake.World(product)
		list := d.Ours()
		switch c.rand.IntN(6) {
		case 0:
			d.Touch(list[c.rand.IntN(len(list))], list[c.rand.IntN(len(list))])
		case 1:
			gone := list[c.rand.IntN(len(list))]
			d.Remove(gone)
			c.removed[product] = append(c.removed[product], gone)
		case 2:
			d.Restore(c.removed[product]...)
			c.removed[product] = nil
		case 3:
			d.Add(1, true)
		}
	}
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
		c.db.query = func() error { return down }
	}
}

// check holds what is true after every run, however it ended.
func (c *chaos) check(run syncrun.Record) {
	stored := c.tokens()
	for mint := range c.ever {
		if stored[mint] == nil {
			c.t.Errorf("step %d: token %s is lost", c.steps, mint)
		}
	}
	alive := map[string]bool{}
	for _, mint := range c.fake.OurMints("dlmm", "damm-v2") {
		alive[mint] = true
	}
	for mint, it := range stored {
		c.ever[mint] = true
		// One that is alive may be unlisted only when it had gone and no run has seen it come back yet.
		if run.Status == syncrun.Succeeded && alive[mint] && str(it, "status") == "delisted" {
			c.t.Errorf("step %d: token %s is wrongly delisted", c.steps, mint)
		}
	}
}

// settle makes two good runs: the lists then are Meteora's, and nothing is left to write.
func (c *chaos) settle() {
	c.fake.SetFault(nil)
	c.closeBreakers()
	c.run()
	if run := c.run(); run.Status != syncrun.Succeeded || run.WriteBatches != 0 {
		c.t.Errorf("the last run: %+v", run)
	}
	want := c.fake.OurMints("dlmm", "damm-v2")
	slices.Sort(want)
	if diff := cmp.Diff(want, c.listed()); diff != "" {
		c.t.Error(diff)
	}
	clean := newWorld(c.t, token.DLMM, token.DAMMv2)
	clean.sync.Sources = c.sync.Sources // of the same Meteora, into other tables
	clean.run()
	got, reference := hashes(c.tokens()), hashes(clean.tokens())
	maps.DeleteFunc(got, func(mint, _ string) bool { _, ok := reference[mint]; return !ok }) // delisted ones
	if diff := cmp.Diff(reference, got); diff != "" {
		c.t.Errorf("a first run would have written other content: %s", diff)
	}
}

func hashes(tokens map[string]map[string]types.AttributeValue) map[string]string {
	m := map[string]string{}
	for mint, it := range tokens {
		m[mint] = str(it, "content_hash")
	}
	return m
}

// closeBreakers deletes the breakers' state, as time would.
func (c *chaos) closeBreakers() {
	c.forget("BREAKER", "dlmm")
	c.forget("BREAKER", "damm-v2")
}
