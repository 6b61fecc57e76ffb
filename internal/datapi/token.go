package datapi

import (
	"context"
	"encoding/json"

	"tokensync/internal/catalog"
	"tokensync/internal/token"
)

// Pools returns the tokens of mints as cards, in the order asked; what a front end may not show is left out. name is the
// parameter that holds the mints.
func Pools(ctx context.Context, c *catalog.Catalog, name string, mints []string) ([]byte, error) {
	batch, err := c.Tokens(ctx, name, mints)
	if err != nil {
		return nil, err
	}
	var shown []token.Token
	for _, t := range batch.Tokens {
		if isShown(&t) {
			shown = append(shown, t)
		}
	}
	return json.Marshal(pools{cardsOf(shown)})
}

// isShown reports whether a front end may show t: the scaffold has no word for a token that its operator took out of the
// lists.
func isShown(t *token.Token) bool { return t.Status == token.Listed || t.Status == token.Delisted }

func one(ctx context.Context, c *catalog.Catalog, mint string) (token.Token, error) {
	t, err := c.Token(ctx, mint)
	if err == nil && !isShown(&t) {
		err = catalog.ErrNotFound
	}
	return t, err
}

// Holders returns how many there are; who they are is not known here. Both are left out together, as the scaffold's type
// has it.
func Holders(ctx context.Context, c *catalog.Catalog, mint string) ([]byte, error) {
	t, err := one(ctx, c, mint)
	if err != nil {
		return nil, err
	}
	if !t.Holders.Known() {
		return []byte(`{}`), nil
	}
	return json.Marshal(struct {
		Holders []struct{}   `json:"holders"`
		Count   token.Number `json:"count"`
	}{[]struct{}{}, t.Holders})
}

// Description returns what the token's metadata says of it.
func Description(ctx context.Context, c *catalog.Catalog, mint string) ([]byte, error) {
	t, err := one(ctx, c, mint)
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Description string `json:"description,omitempty"`
	}{t.Face.Description})
}

// Transactions returns the trades of a token: none, for they are not known here.
func Transactions(mint string) ([]byte, error) {
	return []byte(`{"txs":[]}`), catalog.CheckMint("mint", mint)
}
