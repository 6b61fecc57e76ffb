package catalog_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/catalog"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/ledger"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// store is everything that a catalog reads, in memory.
type store struct {
	board    *board.Board
	boardErr error // instead of a board
	syncedAt int64 // of boards, if it is set
	fault    error
	items    map[string]token.Token
	itemsErr error
	asked    []string // mints of items
	runs     []syncrun.Record
	breakers []syncrun.Breaker
	err      error // of the sync table
	ids      []token.LaunchpadID
	idsErr   error
}

func (s *store) Board(context.Context) (*board.Board, error) { return s.board, s.boardErr }

func (s *store) Fault() error { return s.fault }

func (s *store) Get(_ context.Context, mints []string) iter.Seq2[token.Token, error] {
	s.asked = append(s.asked, mints...)
	return func(yield func(token.Token, error) bool) {
		for _, mint := range mints {
			if t, ok := s.items[mint]; ok && !yield(t, nil) {
				return
			}
		}
		if s.itemsErr != nil {
			yield(token.Token{}, s.itemsErr)
		}
	}
}

func (s *store) Token(_ context.Context, mint string) (token.Token, bool, error) {
	s.asked = append(s.asked, mint)
	t, ok := s.items[mint]
	return t, ok && s.itemsErr == nil, s.itemsErr
}

func (s *store) Ping(context.Context) error { return s.itemsErr }

func (s *store) Runs(context.Context, int) ([]syncrun.Record, error) { return s.runs, s.err }

func (s *store) Breakers(context.Context) ([]syncrun.Breaker, error) { return s.breakers, s.err }

func (s *store) Days(context.Context, token.LaunchpadID, string, string) ([]ledger.Day, error) {
	return nil, s.err
}

// catalog reads s.
func (s *store) catalog() *catalog.Catalog {
	return &catalog.Catalog{
		Launchpads: func(context.Context) ([]token.LaunchpadID, error) { return s.ids, s.idsErr },
		Boards:     s, Items: s, History: s, Ledger: s, Interval: time.Minute,
	}
}

// publish makes tokens the board.
func (s *store) publish(tb testing.TB, tokens ...token.Token) {
	tb.Helper()
	version := int64(1)
	if s.board != nil {
		version = s.board.Version() + 1
	}
	m := board.Manifest{Version: version, SyncedAt: cmp.Or(s.syncedAt, apitest.Epoch.UnixMilli()+version*60_000)}
	for i := range tokens {
		if !slices.Contains(m.Launchpads, tokens[i].Launchpad) {
			m.Launchpads = append(m.Launchpads, tokens[i].Launchpad)
		}
	}
	b, err := board.Make(m, apitest.Held(tokens))
	if err != nil {
		tb.Fatal(err)
	}
	s.board = b
}

// newStore has a board of tokens, all of whose launchpads are configured.
func newStore(tb testing.TB, tokens ...token.Token) *store {
	tb.Helper()
	s := &store{}
	s.publish(tb, tokens...)
	s.ids = s.board.Launchpads()
	return s
}

// mintsOf returns the mints of l's rows.
func mintsOf(tb testing.TB, l *catalog.List) []string {
	tb.Helper()
	var rows []struct {
		Mint string `json:"mint"`
	}
	if err := json.Unmarshal(slices.Concat([]byte("["), l.Rows, []byte("]")), &rows); err != nil {
		tb.Fatal(err)
	}
	mints := make([]string, len(rows))
	for i, row := range rows {
		mints[i] = row.Mint
	}
	if len(mints) != l.Len {
		tb.Fatalf("%d rows, and Len %d", len(mints), l.Len)
	}
	return mints
}

// isBad reports whether err blames the parameter.
func isBad(err error, parameter string) bool {
	bad, ok := errors.AsType[*catalog.ParameterError](err)
	return ok && bad.Name == parameter
}

var errDown = errors.New("the table is down")
