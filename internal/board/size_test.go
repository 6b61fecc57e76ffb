package board

import (
	"runtime"
	"testing"
)

// unit is what DynamoDB counts a write in, in bytes.
const unit = 1 << 10

// TestWriteUnits measures what the bill of a run a minute rests on: every dollar moves, one token in a hundred is traded.
func TestWriteUnits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ tokens, most int }{{1000, 44}, {10_000, 400}} {
		before, _ := chunksOf(t, world{}.Tokens(test.tokens))
		after, _ := chunksOf(t, world{Tick: 1}.Tokens(test.tokens))
		units, fresh := 0, 0
		for _, ref := range after.Chunks {
			if !before.Has(ref) {
				units, fresh = units+(ref.Size+unit-1)/unit, fresh+1
			}
		}
		t.Logf("%d tokens: %d units in %d chunks, and a manifest of %d bytes", test.tokens, units, fresh, len(after.Encode()))
		if units > test.most {
			t.Errorf("%d tokens take %d write units, want at most %d", test.tokens, units, test.most)
		}
	}
}

// TestResidentBytes measures what a reader's memory rests on: a token with every order, with what is searched, and with
// what it is compared with. It is not parallel, for it measures the process's heap.
func TestResidentBytes(t *testing.T) {
	const n, most = 10_000, 400 // some 25 of them for the past
	now := world{Tick: 24*60 + 1}
	m, chunks := chunksOf(t, now.Tokens(n))
	m.SyncedAt = now.At()
	points, parts := pointsOf(t, n, now, 5, 30, 60, 120, 240, 360, 720, 1440)
	before := heapBytes()
	b, err := Open(m.ForReaders(), nil, func(ref Ref) ([]byte, error) { return chunks[ref], nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Recall(points, nil, partsFrom(parts)); err != nil {
		t.Fatal(err)
	}
	for _, sort := range Sorts {
		for _, search := range []string{"", "cat"} {
			if _, err := b.Page(Query{Sort: sort, Search: search, Limit: 50}); err != nil {
				t.Fatal(err)
			}
		}
	}
	after := heapBytes()
	runtime.KeepAlive(chunks)
	runtime.KeepAlive(parts)
	runtime.KeepAlive(b)
	t.Logf("%d bytes a token", (after-before)/n)
	if after-before > n*most {
		t.Errorf("%d bytes a token, want at most %d", (after-before)/n, most)
	}
}

func heapBytes() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
