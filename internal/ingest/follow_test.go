package ingest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/board"
	"tokensync/internal/catalog"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/ingest"
	"tokensync/internal/token"
)

// instance is a reader that shows one board.
type instance struct{ shown *board.Board }

func (i instance) Board(context.Context) (*board.Board, error) { return i.shown, nil }
func (i instance) Fault() error                                { return nil }

// A follower asks instances for what has changed, and keeps the rows.
type follower struct {
	t       *testing.T
	rand    *rand.Rand
	boards  []*board.Board // that were published
	version string
	rows    map[string]json.RawMessage
}

// saw notes a board, and asks an instance or two that show it or one of the two before it.
func (f *follower) saw(b *board.Board) {
	if n := len(f.boards); n == 0 || f.boards[n-1].Version() != b.Version() {
		f.boards = append(f.boards, b)
	}
	for range f.rand.IntN(3) {
		f.ask(f.boards[max(0, len(f.boards)-1-f.rand.IntN(3))])
	}
}

func (f *follower) ask(b *board.Board) {
	f.t.Helper()
	c := &catalog.Catalog{Boards: instance{b}}
	got, err := c.Changes(f.t.Context(), f.version)
	if err != nil {
		f.t.Fatal(err)
	}
	f.version = got.Version
	maps.Copy(f.rows, rowsOf(f.t, got.Rows))
	for _, mint := range got.Gone {
		delete(f.rows, mint)
	}
}

func rowsOf(t *testing.T, rows []byte) map[string]json.RawMessage {
	t.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal(slices.Concat([]byte("["), rows, []byte("]")), &list); err != nil {
		t.Fatal(err)
	}
	found := map[string]json.RawMessage{}
	for _, row := range list {
		var of struct{ Mint string }
		if err := json.Unmarshal(row, &of); err != nil {
			t.Fatal(err)
		}
		found[of.Mint] = row
	}
	return found
}

// TestAFollowerMissesNothing: whoever asks for changes, now of this instance and now of that, has in the end exactly the rows of the
// board, whatever refreshes, watches, faces and full runs published meanwhile.
func TestAFollowerMissesNothing(t *testing.T) {
	t.Parallel()
	w := newCurves(t, rpctest.Config{Tokens: 60})
	w.sync.Faces = w.newFaces(func(_ context.Context, uri string) (token.Face, error) {
		return token.Face{URI: uri, ImageURL: uri}, nil
	})
	f := &follower{t: t, rand: rand.New(rand.NewPCG(5, 7)), rows: map[string]json.RawMessage{}}
	f.saw(w.board())
	if f.version == "" {
		f.ask(w.board())
	}
	for range 4 {
		w.watch(func(look int) error {
			f.saw(w.board())
			traded := w.bonding()
			switch i := traded[f.rand.IntN(len(traded))]; f.rand.IntN(6) {
			case 0:
				w.chain.AddCurves(w.ids, 1)
			case 1:
				w.chain.Complete(i)
			case 2:
			default:
				w.chain.Trade(i, aTrade)
			}
			if look == 12 {
				w.askForFull()
			}
			return nil
		})
		f.saw(w.board())
		w.chain.Tick()
		w.run()
		f.saw(w.board())
	}
	last := w.board()
	f.ask(last)
	all, err := (&catalog.Catalog{Boards: instance{last}}).List(t.Context(), catalog.Query{Limit: 100})
	if err != nil || len(f.boards) < 20 {
		t.Fatalf("%d boards, error %v", len(f.boards), err)
	}
	if diff := cmp.Diff(rowsOf(t, all.Rows), f.rows); diff != "" {
		t.Error(diff)
	}
	before := f.version
	if f.ask(last); f.version != before {
		t.Errorf("version %s after %s, without a change", f.version, before)
	}
}

// TestWhatReturnsIsAChange: a token that was written and never shown comes to readers with the board that shows it, whatever they have
// read meanwhile, and with the sums of all its pools, of which an item has 200.
func TestWhatReturnsIsAChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pad := token.LaunchpadID(w.ids)
	curve := func(name string) token.Pool {
		return token.Pool{Address: key("curve " + name), Product: token.DBC, Launchpad: pad, Base: token.Asset{Mint: key(name)}, Curve: token.Curve{Stage: token.Bonding}}
	}
	chain := &scripted{product: token.DBC, pools: []token.Pool{curve("a")}}
	w.sync.Sources, w.sync.Finders = []ingest.Source{chain}, nil
	w.run()
	const many = 250
	for i := range many {
		pool := curve("b")
		pool.Address, pool.Product, pool.TVLUSD, pool.Curve = key(fmt.Sprint("pool ", i)), token.DLMM, "2", token.Curve{}
		chain.pools = append(chain.pools, pool)
	}
	w.db.put = w.boardIsDown
	w.run() // it writes b's item, and dies before it publishes
	w.db.put = nil
	read := time.Now().UnixMilli()
	time.Sleep(2 * time.Millisecond)
	chain.pools = chain.pools[:1] // whether or not it is seen again
	w.run()
	if page, _ := w.board().Changed(board.Moment{At: read}, 10); page.Len() != 1 || !w.board().Lists(key("b")) {
		t.Errorf("%d changes since the board without it", page.Len())
	}
	if b := w.token(key("b")); b.PoolCount != many || b.TVLUSD != "500" {
		t.Errorf("%d pools with %s dollars", b.PoolCount, b.TVLUSD)
	}
}
