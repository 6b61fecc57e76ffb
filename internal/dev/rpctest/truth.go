package rpctest

import (
	"math/big"
	"time"
)

// Token is what a sync has to find.
type Token struct {
	Mint, Pool, Creator   string
	Config, Claimer       string
	Name, Symbol, URI     string // "" without metadata
	QuoteMint             string
	QuoteDecimals         int
	Token2022             bool
	Stage                 Stage
	BaseReserve           uint64
	QuoteReserve          uint64
	Threshold             uint64
	SqrtPrice             *big.Int // Q64.64
	Supply                uint64   // base units of six decimals
	MintAuthorityDisabled bool
	BaseVault, QuoteVault string
	CreatedSlot           uint64
	CreatedAt             time.Time
	CompletedAt           time.Time // zero before
	GraduatedAt           time.Time // zero before
	DAMMPool              string    // in DAMM v2; "" before it graduates, or when it did so into v1
	DAMMv1Pool            string    // likewise
}

// Tokens returns how many there are.
func (c *Chain) Tokens() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.tokens)
}

// Token returns the i-th at this moment.
func (c *Chain) Token(i int) Token {
	c.mu.RLock()
	defer c.mu.RUnlock()
	at := &c.tokens[i]
	v, l, name := c.configs[at.config], c.lifeOf(i, c.Slot()), c.nameOf(i)
	t := Token{
		Mint: spell(at.mint), Pool: spell(at.pool), Creator: spell(c.creator(i)), Config: spell(v.key),
		Claimer: spell(v.claimer), QuoteMint: spell(v.quote), QuoteDecimals: v.quoteDecimals, Token2022: v.Token2022,
		Stage: l.stage, BaseReserve: supplyAtFirst - l.sold, QuoteReserve: l.quote, Threshold: v.Threshold,
		SqrtPrice: v.sqrtPrice(l.quote), Supply: c.supply(i),
		MintAuthorityDisabled: v.UpdateAuthority != 3 && v.UpdateAuthority != 4,
		BaseVault:             spell(baseVault.key(i)), QuoteVault: spell(quoteVault.key(i)),
		CreatedSlot: at.created, CreatedAt: c.TimeOf(at.created),
	}
	if !name.missing {
		t.Name, t.Symbol, t.URI = name.name, name.symbol, name.uri
	}
	c.ending(&t, v, &l, at.mint)
	return t
}

// ending fills in what a curve's end brings.
func (c *Chain) ending(t *Token, v *curve, l *life, mint key) {
	if l.stage > Bonding {
		t.CompletedAt = c.TimeOf(l.finished)
	}
	if l.stage != Graduated {
		return
	}
	t.GraduatedAt = c.TimeOf(l.migrated)
	if pool := spell(v.graduated(mint)); v.V1 {
		t.DAMMv1Pool = pool
	} else {
		t.DAMMPool = pool
	}
}

// Configs returns the keys of all configs, in the order in which they came.
func (c *Chain) Configs() []string {
	return c.configsBy(func(*curve) bool { return true })
}

// ConfigsOf returns the configs whose fee claimer a key is.
func (c *Chain) ConfigsOf(claimer string) []string {
	k := parseKey(claimer)
	return c.configsBy(func(v *curve) bool { return v.claimer == k })
}

func (c *Chain) configsBy(choose func(*curve) bool) (found []string) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, v := range c.configs {
		if choose(v) {
			found = append(found, spell(v.key))
		}
	}
	return found
}

// TokensOf returns the indexes of a config's tokens.
func (c *Chain) TokensOf(config string) []int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok := c.byConfig[parseKey(config)]
	return c.tokensBy(func(_ int, t *token) bool { return ok && t.config == v })
}

// TokensBy returns the indexes of the tokens whose pool a creator made.
func (c *Chain) TokensBy(creator string) []int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	k := parseKey(creator)
	return c.tokensBy(func(i int, _ *token) bool { return c.creator(i) == k })
}

func (c *Chain) tokensBy(choose func(int, *token) bool) (found []int) {
	for i := range c.tokens {
		if choose(i, &c.tokens[i]) {
			found = append(found, i)
		}
	}
	return found
}

// Due is an amount that a party may take once.
type Due struct {
	Amount uint64 // base units; 0 before it is due
	Taken  bool
}

// Purse is what one party has of a curve. Fees are in base units of the token and of the quote.
type Purse struct {
	UnclaimedBase, UnclaimedQuote uint64
	ClaimedBase, ClaimedQuote     uint64
	Surplus, MigrationFee         Due // quote; due when the curve is complete
	CreationFee                   Due // lamports
	Leftover                      Due // token; due after the migration of a fixed supply
}

// Books are the fees of one curve to the last unit. Shares are rounded down at every trade, of which there were Trades.
type Books struct {
	Trades                      int
	Volume                      uint64 // quote that was traded, fees included
	LifetimeBase, LifetimeQuote uint64 // fees of partner and creator
	Partner, Creator            Purse
}

// Books returns the i-th curve's.
func (c *Chain) Books(i int) Books {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, l := c.configs[c.tokens[i].config], c.lifeOf(i, c.Slot())
	b := Books{
		Trades: l.swaps, Volume: l.gross, LifetimeBase: l.fees[base].trading(), LifetimeQuote: l.fees[quote].trading(),
		Partner: l.purse(v, Partner), Creator: l.purse(v, Creator),
	}
	b.Partner.CreationFee = Due{v.CreationFee - v.CreationFee/10, l.creationPaid[Partner]}
	left, burned := l.left(v)
	if l.stage == Graduated {
		b.Partner.Leftover = Due{left - burned, l.leftoverTaken}
	}
	return b
}

func (l *life) purse(v *curve, who Party) Purse {
	p := Purse{
		UnclaimedBase: l.fees[base].due(who), UnclaimedQuote: l.fees[quote].due(who),
		ClaimedBase: l.fees[base].claimed[who], ClaimedQuote: l.fees[quote].claimed[who],
	}
	if l.stage > Bonding {
		p.Surplus = Due{l.surplus(v)[who], l.surplusTaken[who]}
		p.MigrationFee = Due{v.migrationFee()[who], l.migrationPaid[who]}
	}
	return p
}

// surplus returns what the last buyer paid too much, by party: four fifths for partner and creator.
func (l *life) surplus(v *curve) (by [3]uint64) {
	all := l.quote - v.Threshold
	ours := all * 8 / 10
	by[Creator] = ours * uint64(v.CreatorPct) / 100
	by[Partner], by[protocol] = ours-by[Creator], all-ours
	return by
}

// migrationFee returns what is kept of the threshold at migration, by party.
func (v *curve) migrationFee() (by [3]uint64) {
	kept := (v.Threshold*uint64(100-v.MigrationFeePct) + 99) / 100
	by[Creator] = (v.Threshold - kept) * uint64(v.CreatorMigrationFeePct) / 100
	by[Partner] = v.Threshold - kept - by[Creator]
	return by
}

// withdrawable returns the quote that nobody has taken yet after the migration.
func (l *life) withdrawable(v *curve) (sum uint64) {
	surplus, fee := l.surplus(v), v.migrationFee()
	for p := range surplus {
		if !l.surplusTaken[p] {
			sum += surplus[p]
		}
		if !l.migrationPaid[p] {
			sum += fee[p]
		}
	}
	return sum
}

// leftover returns what of the token lies in the vault after the migration, for the partner to take.
func (l *life) leftover(v *curve) uint64 {
	left, burned := l.left(v)
	if l.leftoverTaken {
		return 0
	}
	return left - burned
}
