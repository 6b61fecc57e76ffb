package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/board"
	"tokensync/internal/dev/study"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// boardAPI is the real client, with a say in what touches boards.
type boardAPI struct {
	*dynamodb.Client
	get   func(*dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error)
	many  func(*dynamodb.BatchGetItemInput, *dynamodb.BatchGetItemOutput)
	put   func(*dynamodb.PutItemInput) error
	puts  atomic.Int64
	looks atomic.Int64 // at the manifest
}

func (b *boardAPI) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	if item(in.Key).getText(attrPK) == manifestKey {
		b.looks.Add(1)
	}
	if b.get != nil {
		if out, err := b.get(in); out != nil || err != nil {
			return out, err
		}
	}
	return b.Client.GetItem(ctx, in, o...)
}

func (b *boardAPI) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	out, err := b.Client.BatchGetItem(ctx, in, o...)
	if b.many != nil && err == nil {
		b.many(in, out)
	}
	return out, err
}

func (b *boardAPI) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	b.puts.Add(1)
	if b.put != nil {
		if err := b.put(in); err != nil {
			return nil, err
		}
	}
	return b.Client.PutItem(ctx, in, o...)
}

// stamped returns n tokens of which every one says the same in a family that never changes and in one that always does.
func stamped(n int, stamp string) iter.Seq2[token.Token, error] {
	return func(yield func(token.Token, error) bool) {
		for i := range n {
			t := newToken(fmt.Sprintf("mint%03d", i))
			t.Symbol, t.Holders, t.PriceUSD = stamp, token.Number(stamp), "3"
			if !yield(t, nil) {
				return
			}
		}
	}
}

// edit builds a board and stores its chunks.
func edit(ctx context.Context, t *testing.T, table *BoardTable, tokens iter.Seq2[token.Token, error]) (*Edition, *board.Manifest) {
	t.Helper()
	e, err := table.Edit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m, err := board.Build(tokens, func(c board.Chunk) error { return e.Put(ctx, c) })
	if err != nil {
		t.Fatal(err)
	}
	m.SyncedAt, m.Launchpads = time.Now().UnixMilli(), []token.LaunchpadID{"pad"}
	return e, &m
}

func publish(t *testing.T, table *BoardTable, stamp string) *board.Manifest {
	t.Helper()
	e, m := edit(t.Context(), t, table, stamped(300, stamp))
	if err := e.Publish(t.Context(), m, []byte(stamp), 1); err != nil {
		t.Fatal(err)
	}
	return m
}

// stampOf returns what all tokens of b say; "" when b mixes boards.
func stampOf(b *board.Board) string {
	stamp := ""
	for t := range b.All() {
		if stamp == "" {
			stamp = t.Symbol
		}
		if t.Symbol != stamp || string(t.Holders) != stamp {
			return ""
		}
	}
	return stamp
}

func TestPublishing(t *testing.T) {
	t.Parallel()
	api := &boardAPI{Client: engine.Client()}
	name := engine.TablesFor(t).Board
	table, reader := NewBoardTable(api, name), NewBoardReader(engine.Client(), name)
	if b, err := reader.Board(t.Context()); b != nil || err != nil || reader.Fault() != nil {
		t.Errorf("before the first board: %v, %v", b, err)
	}
	e, m := edit(t.Context(), t, table, stamped(300, "1"))
	if e.Board() != nil || e.Loss() != nil || e.State() != nil {
		t.Error("there is a board before the first")
	}
	reader.looked = time.Time{}
	if b, err := reader.Board(t.Context()); b != nil || err != nil {
		t.Errorf("chunks alone are a board: %v, %v", b, err)
	}
	if err := e.Publish(t.Context(), m, []byte("state"), 7); err != nil || m.Version != 1 {
		t.Fatalf("version %d, error %v", m.Version, err)
	}
	reader.looked = time.Time{}
	b, err := reader.Board(t.Context())
	if err != nil || b.Len() != 300 || stampOf(b) != "1" || b.Version() != 1 {
		t.Errorf("%v", err)
	}
	for _, fresh := range []bool{false, true} { // a new process reads the board, a warm one has it
		if fresh {
			table = NewBoardTable(api, name)
		}
		api.puts.Store(0)
		e, m = edit(t.Context(), t, table, stamped(300, "1"))
		if string(e.State()) != "state" || e.Board().Len() != 300 {
			t.Errorf("state %q", e.State())
		}
		if err := e.Publish(t.Context(), m, []byte("state"), 7); err != nil || api.puts.Load() != 0 {
			t.Errorf("%d chunks put for a board without changes, error %v", api.puts.Load(), err)
		}
	}
}

