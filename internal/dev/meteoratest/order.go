package meteoratest

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// order is a sequence of a world's pools that is walked from any place without a list. By creation it is exact. By
// volume and by TVL it is exact for pools as generated; those that were touched or added keep their old place. Every
// other field is given the order of volume.
type order struct {
	w        *world
	by       *affine // nil: by index
	reversed bool    // from the end to the start
}

// sortFields are the documented fields without a window.
var sortFields = []string{"tvl", "fee_pct", "bin_step", "pool_created_at", "farm_apy"}

// parseOrder reads sort_by; of several fields the first decides.
func parseOrder(w *world, s string) (order, error) {
	if s == "" {
		s = "volume_24h:desc"
	}
	var first order
	for i, one := range strings.Split(s, ",") {
		field, direction, _ := strings.Cut(strings.TrimSpace(one), ":")
		if !slices.Contains(sortFields, field) && numericField(field) == nil {
			return order{}, fmt.Errorf("invalid sort field %q", field)
		}
		if direction != "asc" && direction != "desc" {
			return order{}, fmt.Errorf("invalid sort direction %q", direction)
		}
		if i == 0 {
			first = newOrder(w, field, direction == "desc")
		}
	}
	return first, nil
}

func newOrder(w *world, field string, desc bool) order {
	switch field {
	case "pool_created_at":
		return order{w, nil, desc}
	case "tvl":
		return order{w, &w.byTVL, !desc}
	default:
		return order{w, &w.byVolume, !desc}
	}
}

// at returns the index of the pool at a place, removed ones included.
func (o order) at(place int) int {
	if o.reversed {
		place = o.w.end() - 1 - place
	}
	if o.by == nil {
		return place
	}
	return o.by.index(place)
}

func (o order) place(index int) int {
	if o.by != nil {
		index = o.by.rank(index)
	}
	if o.reversed {
		return o.w.end() - 1 - index
	}
	return index
}

// from yields the present pools' indexes, the first skip of them left out.
func (o order) from(skip int) iter.Seq[int] {
	gaps := make([]int, len(o.w.removed))
	for i, index := range o.w.removed {
		gaps[i] = o.place(index)
	}
	slices.Sort(gaps)
	for _, gap := range gaps {
		if gap > skip {
			break
		}
		skip++
	}
	return func(yield func(int) bool) {
		for place := skip; place < o.w.end(); place++ {
			if i := o.at(place); o.w.present(i) && !yield(i) {
				return
			}
		}
	}
}

// rows returns the total of pools that pass the filter, and the indexes of at most size of them after the first skip.
func (o order) rows(f *filter, skip, size int) (total int, page iter.Seq[int]) {
	if f.limited {
		found := o.among(f)
		return len(found), slices.Values(found[min(skip, len(found)):min(skip+size, len(found))])
	}
	if len(f.tests) == 0 {
		return o.w.total(), firstN(o.from(skip), size)
	}
	var found []int
	for i := range o.from(0) {
		if p := o.w.pool(i); f.passes(&p) {
			if total >= skip && len(found) < size {
				found = append(found, i)
			}
			total++
		}
	}
	return total, slices.Values(found)
}

// among looks at a filter's candidates: the cost is theirs, not the world's.
func (o order) among(f *filter) []int {
	var found []int
	for _, i := range f.candidates {
		if p := o.w.pool(i); f.passes(&p) {
			found = append(found, i)
		}
	}
	slices.SortFunc(found, func(a, b int) int { return o.place(a) - o.place(b) })
	return slices.Compact(found)
}

func firstN(seq iter.Seq[int], n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		if n <= 0 {
			return
		}
		left := n
		for v := range seq {
			left--
			if !yield(v) || left == 0 {
				return
			}
		}
	}
}
