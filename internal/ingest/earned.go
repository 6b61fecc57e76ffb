package ingest

import (
	"cmp"
	"iter"
	"slices"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// Sums of creators are published from this many tokens on, for this many creators: of fewer tokens a reader makes them itself.
const (
	earnedFrom = 100
	maxEarners = 50
)

// earners are the creators whose sums a run makes.
type earners map[string]*earner

type earner struct {
	tokens int
	sums   token.Totals
}

// newEarners chooses those who have many tokens: by how many curves of each were gathered, and by the last board, which may
// be nil.
func newEarners(creators map[string]int, previous *board.Board) earners {
	chosen := earners{}
	for creator, curves := range creators {
		if curves > earnedFrom {
			chosen[creator] = &earner{sums: token.Totals{}}
		}
	}
	if previous == nil {
		return chosen
	}
	for _, e := range previous.Manifest().Earned {
		chosen[e.Creator] = &earner{sums: token.Totals{}}
	}
	return chosen
}

// summing adds up the listed tokens that come by.
func (e earners) summing(tokens iter.Seq2[token.Token, error]) iter.Seq2[token.Token, error] {
	return func(yield func(token.Token, error) bool) {
		for t, err := range tokens {
			if to, ok := e[t.Curve.Creator]; ok && err == nil && t.Status == token.Listed {
				if m, ok := t.EarnedByCreator(); ok {
					to.tokens++
					to.sums.Add(m)
				}
			}
			if !yield(t, err) {
				return
			}
		}
	}
}

// published returns the sums of those with the most tokens.
func (e earners) published() []board.Earned {
	var creators []string
	for creator, to := range e {
		if to.tokens > earnedFrom {
			creators = append(creators, creator)
		}
	}
	slices.SortFunc(creators, func(x, y string) int { return cmp.Or(cmp.Compare(e[y].tokens, e[x].tokens), cmp.Compare(x, y)) })
	earned := make([]board.Earned, 0, min(len(creators), maxEarners))
	for _, creator := range creators[:min(len(creators), maxEarners)] {
		earned = append(earned, board.Earned{Creator: creator, Quotes: e[creator].sums.Sorted()})
	}
	return earned
}
