package board

import "testing"

func BenchmarkZZ(b *testing.B) {
	const n = 10_000
	now := world{Tick: 24*60 + 1}
	chunks := map[Ref][]byte{}
	fetch := func(ref Ref) ([]byte, error) { return chunks[ref], nil }
	keep := func(c Chunk) error { chunks[c.Ref] = c.Data; return nil }
	old, _ := Build(lazily(now, n), keep)
	points, parts := dayOf(b, now, n)
	m, _ := Build(lazily(world{Tick: now.Tick + 1}, n), keep)
	old.SyncedAt, m.SyncedAt = now.At(), now.At()+60_000
	first, _ := Open(old.ForReaders(), nil, fetch)
	if err := first.Recall(points, nil, partsFrom(parts)); err != nil {
		b.Fatal(err)
	}
	b.Run("start", func(b *testing.B) {
		defer reportCPU(b)()
		for b.Loop() {
			first, _ := Open(old.ForReaders(), nil, fetch)
			first.Recall(points, nil, partsFrom(parts))
		}
	})
	b.Run("refresh", func(b *testing.B) {
		defer reportCPU(b)()
		for b.Loop() {
			next, _ := Open(m.ForReaders(), first, fetch)
			next.Recall(points, first, partsFrom(parts))
		}
	})
}
