package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/study"
	"tokensync/internal/ingest"
	"tokensync/internal/meteora"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// shortcut is a source whose full scan asks for our own pools only, so that a test need not read a million.
type shortcut struct {
	*meteora.Client
	world meteoratest.World
}

func (s shortcut) Pools(ctx context.Context, _ []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	last := s.Newest(ctx, nil, time.Now().UnixMilli(), stats) // of nobody: only for the watermark
	for range last {
	}
	var addresses []string
	for _, i := range s.world.Ours() {
		addresses = append(addresses, s.world.Address(i))
	}
	return s.ByAddress(ctx, addresses, stats)
}

// TestRefreshCostFollowsTheLaunchpad: six requests for 512 known pools, one for the newest and two by mint, however many pools
// Meteora has, and writes of what changed.
func TestRefreshCostFollowsTheLaunchpad(t *testing.T) { //nolint:tparallel // the second compares with the first
	t.Parallel()
	var full syncrun.Record
	const few, many = 5_000, 200_000
	for _, of := range []int{few, many} {
		t.Run(strconv.Itoa(of), func(t *testing.T) {
			w := newWorldOf(t, meteoratest.Config{Pools: of, Ours: meteoratest.DefaultOurs})
			dlmm := w.fake.World("dlmm")
			if of == many {
				w.sync.Sources[0] = shortcut{w.sync.Sources[0].(*meteora.Client), dlmm}
				w.run()
			} else {
				full = w.run()
			}
			idle := w.refresh()
			check(t, "nothing changed", idle, counts{"succeeded", idle.PoolsScanned, 512, 0, 0, 500, 0, 0, 0, "none"})
			dlmm.Touch(dlmm.Ours()[:5]...)
			dlmm.Add(1, true)
			run := w.refresh()
			check(t, "five changed, one new", run, counts{"succeeded", run.PoolsScanned, 513, 1, 5, 495, 0, 0, 1, "none"})
			if run.Mode != ingest.ModeRefresh || run.UpstreamRequests != 9 || run.PoolsScanned > 613 || full.PoolsScanned != few {
				t.Errorf("%d scanned in full; %+v", full.PoolsScanned, run)
			}
			again := w.refresh()
			check(t, "again", again, counts{"succeeded", again.PoolsScanned, 513, 0, 0, 501, 0, 0, 0, "none"})
		})
	}
}

// TestRefreshFallsBackToFull says in its record what was really done.
func TestRefreshFallsBackToFull(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change   func(w *world)
		mode     string
		requests int64
	}{
		"nothing to fear": {func(*world) {}, ingest.ModeRefresh, 4},
		"no earlier run":  {func(w *world) { w.forget("", "MANIFEST") }, ingest.ModeFull, 4},
		"a full run in part": {func(w *world) {
			w.forget("", "MANIFEST")
			w.fake.SetFault(meteoratest.OnPage("dlmm", 2, meteoratest.Fault{Status: http.StatusServiceUnavailable}))
			w.run()
			w.fake.SetFault(nil)
		}, ingest.ModeFull, 4},
		"another launchpad":   {func(w *world) { w.ids += ",nobody" }, ingest.ModeFull, 4},
		"same IDs":            {func(w *world) { w.ids += "," + w.ids }, ingest.ModeRefresh, 4},
		"a gap to bridge":     {func(w *world) { w.fake.World("dlmm").Add(1850, false) }, ingest.ModeRefresh, 4 + 18},
		"too large a gap":     {func(w *world) { w.fake.World("dlmm").Add(2000, false) }, ingest.ModeFull, 20 + 4 + 2},
		"a server unsorted":   {func(w *world) { w.sync.Sources[0] = unsorted(w) }, ingest.ModeFull, 1 + 4},
		"a full run was held": {func(w *world) { w.turnAway(ingest.ModeFull) }, ingest.ModeFull, 4},
		"a refresh was held":  {func(w *world) { w.turnAway(ingest.ModeRefresh) }, ingest.ModeRefresh, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.run()
			w.refresh() // finds out how the server is asked
			tt.change(w)
			run := w.refresh()
			if run.Status != syncrun.Succeeded || run.Mode != tt.mode || run.UpstreamRequests != tt.requests {
				t.Errorf("%s, mode %s, %d requests, want %s and %d", run.Status, run.Mode, run.UpstreamRequests, tt.mode, tt.requests)
			}
			if again := w.refresh(); name != "a server unsorted" && (again.Mode != ingest.ModeRefresh || again.UpstreamRequests != 4) {
				t.Errorf("the next: mode %s, %d requests", again.Mode, again.UpstreamRequests)
			}
		})
	}
}

