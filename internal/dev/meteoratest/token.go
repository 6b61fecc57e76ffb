package meteoratest

// quote is one of the tokens that others are traded against. Its JSON is the same in every pool of a tick, so it is kept ready.
type quote struct {
	mint, name, symbol string

	facts     string // its fields between symbol and price
	decimals  int
	supply    float64
	capFormat byte // of market_cap

	price  dec // US dollars
	factor uint64
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
	quoteSOL = (&quote{
		mint: mintSOL, name: "Wrapped SOL", symbol: "SOL", decimals: 9, supply: 631200417.1182, capFormat: 'f', price: dec{12137, 2},
		facts: `"decimals":9,"is_verified":true,"holders":3711204,"freeze_authority_disabled":true,"total_supply":631200417.1182,`,
	}).at(million)
	quoteWSOL = (&quote{
		mint: mintSOL, name: "Wrapped SOL", symbol: "WSOL", decimals: 9, supply: 631200417.1182, capFormat: 'f', price: dec{12137, 2},
		facts: `"decimals":9,"is_verified":true,"holders":3711204,"freeze_authority_disabled":true,"total_supply":631200417.1182,`,
	}).at(million)
	quoteUSDC = (&quote{
		mint: mintUSDC, name: "USD Coin", symbol: "USDC", decimals: 6, supply: 8241113028.113908, capFormat: 'f', price: dec{9998, 4},
		facts: `"decimals":6,"is_verified":true,"holders":5190008,"freeze_authority_disabled":false,"total_supply":8241113028.113908,`,
	}).at(million)
	quoteUSDT = (&quote{
		mint: mintUSDT, name: "USDT", symbol: "USDT", decimals: 6, supply: 2389928454, capFormat: 'e', price: dec{10001, 4},
		facts: `"decimals":6,"is_verified":true,"holders":2400771,"freeze_authority_disabled":false,"total_supply":2389928454,`,
	}).at(million)
)

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
	named    *names    // given from outside
	empty    bool      // neither name nor symbol
	decimals int
	holders  uint64
	supply   dec
	price    dec // US dollars
}

// names are a token's, as the chain has them.
type names struct{ name, symbol spelling }

// token makes the number-th token of a kind as it stands before any tick; it is the same in every product and pool.
func (u *universe) token(kind int, number uint64) token {
	h := mix(u.cfg.Seed ^ mix(uint64(kind)<<56|number))
	t := drawToken(u.codec.encode(kind, number), h)
	switch n := h >> 8 % 256; {
	case n < 2:
		t.odd = &u.odd[h>>16%uint64(len(u.odd))]
	case n < 6:
		t.empty = true
	}
	return t
}

func drawToken(mint key, h uint64) token {
	t := token{mint: mint, h: h, decimals: 6}
	if h%8 == 0 {
		t.decimals = 9
	}
	t.holders = 1 + h>>20%100_000/(1+h>>40%997)
	t.supply = dec{300_000_000_000_000 + mix(h+1)%700_000_000_000_000, 6}
	t.price = dec{1_000_000_000_000_000 + mix(h+2)%8_000_000_000_000_000, 15 + int(h>>50%8)}
	return t
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
	case t.named != nil && asJSON:
		return append(b, t.named.symbol.json[1:len(t.named.symbol.json)-1]...)
	case t.named != nil:
		return append(b, t.named.symbol.text...)
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
	case t.named != nil:
		e.raw(t.named.name.json[1 : len(t.named.name.json)-1])
	case t.odd != nil:
		e.raw(t.odd.json[1 : len(t.odd.json)-1])
	default:
		e.raw(nameHeads[t.h>>36%16])
		e.b = append(e.b, ' ')
		e.raw(nameTails[t.h>>44%16])
	}
}

// names writes what every list says of a token.
func (e *encoder) names(t *token) {
	if t.fixed != nil {
		e.raw(`"name":"` + t.fixed.name + `","symbol":"` + t.fixed.symbol + `","decimals":`)
		e.int(t.fixed.decimals)
		e.raw(",")
		return
	}
	e.raw(`"name":"`)
	e.tokenName(t)
	e.raw(`","symbol":"`)
	e.b = t.appendSymbol(e.b, true)
	e.raw(`","decimals":`)
	e.int(t.decimals)
	e.raw(",")
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
	e.names(t)
	e.bool(`"is_verified":`, t.h%41 == 0)
	e.uint(`"holders":`, t.holders)
	e.bool(`"freeze_authority_disabled":`, t.h%29 != 0)
	e.num(`"total_supply":`, t.supply)
	e.num(`"price":`, price)
	e.num(`"market_cap":`, decOf(price.float()*t.supply.float()))
	e.end('}')
}
