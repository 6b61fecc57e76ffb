package dbc

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/rpctest"
	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// nodes returns all kinds, with other launchpads' accounts in the program, and one that is large for its pages.
func nodes() map[string]rpctest.Node {
	nodes := map[string]rpctest.Node{"far behind": {Behind: 20}}
	for _, kind := range rpctest.Kinds() {
		nodes[string(kind)] = rpctest.Node{Kind: kind, Strangers: 1000}
	}
	nodes["scan-counting in pages"] = rpctest.Node{Kind: rpctest.ScanCounting, Strangers: 48_000}
	return nodes
}

// curves returns the addresses of all pools of DBC among pools.
func curves(pools map[string]token.Pool) []string {
	var addresses []string
	for a, p := range pools {
		if p.Product == token.DBC {
			addresses = append(addresses, a)
		}
	}
	slices.Sort(addresses)
	return addresses
}

// all returns the addresses of the chain's own curves.
func (w *world) all() []string {
	var addresses []string
	for i := range w.chain.Tokens() {
		addresses = append(addresses, w.chain.Token(i).Pool)
	}
	slices.Sort(addresses)
	return addresses
}

// until reads until a run is complete, and returns how many that took.
func (w *world) until(t *testing.T, read stream, ids ...string) (pools map[string]token.Pool, runs int) {
	t.Helper()
	for runs = 1; runs <= 20; runs++ {
		got, _, err := gather(t, read, ids...)
		if err == nil {
			return got, runs
		}
		if !errors.Is(err, syncrun.ErrIncomplete) {
			t.Fatal(err)
		}
	}
	t.Fatal("no end")
	return nil, 0
}

// TestEveryNode finds all curves on every kind of node, refreshes them for little, and sees new ones soon.
func TestEveryNode(t *testing.T) {
	t.Parallel()
	for name, node := range nodes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rpctest.Config{Node: node, Launches: []rpctest.Launch{{Key: rpctest.DefaultLaunchpad, FeeOption: 2}}})
			w.chain.Tick()
			pools, runs := w.until(t, w.Pools, w.chain.Launchpad())
			if want := w.ofLaunchpad(); !slices.Equal(want, curves(pools)) || runs != 1 {
				t.Fatalf("%d curves of %d in %d runs", len(curves(pools)), len(want), runs)
			}
			for range 3 {
				w.refresh(t, w.chain.Launchpad())
			}
			w.chain.AddCurves(w.chain.Launchpad(), 3)
			w.chain.Tick()
			w.refresh(t, w.chain.Launchpad())
			got := w.refresh(t, w.chain.Launchpad())
			if want := w.ofLaunchpad(); !slices.Equal(want, curves(got)) {
				t.Errorf("%d curves of %d after two refreshes", len(curves(got)), len(want))
			}
		})
	}
}

// ofLaunchpad returns the addresses of the curves on the launchpad's own config.
func (w *world) ofLaunchpad() []string {
	var addresses []string
	for i := range w.chain.Tokens() {
		if tok := w.chain.Token(i); tok.Config == w.chain.Launchpad() {
			addresses = append(addresses, tok.Pool)
		}
	}
	slices.Sort(addresses)
	return addresses
}

func (w *world) refreshAny(t *testing.T, ids ...string) (map[string]token.Pool, *syncrun.Counts) {
	t.Helper()
	w.chain.Tick()
	got, stats, err := gather(t, w.Changed, ids...)
	if err != nil {
		t.Errorf("error %v, notes %q", err, stats.Notes())
	}
	return got, stats
}