// turnAway lets a run find the lease held.
func (w *world) turnAway(mode string) {
	lease, err := w.sync.Acquire(w.t.Context(), "another", time.Now().Add(time.Minute))
	if err != nil {
		w.t.Fatal(err)
	}
	if run := w.runAs(mode); run.Status != syncrun.Skipped {
		w.t.Errorf("%+v", run)
	}
	if err := lease.Release(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// unsorted returns a client of a Meteora that does not know sort_by, and ignores it as it does with all that it does not know.
func unsorted(w *world) ingest.Source {
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if query.Has("sort_by") {
			query.Set("sort_by", "pool_created_at:asc")
		}
		r.URL.RawQuery = query.Encode()
		w.fake.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(server.Close)
	client, err := meteora.NewClient(meteora.Options{Product: token.DLMM, BaseURL: server.URL + "/dlmm", Rate: 1e6})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(client.Close)
	return client
}

// TestRefreshLeavesAbsenceToTheFullRun: a pool that Meteora does not return keeps its token listed as it was.
func TestRefreshLeavesAbsenceToTheFullRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	dlmm := w.fake.World("dlmm")
	before, all := w.tokens(), dlmm.Ours()
	dlmm.Remove(all[0], all[5], all[6]) // the first token has another pool
	run := w.refresh()
	if run.Delisting != "deferred: 3" || run.TokensDelisted != 0 || run.TokensUpdated != 0 {
		t.Errorf("%+v", run)
	}
	if diff := cmp.Diff(before, w.tokens()); diff != "" {
		t.Error(diff)
	}
	if run := w.run(); run.TokensDelisted != 2 || run.TokensUpdated != 1 {
		t.Errorf("full: %+v", run)
	}
	if run := w.refresh(); run.Delisting != "none" {
		t.Errorf("after it: %+v", run)
	}
}

// TestRefreshThatFailsForgetsNothing: what is new stays new until it is in the table.
func TestRefreshThatFailsForgetsNothing(t *testing.T) {
	t.Parallel()
	down := errors.New("connection reset by peer")
	for name, tt := range map[string]struct {
		spoil  func(*world)
		status syncrun.Status
	}{
		"no newest pools":       {func(w *world) { w.fake.SetFault(onQuery("sort_by", http.StatusServiceUnavailable)) }, syncrun.Failed},
		"no pools by address":   {func(w *world) { w.fake.SetFault(onQuery("filter_by", http.StatusServiceUnavailable)) }, syncrun.Partial},
		"tables cannot be read": {func(w *world) { w.db.get = func(*dynamodb.BatchGetItemInput) error { return down } }, syncrun.Failed},
		"tokens unwritten": {func(w *world) {
			w.db.write = func(*dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) { return nil, down }
		}, syncrun.Partial},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.run()
			dlmm := w.fake.World("dlmm")
			dlmm.Add(1, true)
			dlmm.Add(300, false) // more than is read twice
			dlmm.Touch(dlmm.Ours()[:3]...)
			known := w.board().Len()
			tt.spoil(w)
			if run := w.refresh(); run.Status != tt.status || w.board().Len() < known {
				t.Errorf("%+v, %d listed", run, w.board().Len())
			}
			w.db.get, w.db.write = nil, nil
			w.fake.SetFault(nil)
			if run := w.refresh(); run.Mode != ingest.ModeRefresh || run.Status != syncrun.Succeeded {
				t.Errorf("%+v", run)
			}
			if run := w.run(); run.TokensNew+run.TokensUpdated != 0 || w.board().Len() != known+1 {
				t.Errorf("the full run after it: %+v, %d listed", run, w.board().Len())
			}
		})
	}
}

func onQuery(parameter string, status int) meteoratest.FaultFunc {
	return func(r meteoratest.Request) *meteoratest.Fault {
		value := r.HTTP.URL.Query().Get(parameter)
		if value == "" || value == "pool_created_at:asc" {
			return nil
		}
		return &meteoratest.Fault{Status: status}
	}
}

// TestRefreshesOfADay: whatever happens between two full runs, the second writes nothing that a refresh should have found.
// Only tokens whose pools vanished or came back are left to it.
func TestRefreshesOfADay(t *testing.T) {
	t.Parallel()
	hours := study.Size(4, 24)
	for seed := range uint64(study.Size(2, 6)) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			d := &day{
				world: newWorld(t, token.DLMM, token.DAMMv2, token.DAMMv1), rand: rand.New(rand.NewPCG(seed, 11)),
				chain: &scripted{product: token.DBC}, removed: map[string][]int{}, left: map[string]bool{},
			}
			d.sync.Sources = append(d.sync.Sources, d.chain)
			d.full(0)
			for hour := range hours {
				d.hour(hour + 1)
			}
		})
	}
}

