package board

import (
	"math/rand/v2"
	"testing"
)

// TestStreaks of kinds tell of each row what at tells, whatever the rows that are asked for, and follow each other only where something
// changes.
func TestStreaks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	kindsOf := []kind{none, zero, cell, firstDerived, firstDerived + 3}
	for rows := 1; rows < 200; rows++ {
		var runs []run
		last := run{}
		for end, cells := 0, 0; end < rows; {
			next := run{end: uint16(min(rows, end+1+random.IntN(40))), kind: kindsOf[random.IntN(len(kindsOf))], still: true}
			if next.kind == cell && (last.kind != cell || random.IntN(2) == 0) {
				next.still, next.start = false, uint16(cells)
				cells += int(next.end) - end
			} else if next.kind == cell {
				next.start = uint16(cells - 1)
			}
			runs, last, end = append(runs, next), next, int(next.end)
		}
		checkStreaks(t, newKinds(runs, rows), random.IntN(rows), rows-random.IntN(rows/4+1))
	}
}

func checkStreaks(t *testing.T, k *kinds, from, to int) {
	t.Helper()
	next, before := from, none
	k.streaks(from, to, func(x streak) {
		if x.row != next || x.rows < 1 || x.row > from && k.kind(x.row) == before {
			t.Errorf("a streak from %d on has %d rows, behind one that ends at %d", x.row, x.rows, next)
		}
		next, before = x.row+x.rows, k.kind(x.row)
		for n := range x.rows {
			is, at := k.at(x.row + n)
			if is != x.kind || is == cell && at != x.place(n) {
				t.Errorf("row %d has place %d of kind %d, want %d of %d", x.row+n, x.place(n), x.kind, at, is)
			}
		}
	})
	if next != max(from, to) {
		t.Errorf("the streaks from %d to %d end at %d", from, to, next)
	}
}
