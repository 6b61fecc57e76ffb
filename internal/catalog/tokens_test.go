package catalog_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/catalog"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// withUnlisted returns a store of one listed token and one of each other status, which only its item knows.
func withUnlisted(tb testing.TB) (s *store, unlisted map[token.Status]string) {
	tb.Helper()
	tokens := apitest.Tokens(6, first)
	s = newStore(tb, tokens[0])
	s.items, unlisted = map[string]token.Token{}, map[token.Status]string{}
	for i, status := range []token.Status{token.Delisted, token.Blacklisted, token.Unapproved, token.Hidden} {
		t := tokens[i+1]
		t.Status, t.Name = status, "from its item"
		s.items[t.Mint], unlisted[status] = t, t.Mint
	}
	s.items[tokens[0].Mint] = token.Token{Mint: tokens[0].Mint, Name: "stale", Status: token.Listed}
	return s, unlisted
}

func TestToken(t *testing.T) {
	t.Parallel()
	s, unlisted := withUnlisted(t)
	c := s.catalog()
	want := apitest.Tokens(1, first)[0]
	got, err := c.Token(t.Context(), want.Mint)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("from the board: %v\n%s", err, diff)
	}
	if len(s.asked) > 0 {
		t.Errorf("a listed token was asked for: %v", s.asked)
	}
	for status, mint := range unlisted {
		if got, err := c.Token(t.Context(), mint); err != nil || got.Status != status || got.Name != "from its item" {
			t.Errorf("%s: %v, %+v", status, err, got)
		}
	}
	if _, err := c.Token(t.Context(), apitest.Mint(99)); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("an unknown mint: %v", err)
	}
	if _, err := c.Token(t.Context(), "me"); !isBad(err, "mint") {
		t.Errorf("no mint: %v", err)
	}
	s.itemsErr = errDown
	if _, err := c.Token(t.Context(), want.Mint); err != nil {
		t.Errorf("a listed token while the table is down: %v", err)
	}
	if _, err := c.Token(t.Context(), unlisted[token.Hidden]); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("another while the table is down: %v", err)
	}
	s.itemsErr, s.board, s.boardErr = nil, nil, errDown
	if got, err := c.Token(t.Context(), want.Mint); err != nil || got.Name != "stale" {
		t.Errorf("without a board: %v, %+v", err, got)
	}
}

func TestByMints(t *testing.T) {
	t.Parallel()
	s, unlisted := withUnlisted(t)
	c, listed := s.catalog(), apitest.Mint(0)
	mints := []string{unlisted[token.Hidden], listed, apitest.Mint(99), unlisted[token.Delisted], listed, apitest.Mint(99)}
	list, err := c.ByMints(t.Context(), mints)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{unlisted[token.Hidden], listed, unlisted[token.Delisted]}, mintsOf(t, &list)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{unlisted[token.Hidden], apitest.Mint(99), unlisted[token.Delisted]}, s.asked); diff != "" {
		t.Errorf("asked for items: %s", diff)
	}
	s.itemsErr = errDown
	if list, err := c.ByMints(t.Context(), []string{listed}); err != nil || list.Len != 1 || list.SyncedAt.IsZero() {
		t.Errorf("a listed token while the table is down: %v", err)
	}
	if _, err := c.ByMints(t.Context(), mints); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("others while the table is down: %v", err)
	}
	s.itemsErr, s.board = nil, nil
	if list, err := c.ByMints(t.Context(), mints); err != nil || list.Len != 3 || !list.SyncedAt.IsZero() {
		t.Errorf("before the first board: %d rows, %v", list.Len, err)
	}
	s.boardErr = errDown
	if _, err := c.ByMints(t.Context(), mints); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("without a board: %v", err)
	}
	if _, err := c.ByMints(t.Context(), []string{listed, "me"}); !isBad(err, "mints") {
		t.Errorf("no mint: %v", err)
	}
	if _, err := c.ByMints(t.Context(), make([]string, 101)); !isBad(err, "mints") {
		t.Errorf("too many: %v", err)
	}
}

// TestByMintsLooksUpFew of those that are in no list once many were asked for, and names the others: whoever makes mints up must
// not make the table pay.
func TestByMintsLooksUpFew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // in which no time passes
		s, unlisted := withUnlisted(t)
		asked := []string{apitest.Mint(0), apitest.Mint(90), unlisted[token.Hidden], apitest.Mint(91), apitest.Mint(90), unlisted[token.Delisted], apitest.Mint(92)}
		c := s.catalog()
		if list, err := c.ByMints(t.Context(), asked); err != nil || list.Len != 3 || len(list.Unread) > 0 {
			t.Fatalf("at first: %d rows, %v", list.Len, err)
		}
		for i := range 3 {
			made := make([]string, 97)
			for j := range made {
				made[j] = apitest.Mint(1000 + 100*i + j)
			}
			if _, err := c.ByMints(t.Context(), made); err != nil {
				t.Fatal(err)
			}
		}
		s.asked = nil
		list, err := c.ByMints(t.Context(), asked)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{apitest.Mint(0), unlisted[token.Hidden]}, mintsOf(t, &list)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{unlisted[token.Delisted], apitest.Mint(92)}, list.Unread); diff != "" {
			t.Errorf("unread (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{apitest.Mint(90), unlisted[token.Hidden], apitest.Mint(91)}, s.asked); diff != "" {
			t.Errorf("asked for items: %s", diff)
		}
	})
}

func TestByMintsLeavesOutWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	s, unlisted := withUnlisted(t)
	damaged := unlisted[token.Hidden]
	s.items[damaged] = token.Token{Mint: damaged}
	list, err := s.catalog().ByMints(t.Context(), []string{damaged, unlisted[token.Delisted]})
	if err != nil || list.Len != 1 {
		t.Errorf("%d rows, %v", list.Len, err)
	}
}

func TestStats(t *testing.T) {
	t.Parallel()
	s := sampleStore(t)
	got, err := s.catalog().Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := catalog.Totals{
		Stats: token.Stats{
			Launchpads: []token.LaunchpadID{first, second}, Tokens: 5, TVLUSD: 12,
			Stages: map[token.Stage]int{token.Bonding: 2, token.Graduated: 1},
		},
		SyncedAt: s.board.SyncedAt(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	s.board = nil
	if got, err := s.catalog().Stats(t.Context()); err != nil || got.Tokens != 0 || !got.SyncedAt.IsZero() {
		t.Errorf("before the first board: %v, %+v", err, got)
	}
	s.boardErr = errDown
	if _, err := s.catalog().Stats(t.Context()); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("without a board: %v", err)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	healthy := func(t *testing.T) *store {
		t.Helper()
		s := &store{syncedAt: time.Now().UnixMilli(), ids: []token.LaunchpadID{first}}
		s.publish(t, apitest.Tokens(3, first)...)
		s.runs = []syncrun.Record{{Status: syncrun.Partial}, {Status: syncrun.Succeeded, StartedAt: time.Now()}}
		return s
	}
	tests := []struct {
		name  string
		spoil func(*store)
		fails string
	}{
		{"all is well", func(*store) {}, ""},
		{"no launchpad", func(s *store) { s.ids = nil }, "launchpad"},
		{"SSM is down", func(s *store) { s.idsErr = errDown }, "launchpad"},
		{"the tokens table is down", func(s *store) { s.itemsErr = errDown }, "table"},
		{"no board", func(s *store) { s.board = nil }, "board"},
		{"the board table is down", func(s *store) { s.board, s.boardErr = nil, errDown }, "board"},
		{"the board cannot be renewed", func(s *store) { s.fault = errDown }, "board"},
		{"an old board", func(s *store) { s.board = sampleStore(t).board }, "board"},
		{"no success", func(s *store) { s.runs = s.runs[:1] }, "sync"},
		{"an old success", func(s *store) { s.runs[1].StartedAt = time.Now().Add(-time.Hour) }, "sync"},
		{"an open breaker", func(s *store) {
			s.breakers = []syncrun.Breaker{{Product: token.DLMM, CoolDown: time.Hour, RetryAt: time.Now().Add(time.Hour)}}
		}, "breakers"},
		{"the sync table is down", func(s *store) { s.err = errDown }, "sync breakers"},
	}
	for _, test := range tests {
		s := healthy(t)
		test.spoil(s)
		h := s.catalog().Health(t.Context())
		var fails []byte
		for _, check := range []struct {
			name string
			catalog.Check
		}{{"launchpad", h.LaunchpadID}, {"table", h.Table}, {"board", h.Board}, {"sync", h.Sync}, {"breakers", h.Breakers}} {
			if !check.OK {
				fails = append(fails, " "+check.name...)
			}
			if check.Detail == "" {
				t.Errorf("%s: %s says nothing", test.name, check.name)
			}
		}
		if got := string(fails); got != "" && got[1:] != test.fails || got == "" && test.fails != "" || h.OK() != (test.fails == "") {
			t.Errorf("%s: failed are%s", test.name, got)
		}
	}
}

// TestRemovedLaunchpad: a token of an ID that is no longer configured has left the lists, and by mint it says so.
func TestRemovedLaunchpad(t *testing.T) {
	t.Parallel()
	s := newStore(t, apitest.Tokens(2, "stays")...)
	gone := apitest.Tokens(3, "gone")[2]
	gone.Status = token.Listed
	s.items = map[string]token.Token{gone.Mint: gone}
	got, err := s.catalog().Token(t.Context(), gone.Mint)
	if err != nil || got.Status != token.Delisted {
		t.Errorf("status %s, error %v", got.Status, err)
	}
	batch, err := s.catalog().Tokens(t.Context(), "mints", []string{gone.Mint, apitest.Mint(0)})
	several := batch.Tokens
	if err != nil || len(several) != 2 || several[0].Status != token.Delisted || several[1].Status != token.Listed {
		t.Errorf("%+v, error %v", several, err)
	}
	s.board = nil
	if got, err := s.catalog().Token(t.Context(), gone.Mint); err != nil || got.Status != token.Listed {
		t.Errorf("while there is no board: status %s, error %v", got.Status, err)
	}
}