// refresh must stay cheap, and read every curve as it is.
func (w *world) refresh(t *testing.T, ids ...string) map[string]token.Pool {
	t.Helper()
	w.chain.Tick()
	got, stats, err := gather(t, w.Changed, ids...)
	requests, _ := stats.RPC()
	if n := stats.Requests.Load(); err != nil || n > 14 {
		t.Errorf("%d requests (%v), error %v, notes %q", n, requests, err, stats.Notes())
	}
	for i := range w.chain.Tokens() {
		tok := w.chain.Token(i)
		if p, ok := got[tok.Pool]; ok && p.Curve.Stage != stageNames[tok.Stage] {
			t.Errorf("curve %s is %s, not %v", tok.Pool, p.Curve.Stage, tok.Stage)
		}
	}
	return got
}

// TestWalkGoesOn: what a budget does not allow in one run is found by the next ones, in another process too, and nothing
// is said of what is missing until then.
func TestWalkGoesOn(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]func(*world){
		"one process": func(*world) {}, "many": func(w *world) { w.last.Store(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rpctest.Config{Node: rpctest.Node{Kind: rpctest.ScanCounting, Strangers: 95_000}})
			w.Limits.Requests = 3
			found := 0
			for run := 1; ; run++ {
				pools, stats, err := gather(t, w.Pools, w.chain.Launchpad())
				if n := len(curves(pools)); n < found {
					t.Errorf("run %d: %d curves after %d", run, n, found)
				} else {
					found = n
				}
				between(w)
				if err == nil {
					if want := w.ofLaunchpad(); !slices.Equal(want, curves(pools)) || run < 3 || run > 5 {
						t.Errorf("%d curves of %d in %d runs", found, len(want), run)
					}
					return
				}
				if !errors.Is(err, syncrun.ErrIncomplete) || !strings.Contains(strings.Join(stats.Notes(), "\n"), "goes on in the next run") || run > 9 {
					t.Fatalf("run %d: %v, notes %q", run, err, stats.Notes())
				}
			}
		})
	}
}

// TestOneWalk: a node that counts what it looks at is walked through once for all configs, others are asked for each.
func TestOneWalk(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		node rpctest.Node
		note string
	}{
		"scan-counting": {rpctest.Node{Kind: rpctest.ScanCounting, Strangers: 48_000}, "getProgramAccountsV2 per all"},
		"plain":         {rpctest.Node{Kind: rpctest.Plain, Strangers: 48_000}, "getProgramAccounts per key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rpctest.Config{Node: tt.node})
			for range 2 {
				pools, stats := w.mustRead(t, w.ids()...)
				if !slices.Equal(w.all(), curves(pools)) || !strings.Contains(strings.Join(stats.Notes(), "\n"), "curves found by "+tt.note) {
					t.Errorf("%d curves, notes %q", len(curves(pools)), stats.Notes())
				}
			}
			w.chain.ResetMeter()
			w.mustRead(t, w.ids()...)
			if got := w.chain.Requests(); got["getProgramAccountsV2"] > 10 || got["getProgramAccounts"] > 4 {
				t.Errorf("requests of a third run: %v", got)
			}
		})
	}
}

// TestChangedWays: a node that does other things than before costs one run at most.
func TestChangedWays(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ before, after rpctest.Node }{
		"refuses the plain call":  {rpctest.Node{}, rpctest.Node{Kind: rpctest.ScanCounting}},
		"forgets pages":           {rpctest.Node{Kind: rpctest.ScanCounting}, rpctest.Node{Kind: rpctest.Plain}},
		"pages by cursors":        {rpctest.Node{Kind: rpctest.ScanCounting}, rpctest.Node{Kind: rpctest.Cursor}},
		"wraps its answers":       {rpctest.Node{}, rpctest.Node{Kind: rpctest.Wrapped}},
		"counts what it looks at": {rpctest.Node{}, rpctest.Node{Kind: rpctest.ScanCounting, Strangers: 48_000}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rpctest.Config{Node: tt.before})
			w.mustRead(t, w.chain.Launchpad())
			w.refresh(t, w.chain.Launchpad())
			w.chain.SetNode(tt.after)
			failed := 0
			for _, read := range []stream{w.Changed, w.Pools, w.Changed} {
				w.chain.AddCurves(w.chain.Launchpad(), 1)
				w.chain.Tick()
				if _, _, err := gather(t, read, w.chain.Launchpad()); err != nil {
					failed++
				}
			}
			if got := w.refresh(t, w.chain.Launchpad()); !slices.Equal(w.ofLaunchpad(), curves(got)) || failed > 1 {
				t.Errorf("%d curves of %d, %d runs failed", len(curves(got)), len(w.ofLaunchpad()), failed)
			}
		})
	}
}

