package dynamo

import (
	"os"
	"runtime"
	"testing"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/dev/proc"
	"tokensync/internal/dev/worldtest"
	"tokensync/internal/gc"
	"tokensync/internal/token"
)

// BenchmarkRefresh is the processor's time of a reader's look at the board of 1,000 tokens, with the SDK: the first one, and one after a run
// in which every dollar has moved.
func BenchmarkRefresh(b *testing.B) {
	gc.Late(os.Getenv)
	name := engine.TablesFor(b).Board
	table := NewBoardTable(engine.Client(), name)
	tick := 24 * 60
	publish := func() {
		tick++
		w := worldtest.World{Tick: tick}
		e, err := table.Edit(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		m, err := board.Build(func(yield func(token.Token, error) bool) {
			for i := 0; i < 1000 && yield(w.Token(i), nil); i++ {
			}
		}, func(c board.Chunk) error { return e.Put(b.Context(), c) })
		if err != nil {
			b.Fatal(err)
		}
		m.SyncedAt = time.Now().UnixMilli()
		if p, isDue := e.Points().Next(time.Now().Add(-time.Duration(24*60*4-tick*4) * time.Minute)); isDue && tick < 24*60+20 {
			writer := board.NewPointWriter(p)
			for i := range 1000 {
				t := w.Token(i)
				writer.Add(&t)
			}
			p, parts, err := writer.Finish()
			if err != nil {
				b.Fatal(err)
			}
			if err := e.PutPoint(b.Context(), p, parts); err != nil {
				b.Fatal(err)
			}
		}
		if err := e.Publish(b.Context(), &m, nil, 1); err != nil {
			b.Fatal(err)
		}
	}
	look := func(r *BoardReader) {
		r.looked = time.Time{}
		if got, err := r.Board(b.Context()); err != nil || got.Len() != 1000 {
			b.Fatal(err)
		}
	}
	newReader := func() *BoardReader {
		return NewBoardReader(engine.Client(), name).Recalling(func(err error) { b.Error(err) })
	}
	measure := func(what string, most time.Duration, work func()) {
		b.Run(what, func(b *testing.B) {
			runtime.GC() // what was published has left garbage
			hold, before := proc.Hold(b, most), proc.Own()
			for b.Loop() {
				work()
			}
			hold(proc.Own()-before, b.N)
		})
	}
	for range 5 {
		publish()
	}
	measure("start", 20*time.Millisecond, func() { look(newReader()) })
	reader := newReader()
	look(reader)
	old := reader.board
	publish()
	measure("refresh", 3*time.Millisecond, func() {
		reader.board = old
		look(reader)
	})
}
