// Package apitest starts the read API's store on a local DynamoDB engine and fills it with made-up tokens, for tests.
package apitest

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/catalog"
	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dynamo"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// The launchpads of a backend.
const (
	First  token.LaunchpadID = "56JeApTcgSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V"
	Second token.LaunchpadID = "met-dbc"
)

// Backend is the tables of an engine, and the catalog over them.
type Backend struct {
	Tables  dynamotest.Tables
	Tokens  *dynamo.TokensTable
	Sync    *dynamo.SyncTable
	Board   *dynamo.BoardTable
	Catalog *catalog.Catalog

	api dynamo.API // that the catalog reads through
}

// New makes empty tables. The catalog reads them through wrap, unless that is nil.
func New(ctx context.Context, engine *dynamotest.Engine, wrap func(dynamo.API) dynamo.API, ids ...token.LaunchpadID) (*Backend, error) {
	tables, err := engine.NewTables(ctx)
	if err != nil {
		return nil, err
	}
	return Over(engine.Client(), tables, wrap, ids...), nil
}

// Over returns the backend of tables that there are, as New does.
func Over(api dynamo.API, tables dynamotest.Tables, wrap func(dynamo.API) dynamo.API, ids ...token.LaunchpadID) *Backend {
	b := &Backend{
		Tables: tables, Tokens: dynamo.NewTokensTable(api, tables.Tokens), Sync: dynamo.NewSyncTable(api, tables.Sync),
		Board: dynamo.NewBoardTable(api, tables.Board),
	}
	if wrap != nil {
		api = wrap(api)
	}
	b.Catalog = &catalog.Catalog{
		Launchpads: func(context.Context) ([]token.LaunchpadID, error) { return ids, nil },
		Items:      dynamo.NewTokensTable(api, tables.Tokens).Lagging(),
		History:    dynamo.NewSyncTable(api, tables.Sync),
		Ledger:     dynamo.NewSyncTable(api, tables.Sync),
		Hider:      dynamo.NewHider(api, tables.Sync, tables.Board),
		Interval:   time.Minute,
	}
	b.api = api
	b.Look()
	return b
}

// Look makes the catalog see a board that was published a moment ago, when it is asked next. It must not be asked meanwhile.
func (b *Backend) Look() {
	reader := dynamo.NewBoardReader(b.api, b.Tables.Board).Recalling(func(error) {})
	b.Catalog.Boards, b.Catalog.Past = reader, reader
}

// Fill does what a run does that finds tokens, beside those that are there: it stores their items, publishes the board, and records that it succeeded, at a moment.
func (b *Backend) Fill(ctx context.Context, tokens []token.Token, at time.Time) error {
	free := func(context.Context) error { return nil }
	if result := b.Tokens.Write(ctx, slices.Values(tokens), free); len(result.Unwritten) > 0 {
		return fmt.Errorf("%d tokens unwritten: %w", len(result.Unwritten), result.Err)
	}
	if err := b.Publish(ctx, tokens, at); err != nil {
		return err
	}
	return b.Sync.SaveRun(ctx, syncrun.Record{RunID: "run", Status: syncrun.Succeeded, StartedAt: at})
}

// epoch is that of every backend's boards.
const epoch = 12345

// Publish makes the board of the tokens that are on it and of tokens, which replace those with their mints.
func (b *Backend) Publish(ctx context.Context, tokens []token.Token, at time.Time) error {
	return b.publish(ctx, tokens, at, func(*dynamo.Edition, []token.Token) error { return nil })
}

// PublishPoint does what Publish does, and keeps a point of all tokens if one is due.
func (b *Backend) PublishPoint(ctx context.Context, tokens []token.Token, at time.Time) error {
	return b.publish(ctx, tokens, at, func(e *dynamo.Edition, all []token.Token) error {
		next, isDue := e.Points().Next(at)
		if !isDue {
			return nil
		}
		w := board.NewPointWriter(next)
		for i := range all {
			w.Add(&all[i])
		}
		p, parts, err := w.Finish()
		if err != nil {
			return err
		}
		return e.PutPoint(ctx, p, parts)
	})
}

func (b *Backend) publish(
	ctx context.Context, tokens []token.Token, at time.Time, also func(*dynamo.Edition, []token.Token) error,
) error {
	edition, err := b.Board.Edit(ctx)
	if err != nil {
		return err
	}
	if edition.Loss() != nil {
		return edition.Loss()
	}
	all := merged(edition.Board(), tokens)
	m, err := board.Build(Held(all), func(c board.Chunk) error { return edition.Put(ctx, c) })
	if err != nil {
		return err
	}
	m.SyncedAt = at.UnixMilli()
	shown := map[string]bool{}
	for i := range all {
		if all[i].Status == token.Listed {
			shown[all[i].Mint] = true
		}
	}
	m.Follow(edition.Board(), epoch, shown)
	for i := range all {
		if !slices.Contains(m.Launchpads, all[i].Launchpad) {
			m.Launchpads = append(m.Launchpads, all[i].Launchpad)
		}
	}
	if err := also(edition, all); err != nil {
		return err
	}
	defer b.Look()
	return edition.Publish(ctx, &m, nil, 1)
}

// merged returns the tokens of a board, which may be nil, with tokens in their places or after them.
func merged(on *board.Board, tokens []token.Token) (all []token.Token) {
	places := map[string]int{}
	add := func(t token.Token) {
		if i, ok := places[t.Mint]; ok {
			all[i] = t
			return
		}
		places[t.Mint] = len(all)
		all = append(all, t)
	}
	if on != nil {
		for t := range on.All() {
			add(t)
		}
	}
	for _, t := range tokens {
		add(t)
	}
	return all
}

// Held yields those of tokens that a board holds, as board.Build takes them.
func Held(tokens []token.Token) iter.Seq2[token.Token, error] {
	return func(yield func(token.Token, error) bool) {
		for _, t := range tokens {
			if board.Holds(t.Status) && !yield(t, nil) {
				return
			}
		}
	}
}

// Quiet returns a logger that drops everything, for tests that provoke errors.
func Quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
