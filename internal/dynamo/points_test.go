package dynamo

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// pointOf makes a point in which every token has a price.
func pointOf(t *testing.T, next board.Point, price token.Number, n int) (board.Point, [][]byte) {
	t.Helper()
	w := board.NewPointWriter(next)
	for tok := range stamped(n, "1") {
		w.AddSample(tok.Mint, board.Sample{Price: price, PriceUSD: price})
	}
	p, parts, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return p, parts
}

// publishPoint publishes a board with another point, which is some minutes old.
func publishPoint(t *testing.T, table *BoardTable, minutes int, price token.Number) board.Point {
	t.Helper()
	e, m := edit(t.Context(), t, table, stamped(300, "1"))
	p, parts := pointOf(t, board.Point{At: time.Now().Add(-time.Duration(minutes) * time.Minute).Unix(), Grid: board.HalfHour}, price, 300)
	if err := e.PutPoint(t.Context(), p, parts); err != nil {
		t.Fatal(err)
	}
	if err := e.Publish(t.Context(), m, nil, 1); err != nil {
		t.Fatal(err)
	}
	return p
}

// reading returns a reader that keeps what it warns of.
func reading(api API, table string) (*BoardReader, func() []string) {
	var mu sync.Mutex
	var warnings []string
	reader := NewBoardReader(api, table).Recalling(func(err error) {
		mu.Lock()
		defer mu.Unlock()
		warnings = append(warnings, err.Error())
	})
	return reader, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return warnings
	}
}

// TestPointsArePublished: a point is seen with its board and not before, it is kept for as long as its grid says, and
// whatever becomes of the board, the list of points goes on.
func TestPointsArePublished(t *testing.T) {
	t.Parallel()
	api := &boardAPI{Client: engine.Client()}
	name := engine.TablesFor(t).Board
	table := NewBoardTable(api, name)
	var lives []time.Duration
	api.put = func(in *dynamodb.PutItemInput) error {
		if it := item(in.Item); strings.HasPrefix(it.getText(attrPK), "POINT#") {
			lives = append(lives, time.Until(time.Unix(it.getInteger(attrExpiresAt), 0)))
		}
		return nil
	}
	first := publishPoint(t, table, 70, "2")
	e, _ := edit(t.Context(), t, table, stamped(300, "1"))
	p, parts := pointOf(t, board.Point{At: first.At + 3600, Grid: board.Day}, "3", 300)
	if err := e.PutPoint(t.Context(), p, parts); err != nil || len(e.Points()) != 2 {
		t.Fatalf("%v: %v", err, e.Points())
	}
	// This run dies here.
	if e, _ = edit(t.Context(), t, table, stamped(300, "1")); !cmp.Equal(e.Points(), board.Points{first}) {
		t.Errorf("an unpublished point is listed: %v", e.Points())
	}
	for i, grid := range []board.Grid{board.HalfHour, board.Day} {
		life, want := lives[i*len(parts)], grid.Life()+pointGrace
		if life > want || life < want-time.Minute {
			t.Errorf("kept for %s, want %s", life, want)
		}
	}
	reader, warnings := reading(api, name)
	b, err := reader.Board(t.Context())
	if err != nil || len(warnings()) > 0 {
		t.Fatalf("%v, %v", err, warnings())
	}
	samples, err := reader.Samples(t.Context(), b.Points(), "mint007")
	if diff := cmp.Diff([]board.Sample{{Price: "2", PriceUSD: "2"}}, samples); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}

	api.get = manifestOf(func([]byte) []byte { return []byte("board of another format") })
	e, err = NewBoardTable(api, name).Edit(t.Context())
	if err != nil || e.Loss() == nil || !cmp.Equal(e.Points(), board.Points{first}) {
		t.Errorf("a lost board: %v, %v, %v", err, e.Loss(), e.Points())
	}
}

// TestMoved: the manifest's item says since which board changes and windows are counted from the same points.
func TestMoved(t *testing.T) {
	t.Parallel()
	api := &boardAPI{Client: engine.Client()}
	name := engine.TablesFor(t).Board
	table := NewBoardTable(api, name)
	publishPoint(t, table, 70, "2")
	first := movedOf(t, api, name)
	if again := publish(t, table, "2"); first.Moved != first.SyncedAt || again.Moved != first.Moved {
		t.Errorf("moved at %d by the board of %d; then at %d", first.Moved, first.SyncedAt, again.Moved)
	}
	publishPoint(t, table, 10, "3")
	if last := movedOf(t, api, name); last.Moved != last.SyncedAt || last.SyncedAt <= first.SyncedAt {
		t.Errorf("moved at %d by the board of %d", last.Moved, last.SyncedAt)
	}
}

