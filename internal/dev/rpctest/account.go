package rpctest

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Account is one account. Data is never changed after it was handed over.
type Account struct {
	Key, Owner key
	Data       []byte
	Stray      bool // answered by program queries whatever their filters: a node that errs
	Slot       uint64
}

// Put adds accounts, a recorded one or a broken one; one with a known key stands in for the old.
func (c *Chain) Put(accounts ...Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range accounts {
		replaced := false
		for i := range c.extra {
			if c.extra[i].Key == a.Key {
				c.extra[i], replaced = a, true
			}
		}
		if !replaced {
			c.extra = append(c.extra, a)
		}
	}
}

func (c *Chain) extras() []Account {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Account(nil), c.extra...)
}

// Sorts of accounts of the DBC program, in the upper half of an id.
const (
	sortConfig = iota << 32
	sortPool
	sortExtra
	sortMask = ^(1<<32 - 1)
)

// ids are the accounts that program scans walk over.
func (c *Chain) ids() []int {
	ids := make([]int, 0, len(c.configs)+len(c.mints)+len(c.extras()))
	for sort, n := range []int{len(c.configs), len(c.mints), len(c.extras())} {
		for i := range n {
			ids = append(ids, sort<<32|i)
		}
	}
	return ids
}

// own returns one of the chain's own accounts.
func (c *Chain) own(id int, _ uint64) (Account, bool) {
	switch i := id &^ sortMask; id & sortMask {
	case sortConfig:
		return c.configs[i].account(), true
	case sortPool:
		return c.pool(i), true
	default:
		return c.extras()[i], true
	}
}

// find is the account at k, or nil.
func (c *Chain) find(k key) *Account {
	for _, a := range c.extras() {
		if a.Key == k {
			return &a
		}
	}
	for i := range c.configs {
		if c.configs[i].key == k {
			a := c.configs[i].account()
			return &a
		}
	}
	at, ok := c.index()[k]
	if !ok {
		return nil
	}
	var a Account
	switch at.what {
	case ofPool:
		a = c.pool(at.token)
	case ofMint:
		a = c.mint(at.token)
	case ofMetadata:
		a = c.metadata(at.token)
	}
	return &a
}

// index finds tokens by the keys of their accounts. It is made when it is first needed.
func (c *Chain) index() map[key]owned {
	c.once.Do(func() {
		c.byKey = make(map[key]owned, 2*len(c.mints))
		for i, mint := range c.mints {
			c.byKey[mint] = owned{i, ofMint}
			if !c.config(i).token2022 && !nameOf(i).missing {
				c.byKey[c.metadataAddress(i)] = owned{i, ofMetadata}
			}
			if len(c.mints) <= DefaultTokens {
				c.byKey[c.poolAddress(i)] = owned{i, ofPool}
			}
		}
	})
	return c.byKey
}

// slot is when a token's pool was last written.
func (c *Chain) slot(i int) uint64 {
	if word("position", i)>>40%3 == 0 {
		return firstSlot
	}
	return c.Slot()
}

// writer puts fields at their places.
type writer []byte

func (w writer) key(at int, k key)    { copy(w[at:], k[:]) }
func (w writer) u64(at int, v uint64) { binary.LittleEndian.PutUint64(w[at:], v) }
func (w writer) discriminator(k kind) { copy(w, k[:]) }

// A kind is the discriminator of an account's kind.
type kind [8]byte

var (
	poolKind       = kind{0xd5, 0xe0, 0x05, 0xd1, 0x62, 0x45, 0x77, 0x5c}
	hookPoolKind   = kind{0xed, 0xdb, 0xb8, 0x17, 0x2a, 0xbd, 0xa9, 0x23}
	configKind     = kind{0x1a, 0x6c, 0x0e, 0x7b, 0x74, 0xe6, 0x81, 0x2b}
	hookConfigKind = kind{0x28, 0xdc, 0xc2, 0xfb, 0x29, 0xc7, 0x7b, 0xfd}
)

// account is a config of 1048 bytes, or of 1128 with a transfer hook. Its fee claimer is the launchpad in all of them.
func (c *curve) account() Account {
	w := make(writer, 1048)
	w.discriminator(configKind)
	if c.hook {
		w = make(writer, 1128)
		w.discriminator(hookConfigKind)
	}
	w.key(8, c.quote)
	w.key(40, c.claimer)
	w[233] = 1 // graduates into DAMM v2
	w[235] = 6 // decimals of the token
	if c.token2022 {
		w[237] = 1
	}
	w[243] = c.feeOption
	w[244] = 1 // the supply is fixed
	w.u64(264, c.threshold)
	w.u64(344, 1_000_000_000_000_000)
	w.u64(352, 990_000_000_000_000)
	return Account{Key: c.key, Owner: dbcProgram, Data: w, Slot: 1}
}

