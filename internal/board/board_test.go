package board

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/token"
)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	want := world{}.tokens(700)
	b := makeBoard(t, want)
	i := 0
	for got := range b.All() {
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Fatalf("token %d: %s", i, diff)
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d tokens", i)
	}
}

func TestSizes(t *testing.T) {
	sizes := map[string]int{}
	changed := map[string]int{}
	before, chunks := chunksOf(t, world{}.tokens(1000))
	_ = chunks
	after, next := chunksOf(t, world{tick: 1}.tokens(1000))
	_ = next
	for _, ref := range before.Chunks {
		sizes[ref.Family] += ref.Size
	}
	for _, ref := range after.Chunks {
		if !before.Has(ref) {
			changed[ref.Family] += (ref.Size + 1023) / 1024
		}
	}
	fmt.Println(sizes, changed, len(before.Encode()))
}

var _ token.Token
