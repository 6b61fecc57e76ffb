package meteoratest

import "strconv"

// quote is one of the tokens that others are traded against; its JSON never changes, so it is kept ready.
type quote struct {
	mint   string
	symbol string
	usd    float64
	json   string
}

// The mints are Solana's own, Circle's and Tether's. Meteora spells SOL in two ways.
const (
	mintSOL  = "So11111111111111111111111111111111111111112"
	mintUSDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
	mintUSDT = "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"
)

var (
	quoteSOL = newQuote(mintSOL, "Wrapped SOL", "SOL", 121.37,
		`"decimals":9,"is_verified":true,"holders":3711204,"freeze_authority_disabled":true,"total_supply":631200417.1182,"price":121.37,"market_cap":76608794625.63`)
	quoteWSOL = newQuote(mintSOL, "Wrapped SOL", "WSOL", 121.37,
		`"decimals":9,"is_verified":true,"holders":3711204,"freeze_authority_disabled":true,"total_supply":631200417.1182,"price":121.37,"market_cap":76608794625.63`)
	quoteUSDC = newQuote(mintUSDC, "USD Coin", "USDC", 0.9998,
		`"decimals":6,"is_verified":true,"holders":5190008,"freeze_authority_disabled":false,"total_supply":8241113028.113908,"price":0.9998,"market_cap":8239464805.50`)
	quoteUSDT = newQuote(mintUSDT, "USDT", "USDT", 1.0001,
		`"decimals":6,"is_verified":true,"holders":2400771,"freeze_authority_disabled":false,"total_supply":2389928454,"price":1.0001,"market_cap":2.39016744684e9`)
)

func newQuote(mint, name, symbol string, usd float64, rest string) *quote {
	return &quote{mint, symbol, usd, `{"address":"` + mint + `","name":"` + name + `","symbol":"` + symbol + `",` + rest + `}`}
}

// drawQuote picks SOL for four pools in five; one SOL in six is spelled WSOL.
func drawQuote(h uint64) *quote {
	switch n := h % 60; {
	case n < 40:
		return quoteSOL
	case n < 48:
		return quoteWSOL
	case n < 57:
		return quoteUSDC
	default:
		return quoteUSDT
	}
}

// token is one side of a pool. Its zero fields stand when fixed is set.
type token struct {
	fixed    *quote
	mint     key
	h        uint64
	odd      *spelling // a name out of the ordinary
	empty    bool      // neither name nor symbol
	decimals int
	holders  uint64
	supply   dec
	price    dec // US dollars
}

// token makes the number-th token of a kind; it is the same in every product and pool.
func (u *universe) token(kind int, number uint64) token {
	h := mix(u.cfg.Seed ^ mix(uint64(kind)<<56|number))
	t := token{mint: u.codec.encode(kind, number), h: h, decimals: 6}
	if h%8 == 0 {
		t.decimals = 9
	}
	switch n := h >> 8 % 256; {
	case n < 2:
		t.odd = &u.odd[h>>16%uint64(len(u.odd))]
	case n < 6:
		t.empty = true
	}
	t.holders = 1 + h>>20%100_000/(1+h>>40%997)
	t.supply = dec{300_000_000_000_000 + mix(h+1)%700_000_000_000_000, 6}
	t.price = dec{1_000_000_000_000_000 + mix(h+2)%8_000_000_000_000_000, 15 + int(h>>50%8)}
	return t
}

// sameMint says whether text is t's mint.
func (t *token) sameMint(text string) bool {
	if t.fixed != nil {
		return text == t.fixed.mint
	}
	k, ok := parseBase58(text)
	return ok && k == t.mint
}

func (t *token) mintText() string {
	if t.fixed != nil {
		return t.fixed.mint
	}
	return string(appendBase58(nil, t.mint))
}

// appendSymbol appends the symbol as text, or as it stands in JSON without quotes.
func (t *token) appendSymbol(b []byte, asJSON bool) []byte {
	switch {
	case t.fixed != nil:
		return append(b, t.fixed.symbol...)
	case t.empty:
		return b
	case t.odd != nil && asJSON:
		return append(b, t.odd.json[1:len(t.odd.json)-1]...)
	case t.odd != nil:
		return append(b, t.odd.text...)
	}
	const consonants, vowels = "BCDFGKLMNPRSTWXZ", "AEIOUYOA"
	h := t.h >> 24
	for i := range 3 + int(t.h>>32%3) {
		if i%2 == 0 {
			b = append(b, consonants[h%16])
		} else {
			b = append(b, vowels[h%8])
		}
		h >>= 4
	}
	return b
}

var (
	nameHeads = [...]string{"Baby", "Grumpy", "Official", "Moon", "Based", "Tiny", "Solana", "Just a", "The", "Golden", "Quantum", "Lazy", "Super", "Bonk", "Agent", "Pixel"}
	nameTails = [...]string{"Cat", "Frog", "Doge", "Inu", "Capybara", "Penguin", "Hat", "Coin", "Pepe", "Goat", "AI", "Monkey", "Whale", "Shark", "Banana", "Wizard"}
)

func (e *encoder) tokenName(t *token) {
	switch {
	case t.empty:
	case t.odd != nil:
		e.raw(t.odd.json[1 : len(t.odd.json)-1])
	default:
		e.raw(nameHeads[t.h>>36%16])
		e.b = append(e.b, ' ')
		e.raw(nameTails[t.h>>44%16])
	}
}

// token writes one side of a DLMM or DAMM v2 pool. price is the token's in US dollars at this moment.
func (e *encoder) token(field string, t *token, price dec, withMint bool) {
	e.raw(field)
	if t.fixed != nil {
		e.raw(t.fixed.json)
		e.b = append(e.b, ',')
		return
	}
	e.b = append(e.b, '{')
	if withMint {
		e.key(`"address":`, t.mint)
	}
	e.raw(`"name":"`)
	e.tokenName(t)
	e.raw(`","symbol":"`)
	e.b = t.appendSymbol(e.b, true)
	e.raw(`","decimals":`)
	e.b = strconv.AppendInt(e.b, int64(t.decimals), 10)
	e.bool(`,"is_verified":`, t.h%41 == 0)
	e.uint(`"holders":`, t.holders)
	e.bool(`"freeze_authority_disabled":`, t.h%29 != 0)
	e.num(`"total_supply":`, t.supply)
	e.num(`"price":`, price)
	e.num(`"market_cap":`, decOf(price.float()*t.supply.float()))
	e.end('}')
}