// TestChunksStayAlive: a chunk that stays in use is put again when half of its life is over.
func TestChunksStayAlive(t *testing.T) {
	t.Parallel()
	api := &boardAPI{Client: engine.Client()}
	table := NewBoardTable(api, engine.TablesFor(t).Board)
	m := publish(t, table, "1")
	for name, tt := range map[string]struct {
		age  time.Duration
		puts int
	}{"young": {chunkLife/2 - time.Hour, 0}, "half its life": {chunkLife/2 + time.Hour, len(m.Chunks) + 1}} {
		e, err := table.Edit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range e.from.list.lives {
			e.from.list.lives[i] = time.Now().Add(-tt.age).Unix() / 3600
		}
		var until []int64
		var mu sync.Mutex
		api.put = func(in *dynamodb.PutItemInput) error {
			mu.Lock()
			defer mu.Unlock()
			until = append(until, item(in.Item).getInteger(attrExpiresAt))
			return nil
		}
		if _, err := board.Build(stamped(300, "1"), func(c board.Chunk) error { return e.Put(t.Context(), c) }); err != nil {
			t.Fatal(err)
		}
		same, _ := listItem(m, e.from.list.lives)
		e.from.list.hash = same.getText(attrPK)
		e.from.listHour = time.Now().Add(-tt.age).Unix() / 3600
		e.putList(t.Context(), m)
		if err := e.puts.Wait(); err != nil || len(until) != tt.puts {
			t.Errorf("%s: %d chunks and lists put, error %v", name, len(until), err)
		}
		for _, at := range until {
			if left := time.Until(time.Unix(at, 0)); left < chunkLife-time.Minute {
				t.Errorf("%s: put for %v", name, left)
			}
		}
	}
}

// TestOneOfTwoPublishes: the second finds out, and what it knows of the first's answer being lost.
func TestOneOfTwoPublishes(t *testing.T) {
	t.Parallel()
	api := &boardAPI{Client: engine.Client()}
	table := NewBoardTable(api, engine.TablesFor(t).Board)
	for _, first := range []bool{true, false} {
		one, m1 := edit(t.Context(), t, table, stamped(10, "1"))
		two, m2 := edit(t.Context(), t, table, stamped(10, "2"))
		if err := one.Publish(t.Context(), m1, nil, 5); err != nil {
			t.Fatal(err)
		}
		if err := two.Publish(t.Context(), m2, nil, 6); !errors.Is(err, syncrun.ErrLeaseHeld) {
			t.Errorf("first board %v: error %v", first, err)
		}
		if err := one.Publish(t.Context(), m1, nil, 5); err != nil { // as the SDK does when the answer is lost
			t.Errorf("first board %v: its own board: %v", first, err)
		}
	}
	old, m := edit(t.Context(), t, table, stamped(10, "3"))
	if err := old.Publish(t.Context(), m, nil, 4); !errors.Is(err, syncrun.ErrLeaseHeld) {
		t.Errorf("a run whose lease is older: %v", err)
	}
}