// pool is the bonding curve of the i-th token.
func (c *Chain) pool(i int) Account {
	config, at := c.config(i), c.position(i)
	w := make(writer, 424)
	w.discriminator(poolKind)
	if config.hook {
		w.discriminator(hookPoolKind)
	}
	w.key(72, config.key)
	w.key(104, hashed("creator", i%97))
	w.key(136, c.mints[i])
	w.key(168, hashed("base vault", i))
	w.key(200, hashed("quote vault", i))
	w.u64(232, 1_000_000_000_000_000/1000*uint64(1000-min(at, fullAt)*8/10))
	w.u64(240, config.reserve(at))
	hi, lo := config.sqrtPrice(at)
	w.u64(280, lo)
	w.u64(288, hi)
	if config.token2022 {
		w[304] = 1
	}
	if at.stage() == Graduated {
		w[305] = 1
	}
	w[308] = byte(at.stage())
	if at >= fullAt {
		w.u64(344, 1_770_000_000)
	}
	address := c.cheapAddress(i)
	return Account{Key: address, Owner: dbcProgram, Data: w, Slot: c.slot(i)}
}

// cheapAddress is the pool's own address; in a launchpad of many thousands a made-up one, which costs no curve points.
func (c *Chain) cheapAddress(i int) key {
	if len(c.mints) > 20*DefaultTokens {
		return hashed("pool", i)
	}
	return c.poolAddress(i)
}

// mint is 82 bytes, and with Token-2022 extensions behind byte 166: a metadata pointer, and the metadata.
func (c *Chain) mint(i int) Account {
	n := 82
	if c.config(i).token2022 {
		n = 166
	}
	w := make(writer, n)
	w.u64(36, 1_000_000_000_000_000)
	w[44], w[45] = 6, 1
	if !c.config(i).token2022 {
		return Account{Key: c.mints[i], Owner: tokenProgram, Data: w, Slot: 1}
	}
	w[165] = 1
	pointer := append(make([]byte, 32), c.mints[i][:]...)
	data := extension(w, 18, pointer)
	if name := nameOf(i); !name.missing {
		value := append(make([]byte, 32), c.mints[i][:]...)
		value = text(text(text(value, name.name), name.symbol), "https://example.com/"+fmt.Sprint(i))
		data = extension(data, 19, binary.LittleEndian.AppendUint32(value, 0))
	}
	return Account{Key: c.mints[i], Owner: token22, Data: data, Slot: 1}
}

func extension(data []byte, kind uint16, value []byte) []byte {
	data = binary.LittleEndian.AppendUint16(data, kind)
	data = binary.LittleEndian.AppendUint16(data, uint16(len(value)))
	return append(data, value...)
}

func text(data []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(data, uint32(len(s))), s...)
}

// metadata is a Metaplex account: its texts are padded with NULs to 32, 10 and 200 bytes.
func (c *Chain) metadata(i int) Account {
	name := nameOf(i)
	w := append(writer{4}, make([]byte, 32)...)
	w = append(w, c.mints[i][:]...)
	for _, t := range []struct {
		s    string
		size int
	}{{name.name, 32}, {name.symbol, 10}, {"https://example.com", 200}} {
		w = text(w, t.s+strings.Repeat("\x00", max(0, t.size-len(t.s))))
	}
	w = append(w, make([]byte, max(0, 679-len(w)))...)
	return Account{Key: c.metadataAddress(i), Owner: metaProgram, Data: w, Slot: 1}
}

// A name is what a stranger called a token.
type name struct {
	name, symbol string
	missing      bool // there is no metadata at all
}

var (
	heads = [...]string{"Curve", "Lunar", "Tiny", "Grand", "Feral", "Holy", "Neon", "Sleepy"}
	tails = [...]string{"Otter", "Moth", "Lynx", "Ferret", "Heron", "Toad", "Gecko", "Yak"}
	odd   = [...]name{
		{name: "\x00\x01\x02\x1b[31mred\x07", symbol: "\x00\x00"},
		{name: "<script>alert(1)</script>", symbol: "<b>"},
		{name: "\u202egnihton\u202c", symbol: "\u2066X"},
		{name: "👩‍🚀 to the 🌙", symbol: "🌙"},
		{name: "\xff\xfe broken", symbol: "\xc3"},
		{name: strings.Repeat("long ", 2048), symbol: strings.Repeat("L", 300)},
		{name: "'; DROP TABLE tokens; --", symbol: `"},{"`},
		{missing: true},
	}
)

// nameOf names the i-th token; one in 32 has a name out of the ordinary.
func nameOf(i int) name {
	if i%32 == 5 {
		return odd[i/32%len(odd)]
	}
	h := word("name", i)
	head, tail := heads[h%8], tails[h>>8%8]
	return name{name: fmt.Sprintf("%s %s %d", head, tail, i), symbol: strings.ToUpper(head[:2]+tail[:2]) + fmt.Sprint(i%100)}
}
