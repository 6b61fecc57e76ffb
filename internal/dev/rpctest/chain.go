package rpctest

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"

	"tokensync/internal/solana"
)

// The launchpad ID of the incident, and how many tokens `make demo` shows.
const (
	DefaultLaunchpad = "56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V"
	DefaultTokens    = 512
)

// Config says what the fake holds. The zero value is ready for use.
type Config struct {
	Tokens    int      // 0 means DefaultTokens, a negative number none
	Launchpad string   // a config's key; "" means DefaultLaunchpad
	Mints     []string // of the first tokens; the others' are made up
	Key       string   // must be the request's path behind its slash, as providers do with API keys; "" lets all pass
	NoPages   bool     // getProgramAccountsV2 is unknown
	NoSlices  bool     // dataSlice is ignored
}

// Stage is where a token stands on its curve.
type Stage int

// The stages, by the chain's own migration_progress.
const (
	Bonding Stage = iota
	Full
	Locked
	Graduated
)

// Chain is the fake's accounts at a moment. It is for many goroutines.
type Chain struct {
	cfg     Config
	configs [3]curve
	mints   []key
	tick    atomic.Int64
	once    sync.Once
	byKey   map[key]place // every account of every token

	mu        sync.Mutex
	extra     []Account
	graduates map[string]int // DAMM v2 pools by address
	isIndexed []bool         // tokens whose pool is in graduates
	indexed   int64          // the tick, counted from 1, up to which graduates is complete
}

type key = solana.Key

// A curve is one config of the launchpad.
type curve struct {
	key       key
	claimer   key  // gets the fees: the launchpad
	hook      bool // ConfigWithTransferHook, whose pools are TransferHookPools
	quote     key
	quoteUSD  float64
	decimals  int // of the quote
	threshold uint64
	feeOption byte
	token2022 bool
}