// TestLostWay: refreshes alone find a new way when the old one is refused, and look at changes again that were of no use.
func TestLostWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{Tokens: 60, Node: rpctest.Node{Kind: rpctest.Plain}})
	w.mustRead(t, w.chain.Launchpad())
	w.refresh(t, w.chain.Launchpad())
	w.chain.SetNode(rpctest.Node{Kind: rpctest.ScanCounting})
	w.chain.AddCurves(w.chain.Launchpad(), 1)
	w.refresh(t, w.chain.Launchpad())
	if got := w.refresh(t, w.chain.Launchpad()); !slices.Equal(w.ofLaunchpad(), curves(got)) {
		t.Errorf("%d curves of %d", len(curves(got)), len(w.ofLaunchpad()))
	}
	if _, stats := w.refreshAny(t, w.chain.Launchpad()); !slices.Contains(stats.Notes(), "new curves: by changedSinceSlot") {
		t.Errorf("notes %q", stats.Notes())
	}
}

// TestNothingIsBelieved: answers that contradict what is known leave it as it is, and it is said.
func TestNothingIsBelieved(t *testing.T) {
	t.Parallel()
	lists := func(f rpctest.Fault) rpctest.FaultFunc {
		return rpctest.FirstOf(rpctest.OnMethod("getProgramAccounts", f), rpctest.OnMethod("getProgramAccountsV2", f))
	}
	for name, tt := range map[string]struct {
		fault rpctest.FaultFunc
		full  string // what a full run says
	}{
		"an empty answer":  {lists(rpctest.Fault{Empty: true}), "none of the curves that are known"},
		"others' pools":    {lists(rpctest.Fault{Foreign: 3}), "an account that was not asked for"},
		"another's answer": {lists(rpctest.Fault{WrongID: true}), "the answer to another request"},
		"no owners":        {lists(rpctest.Fault{NoOwner: true}), "not one of the program's"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rpctest.Config{})
			w.mustRead(t, w.chain.Launchpad())
			known := w.ofLaunchpad()
			w.chain.SetFault(tt.fault)
			if _, _, err := gather(t, w.Pools, w.chain.Launchpad()); err == nil || !strings.Contains(err.Error(), tt.full) {
				t.Errorf("a full run: %v", err)
			}
			got, stats, err := gather(t, w.Changed, w.chain.Launchpad())
			if err != nil || !slices.Equal(known, curves(got)) {
				t.Errorf("%d curves of %d, error %v, notes %q", len(curves(got)), len(known), err, stats.Notes())
			}
			w.chain.SetFault(nil)
			if got, _, err := gather(t, w.Pools, w.chain.Launchpad()); err != nil || !slices.Equal(known, curves(got)) {
				t.Errorf("afterwards: %d curves, %v", len(curves(got)), err)
			}
		})
	}
}

// TestLeftOut: curves that a walk does not show are read by address.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{Tokens: 40})
	first, _ := w.mustRead(t, w.chain.Launchpad())
	w.chain.AddCurves(w.chain.Launchpad(), 2)
	w.chain.Tick()
	w.mustRead(t, w.chain.Launchpad())
	w.chain.SetNode(rpctest.Node{Behind: 200}) // shows the chain before the two were made
	got, stats := w.mustRead(t, w.chain.Launchpad())
	if len(curves(got)) != len(curves(first))+2 || !slices.Contains(stats.Notes(), "the walk left out 2 curves that are there") {
		t.Errorf("%d curves, then %d, notes %q", len(curves(first)), len(curves(got)), stats.Notes())
	}
}

