package board

import (
	"cmp"
	"iter"
	"slices"
)

// A Moment is a place in the order in which tokens changed: by the time of the run that changed them, then as mints are ordered.
type Moment struct {
	At   int64  // Unix milliseconds
	Mint string // "" is behind every mint
}

var updatedField = headField("updated_at")

// changed returns when i changed last. All do when the points move that their changes and windows are counted from.
func (r *reader) changed(i int) int64 {
	r.i = i
	return max(r.int(updatedField), r.board.manifest.Moved)
}

// Changed returns the first tokens of the lists, at most limit, that changed after a moment, in the order of Moments, and the last
// one's. What changes later comes later, so that a reader who goes on from there misses nothing.
func (b *Board) Changed(after Moment, limit int) (Page, Moment) {
	r, at := b.sweeping(), make([]int64, b.Len())
	for i := range at {
		at[i] = r.changed(i)
	}
	behind := b.Len() // the place of the first mint that comes after the moment's
	if mark := idOf(after.Mint); after.Mint != "" {
		if behind = b.behind(mark); behind < b.Len() && b.id(int(b.mints.sorted.at(behind))).compare(mark) == 0 {
			behind++
		}
	}
	var found []uint32
	for place := range at {
		i := int(b.mints.sorted.at(place))
		if b.lists(i) && (at[i] > after.At || at[i] == after.At && place >= behind) {
			found = append(found, uint32(i))
		}
	}
	slices.SortStableFunc(found, func(x, y uint32) int { return cmp.Compare(at[x], at[y]) })
	page := Page{board: b, found: found[:min(limit, len(found))]}
	if n := page.Len(); n > 0 {
		r.i = int(found[n-1])
		after = Moment{at[r.i], r.text(mintField, 0)}
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
