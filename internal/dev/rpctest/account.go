package rpctest

import (
	"encoding/binary"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Account is one account. Data is never changed after it was handed over.
type Account struct {
	Key, Owner key
	Data       []byte
	Stray      bool // returned by program queries whatever their filters: a node that errs
	Slot       uint64
}

// Sorts of accounts of the DBC program, in the upper half of an id.
const (
	sortConfig = iota << 32
	sortPool
	sortExtra
	sortMask = ^(1<<32 - 1)
)

// ids returns the accounts that program scans walk over.
func (c *Chain) ids() []int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	ids := make([]int, 0, len(c.configs)+len(c.tokens)+len(c.extra))
	for sort, n := range []int{len(c.configs), len(c.tokens), len(c.extra)} {
		for i := range n {
			ids = append(ids, sort<<32|i)
		}
	}
	return ids
}

// own returns one of the chain's own accounts as of a slot; ok is false when it was not there yet, or a test has put
// another in its place.
func (c *Chain) own(id int, asOf uint64) (a Account, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	i := id &^ sortMask
	switch id & sortMask {
	case sortExtra:
		return c.extra[i], true
	case sortConfig:
		a = c.configs[i].account()
	case sortPool:
		if c.tokens[i].created > asOf {
			return a, false
		}
		a = c.pool(i, asOf)
	}
	return a, !c.replaced[a.Key]
}

// find returns the account at k, or nil.
func (c *Chain) find(k key) *Account {
	c.mu.Lock() // for the index
	defer c.mu.Unlock()
	if c.replaced[k] {
		at := slices.IndexFunc(c.extra, func(a Account) bool { return a.Key == k })
		return &c.extra[at]
	}
	if a, ok := c.ofToken(k); ok {
		return a
	}
	if i, ok := c.byConfig[k]; ok {
		a := c.configs[i].account()
		return &a
	}
	return c.quoteMint(k)
}

// ofToken finds the accounts that belong to a token; a is nil where its metadata is missing.
func (c *Chain) ofToken(k key) (a *Account, ok bool) {
	if i, ok := cheapPool.index(k); ok && i < len(c.tokens) {
		pool := c.pool(i, c.Slot())
		return &pool, true
	}
	for side, m := range []madeUp{baseVault, quoteVault} {
		if i, ok := m.index(k); ok && i < len(c.tokens) {
			return c.vault(i, side), true
		}
	}
	at, ok := c.index()[k]
	if !ok {
		return nil, false
	}
	switch at.what {
	case ofPool:
		pool := c.pool(at.token, c.Slot())
		return &pool, true
	case ofMint:
		return c.mint(at.token), true
	default:
		return c.metadata(at.token), true
	}
}

// index finds tokens by the keys of their accounts; new tokens are added when it is next needed. c.mu must be held.
func (c *Chain) index() map[key]owned {
	for ; c.keyed < len(c.tokens); c.keyed++ {
		i, t := c.keyed, &c.tokens[c.keyed]
		c.byKey[t.mint] = owned{i, ofMint}
		if !c.configs[t.config].Token2022 {
			c.byKey[metadataAddress(t.mint)] = owned{i, ofMetadata}
		}
		if t.pool != cheapPool.key(i) {
			c.byKey[t.pool] = owned{i, ofPool}
		}
	}
	return c.byKey
}

// A kind is the discriminator of an account's kind.
type kind [8]byte

var (
	poolKind       = kind{0xd5, 0xe0, 0x05, 0xd1, 0x62, 0x45, 0x77, 0x5c}
	hookPoolKind   = kind{0xed, 0xdb, 0xb8, 0x17, 0x2a, 0xbd, 0xa9, 0x23}
	configKind     = kind{0x1a, 0x6c, 0x0e, 0x7b, 0x74, 0xe6, 0x81, 0x2b}
	hookConfigKind = kind{0x28, 0xdc, 0xc2, 0xfb, 0x29, 0xc7, 0x7b, 0xfd}
)

// writer puts fields at their places.
type writer []byte

func (w writer) discriminator(k kind) { copy(w, k[:]) }
func (w writer) key(at int, k key)    { copy(w[at:], k[:]) }
func (w writer) u64(at int, v uint64) { binary.LittleEndian.PutUint64(w[at:], v) }

