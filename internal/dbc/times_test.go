package dbc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/rpctest"
	"tokensync/internal/solana"
)

// node is a blockTimer: times of slots, 0 for a slot without a block. Of others it does not know.
type node struct {
	times map[int64]int64
	asked []int64
	err   error
}

func (n *node) BlockTime(_ context.Context, slot int64) (int64, error) {
	n.asked = append(n.asked, slot)
	at, ok := n.times[slot]
	switch {
	case n.err != nil:
		return 0, n.err
	case !ok:
		return 0, solana.ErrNoHistory
	case at == 0:
		return 0, solana.ErrSkippedSlot
	}
	return at, nil
}

func newTimes(n *node) *slotTimes {
	return &slotTimes{ask: n, known: map[int64]int64{}, learned: map[string]any{}}
}

// TestCreated has anchors at slots 400,000,000 (1,000,000 s) and 400,010,000 (1,004,000 s).
func TestCreated(t *testing.T) {
	t.Parallel()
	const before, after, tip = 400_000_000, 400_010_000, 401_000_000
	anchors := map[int64]int64{before: 1_000_000, after: 1_004_000}
	with := func(more map[int64]int64) map[int64]int64 {
		all := map[int64]int64{}
		for _, m := range []map[int64]int64{anchors, more} {
			maps.Copy(all, m)
		}
		return all
	}
	many := map[int64]int64{before: 0, after: 1_004_000, before + 2500: 1_001_003}
	for i := range int64(maxSkipped) {
		many[before+i] = 0
	}
	for name, tt := range map[string]struct {
		times               map[int64]int64
		slot, finished, tip int64
		want                int64
		asked               []int64
	}{
		"between":                     {anchors, before + 2500, 0, tip, 1_001_000, []int64{before, after}},
		"at an anchor":                {anchors, before, 0, tip, 1_000_000, []int64{before}},
		"just before one":             {anchors, after - 1, 0, tip, 1_003_999, []int64{before, after}},
		"anchor skipped":              {with(map[int64]int64{before: 0, before + 1: 0, before + 2: 1_000_000}), before + 5000, 0, tip, 1_002_000, []int64{before, before + 1, before + 2, after}},
		"complete in time":            {anchors, before + 2500, 1_001_061, tip, 1_001_000, []int64{before, after}},
		"complete within a minute":    {with(map[int64]int64{before + 2500: 1_001_003}), before + 2500, 1_001_060, tip, 1_001_003, []int64{before, after, before + 2500}},
		"complete before it was made": {with(map[int64]int64{before + 2500: 1_000_990}), before + 2500, 1_000_995, tip, 1_000_990, []int64{before, after, before + 2500}},
		"... and not known exactly":   {anchors, before + 2500, 1_000_995, tip, 1_000_995, []int64{before, after, before + 2500}},
		"new":                         {with(map[int64]int64{before + 2500: 1_001_003}), before + 2500, 0, after - 1, 1_001_003, []int64{before + 2500}},
		"new, in a skipped slot":      {with(map[int64]int64{before + 2500: 0, before + 2501: 1_001_004}), before + 2500, 0, after - 1, 1_001_004, []int64{before + 2500, before + 2501}},
		"tip unknown":                 {anchors, before + 2500, 0, 0, 1_001_000, []int64{before, after}},
		"one anchor is gone":          {map[int64]int64{before: 1_000_000, before + 2500: 1_001_003}, before + 2500, 0, tip, 1_001_003, []int64{before, after, before + 2500}},
		"nothing is known":            {nil, before + 2500, 0, tip, 0, []int64{before, before + 2500}},
		"time goes backwards":         {map[int64]int64{before: 1_000_000, after: 999_999}, before + 2500, 0, tip, 0, []int64{before, after, before + 2500}},
		"a long gap":                  {many, before + 2500, 0, tip, 1_001_003, append(slots(before, maxSkipped), before+2500)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := &node{times: tt.times}
			times := newTimes(n)
			times.tip = tt.tip
			got, err := times.created(t.Context(), tt.slot, tt.finished)
			if got != tt.want || err != nil {
				t.Errorf("created at %d, %v; want %d", got, err, tt.want)
			}
			if diff := cmp.Diff(tt.asked, n.asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			again, _ := times.created(t.Context(), tt.slot, tt.finished)
			if again != got || slices.Contains(n.asked[len(tt.asked):], before) {
				t.Errorf("then %d, asked %v", again, n.asked[len(tt.asked):])
			}
		})
	}
}

func slots(from int64, n int) (list []int64) {
	for i := range n {
		list = append(list, from+int64(i))
	}
	return list
}

