package dynamo

import (
	"context"
	"errors"

	"tokensync/internal/catalog"
)

// Lists reads the tokens table for a catalog that does not know the board yet.
type Lists struct{ *TokensTable }

var errNoLists = errors.New("lists are read from the board")

// Page fails: there is no index to read it from.
func (Lists) Page(context.Context, catalog.Page) ([]catalog.Row, *catalog.Position, error) {
	return nil, nil, errNoLists
}

// Rows fails: items hold no rows.
func (Lists) Rows(context.Context, []string) ([]catalog.Row, error) { return nil, errNoLists }

// Token fails: items hold no rows.
func (Lists) Token(context.Context, string) (catalog.Detail, bool, error) {
	return catalog.Detail{}, false, errNoLists
}