// TestSlotGoesBack: what a node shows of long ago is not believed once; if it stays there, everything is read anew.
func TestSlotGoesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{Tokens: 40})
	w.mustRead(t, w.chain.Launchpad())
	known := w.refresh(t, w.chain.Launchpad())
	w.chain.Tick()
	w.chain.SetFault(rpctest.Always(rpctest.Fault{SlotBack: 5000}))
	got, stats, err := gather(t, w.Changed, w.chain.Launchpad())
	if diff := cmp.Diff(known, got); diff != "" || !errors.Is(err, syncrun.ErrIncomplete) || len(stats.Notes()) != 1 {
		t.Errorf("error %v, notes %q, curves (-known +got):\n%s", err, stats.Notes(), diff)
	}
	if got, _, err := gather(t, w.Changed, w.chain.Launchpad()); err != nil || !slices.Equal(w.ofLaunchpad(), curves(got)) {
		t.Errorf("%d curves, error %v", len(curves(got)), err)
	}
	w.chain.SetFault(nil)
	w.refresh(t, w.chain.Launchpad())
}

// TestChangesAreHeldToTheirWord: a node that stops telling changes is found out by the curves that have changed.
func TestChangesAreHeldToTheirWord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{})
	w.mustRead(t, w.chain.Launchpad())
	w.refresh(t, w.chain.Launchpad())
	w.chain.SetFault(rpctest.OnMethod("getProgramAccountsV2", rpctest.Fault{Empty: true}))
	w.chain.AddCurves(w.chain.Launchpad(), 1)
	w.refresh(t, w.chain.Launchpad())
	got := w.refresh(t, w.chain.Launchpad())
	if !slices.Equal(w.ofLaunchpad(), curves(got)) {
		t.Errorf("%d curves of %d", len(curves(got)), len(w.ofLaunchpad()))
	}
}

// TestLargeLaunchpad: one too large for a run is handed out in turns, and refreshed in turns. Until every curve was handed
// out once, that is incomplete, refreshes go on with it, and no launchpad ID goes without a curve; then it is the rule.
func TestLargeLaunchpad(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		node    rpctest.Node
		between func(*world)
		read    func(*world) stream // after the first run
	}{
		"full runs":            {rpctest.Node{}, func(*world) {}, func(w *world) stream { return w.Pools }},
		"refreshes":            {rpctest.Node{}, func(*world) {}, func(w *world) stream { return w.Changed }},
		"many processes":       {rpctest.Node{}, func(w *world) { w.last.Store(nil) }, func(w *world) stream { return w.Pools }},
		"a run without room":   {rpctest.Node{}, func(*world) {}, func(w *world) stream { return crowded(w.Pools, 120) }},
		"a refresh without it": {rpctest.Node{}, func(*world) {}, func(w *world) stream { return crowded(w.Changed, 120) }},
		"walks in many runs":   {rpctest.Node{Kind: rpctest.ScanCounting, Strangers: 24_000}, func(w *world) { w.Limits.Requests = 2 }, func(w *world) stream { return w.Pools }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rpctest.Config{Tokens: 800, Launches: []rpctest.Launch{{Key: rpctest.DefaultLaunchpad}}, Node: tt.node})
			w.Limits.Pools = 200
			small := w.chain.AddLaunch(rpctest.Launch{})
			w.chain.AddCurves(small, 1)
			w.chain.Tick()
			ids := []string{w.chain.Launchpad(), small}
			found, read := map[string]bool{}, stream(w.Pools)
			for run := 1; ; run++ {
				pools, stats, err := gather(t, read, ids...)
				for _, a := range curves(pools) {
					found[a] = true
				}
				if n := len(curves(pools)); n > 250 || n == 0 || run > 20 || err != nil && !errors.Is(err, syncrun.ErrIncomplete) {
					t.Fatalf("run %d: %d curves, %v, notes %q", run, n, err, stats.Notes())
				}
				if isAll := len(found) == w.chain.Tokens(); err == nil != isAll {
					t.Fatalf("run %d: %d curves by now, error %v", run, len(found), err)
				} else if isAll {
					break
				}
				tt.between(w)
				read = tt.read(w)
			}
			w.checkTurns(t, ids)
		})
	}
}