// TestRacingWriters: three writers whose leases change hands, each fifth killed before it publishes, and two readers. No
// board is mixed, none lacks a chunk, and no reader goes back.
func TestRacingWriters(t *testing.T) {
	t.Parallel()
	boards := study.Size(150, 10_000)
	tables := engine.TablesFor(t)
	sync1 := NewSyncTable(engine.Client(), tables.Sync)
	var published, read atomic.Int64
	var all, readers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			table, random := NewBoardTable(engine.Client(), tables.Board), rand.New(rand.NewPCG(1, 2))
			var have *board.Board
			for {
				b, err := (&BoardReader{table: table}).look(t.Context(), have)
				switch {
				case err != nil:
					t.Errorf("board %d: %v", read.Load(), err)
				case b == nil:
				case have != nil && b.Version() < have.Version():
					t.Errorf("from version %d back to %d", have.Version(), b.Version())
				case stampOf(b) == "":
					t.Errorf("board %d is mixed", b.Version())
				case b != have:
					read.Add(1)
				}
				if have = b; random.IntN(20) == 0 {
					have = nil // a new process
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for writer := range 3 {
		all.Go(func() {
			table, random := NewBoardTable(engine.Client(), tables.Board), rand.New(rand.NewPCG(3, uint64(writer)))
			for published.Load() < int64(boards) {
				lease, err := sync1.Acquire(t.Context(), fmt.Sprint(writer), time.Now().Add(time.Millisecond))
				if err != nil {
					continue // another's
				}
				n := published.Add(1)
				e, m := edit(t.Context(), t, table, stamped(100+random.IntN(100), fmt.Sprint(n)))
				if n%5 == 0 {
					continue // killed
				}
				if err := e.Publish(t.Context(), m, nil, lease.Generation()); err != nil && !errors.Is(err, syncrun.ErrLeaseHeld) {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	close(done)
	readers.Wait()
	if read.Load() < int64(boards)/10 {
		t.Errorf("only %d boards were read of %d", read.Load(), boards)
	}
}

// TestReadersLookNowAndThen, and many at once look once.
func TestReadersLookNowAndThen(t *testing.T) {
	t.Parallel()
	api := &boardAPI{Client: engine.Client()}
	name := engine.TablesFor(t).Board
	publish(t, NewBoardTable(engine.Client(), name), "1")
	reader := NewBoardReader(api, name)
	ask := func(want string) {
		t.Helper()
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if b, err := reader.Board(t.Context()); err != nil || stampOf(b) != want {
					t.Errorf("error %v, want board %s", err, want)
				}
			})
		}
		group.Wait()
	}
	ask("1")
	publish(t, NewBoardTable(engine.Client(), name), "2")
	reader.looked = time.Now().Add(time.Hour) // however long all this takes
	ask("1")
	if n := api.looks.Load(); n != 1 {
		t.Errorf("%d looks within two seconds", n)
	}
	reader.looked = time.Now().Add(-lookEvery)
	ask("2")
	if n := api.looks.Load(); n != 2 {
		t.Errorf("%d looks after two seconds", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // it may or may not come to look
		reader.looked = reader.looked.Add(-lookEvery)
		if b, err := reader.Board(ctx); err != nil || stampOf(b) != "2" || reader.Fault() != nil {
			t.Errorf("a client that has gone: %v, fault %v", err, reader.Fault())
		}
	}
	ask("2")
}

// TestVeil: a reader's next look shows what was hidden, whatever runs publish meanwhile, until one has settled it.
func TestVeil(t *testing.T) {
	t.Parallel()
	name := engine.TablesFor(t).Board
	table := NewBoardTable(engine.Client(), name)
	if err := table.Veil(t.Context(), "mint007"); err != nil {
		t.Fatalf("before the first board: %v", err)
	}
	publish(t, table, "1")
	reader := NewBoardReader(engine.Client(), name)
	look := func(what string, stamp string, hidden ...string) {
		t.Helper()
		reader.looked = time.Time{}
		b, err := reader.Board(t.Context())
		if err != nil || stampOf(b) != stamp || b.Len() != 300 {
			t.Fatalf("%s: error %v", what, err)
		}
		for i := range 300 {
			mint := fmt.Sprintf("mint%03d", i)
			if got := b.Lists(mint); got == slices.Contains(hidden, mint) {
				t.Errorf("%s: %s is listed: %v", what, mint, got)
			}
		}
	}
	change := func(do func(context.Context, string) error, mint string) {
		t.Helper()
		if err := do(t.Context(), mint); err != nil {
			t.Fatal(err)
		}
	}
	look("nothing is hidden yet", "1")
	change(table.Veil, "mint007")
	change(table.Veil, "mint007")
	look("the same board", "1", "mint007")
	change(table.Veil, "unknown")
	change(table.Veil, "mint008")
	look("one more", "1", "mint007", "mint008")
	publish(t, table, "2")
	look("a run that knew of none", "2", "mint007", "mint008")
	e, m := edit(t.Context(), t, table, stamped(300, "3"))
	change(table.Veil, "mint009") // while it is under way
	e.Settle(map[string]bool{"mint007": true, "mint009": true, "mint299": true})
	if err := e.Publish(t.Context(), m, nil, 1); err != nil {
		t.Fatal(err)
	}
	look("a run that knew of one", "3", "mint008", "mint009")
	change(table.Unveil, "mint008")
	change(table.Unveil, "mint100")
	look("shown again", "3", "mint009")
	change(table.Unveil, "mint009")
	change(table.Unveil, "unknown")
	look("all are shown", "3")
}

// TestReadersInTrouble keep what they have, and say why.
func TestReadersInTrouble(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, api *boardAPI, m *board.Manifest)
		fault error
	}{
		"the table is down": {func(_ *testing.T, api *boardAPI, _ *board.Manifest) {
			api.get = func(*dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) { return nil, down }
		}, down},
		"chunks are missing": {func(_ *testing.T, api *boardAPI, _ *board.Manifest) {
			api.many = func(_ *dynamodb.BatchGetItemInput, out *dynamodb.BatchGetItemOutput) { clear(out.Responses) }
		}, ErrMissingChunk},
		"a bit is flipped": {func(_ *testing.T, api *boardAPI, _ *board.Manifest) {
			api.many = func(_ *dynamodb.BatchGetItemInput, out *dynamodb.BatchGetItemOutput) {
				for _, items := range out.Responses {
					for _, it := range items {
						data := item(it).getBytes(attrData)
						data[len(data)/2] ^= 4
					}
				}
			}
		}, board.ErrCorrupt},
		"a manifest of the future": {func(_ *testing.T, api *boardAPI, m *board.Manifest) {
			api.get = manifestOf(func([]byte) []byte {
				future := *m
				future.Format = board.Format + 1
				return future.Encode()
			})
		}, board.ErrFormat},
		"a manifest that is cut": {func(_ *testing.T, api *boardAPI, m *board.Manifest) {
			api.get = manifestOf(func([]byte) []byte { return m.Encode()[:20] })
		}, board.ErrCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := &boardAPI{Client: engine.Client()}
			table := engine.TablesFor(t).Board
			publish(t, NewBoardTable(engine.Client(), table), "1")
			reader := NewBoardReader(api, table)
			if _, err := reader.Board(t.Context()); err != nil {
				t.Fatal(err)
			}
			m := publish(t, NewBoardTable(engine.Client(), table), "2")
			tt.spoil(t, api, m)
			reader.looked = time.Time{}
			if b, err := reader.Board(t.Context()); err != nil || stampOf(b) != "1" || !errors.Is(reader.Fault(), tt.fault) {
				t.Errorf("error %v, fault %v", err, reader.Fault())
			}
			if b, err := NewBoardReader(api, table).Board(t.Context()); b != nil || !errors.Is(err, tt.fault) {
				t.Errorf("without a board: %v", err)
			}
			api.get, api.many = nil, nil
			reader.looked = time.Time{}
			if b, err := reader.Board(t.Context()); err != nil || stampOf(b) != "2" || reader.Fault() != nil {
				t.Errorf("mended: error %v, fault %v", err, reader.Fault())
			}
		})
	}
}

func drop(out *dynamodb.BatchGetItemOutput, hash string) {
	for table, items := range out.Responses {
		var kept []map[string]types.AttributeValue
		for _, it := range items {
			if item(it).getText(attrPK) != hash {
				kept = append(kept, it)
			}
		}
		out.Responses[table] = kept
	}
}

// manifestOf serves the manifest's item with other bytes.
func manifestOf(change func([]byte) []byte) func(*dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
	return func(in *dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
		out, err := engine.Client().GetItem(context.Background(), in)
		if err == nil {
			item(out.Item).bytes(attrManifest, change(item(out.Item).getBytes(attrManifest)))
		}
		return out, err
	}
}

// TestReadsThatLagBehind: what a read that is not consistent lacks, or has of the past, a consistent one decides.
func TestReadsThatLagBehind(t *testing.T) {
	t.Parallel()
	api := &boardAPI{Client: engine.Client()}
	name := engine.TablesFor(t).Board
	table := NewBoardTable(engine.Client(), name)
	publish(t, table, "1")
	past, err := engine.Client().GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &name, Key: boardItem(manifestKey)})
	if err != nil {
		t.Fatal(err)
	}
	m := publish(t, table, "2")
	reader := NewBoardReader(api, name)
	api.many = func(in *dynamodb.BatchGetItemInput, out *dynamodb.BatchGetItemOutput) {
		if !*in.RequestItems[name].ConsistentRead {
			drop(out, m.Chunks[0].Hash)
		}
	}
	if b, err := reader.Board(t.Context()); err != nil || stampOf(b) != "2" {
		t.Errorf("a chunk that is not there yet: %v", err)
	}
	for what, lagging := range map[string]*dynamodb.GetItemOutput{"the past": past, "nothing": {}} {
		api.get = func(in *dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
			if *in.ConsistentRead {
				return nil, nil
			}
			return lagging, nil
		}
		reader.looked = time.Time{}
		if b, err := reader.Board(t.Context()); err != nil || stampOf(b) != "2" || reader.Fault() != nil {
			t.Errorf("%s: error %v, fault %v, board %s", what, err, reader.Fault(), stampOf(b))
		}
	}
	if _, err := engine.Client().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: past.Item}); err != nil {
		t.Fatal(err)
	}
	reader.looked = time.Time{}
	if b, err := reader.Board(t.Context()); err != nil || stampOf(b) != "1" {
		t.Errorf("a table that was put back: error %v, board %s", err, stampOf(b))
	}
}

