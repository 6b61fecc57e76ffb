package catalog

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tokensync/internal/token"
)

// launchpadTimeout leaves a read most of its time when SSM does not answer.
const launchpadTimeout = 700 * time.Millisecond

// sources reads what every list needs beside its rows: when the last sync was, and whose tokens to show. While the
// configured launchpads cannot be had, those of the last sync are shown: a setting that stops the sync stops no read.
func (c *Catalog) sources(ctx context.Context) (Synced, []token.LaunchpadID, error) {
	var synced Synced
	var ids []token.LaunchpadID
	var syncedErr, idsErr error
	var group sync.WaitGroup
	group.Go(func() { synced, syncedErr = c.History.Synced(ctx) })
	group.Go(func() {
		short, cancel := context.WithTimeout(ctx, launchpadTimeout)
		defer cancel()
		ids, idsErr = c.Launchpads(short)
	})
	group.Wait()
	if idsErr == nil && len(ids) > 0 {
		return synced, ids, nil // without synced the answer's time is unknown, which costs no list
	}
	if len(synced.Stats.Launchpads) == 0 {
		return Synced{}, nil, unavailable("reading the launchpad IDs", errors.Join(idsErr, syncedErr))
	}
	return synced, synced.Stats.Launchpads, nil
}

// ByMints answers the tokens of mints, listed or not, in the order asked and each once; unknown ones are left out.
func (c *Catalog) ByMints(ctx context.Context, mints []string) (List, error) {
	if err := CheckMints("mints", mints); err != nil {
		return List{}, err
	}
	unique := make([]string, 0, len(mints))
	seen := make(map[string]string, len(mints))
	for _, mint := range mints {
		if _, ok := seen[mint]; !ok {
			seen[mint] = ""
			unique = append(unique, mint)
		}
	}
	var rows []Row
	var synced Synced
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { rows, err = c.Tokens.Rows(ctx, unique); return err })
	group.Go(func() (err error) { synced, err = c.History.Synced(ctx); return err })
	if err := group.Wait(); err != nil {
		return List{}, unavailable("reading tokens by mint", err)
	}
	for _, row := range rows {
		seen[row.Mint] = row.Summary
	}
	list := List{Summaries: make([]string, 0, len(rows)), SyncedAt: synced.At}
	for _, mint := range unique {
		if seen[mint] != "" {
			list.Summaries = append(list.Summaries, seen[mint])
		}
	}
	return list, nil
}

// Token answers one token with its pools, ErrNotFound when it is not stored.
func (c *Catalog) Token(ctx context.Context, mint string) (Detail, error) {
	if err := CheckMint("mint", mint); err != nil {
		return Detail{}, err
	}
	t, ok, err := c.Tokens.Token(ctx, mint)
	if err != nil {
		return Detail{}, unavailable("reading a token", err)
	}
	if !ok {
		return Detail{}, ErrNotFound
	}
	return t, nil
}

// Stats answers the sums over all listed tokens, as of the last sync.
func (c *Catalog) Stats(ctx context.Context) (Synced, error) {
	synced, err := c.History.Synced(ctx)
	if err != nil {
		return Synced{}, unavailable("reading the stats", err)
	}
	return synced, nil
}