// crowded has room for some pools of each run.
func crowded(read stream, room int) stream {
	return func(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
		return func(yield func(token.Pool, error) bool) {
			n := 0
			for pool, err := range read(ctx, ids, stats) {
				if n++; n > room {
					yield(token.Pool{}, fmt.Errorf("%w: no room", syncrun.ErrIncomplete))
					return
				}
				if !yield(pool, err) {
					return
				}
			}
		}
	}
}

// checkTurns holds runs that follow a first round to what is left to do: each a part, all of it in some, each ID in each.
func (w *world) checkTurns(t *testing.T, ids []string) {
	t.Helper()
	w.Limits.Requests = 0
	found := map[string]bool{}
	for range 12 {
		pools, stats := w.mustRead(t, ids...)
		for _, a := range curves(pools) {
			found[a] = true
		}
		hasIDs := map[string]bool{}
		for _, p := range pools {
			hasIDs[string(p.Launchpad)] = true
		}
		if !strings.Contains(strings.Join(stats.Notes(), "\n"), "all of them in turns") || len(hasIDs) != len(ids) {
			t.Errorf("%d curves of %d IDs, notes %q", len(curves(pools)), len(hasIDs), stats.Notes())
		}
	}
	if len(found) != w.chain.Tokens() {
		t.Errorf("%d curves of %d in twelve runs", len(found), w.chain.Tokens())
	}
	w.chain.Tick()
	moved, stats, err := gather(t, w.Changed, ids...)
	if n := len(curves(moved)); err != nil || n == 0 || n == w.chain.Tokens() || !strings.Contains(strings.Join(stats.Notes(), "\n"), "read again, all of them in turns") {
		t.Errorf("%d of %d curves moved, %v, notes %q", n, w.chain.Tokens(), err, stats.Notes())
	}
}

// TestManyConfigs: a fee claimer with many configs of one curve each.
func TestManyConfigs(t *testing.T) {
	t.Parallel()
	for _, kind := range []rpctest.Kind{rpctest.Plain, rpctest.ScanCounting, rpctest.ReturnCounting} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			claimer := solana.Key{77}.String()
			w := newWorld(t, rpctest.Config{Tokens: 8, Node: rpctest.Node{Kind: kind, Strangers: 500}})
			w.chain.AddSingles(290, rpctest.Launch{Claimer: claimer})
			w.chain.Tick()
			pools, stats := w.mustRead(t, "claimer:"+claimer)
			if requests := stats.Requests.Load(); len(curves(pools)) != 290 || requests > 300 {
				t.Errorf("%d curves, %d requests, notes %q", len(curves(pools)), requests, stats.Notes())
			}
			w.chain.AddSingles(2, rpctest.Launch{Claimer: claimer})
			w.chain.Tick()
			if kind == rpctest.Plain {
				return // full runs find them
			}
			w.refreshAny(t, "claimer:"+claimer)
			if got, stats := w.refreshAny(t, "claimer:"+claimer); len(curves(got)) != 292 {
				t.Errorf("%d curves after two refreshes, notes %q", len(curves(got)), stats.Notes())
			}
		})
	}
}

// TestPlan: what the provider's plan does not allow is not tried in other ways.
func TestPlan(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]rpctest.Fault{"402": rpctest.PaymentRequired, "-32010": rpctest.PlanCap} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rpctest.Config{Tokens: 8})
			w.chain.SetFault(rpctest.Always(fault))
			_, stats, err := gather(t, w.Pools, w.chain.Launchpad())
			if err == nil || !strings.Contains(err.Error(), "plan of the node's provider") || stats.Requests.Load() > 2 || stats.Retries.Load() > 0 {
				t.Errorf("%d requests, %d retries, error %v", stats.Requests.Load(), stats.Retries.Load(), err)
			}
		})
	}
}

