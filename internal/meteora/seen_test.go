package meteora

import (
	"hash/maphash"
	"strconv"
	"testing"
)

// TestSeen holds both promises for a full filter: what it has met is known, and nearly all that it has not met is new.
func TestSeen(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string]int{"one": 1, "a page": 1000, "DLMM": 132_967, "DAMM v2": 1_600_000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, fresh := newSeen(int64(rows)), 0
			hash := func(i int) uint64 { return maphash.String(rowSeed, strconv.Itoa(i)) }
			for i := range rows {
				if s.add(hash(i)) {
					fresh++
				}
			}
			if float64(fresh) < 0.9990*float64(rows) {
				t.Errorf("%d of %d rows are new", fresh, rows)
			}
			for i := range rows {
				if s.add(hash(i)) {
					t.Fatalf("row %d is new again", i)
				}
			}
		})
	}
}
