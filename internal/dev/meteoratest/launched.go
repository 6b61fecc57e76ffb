package meteoratest

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Launched is a token that a launchpad made on the chain: a curve in the list of DBC pools and, once it has graduated, a pool
// in DAMM v2 or v1 and perhaps others that strangers opened. None of them carries the launchpad's key.
type Launched struct {
	Mint         string
	Name, Symbol string  // made up when both are empty
	Decimals     int     // 0 means 6
	Price        float64 // in Quote when it is listed first; 0: made up
	Supply       uint64  // in base units; 0: made up

	Curve, Config, Creator string    // the DBC pool, its config and who made it; no Curve, no row in the list
	Created                time.Time // zero: by its place in the list
	Quote                  string    // the mint that the curve and Pool are traded against

	Pool    string // what it graduated into; "" before
	Product string // of Pool; "" means DAMMv2
}

// SetLaunched replaces Config.Launched. Tokens that were there keep their pools; those that have graduated since get theirs,
// newer than all others. It panics when an address is not a key.
func (s *Server) SetLaunched(tokens []Launched) {
	for _, p := range s.products {
		World{p}.change(func(w *world) { w.launch(tokens) })
	}
}

// placement is a launched token's pool in the place of a generated one.
type placement struct {
	token           token
	quote           token
	second          bool // the token is token_y
	address         key  // zero: the generated one stays
	pad             *spelling
	creator, config key   // of a curve
	createdMS       int64 // 0: by its place
}

// launch gives each token its pools in this product, unless it has them.
func (w *world) launch(tokens []Launched) {
	w.launched, w.byMint, w.given = maps.Clone(w.launched), maps.Clone(w.byMint), maps.Clone(w.given)
	for i := range tokens {
		mint := mustKey(tokens[i].Mint)
		if w.launched[mint] {
			continue
		}
		for n, p := range w.placements(&tokens[i]) {
			w.launched[mint] = true
			w.put(p, mix(fold(mint)+uint64(n)))
		}
	}
	w.settled = true
}

// placements returns the pools that a token has in this product at this moment.
func (w *world) placements(t *Launched) []placement {
	mint := mustKey(t.Mint)
	h := mix(fold(mint) ^ mix(uint64(w.kind)))
	own := placement{token: w.launchedToken(t), quote: w.quoteToken(t.Quote), pad: &w.pads.dbc}
	if w.kind == kindDBC {
		if t.Curve == "" {
			return nil
		}
		own.address, own.creator, own.config = mustKey(t.Curve), mustKey(t.Creator), mustKey(t.Config)
		if !t.Created.IsZero() {
			own.createdMS = t.Created.UnixMilli()
		}
		return []placement{own}
	}
	if t.Pool == "" {
		return nil
	}
	var all []placement
	if productOf(t) == w.kind {
		own.address = mustKey(t.Pool)
		if h%8 == 0 {
			own.pad = &w.pads.null
		}
		all = append(all, own)
	}
	for n := range w.strangers(h) {
		all = append(all, w.strangersPool(own.token, mix(h+uint64(n)+1)))
	}
	return all
}

func productOf(t *Launched) int {
	if t.Product == DAMMv1 {
		return kindDAMMv1
	}
	return kindDAMMv2
}

// strangers returns how many pools of a token other people opened: one or two in a third of DLMM, one in an eighth of DAMM v2.
func (w *world) strangers(h uint64) int {
	switch n := h >> 8 % 24; {
	case w.kind == kindDLMM && w.cfg.Strangers > 0:
		return w.cfg.Strangers
	case w.kind == kindDLMM && n < 6, w.kind == kindDAMMv2 && n < 3:
		return 1
	case w.kind == kindDLMM && n < 8:
		return 2
	}
	return 0
}

// strangersPool has the token as token_y in one of four, and carries met-dbc or null.
func (w *world) strangersPool(t token, h uint64) placement {
	p := placement{token: t, quote: token{fixed: drawQuote(h >> 3)}, second: h>>16%4 == 0, pad: &w.pads.dbc}
	if h>>24%2 == 0 {
		p.pad = &w.pads.null
	}
	return p
}

// put gives a placement an index: that of a stranger's recent pool for those that were there from the beginning, so that there
// are as many pools as were asked for, and a new one for all others.
func (w *world) put(p placement, h uint64) {
	o := override{place: &p}
	i, ok := w.vacancy(h)
	if !ok {
		i = w.end()
		w.added = append(w.added, -1)
		o.version = 1 // its rank alone would leave it without money
	}
	w.overrides[i] = o
	if p.address != (key{}) {
		w.given[p.address] = i
	}
	for _, side := range []*token{&p.token, &p.quote} {
		if side.fixed == nil {
			w.byMint[side.mint] = append(slices.Clip(w.byMint[side.mint]), i)
		}
	}
}