// TestTimesEnd: only the end of the run is an error, and no run asks for ever.
func TestTimesEnd(t *testing.T) {
	t.Parallel()
	n := &node{err: errors.New("down")}
	if at, err := newTimes(n).created(t.Context(), 5, 0); at != 0 || err != nil {
		t.Errorf("%d, %v", at, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newTimes(n).created(ctx, 5, 0); err == nil {
		t.Error("no error")
	}
	for name, tt := range map[string]struct {
		times map[int64]int64
		want  int
	}{"nothing is known": {nil, maxUnknownTimes}, "all is known": {everyAnchor(), maxBlockTimes}} {
		n := &node{times: tt.times}
		times := newTimes(n)
		for i := range int64(2000) {
			if _, err := times.created(t.Context(), i*anchorSlots+7, 0); err != nil {
				t.Fatal(err)
			}
		}
		if len(n.asked) != tt.want {
			t.Errorf("%s: asked %d times", name, len(n.asked))
		}
	}
}

func everyAnchor() map[int64]int64 {
	times := map[int64]int64{}
	for i := range int64(2001) {
		times[i*anchorSlots] = 1000 + i*4000
	}
	return times
}

// TestNodesAndTimes reads slots' times from nodes that have them, skip some, or have lost them.
func TestNodesAndTimes(t *testing.T) {
	t.Parallel()
	const week = 1_500_000 // slots
	for name, tt := range map[string]struct {
		node  rpctest.Node
		dated bool
	}{
		"all history":            {rpctest.Node{}, true},
		"another code":           {rpctest.Node{SkippedOld: -32004}, true},
		"no history":             {rpctest.Node{NoOldBlocks: true}, false},
		"no history, wrapped":    {rpctest.Node{Kind: rpctest.Wrapped}, false},
		"lost in between":        {rpctest.Node{Missing: [][2]int{{1, 1 << 40}}}, false},
		"plain, with all of it":  {rpctest.Node{Kind: rpctest.Plain}, true},
		"cursor, with all of it": {rpctest.Node{Kind: rpctest.Cursor}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chain := startChain(t, rpctest.Config{
				Tokens: 24, Launches: []rpctest.Launch{{Slots: true}}, Node: tt.node, Now: time.Now().Add(-8 * 24 * time.Hour),
			})
			chain.Advance(week)
			w := newWorldOf(t, chain)
			pools, stats := w.mustRead(t, chain.Launchpad())
			asked := chain.Requests()["getBlockTime"]
			for i := range chain.Tokens() {
				tok := chain.Token(i)
				p := pools[tok.Pool]
				if !tt.dated {
					if p.CreatedAt != 0 {
						t.Errorf("token %d was created at %d", i, p.CreatedAt)
					}
					continue
				}
				w.checkTimes(t, i, &tok, &p)
				if instant := tok.CompletedAt.Sub(tok.CreatedAt); !tok.CompletedAt.IsZero() && instant <= time.Minute && p.CreatedAt != tok.CreatedAt.UnixMilli() {
					t.Errorf("token %d, complete in %v, is %d ms off", i, instant, p.CreatedAt-tok.CreatedAt.UnixMilli())
				}
			}
			if notes := strings.Join(stats.Notes(), "\n"); strings.Contains(notes, unknownHistory+": 24 (") == tt.dated {
				t.Errorf("notes %q", notes)
			}
			if !tt.dated && asked > 3*maxSkipped {
				t.Errorf("asked %d times in vain", asked)
			}
			// What is known is known for ever, and what is not is left alone for a while.
			w.mustRead(t, chain.Launchpad())
			if more := chain.Requests()["getBlockTime"] - asked; more > 0 {
				t.Errorf("asked %d times again", more)
			}
		})
	}
}

// TestNewCurvesAreDated exactly: the anchor after them is still to come.
func TestNewCurvesAreDated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{Tokens: 8, Launches: []rpctest.Launch{{Slots: true}}})
	w.mustRead(t, w.chain.Launchpad())
	w.chain.Advance(300)
	for _, i := range w.chain.AddCurves(w.chain.Launchpad(), 3) {
		pools, _ := w.mustRead(t, w.chain.Launchpad())
		tok := w.chain.Token(i)
		if p := pools[tok.Pool]; p.CreatedAt != tok.CreatedAt.UnixMilli() {
			t.Errorf("token %d: created %d, want %v", i, p.CreatedAt, tok.CreatedAt)
		}
	}
}

// TestAnchors: slots share the anchors between which they lie.
func TestAnchors(t *testing.T) {
	t.Parallel()
	for slot, want := range map[int64][2]int64{0: {0, 10_000}, 9_999: {0, 10_000}, 10_000: {10_000, 20_000}, 446_328_221: {446_320_000, 446_330_000}} {
		if before, after := anchorsOf(slot); before != want[0] || after != want[1] {
			t.Errorf("slot %d lies between %d and %d", slot, before, after)
		}
	}
	if got := slotKey(446_320_000); got != fmt.Sprint("SLOT-TIME#", 446_320_000) {
		t.Errorf("key %q", got)
	}
}
