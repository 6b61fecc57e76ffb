package rpctest

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The launchpad ID of the incident, and how many tokens `make demo` shows.
const (
	DefaultLaunchpad = "56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V"
	DefaultTokens    = 512
)

// Config describes what the fake holds. The zero value is ready for use.
type Config struct {
	Tokens    int       // 0 means DefaultTokens, a negative number none
	Launchpad string    // a config's key; "" means DefaultLaunchpad
	Launches  []Launch  // among which the tokens are spread evenly; nil means the launchpad's own and two that it claims
	Mints     []string  // of the first tokens; the others' are made up
	Now       time.Time // when the chain begins; the present when zero
	Seed      uint64    // another seed, other lives
	Key       string    // must be the request's path after its slash, as providers do with API keys; "" lets all pass
	Node      Node      // how the node behaves until SetNode
	Fault     FaultFunc // nil means proper answers until SetFault

	// QuotePrice is what a quote is worth in dollars, and so what pools of DAMM are; nil means QuoteUSD's own prices.
	QuotePrice func(mint string) float64
}

// Stage is where a token stands on its curve.
type Stage int

// The stages, by the chain's own migration_progress.
const (
	Bonding Stage = iota
	Vesting       // complete, locked vesting still due
	Ready         // complete and ready to migrate
	Graduated
)

// Chain is the fake's accounts at a moment. It is safe for concurrent use.
type Chain struct {
	cfg     Config
	slotNow atomic.Uint64
	node    atomic.Pointer[Node]
	fault   atomic.Pointer[FaultFunc]

	meter    sync.Mutex
	requests map[string]int
	credits  int

	mu        sync.RWMutex
	configs   []*curve
	shapes    map[uint64]*shape // by threshold
	tokens    []token
	atFirst   int            // how many of them were there when the chain began
	ticks     []uint64       // slots of the ticks; that of the beginning comes first
	changes   int            // counts edits and ticks
	edited    map[int][]life // versions of lives that a test has changed
	burned    map[int]uint64
	named     map[int]name // what a test has called tokens
	longer    map[int]int  // bytes by which pools have grown
	extra     []Account
	replaced  map[key]bool // keys of extra
	byConfig  map[key]int
	byKey     map[key]owned // accounts of the first tokens
	keyed     int           // how many tokens byKey has
	graduates map[string]int
	isIndexed []bool // tokens whose pool is in graduates
	indexedAt int    // the number of changes that graduates has seen, and one
}

// owned tells which token's account a key is.
type owned struct {
	token int
	what  accountOf
}

type accountOf uint8

const (
	ofPool accountOf = iota
	ofMint
	ofMetadata
)