// vacancy finds a pool in the newest quarter that may be replaced.
func (w *world) vacancy(h uint64) (index int, ok bool) {
	if w.settled || w.n == 0 {
		return 0, false
	}
	const attempts = 64
	quarter := uint64(w.n/4 + 1)
	for range attempts {
		h = mix(h)
		i := w.n - 1 - int(h%quarter)
		if _, changed := w.overrides[i]; !changed && w.slot(i) < 0 {
			return i, true
		}
	}
	return 0, false
}

func (w *world) launchedToken(t *Launched) token {
	mint := mustKey(t.Mint)
	made := drawToken(mint, mix(fold(mint)))
	made.odd, made.empty, made.decimals = nil, false, 6
	if t.Decimals != 0 {
		made.decimals = t.Decimals
	}
	if t.Supply != 0 {
		made.supply = dec{t.Supply, made.decimals}
	}
	if t.Price != 0 {
		quote := w.quoteToken(t.Quote)
		made.price = decOf(t.Price * quote.usd().float())
	}
	if t.Name != "" || t.Symbol != "" {
		made.named = &names{spelled(t.Name), spelled(t.Symbol)}
	}
	return made
}

// quoteToken returns any mint that a curve is traded against; "" means SOL.
func (w *world) quoteToken(mint string) token {
	switch mint {
	case "", mintSOL:
		return token{fixed: quoteSOL}
	case mintUSDC:
		return token{fixed: quoteUSDC}
	case mintUSDT:
		return token{fixed: quoteUSDT}
	}
	return w.launchedToken(&Launched{Mint: mint})
}

// fold returns a word of a key that need not be random.
func fold(k key) uint64 { return mix(k[0]) ^ mix(k[1]+1) ^ mix(k[2]+2) ^ k[3] }

func mustKey(text string) key {
	k, ok := parseBase58(text)
	if !ok {
		panic(fmt.Sprintf("meteoratest: %q is not a key", text))
	}
	return k
}

// PoolsOf returns the addresses of the present pools that have one of the mints on either side, by mint: what a look-up by mint
// has to find, whatever launchpad they carry.
func (m World) PoolsOf(mints ...string) map[string][]string {
	w := m.p.world.Load()
	found := map[string][]string{}
	for _, mint := range mints {
		set := newMintSet([]string{mint})
		candidates, ok := w.ofMints(set)
		if !ok {
			candidates = slices.Collect(order{w: w}.from(0))
		}
		for _, i := range candidates {
			if p := w.pool(i); set.has(&p.x) || set.has(&p.y) {
				found[mint] = append(found[mint], m.Address(i))
			}
		}
	}
	return found
}

// mintSet is what token_x or token_y is compared with.
type mintSet struct {
	texts map[string]bool
	keys  map[key]bool
}

func newMintSet(mints []string) mintSet {
	s := mintSet{map[string]bool{}, map[key]bool{}}
	for _, mint := range mints {
		s.texts[mint] = true
		if k, ok := parseBase58(mint); ok {
			s.keys[k] = true
		}
	}
	return s
}

func (s mintSet) has(t *token) bool {
	if t.fixed != nil {
		return s.texts[t.fixed.mint]
	}
	return s.keys[t.mint]
}

// ofMints returns the present pools that can have one of the mints; ok is false when only looking at all of them would tell.
func (w *world) ofMints(s mintSet) (indexes []int, ok bool) {
	for k := range s.keys {
		kind, number, made := w.codec.decode(k)
		switch {
		case made && kind == kindMint, s.texts[mintSOL], s.texts[mintUSDC], s.texts[mintUSDT]:
			return nil, false
		case made && kind == kindOurMint:
			indexes = append(indexes, w.ofOurToken(int(number))...)
		}
		indexes = append(indexes, w.byMint[k]...)
	}
	slices.Sort(indexes)
	return slices.DeleteFunc(slices.Compact(indexes), func(i int) bool { return !w.present(i) }), true
}

// ofOurToken returns the pools of a token of ours.
func (w *world) ofOurToken(number int) (indexes []int) {
	first := w.ourTokens()
	for slot := range w.ours {
		if slot == number || slot >= first && (slot-first)*37%first == number {
			indexes = append(indexes, w.indexOfSlot(slot))
		}
	}
	for k, token := range w.added {
		if token == number {
			indexes = append(indexes, w.n+k)
		}
	}
	return indexes
}