func (w writer) u128(at int, v *big.Int) {
	b := v.FillBytes(make([]byte, 16))
	slices.Reverse(b)
	copy(w[at:], b)
}

func (w writer) flag(at int, on bool) {
	if on {
		w[at] = 1
	}
}

// pool returns the bonding curve of the i-th token as of a slot (meteora: state/virtual_pool.rs). c.mu must be held.
func (c *Chain) pool(i int, asOf uint64) Account {
	t := &c.tokens[i]
	v, l := c.configs[t.config], c.lifeOf(i, asOf)
	w := make(writer, 424+c.longer[i])
	w.discriminator(poolKind)
	if v.Hook {
		w.discriminator(hookPoolKind)
	}
	w.key(72, v.key)
	w.key(104, c.creator(i))
	w.key(136, t.mint)
	w.key(168, baseVault.key(i))
	w.key(200, quoteVault.key(i))
	w.u64(232, supplyAtFirst-l.sold)
	w.u64(240, l.quote)
	w.u128(280, v.sqrtPrice(l.quote))
	w.u64(296, c.activation(i))
	w.flag(304, v.Token2022)
	w.flag(305, l.stage == Graduated)
	w[308] = byte(l.stage)
	w.money(v, &l)
	if l.finished > 0 {
		w.u64(344, uint64(c.TimeOf(l.finished).Unix()))
	}
	return Account{Key: c.tokens[i].pool, Owner: dbcProgram, Data: w, Slot: l.slot}
}

// money writes the fees of a pool, and what of them was taken.
func (w writer) money(v *curve, l *life) {
	for side := range l.fees {
		f := &l.fees[side]
		at := 8 * side
		w.u64(248+at, f.due(protocol))
		w.u64(264+at, f.due(Partner))
		w.u64(352+at, f.due(Creator))
		w.u64(312+at, f.earned[protocol])
		w.u64(328+at, f.trading())
	}
	w.flag(306, l.surplusTaken[Partner])
	w.flag(307, l.surplusTaken[protocol])
	w.flag(309, l.leftoverTaken)
	w.flag(310, l.surplusTaken[Creator])
	w[311] = bit(l.migrationPaid[Creator], 1) | bit(l.migrationPaid[Partner], 2)
	w[369] = bit(l.creationPaid[protocol], 0) | bit(l.creationPaid[Partner], 1)
	if l.stage == Graduated {
		w.u64(384, supplyForAMM/migrationShares)
		w.u64(392, v.Threshold/migrationShares)
	}
}

func bit(on bool, n int) byte {
	if on {
		return 1 << n
	}
	return 0
}

// activation returns when the i-th pool was created, by its config's clock.
func (c *Chain) activation(i int) uint64 {
	t := &c.tokens[i]
	if c.configs[t.config].Slots {
		return t.created
	}
	return uint64(c.TimeOf(t.created).Unix())
}

// vault returns the token account that holds the base or the quote of the i-th pool: its amount is at 64.
func (c *Chain) vault(i, side int) *Account {
	t := &c.tokens[i]
	v, l := c.configs[t.config], c.lifeOf(i, c.Slot())
	w := make(writer, 165)
	owner, mint := c.programOf(v.Token2022), t.mint
	if side == quote {
		owner, mint = c.programOf(v.QuoteToken2022), v.quote
	}
	w.key(0, mint)
	w.key(32, hashed("pool authority", 0))
	w.u64(64, l.held(v, side))
	w[108] = 1 // initialized
	return &Account{Key: []madeUp{baseVault, quoteVault}[side].key(i), Owner: owner, Data: w, Slot: l.slot}
}

// held returns what a vault has.
func (l *life) held(v *curve, side int) uint64 {
	f := &l.fees[side]
	fees := f.due(protocol) + f.due(Partner) + f.due(Creator)
	switch {
	case l.stage != Graduated && side == base:
		return supplyAtFirst - l.sold + fees
	case l.stage != Graduated:
		return l.quote + fees
	case side == base:
		return l.leftover(v) + fees + supplyForAMM/migrationShares
	}
	return fees + v.Threshold/migrationShares + l.withdrawable(v)
}

