// Package apitest starts the read API's store on a local DynamoDB engine and fills it with made-up tokens, for tests.
package apitest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

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

// Backend is the tables of an engine and the catalog that reads them.
type Backend struct {
	Tables  dynamotest.Tables
	Tokens  *dynamo.TokensTable
	Sync    *dynamo.SyncTable
	Catalog *catalog.Catalog
}

// New returns a backend with empty tables. Its catalog reads them through wrap, if that is not nil.
func New(ctx context.Context, engine *dynamotest.Engine, wrap func(dynamo.API) dynamo.API, ids ...token.LaunchpadID) (*Backend, error) {
	tables, err := engine.NewTables(ctx)
	if err != nil {
		return nil, err
	}
	var api dynamo.API = engine.Client()
	b := &Backend{Tables: tables, Tokens: dynamo.NewTokensTable(api, tables.Tokens), Sync: dynamo.NewSyncTable(api, tables.Sync)}
	if wrap != nil {
		api = wrap(api)
	}
	b.Catalog = &catalog.Catalog{
		Launchpads: func(context.Context) ([]token.LaunchpadID, error) { return ids, nil },
		Tokens:     dynamo.NewTokensTable(api, tables.Tokens),
		History:    dynamo.NewSyncTable(api, tables.Sync),
		Interval:   time.Minute,
	}
	return b, nil
}

// Fill stores tokens, a succeeded run that ended at at, and its stats.
func (b *Backend) Fill(ctx context.Context, tokens []token.Token, at time.Time) error {
	free := func(context.Context) error { return nil }
	if result := b.Tokens.Write(ctx, slices.Values(tokens), free); len(result.Unwritten) > 0 {
		return fmt.Errorf("%d tokens unwritten: %w", len(result.Unwritten), result.Err)
	}
	var stats token.Stats
	for i := range tokens {
		stored := tokens[i].Stored()
		stats.Add(&stored, at.UnixMilli())
		if !slices.Contains(stats.Launchpads, tokens[i].Launchpad) {
			stats.Launchpads = append(stats.Launchpads, tokens[i].Launchpad)
		}
	}
	if err := b.Sync.SaveStats(ctx, stats, at); err != nil {
		return err
	}
	return b.Sync.SaveRun(ctx, syncrun.Record{RunID: "run", Status: syncrun.Succeeded, StartedAt: at})
}

// Quiet returns a logger that drops everything, for tests that provoke errors.
func Quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
