package board

import "tokensync/internal/token"

// A Sort is what a page is ordered by.
type Sort string

// The sorts. Tokens that lack the value count as the lowest: last in descending order.
const (
	Created     Sort = "created" // when the token was created, else first seen
	Volume      Sort = "volume"  // of 24 h
	TVL         Sort = "tvl"
	MarketCap   Sort = "market_cap"
	Progress    Sort = "progress"
	Symbol      Sort = "symbol"
	Graduation  Sort = "graduated"  // when
	LastTrade   Sort = "last_trade" // when
	PriceChange Sort = "price_change"
	Holders     Sort = "holders"
	Fees        Sort = "fees" // of 24 h
	Relevance   Sort = ""     // how well the search matches: exact symbol, prefix, part; then the market cap
)

// A Query selects a page. Its zero value is the best 0 tokens; what is left empty does not filter.
type Query struct {
	Launchpad token.LaunchpadID
	Stage     token.Stage
	Creator   string
	Config    string
	Search    string // a mint, its first characters, or any part of a name or symbol
	Sort      Sort
	Ascending bool
	After     *Position
	Limit     int
}

// A Position is the place of a token in an order.
type Position struct {
	Value float64 // by which it is sorted
	Text  string  // by which it is sorted, of Symbol
	Mint  string
}

// Page is some tokens in a query's order.
type Page struct {
	Tokens []token.Token // without their pools
	Next   *Position     // After of the next page; nil on the last
}

// Page returns the tokens of q behind q.After, at most q.Limit.
func (b *Board) Page(q Query) (Page, error) { panic("TODO") }
