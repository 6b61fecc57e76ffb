package board

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// A Moment is a place in the order in which tokens changed: by the time of the run that changed them, then by mint.
type Moment struct {
	At   int64  // Unix milliseconds
	Mint string // "" is behind every mint
}

func (m Moment) compare(n Moment) int {
	if m.At == n.At && (m.Mint == "") != (n.Mint == "") {
		return cmp.Compare(len(n.Mint), len(m.Mint))
	}
	return cmp.Or(cmp.Compare(m.At, n.At), strings.Compare(m.Mint, n.Mint))
}

var lastChanged = named("mint", "updated_at")

// Changed returns the first tokens of the lists, at most limit, that changed after a moment, in the order of Moments, and the last
// one's. All do when the points move that their changes and windows are counted from. What changes later comes later, so that a
// reader who goes on from there misses nothing.
func (b *Board) Changed(after Moment, limit int) (Page, Moment) {
	type changed struct {
		Moment
		token uint32
	}
	var found []changed
	r := reader{board: b}
	var t tok
	for i := range b.Len() {
		if !b.lists(i) {
			continue
		}
		r.some(i, &lastChanged, &t)
		if m := (Moment{max(t.UpdatedAt, b.manifest.Moved), t.Mint}); m.compare(after) > 0 {
			found = append(found, changed{m, uint32(i)})
		}
	}
	slices.SortFunc(found, func(x, y changed) int { return x.compare(y.Moment) })
	page := Page{board: b}
	for _, c := range found[:min(limit, len(found))] {
		page.found = append(page.found, c.token)
		after = c.Moment
	}
	return page, after
}

var onlyMints = named("mint")

// Mints yields the mints of the tokens in the lists, in the board's order.
func (b *Board) Mints() iter.Seq[string] {
	return func(yield func(string) bool) {
		r := reader{board: b}
		var t tok
		for i := range b.Len() {
			if r.some(i, &onlyMints, &t); b.lists(i) && !yield(t.Mint) {
				return
			}
		}
	}
}