// Public addresses (Meteora's and Solana's documentation).
var (
	dbcProgram    = mustKey("dbcij3LWUppWqq96dh6gJWwBifmcGfLSB5D4DuSMaqN")
	dammV1Program = mustKey("Eo7WjKq67rjJQSZxS6z3YkapzY3eMj6Xy8X5EQVn5UaB")
	dammProgram   = mustKey("cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG")
	metaProgram   = mustKey("metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s")
	tokenProgram  = mustKey("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
	token22       = mustKey("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
	mintSOL       = mustKey("So11111111111111111111111111111111111111112")
	mintUSDC      = mustKey("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v")

	// Configs of DAMM by migration_fee_option.
	feeConfigs = keys(
		"7F6dnUcRuyM2TwR8myT1dYypFXpPSxqwKNSFNkxyNESd", "2nHK1kju6XjphBLbNxpM5XRGFj7p9U8vvNzyZiha1z6k",
		"Hv8Lmzmnju6m7kcokVKvwqz7QPmdX9XfKjJsXz8RXcjp", "2c4cYd4reUYVRAB9kUUkrq55VPyy2FNQ3FDL4o12JXmq",
		"AkmQWebAwFvWk55wBoCr5D62C6VVDTzi84NJuD9H7cFD", "DbCRBj8McvPYHJG1ukj8RE15h2dCNUdTAESG49XpQ44u",
		"A8gMrEPJkacWkcb3DGwtJwTe16HktSEfvwtuDh2MCtck")
	feeConfigsV1 = keys(
		"8f848CEy8eY6PhJ3VcemtBDzPPSD4Vq7aJczLZ3o8MmX", "HBxB8Lf14Yj8pqeJ8C4qDb5ryHL7xwpuykz31BLNYr7S",
		"7v5vBdUQHTNeqk1HnduiXcgbvCyVEZ612HLmYkQoAkik", "EkvP7d5yKxovj884d2DwmBQbrHUWRLGK6bympzrkXGja",
		"9EZYAJrcqNWNQzP2trzZesP7XKMHA1jEomHzbRsdX8R2", "8cdKo87jZU2R12KY1BUjjRPwyjgdNjLGqSGQyrDshhud")
)

func keys(texts ...string) []key {
	list := make([]key, len(texts))
	for i, t := range texts {
		list[i] = mustKey(t)
	}
	return list
}

// New makes a fake; it does not listen yet. It panics when the launchpad is not a public key.
func New(cfg Config) *Chain {
	cfg.Tokens = max(0, cmp.Or(cfg.Tokens, DefaultTokens))
	cfg.Launchpad = cmp.Or(cfg.Launchpad, DefaultLaunchpad)
	if cfg.Now.IsZero() {
		cfg.Now = time.Now()
	}
	c := &Chain{
		cfg: cfg, atFirst: cfg.Tokens, ticks: []uint64{firstSlot}, shapes: map[uint64]*shape{}, edited: map[int][]life{},
		burned: map[int]uint64{}, named: map[int]name{}, longer: map[int]int{}, replaced: map[key]bool{},
		byConfig: map[key]int{}, byKey: map[key]owned{}, graduates: map[string]int{},
	}
	c.slotNow.Store(firstSlot)
	c.SetNode(cfg.Node)
	c.SetFault(cfg.Fault)
	c.begin()
	return c
}

// begin makes the configs and tokens of the beginning.
func (c *Chain) begin() {
	launches, pattern := c.cfg.Launches, []int(nil)
	if launches == nil {
		launches, pattern = defaultLaunches(c.cfg.Launchpad), defaultPattern
	}
	for i, l := range launches {
		if i == 0 {
			l.Key = cmp.Or(l.Key, c.cfg.Launchpad)
		}
		c.addLaunch(l)
	}
	c.tokens = make([]token, 0, c.cfg.Tokens)
	for i := range c.cfg.Tokens {
		config := i % len(launches)
		if pattern != nil {
			config = pattern[i%len(pattern)]
		}
		c.add(token{config: config, created: c.born(i)})
	}
}

// add adds a token to the chain. c.mu must be held.
func (c *Chain) add(t token) {
	i := len(c.tokens)
	t.mint = c.mintOf(i)
	t.pool = c.poolAddress(i, &t)
	c.tokens = append(c.tokens, t)
}

// mintOf returns the i-th token's, also before there is one.
func (c *Chain) mintOf(i int) key {
	if i < len(c.cfg.Mints) {
		return mustKey(c.cfg.Mints[i])
	}
	return hashed("mint", i)
}

func (c *Chain) addLaunch(l Launch) *curve {
	v := c.newCurve(l)
	c.byConfig[v.key] = len(c.configs)
	c.configs = append(c.configs, v)
	return v
}

// AddLaunch adds a config, and returns its key. Nobody asks the fee claimer that it names.
func (c *Chain) AddLaunch(l Launch) (config string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.addLaunch(l)
	v.written = c.Slot()
	return spell(v.key)
}

// AddCurves adds n tokens to a config of the chain, created at the present slot, and returns their indexes. It panics when
// there is no such config.
func (c *Chain) AddCurves(config string, n int) (indexes []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.configAt(config)
	for range n {
		indexes = append(indexes, len(c.tokens))
		c.add(token{config: v, tick: len(c.ticks) - 1, created: withBlock(c.Slot())})
	}
	c.changes++
	return indexes
}

// AddSingles adds n configs with one token each, as platforms do that make a config a coin. l.Key must be empty.
func (c *Chain) AddSingles(n int, l Launch) (indexes []int) {
	for range n {
		indexes = append(indexes, c.AddCurves(c.AddLaunch(l), 1)...)
	}
	return indexes
}

// configAt returns the index of a config. c.mu must be held.
func (c *Chain) configAt(config string) int {
	i, ok := c.byConfig[parseKey(config)]
	if !ok {
		panic("rpctest: the chain has no config " + config)
	}
	return i
}

// Launchpad returns the ID whose tokens the chain holds: the first config, and the fee claimer of all that name no other.
func (c *Chain) Launchpad() string { return c.cfg.Launchpad }

// Tick moves two tokens in three along their curves.
func (c *Chain) Tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ticks = append(c.ticks, c.slotNow.Add(slotsPerTick))
	c.changes++
}

// tick returns how often the chain has ticked. c.mu must be held.
func (c *Chain) tick() int { return len(c.ticks) - 1 }

// poolAddress returns the address of the i-th token's pool; in a launchpad of many thousands a made-up one, which costs no
// curve points.
func (c *Chain) poolAddress(i int, t *token) key {
	if c.atFirst > 20*DefaultTokens && i < c.atFirst {
		return cheapPool.key(i)
	}
	v := c.configs[t.config]
	return pair(dbcProgram, v.key, t.mint, v.quote)
}

func metadataAddress(mint key) key {
	return derived(metaProgram, []byte("metadata"), metaProgram[:], mint[:])
}

// creator returns who made the i-th pool: one of 97, unless its config says otherwise.
func (c *Chain) creator(i int) key {
	if made := c.configs[c.tokens[i].config].Creator; made != "" {
		return mustKey(made)
	}
	return hashed("creator", i%97)
}

// Rename gives the i-th token another name, symbol and URI of its metadata.
func (c *Chain) Rename(i int, called, symbol, uri string) {
	c.rename(i, func(n *name) { *n = name{name: called, symbol: symbol, uri: uri} })
}

// HideMetadata lets the i-th token's metadata vanish, and ShowMetadata brings it back.
func (c *Chain) HideMetadata(i int) { c.rename(i, func(n *name) { n.missing = true }) }

// ShowMetadata shows the i-th token's metadata.
func (c *Chain) ShowMetadata(i int) { c.rename(i, func(n *name) { n.missing = false }) }

func (c *Chain) rename(i int, change func(*name)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.nameOf(i)
	change(&n)
	c.named[i] = n
}

// Lengthen makes the accounts of pools longer, as an update of the program may.
func (c *Chain) Lengthen(bytes int, indexes ...int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, i := range indexes {
		c.longer[i] = bytes
	}
}

// Put adds accounts, a recorded one or a broken one; one with a known key stands in for the old.
func (c *Chain) Put(accounts ...Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range accounts {
		at := slices.IndexFunc(c.extra, func(old Account) bool { return old.Key == a.Key })
		if at < 0 {
			c.extra = append(c.extra, a)
		} else {
			c.extra[at] = a
		}
		c.replaced[a.Key] = true
	}
}

// PoolAccount returns the i-th token's pool as it stands, for a test to change and Put.
func (c *Chain) PoolAccount(i int) Account {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.pool(i, c.Slot())
}
