package catalog

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// Limits of what a client may ask for.
const (
	DefaultLimit = 50
	MaxLimit     = 100
	MaxMints     = 100 // as many as one BatchGetItem takes
	MaxSearch    = 64  // characters of q
)

// The orders of a list.
const (
	ascending  = "asc"
	descending = "desc"
)

// Query is a request for a list. Its zero value asks for the newest tokens.
type Query struct {
	Sort      board.Sort        // "" is board.Created, and board.Relevance with Search
	Order     string            // "asc" or "desc"; "" is desc
	Limit     int               // 0 is DefaultLimit
	Launchpad token.LaunchpadID // "" is all of the board's
	Search    string            // a mint, its first characters, or any part of a name or symbol
	Stage     token.Stage       // of the bonding curve; "" is any, and none
	Creator   string            // of the curve; "" is any, and none
	Configs   []string          // of the curve, any of them; nil is any, and none
	Cursor    string            // Next of the page before

	status token.Status // instead of the tokens in the lists, those that were taken out of them for this reason
}

// normal fills in the defaults and checks every field but the cursor.
func (q Query) normal() (Query, error) {
	var err error
	if q.Search, err = searchText(q.Search); err != nil {
		return q, err
	}
	if err := q.check(); err != nil {
		return q, err
	}
	if q.Sort == "" && q.Search == "" {
		q.Sort = board.Created
	}
	if q.Order == "" {
		q.Order = descending
	}
	q.Limit, err = checkLimit(q.Limit)
	return q, err
}

func (q *Query) check() error {
	switch {
	case q.Sort != "" && !slices.Contains(board.Sorts, q.Sort):
		return badParameter("sort", "must be one of %s", sortNames())
	case q.Order != "" && q.Order != ascending && q.Order != descending:
		return badParameter("order", "is neither desc nor asc")
	case q.Stage != "" && !slices.Contains(token.Stages, q.Stage):
		return badParameter("stage", "must be one of bonding, migrating, graduated")
	case q.Creator != "" && !token.IsPublicKey(q.Creator):
		return badParameter("creator", "is not a public key: "+keyRule)
	case slices.ContainsFunc(q.Configs, func(key string) bool { return !token.IsPublicKey(key) }):
		return badParameter("config", "is not a config key: "+keyRule)
	}
	return nil
}

// checkLimit returns DefaultLimit for 0, and refuses what is out of bounds.
func checkLimit(limit int) (int, error) {
	switch {
	case limit == 0:
		return DefaultLimit, nil
	case limit < 0 || limit > MaxLimit:
		return 0, badParameter("limit", "is not a whole number from 1 to %d", MaxLimit)
	}
	return limit, nil
}

func sortNames() string {
	names := make([]string, len(board.Sorts))
	for i, s := range board.Sorts {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// searchText trims q; names are stored trimmed too. What no name can hold is refused rather than found nowhere.
func searchText(q string) (string, error) {
	if q == "" {
		return "", nil
	}
	s := strings.TrimSpace(q)
	if s == "" {
		return "", badParameter("q", "is blank")
	}
	return s, checkText("q", s, MaxSearch)
}

// checkText refuses what nobody types, and more than limit characters. name is the parameter that holds it.
func checkText(name, text string, limit int) error {
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return badParameter(name, "holds a control character or broken UTF-8")
	case utf8.RuneCountInString(text) > limit:
		return badParameter(name, "has more than %d characters", limit)
	}
	return nil
}

const keyRule = "32 to 44 base58 characters that decode to 32 bytes"

// CheckMint refuses what cannot be a mint. name is the parameter that holds it.
func CheckMint(name, mint string) error {
	if !token.IsPublicKey(mint) {
		return badParameter(name, "is not a mint: "+keyRule)
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
			return badParameter(name, "has an item, number %d, that is not a mint: "+keyRule, i+1)
		}
	}
	return nil
}
