package meteoratest

import "slices"

// World names the changes that can be made to one product's pools between two syncs. Indexes count pools in
// order of creation, from 0. Answers that are being written go on with the old state.
type World struct{ p *product }

// World returns the pools of a product; it panics for a name that is not one of Products.
func (s *Server) World(product string) World { return World{s.product(product)} }

// change replaces the product's world by an edited copy.
func (m World) change(edit func(w *world)) {
	m.p.mu.Lock()
	defer m.p.mu.Unlock()
	w := m.p.world.Load().clone()
	edit(w)
	m.p.world.Store(w)
}

func (m World) override(edit func(o *override), indexes []int) {
	m.change(func(w *world) {
		for _, i := range indexes {
			o := w.overrides[i]
			edit(&o)
			w.overrides[i] = o
		}
		w.removed = w.removed[:0]
		for i, o := range w.overrides {
			if o.removed && i < w.end() {
				w.removed = append(w.removed, i)
			}
		}
		slices.Sort(w.removed)
	})
}

// Touch gives pools new volumes, fees, TVL and prices.
func (m World) Touch(indexes ...int) {
	m.override(func(o *override) { o.version++ }, indexes)
}

// Rename gives the tokens of pools another name and symbol, one out of the ordinary.
func (m World) Rename(indexes ...int) {
	m.override(func(o *override) { o.names++ }, indexes)
}

// Remove makes pools vanish from lists, filters and GET /pools/{address}; the total falls.
func (m World) Remove(indexes ...int) {
	m.override(func(o *override) { o.removed = true }, indexes)
}

// Restore brings removed pools back.
func (m World) Restore(indexes ...int) {
	m.override(func(o *override) { o.removed = false }, indexes)
}

// Blacklist sets or clears is_blacklisted. Pools that are not ours may be blacklisted without it.
func (m World) Blacklist(on bool, indexes ...int) {
	m.override(func(o *override) { o.blacklisted = on }, indexes)
}

// Add appends n pools, newer than all others, and returns their indexes. With ours they carry the launchpad and
// each has a token of its own, the same in every product that gets as many.
func (m World) Add(n int, ours bool) []int {
	indexes := make([]int, 0, n)
	m.change(func(w *world) {
		for range n {
			token := -1
			if ours {
				token = w.ourTokens() + w.addedOurs
				w.addedOurs++
			}
			i := w.end()
			w.added = append(w.added, token)
			w.overrides[i] = override{version: 1} // its rank alone would leave it without money
			indexes = append(indexes, i)
		}
	})
	return indexes
}

// Tick lets a minute pass, as far as a schedule of syncs would see it: SOL and the dollar coins move a little, and with them the
// price, market cap and TVL of every pool; volumes move where there is trade; and about a tenth of our pools, others each time,
// get new figures altogether. With Config.StandStill only these do, with Config.Untouched all but
// these. The same seed makes the same ticks.
func (s *Server) Tick() {
	tick := s.ticks.Add(1)
	for _, p := range s.products {
		if !s.cfg.StandStill {
			World{p}.change(func(w *world) { w.market = newMarket(s.cfg.Seed, tick) })
		}
		if !s.cfg.Untouched {
			World{p}.Touch(World{p}.tenth(tick)...)
		}
	}
}

// tenth returns about a tenth of our pools, others at each tick.
func (m World) tenth(tick uint64) (indexes []int) {
	for n, i := range m.Ours() {
		if mix(uint64(n)<<32|tick)%10 == 0 {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// Ours returns the present pools that were put there for the launchpad, by index. A launchpad ID that others carry
// as well (pump.fun) matches more than these: see Matching.
func (m World) Ours() []int {
	w := m.p.world.Load()
	var ours []int
	for slot := range w.ours {
		if i := w.indexOfSlot(slot); w.present(i) {
			ours = append(ours, i)
		}
	}
	for k, token := range w.added {
		if token >= 0 && w.present(w.n+k) {
			ours = append(ours, w.n+k)
		}
	}
	return ours
}

// Total returns how many pools there are now.
func (m World) Total() int { return m.p.world.Load().total() }

// Matching counts the pools whose launchpad field is id, whatever its spelling in JSON.
func (m World) Matching(id string) int {
	n := 0
	m.p.world.Load().matching(id, func(int) { n++ })
	return n
}

// Mints returns the distinct tokens of the pools that Matching counts, in order of their first pool. A pool's token is
// its side that is not SOL, USDC or USDT; token_x where both or neither are.
func (m World) Mints(id string) []string {
	w := m.p.world.Load()
	seen := map[string]bool{}
	var mints []string
	w.matching(id, func(i int) {
		p := w.pool(i)
		if mint := p.base().mintText(); !seen[mint] {
			seen[mint] = true
			mints = append(mints, mint)
		}
	})
	return mints
}

// Address returns the index-th pool's address, also when the pool is removed or not there yet.
func (m World) Address(index int) string {
	w := m.p.world.Load()
	return string(appendBase58(nil, w.address(index)))
}

// Index finds a present pool by its address.
func (m World) Index(address string) (int, bool) { return m.p.world.Load().find(address) }

// Mint returns the token of the index-th pool, by the rule of Mints.
func (m World) Mint(index int) string {
	p := m.p.world.Load().pool(index)
	return p.base().mintText()
}

// JSON returns the index-th pool as it stands in the product's lists.
func (m World) JSON(index int) []byte {
	w := m.p.world.Load()
	p := w.pool(index)
	var e encoder
	e.pool(w, &p)
	return e.b[:len(e.b)-1]
}

// OurMints returns the distinct tokens that a sync of these products has to find for the configured launchpad;
// without a name, of all products.
func (s *Server) OurMints(products ...string) []string {
	if len(products) == 0 {
		products = Products()
	}
	seen := map[string]bool{}
	var mints []string
	for _, name := range products {
		for _, mint := range s.World(name).Mints(s.cfg.Launchpad) {
			if !seen[mint] {
				seen[mint] = true
				mints = append(mints, mint)
			}
		}
	}
	return mints
}
