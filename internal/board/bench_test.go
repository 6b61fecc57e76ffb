package board

import (
	"encoding/json"
	"fmt"
	"iter"
	"runtime"
	"testing"
	"time"

	"tokensync/internal/dev/proc"
	"tokensync/internal/token"
)

// reportCPU measures the processor's time of what follows until it is called: others may be busy on the machine.
func reportCPU(b *testing.B) func() {
	b.Helper()
	before := proc.Own()
	return func() { b.ReportMetric(float64(proc.Own()-before)/float64(b.N)/1e6, "cpu-ms/op") }
}

// BenchmarkChangedBytes builds a tick in which every dollar moves and one token in a hundred is traded, and says how many
// write units its new chunks take.
func BenchmarkChangedBytes(b *testing.B) {
	before, _ := chunksOf(b, world{}.Tokens(1000))
	tokens := world{Tick: 1}.Tokens(1000)
	var m Manifest
	defer reportCPU(b)()
	for b.Loop() {
		var err error
		if m, err = Build(seq(tokens), func(Chunk) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	units, size := 0, 0
	for _, ref := range m.Chunks {
		if !before.Has(ref) {
			units, size = units+(ref.Size+1023)/1024, size+ref.Size
		}
	}
	b.ReportMetric(float64(units), "units")
	b.ReportMetric(float64(size)/1024, "KiB")
}

func BenchmarkOpen(b *testing.B) {
	m, chunks := chunksOf(b, world{}.Tokens(1000))
	fetch := func(ref Ref) ([]byte, error) { return chunks[ref], nil }
	b.Run("cold", func(b *testing.B) {
		defer reportCPU(b)()
		for b.Loop() {
			if _, err := Open(m, nil, fetch); err != nil {
				b.Fatal(err)
			}
		}
	})
	first, err := Open(m, nil, fetch)
	if err != nil {
		b.Fatal(err)
	}
	next, more := chunksOf(b, world{Tick: 1}.Tokens(1000))
	b.Run("warm", func(b *testing.B) {
		defer reportCPU(b)()
		for b.Loop() {
			if _, err := Open(next, first, func(ref Ref) ([]byte, error) { return more[ref], nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPage makes a page of 50 with its JSON, of 10,000 tokens; beside it the standard library writes the rows that it has made.
func BenchmarkPage(b *testing.B) {
	board := makeBoard(b, world{}.Tokens(10_000))
	var rows []byte
	list := func(b *testing.B, q Query) {
		q.Limit = 50
		page, err := board.Page(q)
		if err != nil {
			b.Fatal(err)
		}
		rows = append(rows[:0], '[')
		for t := range page.All() {
			rows = append(t.AppendRow(rows), ',')
		}
		rows[len(rows)-1] = ']'
	}
	for name, q := range map[string]Query{
		"created":            {Sort: Created},
		"volume":             {Sort: Volume},
		"tvl of graduates":   {Sort: TVL, Stage: token.Graduated},
		"market cap, rare":   {Sort: MarketCap, Creator: testKey("creator", 77)},
		"symbol, ascending":  {Sort: Symbol, Ascending: true},
		"search":             {Search: "cat"},
		"search one letter":  {Search: "a"},
		"search for nothing": {Search: "nothing at all"},
		"search by holders":  {Search: "do", Sort: Holders, Stage: token.Graduated, Launchpads: []token.LaunchpadID{testPad}, Configs: []string{string(testPad)}},
	} {
		b.Run(name, func(b *testing.B) {
			defer reportCPU(b)()
			for b.Loop() {
				list(b, q)
			}
		})
	}
	var peer []map[string]any
	list(b, Query{Sort: Created})
	if err := json.Unmarshal(rows, &peer); err != nil {
		b.Fatal(err)
	}
	b.Run("encoding/json", func(b *testing.B) {
		defer reportCPU(b)()
		for b.Loop() {
			if _, err := json.Marshal(peer); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAll(b *testing.B) {
	board := makeBoard(b, world{}.Tokens(1_000))
	defer reportCPU(b)()
	for b.Loop() {
		for range board.All() {
		}
	}
}

// BenchmarkFirst measures what a board of 10,000 tokens is asked first, in a minute in which every dollar has moved.
func BenchmarkFirst(b *testing.B) {
	const n = 10_000
	now := world{Tick: 24*60 + 1}
	m, chunks := chunksOf(b, now.Tokens(n))
	m.SyncedAt, m.Launchpads = now.At(), []token.LaunchpadID{testPad}
	points, parts := pointsOf(b, n, now, 5, 30, 60, 120, 240, 360, 720, 1440)
	board, err := Open(m, nil, func(ref Ref) ([]byte, error) { return chunks[ref], nil })
	if err != nil {
		b.Fatal(err)
	}
	if err := board.Recall(points, nil, partsFrom(parts)); err != nil {
		b.Fatal(err)
	}
	for i := range sorts {
		b.Run(string(sorts[i].name), func(b *testing.B) {
			defer reportCPU(b)()
			for b.Loop() {
				board.sorted(&sorts[i], board.all())
			}
		})
	}
	b.Run("totals", func(b *testing.B) {
		defer reportCPU(b)()
		for b.Loop() {
			board.sum(time.UnixMilli(m.SyncedAt))
		}
	})
	b.Run("changed", func(b *testing.B) {
		defer reportCPU(b)()
		for b.Loop() {
			board.Changed(Moment{At: 1}, 500)
		}
	})
}

// lazily yields n tokens of w without keeping them.
func lazily(w world, n int) iter.Seq2[token.Token, error] {
	return func(yield func(token.Token, error) bool) {
		for i := range n {
			if !yield(w.Token(i), nil) {
				return
			}
		}
	}
}

// dayOf returns the points that changes and windows are counted from.
func dayOf(b *testing.B, now world, n int) (ps Points, parts map[PartKey][]byte) {
	b.Helper()
	parts = map[PartKey][]byte{}
	for _, minutes := range []int{1440, 720, 360, 240, 120, 60, 30, 5} {
		then := world{Tick: now.Tick - minutes}
		w := NewPointWriter(Point{At: then.At() / 1000, Grid: HalfHour})
		for t := range lazily(then, n) {
			w.Add(&t)
		}
		p, data, err := w.Finish()
		if err != nil {
			b.Fatal(err)
		}
		ps = append(ps, p)
		for i := range data {
			parts[PartKey{At: p.At, Part: i}] = data[i]
		}
	}
	return ps, parts
}

// BenchmarkSizes is what a launchpad of some size takes: a run in which every dollar moves, and readers. The first order of a new board
// is that by market cap.
func BenchmarkSizes(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		if n > 10_000 && testing.Short() {
			continue
		}
		b.Run(fmt.Sprint("tokens=", n), func(b *testing.B) {
			for b.Loop() {
				measureSize(b, n)
			}
		})
	}
}

func measureSize(b *testing.B, n int) {
	b.Helper()
	now := world{Tick: 24*60 + 1}
	chunks := map[Ref][]byte{}
	fetch := func(ref Ref) ([]byte, error) { return chunks[ref], nil }
	writeUnits, readUnits := 0.0, 0.0
	keep := func(c Chunk) error {
		if _, ok := chunks[c.Ref]; !ok {
			writeUnits += float64((c.Size + unit - 1) / unit)
			readUnits += float64((c.Size+4*unit-1)/(4*unit)) / 2
		}
		chunks[c.Ref] = c.Data
		return nil
	}
	old, err := Build(lazily(now, n), keep)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(readUnits, "read-units/start")
	points, parts := dayOf(b, now, n)
	writeUnits, readUnits = 0, 0
	m, err := Build(lazily(world{Tick: now.Tick + 1}, n), keep)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(writeUnits, "write-units/run")
	b.ReportMetric(readUnits, "read-units/run")
	old.SyncedAt, m.SyncedAt = now.At(), now.At()+60_000
	used := func(name string, do func() error) {
		before := proc.Own()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64((proc.Own()-before).Microseconds())/1e3, name)
	}
	var first, next *Board
	before := heapBytes()
	used("ms-start", func() error {
		if first, err = Open(old.ForReaders(), nil, fetch); err != nil {
			return err
		}
		return first.Recall(points, nil, partsFrom(parts))
	})
	for _, sort := range Sorts {
		if _, err := first.Page(Query{Sort: sort, Search: "cat", Limit: 50}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(heapBytes()-before)/1e6, "MB")
	used("ms-refresh", func() error {
		if next, err = Open(m.ForReaders(), first, fetch); err != nil {
			return err
		}
		return next.Recall(points, first, partsFrom(parts))
	})
	page := func() error {
		_, err := next.Page(Query{Sort: MarketCap, Limit: 50})
		return err
	}
	used("ms-first", page)
	used("ms-page", page)
	runtime.KeepAlive(first)
}
