package catalog

import (
	"context"
	"errors"
	"sync"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// launchpadTimeout leaves a read most of its time when SSM does not answer.
const launchpadTimeout = 700 * time.Millisecond

// sources reads what every list needs: the board, nil before the first, and whose tokens to show. While the configured
// launchpads cannot be had, those of the board are shown: a setting that stops the sync stops no read.
func (c *Catalog) sources(ctx context.Context) (*board.Board, []token.LaunchpadID, error) {
	var b *board.Board
	var ids []token.LaunchpadID
	var boardErr, idsErr error
	var group sync.WaitGroup
	group.Go(func() { b, boardErr = c.Boards.Board(ctx) })
	group.Go(func() {
		short, cancel := context.WithTimeout(ctx, launchpadTimeout)
		defer cancel()
		ids, idsErr = c.Launchpads(short)
	})
	group.Wait()
	switch {
	case boardErr != nil:
		return nil, nil, unavailable("reading the board", boardErr)
	case idsErr == nil && len(ids) > 0:
		return b, ids, nil
	case b == nil:
		return nil, nil, unavailable("reading the launchpad IDs", errors.Join(idsErr, token.ErrNoLaunchpadID))
	}
	return b, b.Launchpads(), nil
}

// ByMints returns the tokens of mints, listed or not, in the order asked and each once; unknown ones are left out.
func (c *Catalog) ByMints(ctx context.Context, mints []string) (List, error) {
	if err := CheckMints("mints", mints); err != nil {
		return List{}, err
	}
	b, err := c.Boards.Board(ctx)
	if err != nil {
		return List{}, unavailable("reading the board", err)
	}
	rows := make(map[string][]byte, len(mints))
	var list List
	if b != nil {
		list.SyncedAt = b.SyncedAt()
		found := b.Tokens(mints)
		for t := range found.All() {
			rows[t.Mint] = t.AppendRow(nil)
		}
	}
	if err := c.unlisted(ctx, mints, rows); err != nil {
		return List{}, unavailable("reading tokens by mint", err)
	}
	for _, mint := range mints {
		if row, ok := rows[mint]; ok {
			list.add(func(b []byte) []byte { return append(b, row...) })
			delete(rows, mint)
		}
	}
	return list, nil
}

// unlisted adds the rows of mints that no board has from their items.
func (c *Catalog) unlisted(ctx context.Context, mints []string, rows map[string][]byte) error {
	var rest []string
	for _, mint := range mints {
		if _, ok := rows[mint]; !ok {
			rows[mint] = nil // once
			rest = append(rest, mint)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	for t, err := range c.Items.Get(ctx, rest) {
		if err != nil {
			return err
		}
		if t.Status != "" {
			rows[t.Mint] = t.AppendRow(nil)
		}
	}
	for _, mint := range rest {
		if rows[mint] == nil {
			delete(rows, mint)
		}
	}
	return nil
}

// Token returns one token with its pools, ErrNotFound when it was never ours. One that the board does not have, because
// it was delisted or there is no board, comes from its item.
func (c *Catalog) Token(ctx context.Context, mint string) (token.Token, error) {
	if err := CheckMint("mint", mint); err != nil {
		return token.Token{}, err
	}
	b, boardErr := c.Boards.Board(ctx)
	if b != nil {
		if t, ok := b.Token(mint); ok {
			return t, nil
		}
	}
	t, ok, err := c.Items.Token(ctx, mint)
	switch {
	case err != nil:
		return token.Token{}, unavailable("reading a token", errors.Join(err, boardErr))
	case !ok:
		return token.Token{}, ErrNotFound
	}
	return t, nil
}

// Totals are the sums over all listed tokens.
type Totals struct {
	token.Stats
	Unapproved int       // tokens that meet none of the listing rules
	Hidden     int       // tokens that the operator took out of the lists
	SyncedAt   time.Time // as List has it
}

// Stats returns the sums over all listed tokens; zero before the first board.
func (c *Catalog) Stats(ctx context.Context) (Totals, error) {
	b, err := c.Boards.Board(ctx)
	if err != nil {
		return Totals{}, unavailable("reading the board", err)
	}
	if b == nil {
		return Totals{}, nil
	}
	return Totals{
		Stats: b.Totals(time.Now()), Unapproved: b.Count(token.Unapproved), Hidden: b.Count(token.Hidden), SyncedAt: b.SyncedAt(),
	}, nil
}