// TestALostBoard tells a run to build it anew, and what it publishes is newer.
func TestALostBoard(t *testing.T) {
	t.Parallel()
	name := engine.TablesFor(t).Board
	m := publish(t, NewBoardTable(engine.Client(), name), "1")
	if _, err := engine.Client().DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &name, Key: boardItem(m.Chunks[1].Hash)}); err != nil {
		t.Fatal(err)
	}
	e, again := edit(t.Context(), t, NewBoardTable(engine.Client(), name), stamped(300, "1"))
	if e.Board() != nil || !errors.Is(e.Loss(), ErrMissingChunk) || e.State() != nil {
		t.Errorf("loss %v", e.Loss())
	}
	if err := e.Publish(t.Context(), again, nil, 1); err != nil || again.Version != 2 {
		t.Fatalf("version %d, error %v", again.Version, err)
	}
	if b, err := NewBoardReader(engine.Client(), name).Board(t.Context()); err != nil || b.Len() != 300 {
		t.Error(err)
	}
	gone := NewBoardTable(engine.Client(), "no-such-table")
	if _, err := gone.Edit(t.Context()); err == nil {
		t.Error("a table that is missing is no error")
	}
}

// quickAPI takes everything at once.
type quickAPI struct {
	API
	units atomic.Int64
}