func (*Chain) programOf(isToken2022 bool) key {
	if isToken2022 {
		return token22
	}
	return tokenProgram
}

// supply returns what there is of the i-th token.
func (c *Chain) supply(i int) uint64 {
	l := c.lifeOf(i, c.Slot())
	n := uint64(supplyAtFirst)
	if l.stage == Graduated {
		_, burned := l.left(c.configs[c.tokens[i].config])
		n -= burned
	}
	return n - min(n, c.burned[i])
}

// mintData returns a mint's 82 bytes. A zero authority is none.
func mintData(supply uint64, decimals byte, authority, freeze key) writer {
	w := make(writer, 82)
	w.flag(0, authority != key{})
	w.key(4, authority)
	w.u64(36, supply)
	w[44], w[45] = decimals, 1
	w.flag(46, freeze != key{})
	w.key(50, freeze)
	return w
}

// mint returns 82 bytes, and with Token-2022 extensions after byte 166: a metadata pointer, and the metadata.
func (c *Chain) mint(i int) *Account {
	t := &c.tokens[i]
	v := c.configs[t.config]
	authority := key{}
	if v.UpdateAuthority == 3 || v.UpdateAuthority == 4 {
		authority = c.creator(i)
	}
	w := mintData(c.supply(i), tokenDecimals, authority, key{})
	if v.Token2022 {
		w = extension(extended(w), 18, append(make([]byte, 32), t.mint[:]...))
		if name := c.nameOf(i); !name.missing {
			value := append(make([]byte, 32), t.mint[:]...)
			value = text(text(text(value, name.name), name.symbol), name.uri)
			w = extension(w, 19, binary.LittleEndian.AppendUint32(value, 0))
		}
	}
	return &Account{Key: t.mint, Owner: c.programOf(v.Token2022), Data: w, Slot: firstSlot}
}

// extended returns a Token-2022 mint before its extensions.
func extended(w writer) writer {
	w = append(w, make([]byte, 166-len(w))...)
	w[165] = 1
	return w
}

func extension(data []byte, kind uint16, value []byte) []byte {
	data = binary.LittleEndian.AppendUint16(data, kind)
	data = binary.LittleEndian.AppendUint16(data, uint16(len(value)))
	return append(data, value...)
}

func text(data []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(data, uint32(len(s))), s...)
}

// metadata returns a Metaplex account, or nil: its texts are padded with NULs to 32, 10 and 200 bytes.
func (c *Chain) metadata(i int) *Account {
	name, mint := c.nameOf(i), c.tokens[i].mint
	if name.missing {
		return nil
	}
	w := append(writer{4}, make([]byte, 32)...)
	w = append(w, mint[:]...)
	for _, t := range []struct {
		s    string
		size int
	}{{name.name, 32}, {name.symbol, 10}, {name.uri, 200}} {
		w = text(w, t.s+strings.Repeat("\x00", max(0, t.size-len(t.s))))
	}
	w = append(w, make([]byte, max(0, 679-len(w)))...)
	return &Account{Key: metadataAddress(mint), Owner: metaProgram, Data: w, Slot: firstSlot}
}

// quoteMint returns the mint of a quote that is not a token of the chain's, or nil.
func (c *Chain) quoteMint(k key) *Account {
	at := slices.IndexFunc(c.configs, func(v *curve) bool { return v.quote == k })
	if at < 0 {
		return nil
	}
	v := c.configs[at]
	authority := key{}
	if k == mintUSDC {
		authority = hashed("issuer", 0)
	}
	w := mintData(1_000_000_000_000, byte(v.quoteDecimals), authority, authority)
	if v.QuoteToken2022 {
		w = extension(extended(w), 18, append(make([]byte, 32), k[:]...))
	}
	return &Account{Key: k, Owner: c.programOf(v.QuoteToken2022), Data: w, Slot: firstSlot}
}

// uriOf returns where the metadata of the i-th token lies unless a test says otherwise.
func (c *Chain) uriOf(i int) string {
	return c.configs[c.tokens[i].config].URI + strconv.Itoa(i)
}
