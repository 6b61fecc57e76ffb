package catalog

import (
	"context"
	"strings"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// MaxReason bounds why a token is hidden, in characters.
const MaxReason = 200

// Hide takes a token out of the lists, known or not: in a reader within seconds, and for as long as nobody calls Show.
func (c *Catalog) Hide(ctx context.Context, mint, reason string) (token.Hiding, error) {
	if err := CheckMint("mint", mint); err != nil {
		return token.Hiding{}, err
	}
	reason = strings.TrimSpace(reason)
	if token.CleanText(reason) == "" {
		return token.Hiding{}, badParameter("reason", "is missing: it is kept, for whoever asks why")
	}
	if err := checkText("reason", reason, MaxReason); err != nil {
		return token.Hiding{}, err
	}
	hiding, err := c.Hider.Hide(ctx, mint, reason)
	if err != nil {
		return token.Hiding{}, unavailable("hiding a token", err)
	}
	return hiding, nil
}

// Show undoes Hide: the next run puts the token back. It returns what was hidden, the zero value when nothing was.
func (c *Catalog) Show(ctx context.Context, mint string) (token.Hiding, error) {
	if err := CheckMint("mint", mint); err != nil {
		return token.Hiding{}, err
	}
	was, err := c.Hider.Show(ctx, mint)
	if err != nil {
		return token.Hiding{}, unavailable("showing a token", err)
	}
	return was, nil
}

// Hidden returns what the operator has hidden, in the order of mints, and the cursor of the next page, which is a mint.
func (c *Catalog) Hidden(ctx context.Context, limit int, cursor string) (page []token.Hiding, next string, err error) {
	if limit, err = checkLimit(limit); err != nil {
		return nil, "", err
	}
	if cursor != "" && !token.IsPublicKey(cursor) {
		return nil, "", badParameter("cursor", "is damaged; use next_cursor of an answer as it is")
	}
	page, more, err := c.Hider.Hidden(ctx, cursor, limit)
	if err != nil {
		return nil, "", unavailable("reading what is hidden", err)
	}
	if more && len(page) > 0 {
		next = page[len(page)-1].Mint
	}
	return page, next, nil
}

// Unapproved returns a page of the tokens that meet none of the listing rules, the newest first.
func (c *Catalog) Unapproved(ctx context.Context, limit int, cursor string) (List, error) {
	q, err := Query{Limit: limit, Cursor: cursor, status: token.Unapproved}.normal()
	if err != nil {
		return List{}, err
	}
	b, err := c.Boards.Board(ctx)
	if err != nil {
		return List{}, unavailable("reading the board", err)
	}
	from, err := parseCursor(q.Cursor, &q)
	if err != nil || b == nil {
		return List{}, err
	}
	page, err := b.Page(board.Query{Status: q.status, Sort: q.Sort, After: from.after, Limit: q.Limit})
	if err != nil {
		return List{}, err
	}
	return c.list(&q, b, &page), nil
}
