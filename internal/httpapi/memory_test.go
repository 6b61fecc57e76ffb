package httpapi_test

import (
	"context"
	"testing"

	"tokensync/internal/board"
	"tokensync/internal/catalog"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/token"
)

// memory holds a board in memory, for tests of time and for benchmarks.
type memory struct {
	board *board.Board
	reads int
}

// newMemory returns a catalog of n tokens in memory.
func newMemory(tb testing.TB, n int) *catalog.Catalog {
	tb.Helper()
	ids := []token.LaunchpadID{apitest.First}
	m := board.Manifest{Version: 1, SyncedAt: apitest.Epoch.UnixMilli(), Launchpads: ids}
	b, err := board.Make(m, apitest.Held(apitest.Tokens(n, ids...)))
	if err != nil {
		tb.Fatal(err)
	}
	return &catalog.Catalog{Boards: &memory{board: b}}
}

func (m *memory) Board(context.Context) (*board.Board, error) {
	m.reads++
	return m.board, nil
}

func (m *memory) Fault() error { return nil }
