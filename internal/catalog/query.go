package catalog

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tokensync/internal/token"
)

// Sort names an order of lists. Each has an index.
type Sort string

// The sorts of lists. In each, tokens without the value count as lowest.
const (
	SortCreated   Sort = "created"
	SortVolume    Sort = "volume" // of the last 24 h
	SortTVL       Sort = "tvl"
	SortMarketCap Sort = "market_cap"
	SortProgress  Sort = "progress" // along the bonding curve
	SortSymbol    Sort = "symbol"   // lower case, by code points
)

// Sorts lists every Sort.
var Sorts = []Sort{SortCreated, SortVolume, SortTVL, SortMarketCap, SortProgress, SortSymbol}

// Limits of what a client may ask for.
const (
	DefaultLimit = 50
	MaxLimit     = 100
	MaxMints     = 100 // as many as one BatchGetItem takes
	MaxSearch    = 64  // characters of q
)

// Query is a request for a list. Its zero value asks for the newest tokens.
type Query struct {
	Sort      Sort              // "" is SortCreated, and SortSymbol with Search
	Order     string            // "asc" or "desc"; "" is desc, and asc with Search
	Limit     int               // 0 is DefaultLimit
	Launchpad token.LaunchpadID // "" is all that are configured
	Search    string            // a mint, or the start of a symbol
	Stage     token.Stage       // of the bonding curve; "" is any, and none
	Cursor    string            // Next of the page before
}

// normal fills in the defaults and checks every field but the cursor.
func (q Query) normal() (Query, error) {
	var err error
	if q.Search, err = searchText(q.Search); err != nil {
		return q, err
	}
	fallback, order := SortCreated, "desc"
	if q.Search != "" {
		fallback, order = SortSymbol, "asc"
	}
	if q.Sort == "" {
		q.Sort = fallback
	}
	if q.Order == "" {
		q.Order = order
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	return q, q.check()
}

func (q *Query) check() error {
	switch {
	case !slices.Contains(Sorts, q.Sort):
		return badParameter("sort", "is none of created, volume, tvl, market_cap, progress, symbol")
	case q.Search != "" && q.Sort != SortSymbol:
		return badParameter("sort", "can only be symbol together with q, whose answers are in the order of symbols")
	case q.Order != "asc" && q.Order != "desc":
		return badParameter("order", "is neither desc nor asc")
	case q.Stage != "" && !slices.Contains(token.Stages, q.Stage):
		return badParameter("stage", "is none of bonding, migrating, graduated")
	case q.Limit < 1 || q.Limit > MaxLimit:
		return badParameter("limit", "is not a whole number from 1 to %d", MaxLimit)
	}
	return nil
}

// searchText trims q; symbols are stored trimmed too. What no symbol can hold is refused, lest it find nothing silently.
func searchText(q string) (string, error) {
	if q == "" {
		return "", nil
	}
	s := strings.TrimSpace(q)
	switch {
	case s == "":
		return "", badParameter("q", "is blank")
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return "", badParameter("q", "holds what no symbol can: a control character or broken UTF-8")
	case utf8.RuneCountInString(s) > MaxSearch:
		return "", badParameter("q", "has more than %d characters", MaxSearch)
	}
	return s, nil
}

// CheckMint refuses what cannot be a mint. name is the parameter that holds it.
func CheckMint(name, mint string) error {
	if !token.IsPublicKey(mint) {
		return badParameter(name, "is not a mint: 32 to 44 base58 characters that decode to 32 bytes")
	}
	return nil
}

// CheckMints refuses a list that is empty, too long, or holds what cannot be a mint.
func CheckMints(name string, mints []string) error {
	if len(mints) > MaxMints {
		return badParameter(name, "has %d mints, more than %d", len(mints), MaxMints)
	}
	for i, mint := range mints {
		if !token.IsPublicKey(mint) {
			return badParameter(name, "has an item, number %d, that is not a mint: 32 to 44 base58 characters that decode to 32 bytes", i+1)
		}
	}
	return nil
}
