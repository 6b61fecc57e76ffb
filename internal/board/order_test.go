package board

import (
	"fmt"
	"testing"
)

func TestFill(t *testing.T) {
	const n = 200
	for _, r := range [][2]int{{0, 0}, {5, 5}, {0, 1}, {3, 9}, {0, 64}, {63, 65}, {1, 64}, {64, 128}, {60, 196}, {0, 200}, {130, 131}} {
		t.Run(fmt.Sprint(r), func(t *testing.T) {
			s := newTokenSet(n)
			s.fill(r[0], r[1])
			for i := range n {
				if want := i >= r[0] && i < r[1]; s.has(i) != want {
					t.Errorf("%d: %v", i, s.has(i))
				}
			}
		})
	}
}