type day struct {
	*world
	rand    *rand.Rand
	chain   *scripted
	removed map[string][]int
	left    map[string]bool // mints that a refresh need not have settled
	later   []int           // of DAMM v2, pools that curves will have
	steps   int
}

// hour makes a few refreshes between changes, and a full run.
func (d *day) hour(hour int) {
	for range 1 + d.rand.IntN(5) {
		for range d.rand.IntN(6) {
			d.change()
		}
		if run := d.refresh(); run.Mode != ingest.ModeRefresh || run.Status != syncrun.Succeeded || run.TokensDelisted != 0 {
			d.t.Fatalf("hour %d: %+v", hour, run)
		}
	}
	d.full(hour)
}

func (d *day) full(hour int) {
	before := byMint(d.board())
	if run := d.run(); run.Status != syncrun.Succeeded {
		d.t.Fatalf("hour %d: %+v", hour, run)
	}
	after := byMint(d.board())
	for mint, now := range after {
		was, ok := before[mint]
		if was.Lead.Rival != "" {
			continue // which leads with the next merge, of whatever run
		}
		was.NameCollision = now.NameCollision // a name that another took counts from the next run on, of whatever kind
		if hour > 0 && !d.left[mint] && (!ok || !was.Same(&now)) {
			d.t.Errorf("hour %d: the full run changed token %s: %s", hour, mint, cmp.Diff(was, now))
		}
	}
	clear(d.left)
}

// change lets something happen at Meteora or on the chain.
func (d *day) change() {
	d.steps++
	product := []string{"dlmm", "damm-v2", "damm-v1"}[d.rand.IntN(3)]
	w := d.fake.World(product)
	list := w.Ours()
	any := list[d.rand.IntN(len(list))]
	switch d.rand.IntN(10) {
	case 0, 1:
		w.Touch(any, list[d.rand.IntN(len(list))])
	case 2:
		w.Rename(any)
	case 3:
		w.Add(1+d.rand.IntN(3), true)
	case 4:
		w.Add(d.rand.IntN(300), false)
	case 5:
		w.Remove(any)
		d.removed[product] = append(d.removed[product], any)
		d.left[w.Mint(any)] = true
	case 6:
		for _, i := range d.removed[product] {
			d.left[w.Mint(i)] = true
		}
		w.Restore(d.removed[product]...)
		delete(d.removed, product)
	case 7: // a pool that is listed late
		late := w.Add(1, true)
		w.Remove(late...)
		w.Add(d.rand.IntN(20), false)
		if d.rand.IntN(2) == 0 {
			d.refresh()
		}
		w.Restore(late...)
	case 8: // a curve begins, whose token will have a pool of DAMM v2
		amm := d.fake.World("damm-v2")
		later := amm.Add(1, true)
		amm.Remove(later...)
		d.chain.pools = append(d.chain.pools, token.Pool{
			Address: key("curve" + strconv.Itoa(d.steps)), Product: token.DBC, Launchpad: token.LaunchpadID(d.ids),
			Base: token.Asset{Mint: amm.Mint(later[0])}, Curve: token.Curve{Stage: token.Bonding, Progress: "0.5"},
		})
		d.later = append(d.later, later[0])
	case 9:
		d.graduate()
	}
}

// graduate ends the oldest curve: its token goes on in its pool of DAMM v2.
func (d *day) graduate() {
	at := slices.IndexFunc(d.chain.pools, func(p token.Pool) bool { return p.Curve.Stage == token.Bonding })
	if at < 0 {
		return
	}
	amm, pool := d.fake.World("damm-v2"), d.later[0]
	d.later = d.later[1:]
	d.chain.pools[at].Curve = token.Curve{Stage: token.Graduated, Progress: "1", GraduatedPool: amm.Address(pool)}
	amm.Restore(pool)
}

// forget deletes an item of the sync table, or without a partition key one of the board.
func (w *world) forget(pk, sk string) {
	in := &dynamodb.DeleteItemInput{TableName: &w.tables.Board, Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: sk}}}
	if pk != "" {
		in.TableName = &w.tables.Sync
		in.Key["pk"], in.Key["sk"] = &types.AttributeValueMemberS{Value: pk}, &types.AttributeValueMemberS{Value: sk}
	}
	if _, err := engine.Client().DeleteItem(w.t.Context(), in); err != nil {
		w.t.Fatal(err)
	}
}
