package catalog

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// Mints that the board does not have are looked up in the table. Each costs half a read unit or more, also when there is no such
// token: anybody could ask for a hundred, again and again.
const (
	maxUnlisted      = 3  // always
	lookupsPerSecond = 10 // of requests that ask for more, in an instance
	lookupBurst      = 200
)

// lookups is what an instance may spend on requests with many mints of no list. Its zero value is ready.
type lookups struct {
	once    sync.Once
	limiter *rate.Limiter
}

func (l *lookups) allow(n int) bool {
	l.once.Do(func() { l.limiter = rate.NewLimiter(lookupsPerSecond, lookupBurst) })
	return l.limiter.AllowN(time.Now(), n)
}

// A Batch is tokens by mint.
type Batch struct {
	Tokens   []token.Token // in the order asked, each once; unknown ones are left out, listed ones come without their pools
	Unread   []string      // mints that are in no list and were not looked up, for too many were asked for lately: Token tells
	SyncedAt time.Time     // as List has it
}

// ByMints returns the rows of Tokens.
func (c *Catalog) ByMints(ctx context.Context, mints []string) (List, error) {
	batch, err := c.Tokens(ctx, "mints", mints)
	list := List{SyncedAt: batch.SyncedAt, Unread: batch.Unread}
	list.grow(len(batch.Tokens))
	for i := range batch.Tokens {
		list.add(batch.Tokens[i].AppendRow)
	}
	return list, err
}

// Tokens returns the tokens of mints, listed or not. name is the parameter that holds the mints.
func (c *Catalog) Tokens(ctx context.Context, name string, mints []string) (Batch, error) {
	if err := CheckMints(name, mints); err != nil {
		return Batch{}, err
	}
	b, err := c.Boards.Board(ctx)
	if err != nil {
		return Batch{}, unavailable("reading the board", err)
	}
	found, batch := make(map[string]token.Token, len(mints)), Batch{}
	if b != nil {
		batch.SyncedAt = b.SyncedAt()
		page := b.Tokens(mints)
		for t := range page.All() {
			found[t.Mint] = *t
		}
	}
	if batch.Unread, err = c.unlisted(ctx, b, mints, found); err != nil {
		return Batch{}, unavailable("reading tokens by mint", err)
	}
	batch.Tokens = slices.Grow(batch.Tokens, len(found))
	for _, mint := range mints {
		if t, ok := found[mint]; ok {
			batch.Tokens = append(batch.Tokens, t)
			delete(found, mint)
		}
	}
	return batch, nil
}

// unlisted adds what b, which may be nil, does not have to found, from its items, and returns what it did not look up.
func (c *Catalog) unlisted(ctx context.Context, b *board.Board, mints []string, found map[string]token.Token) (unread []string, err error) {
	var rest []string
	for _, mint := range mints {
		if _, ok := found[mint]; !ok && !slices.Contains(rest, mint) {
			rest = append(rest, mint)
		}
	}
	if b != nil && len(rest) > maxUnlisted && !c.lookups.allow(len(rest)) {
		rest, unread = rest[:maxUnlisted], rest[maxUnlisted:]
	}
	if len(rest) == 0 {
		return nil, nil
	}
	for t, err := range c.Items.Get(ctx, rest) {
		if err != nil {
			return nil, err
		}
		if t.Status != "" {
			leave(b, &t)
			found[t.Mint] = t
		}
	}
	return unread, nil
}

// leave takes a token of a launchpad that the board no longer has for what readers of lists see: it has left them. Its item
// says what it was, for the launchpad may come back.
func leave(b *board.Board, t *token.Token) {
	if b != nil && t.Status == token.Listed && !slices.Contains(b.Launchpads(), t.Launchpad) {
		t.Status = token.Delisted
	}
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
	leave(b, &t)
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