func (q *quickAPI) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return &dynamodb.GetItemOutput{}, nil
}

func (q *quickAPI) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	q.units.Add(int64(len(item(in.Item).getBytes(attrData)) / unitBytes))
	return &dynamodb.PutItemOutput{}, nil
}

// TestChunksArePaced: a burst stays below what a new table takes.
func TestChunksArePaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := new(quickAPI)
		e, err := NewBoardTable(api, "board").Edit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for i := range 100 {
			c := board.Chunk{Ref: board.Ref{Family: "market", Hash: fmt.Sprint(i)}, Data: bytes.Repeat([]byte{1}, 300<<10)}
			if err := e.Put(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if most := 4000 * (1 + time.Since(start).Seconds()); float64(api.units.Load()) > most {
				t.Errorf("%d units after %v", api.units.Load(), time.Since(start))
			}
		}
		if err := e.puts.Wait(); err != nil || api.units.Load() != 30_000 || time.Since(start) > 10*time.Second {
			t.Errorf("%d units in %v, error %v", api.units.Load(), time.Since(start), err)
		}
	})
}

func FuzzLives(f *testing.F) {
	f.Add(appendLives(nil, []int64{5, 5, 7, 1 << 40}))
	f.Add([]byte{0x80})
	f.Add([]byte{2, 0x80})
	f.Add([]byte{2, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		lives := parseLives(b)
		if again := parseLives(appendLives(nil, lives)); fmt.Sprint(again) != fmt.Sprint(lives) {
			t.Errorf("%v is not %v", again, lives)
		}
	})
}
