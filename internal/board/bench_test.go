package board

import (
	"syscall"
	"testing"
	"time"

	"tokensync/internal/token"
)

// reportCPU measures the processor's time of what follows until it is called: others may be busy on the machine.
func reportCPU(b *testing.B) func() {
	b.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric(float64(used()-before)/float64(b.N)/1e6, "cpu-ms/op") }
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

// BenchmarkPage returns a page of 50 with its JSON, of 10,000 tokens.
func BenchmarkPage(b *testing.B) {
	var rows []byte
	board := makeBoard(b, world{}.Tokens(10_000))
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
		q.Limit = 50
		b.Run(name, func(b *testing.B) {
			defer reportCPU(b)()
			for b.Loop() {
				page, err := board.Page(q)
				if err != nil {
					b.Fatal(err)
				}
				rows = rows[:0]
				for t := range page.All() {
					rows = t.AppendRow(rows)
				}
			}
		})
	}
}

func BenchmarkAll(b *testing.B) {
	board := makeBoard(b, world{}.Tokens(1_000))
	defer reportCPU(b)()
	for b.Loop() {
		for range board.All() {
		}
	}
}

// BenchmarkFirst returns what a board of 10,000 tokens is asked first, in a minute in which every dollar has moved.
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
				board.sorted(&sorts[i])
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
