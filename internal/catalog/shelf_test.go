package catalog

import (
	"testing"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// TestShelf keeps the newest of the boards that walks need.
func TestShelf(t *testing.T) {
	t.Parallel()
	var s shelf
	none := func(func(token.Token, error) bool) {}
	boards := make([]*board.Board, 3*maxWalks)
	for i := range boards {
		b, err := board.Make(board.Manifest{Version: int64(i + 1)}, none)
		if err != nil {
			t.Fatal(err)
		}
		boards[i] = b
		s.keep(b)
		s.keep(boards[max(0, i-1)])
	}
	for i, b := range boards {
		var want *board.Board
		if i >= len(boards)-maxWalks {
			want = b
		}
		if got := s.board(b.Version()); got != want {
			t.Errorf("version %d: got %v", b.Version(), got)
		}
	}
}
