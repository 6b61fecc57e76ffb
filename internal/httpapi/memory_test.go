package httpapi_test

import (
	"context"
	"encoding/json"

	"tokensync/internal/catalog"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// memory answers from memory, for tests of time and for benchmarks.
type memory struct {
	rows  []catalog.Row
	reads int
}

// newMemory is a catalog of n tokens in memory.
func newMemory(n int) *catalog.Catalog {
	m := &memory{}
	for _, t := range apitest.Tokens(n, apitest.First) {
		summary, _ := json.Marshal(t.Summary())
		m.rows = append(m.rows, catalog.Row{Mint: t.Mint, Key: "1", Summary: string(summary)})
	}
	return &catalog.Catalog{
		Launchpads: func(context.Context) ([]token.LaunchpadID, error) { return []token.LaunchpadID{apitest.First}, nil },
		Tokens:     m, History: m,
	}
}

func (m *memory) Page(_ context.Context, p catalog.Page) ([]catalog.Row, *catalog.Position, error) {
	return m.rows[:min(p.Limit, len(m.rows))], nil, nil
}

func (m *memory) Rows(context.Context, []string) ([]catalog.Row, error) { return nil, nil }

func (m *memory) Token(context.Context, string) (catalog.Detail, bool, error) {
	return catalog.Detail{}, false, nil
}

func (m *memory) Ping(context.Context) error { return nil }

func (m *memory) Synced(context.Context) (catalog.Synced, error) {
	m.reads++
	return catalog.Synced{}, nil
}

func (m *memory) Runs(context.Context, int) ([]syncrun.Record, error) { return nil, nil }

func (m *memory) Breakers(context.Context) ([]syncrun.Breaker, error) { return nil, nil }