// TestNodeTroubles sends each error once, and then for good to one method: the curves are found all the same.
func TestNodeTroubles(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]rpctest.Fault{
		"-32600": {Code: -32600, Message: "slow down"}, "deprioritized": rpctest.Deprioritized, "use V2": rpctest.DeprioritizedUseV2,
		"too many accounts": rpctest.TooManyAccounts, "overloaded": rpctest.Overloaded, "rate limit": rpctest.RateLimited,
		"-32007": {Code: -32007}, "-32012": {Code: -32012}, "-32000": {Code: -32000}, "unknown": {Code: -1}, "-32601": {Code: -32601},
		"-32602": {Code: -32602}, "404": {Status: 404},
	} {
		for _, method := range []string{"getProgramAccounts", "getProgramAccountsV2"} {
			for _, forGood := range []bool{false, true} {
				t.Run(fmt.Sprint(name, " ", method, " ", forGood), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, rpctest.Config{Tokens: 24})
					f := rpctest.OnMethod(method, fault)
					if !forGood {
						f = rpctest.Times(1, f)
					}
					w.chain.SetFault(f)
					pools, stats := w.mustRead(t, w.chain.Launchpad())
					if !slices.Equal(w.ofLaunchpad(), curves(pools)) {
						t.Errorf("%d curves, notes %q", len(curves(pools)), stats.Notes())
					}
				})
			}
		}
	}
}

// TestPoolsWithin ties what a run hands out to the memory that it has.
func TestPoolsWithin(t *testing.T) {
	t.Parallel()
	got := map[int64]int{}
	want := map[int64]int{0: 10_000, 54 << 20: 17_039, 108 << 20: 52_428, 1 << 40: 200_000}
	for bytes := range maps.Keys(want) {
		got[bytes] = poolsWithin(bytes)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pools by bytes (-want +got):\n%s", diff)
	}
}

// TestTooLargeLaunchpad: what the memory does not hold is left out, always the same curves, and every run says so.
func TestTooLargeLaunchpad(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{Tokens: 900, Launches: []rpctest.Launch{{Key: rpctest.DefaultLaunchpad}}})
	w.Limits.Pools, w.Limits.Total = 100, 300
	found := map[string]bool{}
	for run := range 12 {
		pools, stats, err := gather(t, w.Pools, w.chain.Launchpad())
		for _, a := range curves(pools) {
			found[a] = true
		}
		if !errors.Is(err, syncrun.ErrIncomplete) || run > 0 && !strings.Contains(strings.Join(stats.Notes(), "\n"), "more than the function has memory for") {
			t.Errorf("run %d: %v, notes %q", run, err, stats.Notes())
		}
	}
	if n := len(found); n < 150 || n > 300 {
		t.Errorf("%d curves in twelve runs", n)
	}
}

// TestTotal ties how large a launchpad may be, and what is read of it at once, to the memory of the process.
func TestTotal(t *testing.T) {
	t.Parallel()
	got := map[int64]int{}
	for _, bytes := range []int64{0, 108 << 20, 217 << 20, 1 << 40} {
		got[bytes] = totalWithin(bytes)
	}
	want := map[int64]int{0: 10_000, 108 << 20: 69_031, 217 << 20: 168_418, 1 << 40: 956_067_624}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("curves by bytes (-want +got):\n%s", diff)
	}
	for known, pools := range map[int]int{0: 49_616, 10_000: 42_428, 50_000: 13_678, 69_000: 10_000, 200_000: 10_000} {
		l := Limits{Pools: 60_000, Total: 69_031}
		if l.makeRoomFor(known); l.Pools != pools {
			t.Errorf("%d known: %d pools at once, want %d", known, l.Pools, pools)
		}
	}
}