// place says which token's account a key is.
type place struct {
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
	dbcProgram   = solana.MustKey("dbcij3LWUppWqq96dh6gJWwBifmcGfLSB5D4DuSMaqN")
	dammProgram  = solana.MustKey("cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG")
	metaProgram  = solana.MustKey("metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s")
	tokenProgram = solana.MustKey("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
	token22      = solana.MustKey("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
	mintSOL      = solana.MustKey("So11111111111111111111111111111111111111112")
	mintUSDC     = solana.MustKey("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v")
	feeConfigs   = map[byte]key{
		2: solana.MustKey("Hv8Lmzmnju6m7kcokVKvwqz7QPmdX9XfKjJsXz8RXcjp"),
		3: solana.MustKey("2c4cYd4reUYVRAB9kUUkrq55VPyy2FNQ3FDL4o12JXmq"),
	}
)

// New makes a fake; it does not listen yet. It panics when the launchpad is no public key.
func New(cfg Config) *Chain {
	if cfg.Tokens == 0 {
		cfg.Tokens = DefaultTokens
	}
	if cfg.Launchpad == "" {
		cfg.Launchpad = DefaultLaunchpad
	}
	c := &Chain{cfg: cfg}
	c.configs = [3]curve{
		{key: solana.MustKey(cfg.Launchpad), quote: mintSOL, quoteUSD: 121.37, decimals: 9, threshold: 85e9, feeOption: 2},
		{key: hashed("usdc", 0), quote: mintUSDC, quoteUSD: 0.9998, decimals: 6, threshold: 12_000e6, feeOption: 3, token2022: true},
		{key: hashed("hook", 0), hook: true, quote: mintSOL, quoteUSD: 121.37, decimals: 9, threshold: 40e9, feeOption: 2, token2022: true},
	}
	for i := range c.configs {
		c.configs[i].claimer = solana.MustKey(cfg.Launchpad)
	}
	for i := range max(cfg.Tokens, 0) {
		if i < len(cfg.Mints) {
			c.mints = append(c.mints, solana.MustKey(cfg.Mints[i]))
			continue
		}
		c.mints = append(c.mints, hashed("mint", i))
	}
	return c
}

// Launchpad is the ID whose tokens the chain holds: a config with SOL as quote, and the fee claimer of two more, one with
// USDC and one with a transfer hook.
func (c *Chain) Launchpad() string { return c.cfg.Launchpad }

// Tick moves two tokens in three along their curves.
func (c *Chain) Tick() { c.tick.Add(1) }

// Token is what a sync has to find.
type Token struct {
	Mint, Pool, Creator string
	Config              string // of its curve
	Name, Symbol        string
	QuoteMint           string
	Token2022           bool
	Stage               Stage
	QuoteReserve        uint64
	Threshold           uint64
	DAMMPool            string // "" before it graduates
}

// Tokens is how many there are.
func (c *Chain) Tokens() int { return len(c.mints) }

// Token is the i-th at this moment.
func (c *Chain) Token(i int) Token {
	config, at := c.config(i), c.position(i)
	t := Token{
		Mint: c.mints[i].String(), Pool: c.poolAddress(i).String(), Creator: hashed("creator", i%97).String(),
		QuoteMint: config.quote.String(), Token2022: config.token2022, Stage: at.stage(),
		QuoteReserve: config.reserve(at), Threshold: config.threshold,
	}
	t.Config, t.Name, t.Symbol = config.key.String(), nameOf(i).name, nameOf(i).symbol
	if t.Stage == Graduated {
		t.DAMMPool = c.dammAddress(i).String()
	}
	return t
}

// config is the i-th token's: five in eight pay with SOL, two with USDC, one has a transfer hook.
func (c *Chain) config(i int) *curve {
	switch i % 8 {
	case 3, 6:
		return &c.configs[1]
	case 7:
		return &c.configs[2]
	}
	return &c.configs[0]
}

// position is how far a token has come: at 1000 its curve is full, and it graduates a little later.
type position int64

const (
	fullAt    = 1000
	lockedAt  = 1020
	createdAt = 1040
)

func (c *Chain) position(i int) position {
	start, step := c.course(i)
	return position(start + c.tick.Load()*step)
}

// course is where the i-th token starts, and how far it moves with every tick: one in three stands still.
func (c *Chain) course(i int) (start, step int64) {
	h := word("position", i)
	start, step = int64(h%fullAt), int64(h>>32%24)
	switch n := h >> 16 % 100; {
	case n < 3:
		start = fullAt + int64(h%20)
	case n == 3:
		start = lockedAt + int64(h%20)
	case n >= 72:
		start = createdAt
	}
	if h>>40%3 == 0 {
		step = 0
	}
	return start, step
}

func (p position) stage() Stage {
	switch {
	case p < fullAt:
		return Bonding
	case p < lockedAt:
		return Full
	case p < createdAt:
		return Locked
	}
	return Graduated
}

// reserve is the quote in the curve; the last buyer's surplus stays in it.
func (c *curve) reserve(at position) uint64 {
	if at >= fullAt {
		return c.threshold + 1
	}
	return c.threshold / fullAt * uint64(at)
}

// sqrtPrice is Q64.64 as two words; it rises with the position.
func (c *curve) sqrtPrice(at position) (hi, lo uint64) {
	return 0, 97_539_491_088_764_573 / 4 * uint64(1000+3*min(at, fullAt)) / 1000
}

func (c *Chain) poolAddress(i int) key {
	config := c.config(i)
	return pair(dbcProgram, config.key, c.mints[i], config.quote)
}

func (c *Chain) dammAddress(i int) key {
	config := c.config(i)
	return pair(dammProgram, feeConfigs[config.feeOption], c.mints[i], config.quote)
}

func (c *Chain) metadataAddress(i int) key {
	return derived(metaProgram, []byte("metadata"), metaProgram[:], c.mints[i][:])
}

func pair(program, config, a, b key) key {
	if slices.Compare(a[:], b[:]) < 0 {
		a, b = b, a
	}
	return derived(program, []byte("pool"), config[:], a[:], b[:])
}

func derived(program key, seeds ...[]byte) key {
	k, err := solana.ProgramAddress(program, seeds...)
	if err != nil {
		panic(err) // one in 2^256
	}
	return k
}

func hashed(what string, i int) key {
	return sha256.Sum256(binary.LittleEndian.AppendUint64([]byte("rpctest/"+what+"/"), uint64(i)))
}

func word(what string, i int) uint64 {
	k := hashed(what, i)
	return binary.LittleEndian.Uint64(k[:])
}