// movedOf returns the published manifest, as a new reader has it.
func movedOf(t *testing.T, api API, name string) board.Manifest {
	t.Helper()
	reader, _ := reading(api, name)
	b, err := reader.Board(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return b.Manifest()
}

// TestReadingWithoutPoints: what cannot be had of the past takes no board down, and is asked for again.
func TestReadingWithoutPoints(t *testing.T) {
	t.Parallel()
	api := &boardAPI{Client: engine.Client()}
	name := engine.TablesFor(t).Board
	table := NewBoardTable(engine.Client(), name)
	gone := publishPoint(t, table, 66, "2")
	for fault, spoil := range map[string]func(*dynamodb.BatchGetItemInput, *dynamodb.BatchGetItemOutput){
		"is missing": func(_ *dynamodb.BatchGetItemInput, out *dynamodb.BatchGetItemOutput) {
			drop(out, pointKey(board.PartKey{At: gone.At, Part: gone.PartOf("mint007")}))
		},
		"is damaged": func(_ *dynamodb.BatchGetItemInput, out *dynamodb.BatchGetItemOutput) {
			for _, it := range out.Responses[name] {
				if data := item(it).getBytes(attrData); strings.HasPrefix(item(it).getText(attrPK), "POINT#") {
					data[len(data)/2] ^= 4
				}
			}
		},
	} {
		api.many = spoil
		reader, warnings := reading(api, name)
		b, err := reader.Board(t.Context())
		if err != nil || stampOf(b) != "1" || len(warnings()) != 1 || !strings.Contains(warnings()[0], fault) {
			t.Errorf("%s: %v, warnings %v", fault, err, warnings())
		}
		if samples, err := reader.Samples(t.Context(), b.Points(), "mint007"); err != nil || samples[0] != (board.Sample{}) {
			t.Errorf("%s: %v, %v", fault, err, samples)
		}
		api.many = nil
		publish(t, table, "1")
		reader.looked = time.Time{}
		if b, err = reader.Board(t.Context()); err != nil || len(warnings()) > 2 {
			t.Errorf("%s: %v, warnings %v", fault, err, warnings())
		}
		for tok := range b.All() {
			if tok.Since[2] != gone.At*1000 || tok.PriceChange[1] == "" {
				t.Fatalf("%s, and mended: %s since %d", fault, tok.PriceChange[1], tok.Since[2])
			}
		}
	}
}

// TestPartsStayInMemory: a part is read once, and the oldest go when there are too many.
func TestPartsStayInMemory(t *testing.T) {
	t.Parallel()
	var cache partCache
	for i := range 100 {
		cache.put(map[board.PartKey][]byte{{At: int64(i)}: make([]byte, maxKept/10)})
	}
	found, missing := cache.get([]board.PartKey{{At: 0}, {At: 89}, {At: 90}, {At: 99}})
	if len(found) != 2 || !cmp.Equal(missing, []board.PartKey{{At: 0}, {At: 89}}) || cache.size > maxKept || len(cache.order) != len(cache.parts) {
		t.Errorf("%d found, %v missing, %d bytes", len(found), missing, cache.size)
	}

	api := &boardAPI{Client: engine.Client()}
	name := engine.TablesFor(t).Board
	publishPoint(t, NewBoardTable(engine.Client(), name), 6, "2")
	reader, _ := reading(api, name)
	b, err := reader.Board(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		samples, err := reader.Samples(t.Context(), b.Points(), "mint007")
		if err != nil || samples[0].Price != "2" {
			t.Errorf("read %d: %v, %v", i, samples, err)
		}
		api.many = func(*dynamodb.BatchGetItemInput, *dynamodb.BatchGetItemOutput) { t.Error("it was read again") }
	}
}

// TestPutPointFails: a point that could not be stored is not named.
func TestPutPointFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("no")
	api := &boardAPI{Client: engine.Client(), put: func(*dynamodb.PutItemInput) error { return broken }}
	e, err := NewBoardTable(api, engine.TablesFor(t).Board).Edit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, parts := pointOf(t, board.Point{At: time.Now().Unix()}, "1", 3)
	if err := e.PutPoint(t.Context(), p, parts); !errors.Is(err, broken) || len(e.Points()) > 0 {
		t.Errorf("%v, %v", err, e.Points())
	}
}

// TestRollsArePublished: rolls are seen with the board whose run made them, a chart reads a part of each and of the points behind them,
// and a run whose roll could not be stored leaves the point to the next one.
func TestRollsArePublished(t *testing.T) {
	t.Parallel()
	api := &boardAPI{Client: engine.Client()}
	name := engine.TablesFor(t).Board
	table := NewBoardTable(api, name)
	broken := errors.New("no")
	var want []token.Number
	var made []string // how many rolls there are after each run
	for i := range 26 {
		price := token.FromDecimal(int64(100+i), 0)
		e, m := edit(t.Context(), t, table, stamped(300, "1"))
		p, parts := pointOf(t, board.Point{At: time.Now().Add(time.Duration(i-26) * time.Minute).Unix(), Grid: board.Day}, price, 300)
		api.put = func(in *dynamodb.PutItemInput) error {
			if i == 5 && strings.HasPrefix(item(in.Item).getText(attrPK), "ROLL#") {
				return broken
			}
			return nil
		}
		if err := e.PutPoint(t.Context(), p, parts); i == 5 && !errors.Is(err, broken) || i != 5 && err != nil {
			t.Fatalf("point %d: %v", i, err)
		}
		if i == 8 {
			continue // this run dies here
		}
		want = append(want, price)
		if err := e.Publish(t.Context(), m, nil, 1); err != nil {
			t.Fatal(err)
		}
		e, err := table.Edit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, strconv.Itoa(len(e.rolls)))
	}
	if got, want := strings.Join(made, ""), "0112222222222222222222112"; got != want {
		t.Errorf("rolls after each run: %s, want %s", got, want)
	}
	reader, warnings := reading(api, name)
	b, err := reader.Board(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	api.many = func(in *dynamodb.BatchGetItemInput, _ *dynamodb.BatchGetItemOutput) {
		read += len(in.RequestItems[name].Keys)
	}
	samples, err := reader.Samples(t.Context(), b.Points(), "mint007")
	if err != nil || len(samples) != len(want) || read > 3 || len(warnings()) > 0 {
		t.Fatalf("%v: %d samples of %d parts, want %d; warnings %v", err, len(samples), read, len(want), warnings())
	}
	for i, s := range samples {
		if s.Price != want[i] {
			t.Errorf("point %d: %s, want %s", i, s.Price, want[i])
		}
	}
}
