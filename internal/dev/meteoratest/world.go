package meteoratest

import (
	"maps"
	"slices"
	"time"
)

// universe is what all products share: the tokens, above all.
type universe struct {
	cfg      Config
	codec    codec
	pads     *launchpads
	odd      []spelling
	newestMS int64
	periodMS int64 // between the creation of the first pool and of the newest
}

func newUniverse(cfg Config) *universe {
	return &universe{
		cfg:      cfg,
		codec:    codec{cfg.Seed},
		pads:     newLaunchpads(cfg.Launchpad),
		odd:      oddNames(cfg.Launchpad),
		newestMS: cfg.Newest.UnixMilli(),
		periodMS: (800 * 24 * time.Hour).Milliseconds(),
	}
}

// override is what Mutate changed in one pool.
type override struct {
	version     uint64
	removed     bool
	blacklisted bool
	names       int // how often the token got another name
	place       *placement
}

// world is one product's pools at a moment. It is never changed, only replaced, so that an answer that is being
// written keeps one view. Its size follows the number of changed pools, not of pools.
type world struct {
	*universe
	kind      int
	n         int // pools that were there from the beginning
	ours      int // of them, those that carry our launchpad
	byTVL     affine
	byVolume  affine
	overrides map[int]override
	removed   []int // ascending
	added     []int // the token number of our pools among those added at the end, or -1
	addedOurs int
	market    *market

	launched map[key]bool  // mints that have their pools
	byMint   map[key][]int // pools of launched tokens, by the mint of either side
	given    map[key]int   // pools whose address was given
	settled  bool          // what is launched from now on is new
}

func newWorld(u *universe, kind, n int) *world {
	h := mix(u.cfg.Seed ^ mix(uint64(kind)))
	ours := min(u.cfg.Ours, n)
	if kind == kindDBC {
		ours = 0 // the list has no launchpads
	}
	return &world{
		universe: u, kind: kind, n: n, ours: ours,
		byTVL: newAffine(n, mix(h+1)), byVolume: newAffine(n, mix(h+2)),
		overrides: map[int]override{}, market: newMarket(u.cfg.Seed, 0),
		launched: map[key]bool{}, byMint: map[key][]int{}, given: map[key]int{},
	}
}

func (w *world) clone() *world {
	c := *w
	c.overrides = maps.Clone(w.overrides)
	c.removed = slices.Clone(w.removed)
	c.added = slices.Clone(w.added)
	return &c
}

func (w *world) end() int   { return w.n + len(w.added) }
func (w *world) total() int { return w.end() - len(w.removed) }

func (w *world) hash(index int) uint64 {
	return mix(w.cfg.Seed ^ mix(uint64(w.kind)<<56|uint64(index)))
}

// created returns the pool's creation in Unix milliseconds. It rises with the index.
func (w *world) created(index int) int64 {
	if index >= w.n {
		return w.newestMS + int64(index-w.n+1)*1000
	}
	step := max(1, w.periodMS/int64(w.n))
	return w.newestMS - int64(w.n-1-index)*step - int64(w.hash(index)>>8%uint64(step))
}

// slot returns which of our pools the index-th pool is, or -1. The range is cut into as many even blocks as we have
// pools; each has one of ours at a random place.
func (w *world) slot(index int) int {
	if w.ours == 0 || index >= w.n {
		return -1
	}
	slot := ((index+1)*w.ours - 1) / w.n
	if w.indexOfSlot(slot) != index {
		return -1
	}
	return slot
}

func (w *world) indexOfSlot(slot int) int {
	from, to := slot*w.n/w.ours, (slot+1)*w.n/w.ours
	return from + int(mix(w.hash(from))%uint64(to-from))
}

// ourTokens returns how many tokens the first pools of ours have: 500 for 512, for 12 have a second pool.
func (w *world) ourTokens() int { return w.ours - w.ours*3/128 }

// ourToken returns the number of the token of a pool of ours.
func (w *world) ourToken(index int) int {
	if index >= w.n {
		return w.added[index-w.n]
	}
	slot := w.slot(index)
	if first := w.ourTokens(); slot >= first {
		return (slot - first) * 37 % first
	}
	return slot
}

// launchpadOf returns the pool's launchpad field; ours means that the pool was put there for the launchpad.
func (w *world) launchpadOf(index int) (s *spelling, ours bool) {
	if w.kind == kindDBC {
		return &w.pads.absent, false
	}
	if place := w.overrides[index].place; place != nil {
		return place.pad, false
	}
	if index >= w.n && w.added[index-w.n] >= 0 {
		return &w.pads.ours[0], true
	}
	if slot := w.slot(index); slot >= 0 {
		return w.pads.ofOurs(slot), true
	}
	return w.pads.ofOthers(w.kind, w.hash(index)>>5), false
}

// address returns the pool's key; unless it was given, its number is the index.
func (w *world) address(index int) key {
	if place := w.overrides[index].place; place != nil && place.address != (key{}) {
		return place.address
	}
	return w.codec.encode(w.kind, uint64(index))
}

// present reports whether the product has a pool of that index now.
func (w *world) present(index int) bool {
	return index >= 0 && index < w.end() && !w.overrides[index].removed
}

// find returns the index of the pool with that address.
func (w *world) find(address string) (int, bool) {
	k, ok := parseBase58(address)
	if !ok {
		return 0, false
	}
	if i, ok := w.given[k]; ok {
		return i, w.present(i)
	}
	kind, n, ok := w.codec.decode(k)
	if !ok || kind != w.kind || n >= uint64(w.end()) || !w.present(int(n)) || w.address(int(n)) != k {
		return 0, false
	}
	return int(n), true
}

// each calls f for every present pool in order of creation until it returns false.
func (w *world) each(f func(index int) bool) {
	for i := range w.end() {
		if w.present(i) && !f(i) {
			return
		}
	}
}

// matching calls f for every present pool whose launchpad is exactly id.
func (w *world) matching(id string, f func(index int)) {
	w.each(func(i int) bool {
		if pad, _ := w.launchpadOf(i); pad.text == id && id != "" {
			f(i)
		}
		return true
	})
}
