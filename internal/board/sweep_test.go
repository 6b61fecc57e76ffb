package board

import (
	"slices"
	"testing"

	"tokensync/internal/token"
)

// TestSweepsReadWhatTokensSay: whatever is read of tokens in the board's order is what is read of one of them.
func TestSweepsReadWhatTokensSay(t *testing.T) {
	t.Parallel()
	scrambled, r := scrambled(800, 5), seeded(11, 0)
	for i := range scrambled {
		scrambled[i].Pools = scrambled[i].Pools[:min(len(scrambled[i].Pools), i%7)] // blocks without pools, too
	}
	for name, tokens := range map[string][]token.Token{
		"like real ones": world{Tick: 61}.Tokens(1200), "lumpy": lumpy(800, r), "whatever": scrambled, "one": world{}.Tokens(1), "none": nil,
	} {
		b := makeBoard(t, tokens)
		one, swept := reader{board: b}, b.sweeping()
		read := 0
		for _, list := range all.lists() {
			for k := range list {
				f := &list[k]
				if slices.ContainsFunc(f.follows, func(m follow) bool { return m.operation == byText }) || f.pooled && f.form == integer {
					continue // nobody reads them alone
				}
				for i := range b.Len() {
					one.i, swept.i = i, i
					count := 1
					if f.pooled {
						count = one.poolCount()
					}
					for j := range count {
						if read++; !sameOfField(&one, &swept, f, j) {
							t.Fatalf("%s: %s of the token %d, pool %d, is not what it is read as alone", name, f.name, i, j)
						}
					}
				}
			}
		}
		if least := 50 * len(tokens); read < least {
			t.Errorf("%s: %d values were compared, want at least %d", name, read, least)
		}
	}
}

func sameOfField(x, y *reader, f *field, j int) bool {
	switch {
	case f.form == integer:
		return x.int(f) == y.int(f)
	case f.number:
		return x.amount(f, j).Number() == y.amount(f, j).Number()
	}
	return x.text(f, j) == y.text(f, j)
}
