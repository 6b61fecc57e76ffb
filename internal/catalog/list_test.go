package catalog_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/board"
	"tokensync/internal/catalog"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dev/study"
	"tokensync/internal/token"
)

const (
	first  = apitest.First
	second = apitest.Second
)

// sample returns five tokens, each named for what it is.
func sample() map[string]token.Token {
	tokens := map[string]token.Token{}
	for i, t := range []token.Token{
		{Name: "Cat", Symbol: "CAT", Launchpad: first, MarketCapUSD: "10", PriceUSD: "1", TVLUSD: "5", Curve: token.Curve{Stage: token.Bonding, Creator: token.USDC, Config: token.USDT}},
		{Name: "Big cat", Symbol: "LION", Launchpad: second, MarketCapUSD: "900", PriceUSD: "9", TVLUSD: "7", Holders: "3"},
		{Name: "Catalogue", Symbol: "LIST", Launchpad: first, MarketCapUSD: "70", PriceUSD: "7", Curve: token.Curve{Stage: token.Graduated, Creator: token.USDC}, GraduatedAt: 5000},
		{Name: "Café ＣＡＴ", Symbol: "ÉCLAIR", Launchpad: first, MarketCapUSD: "1000000", PriceUSD: "3", PriceSuspect: true, TVLUSD: "0", Holders: "9"},
		{Name: "", Symbol: "", Launchpad: second, MarketCapUSD: "5", Curve: token.Curve{Stage: token.Bonding, Creator: token.SOL, Config: token.USDT}},
	} {
		t.Mint, t.Status, t.CreatedAt, t.FirstSeenAt = apitest.Mint(i), token.Listed, int64(i+1)*1000, 1
		tokens[[]string{"cat", "lion", "list", "eclair", "bare"}[i]] = t
	}
	return tokens
}

func (s *store) named(mint string) string {
	for name, t := range sample() {
		if t.Mint == mint {
			return name
		}
	}
	return mint
}

func sampleStore(tb testing.TB) *store {
	tb.Helper()
	tokens := sample()
	return newStore(tb, tokens["cat"], tokens["lion"], tokens["list"], tokens["eclair"], tokens["bare"])
}

func TestList(t *testing.T) {
	t.Parallel()
	s := sampleStore(t)
	c, mint := s.catalog(), apitest.Mint(2)
	tests := []struct {
		name  string
		query catalog.Query
		want  string
	}{
		{"the newest first", catalog.Query{}, "bare eclair list lion cat"},
		{"the oldest first", catalog.Query{Order: "asc"}, "cat lion list eclair bare"},
		{"by TVL, the unknown last", catalog.Query{Sort: board.TVL, Limit: 3}, "lion cat eclair"},
		{"by market cap, without what nobody can check", catalog.Query{Sort: board.MarketCap, Limit: 3}, "lion list cat"},
		{"by holders", catalog.Query{Sort: board.Holders, Limit: 2}, "eclair lion"},
		{"by graduation", catalog.Query{Sort: board.Graduation, Limit: 1}, "list"},
		{"by symbol", catalog.Query{Sort: board.Symbol, Order: "asc"}, "bare cat lion list eclair"},
		{"of a launchpad", catalog.Query{Launchpad: second}, "bare lion"},
		{"of a stage", catalog.Query{Stage: token.Bonding, Order: "asc"}, "cat bare"},
		{"of a creator", catalog.Query{Creator: token.USDC}, "list cat"},
		{"of any of some configs", catalog.Query{Configs: []string{token.SOL, token.USDT}, Order: "asc"}, "cat bare"},
		{"of a config", catalog.Query{Configs: []string{token.USDT}}, "bare cat"},
		{"of all at once", catalog.Query{Configs: []string{token.USDT}, Creator: token.USDC, Stage: token.Bonding, Launchpad: first, Search: "ca", Sort: board.Volume}, "cat"},
		{"of nobody", catalog.Query{Creator: token.USDT}, ""},
		{"found: exact symbol, beginning, part", catalog.Query{Search: "cat"}, "cat list lion eclair"},
		{"found, the worst first", catalog.Query{Search: "cat", Order: "asc"}, "eclair lion list cat"},
		{"found by accents and width", catalog.Query{Search: "CAFE"}, "eclair"},
		{"found by a symbol's part", catalog.Query{Search: "clair"}, "eclair"},
		{"found with a sort", catalog.Query{Search: "cat", Sort: board.TVL, Limit: 2}, "lion cat"},
		{"found by mint", catalog.Query{Search: mint}, "list"},
		{"found by a mint's beginning", catalog.Query{Search: mint[:8]}, "list"},
		{"a mint that is filtered", catalog.Query{Search: mint, Stage: token.Bonding}, ""},
		{"a mint's beginning is too short", catalog.Query{Search: mint[:7]}, ""},
		{"nothing is found", catalog.Query{Search: "dog"}, ""},
		{"only what is folded away", catalog.Query{Search: "\u0301"}, ""},
	}
	for _, test := range tests {
		list, err := c.List(t.Context(), test.query)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var names []string
		for _, mint := range mintsOf(t, &list) {
			names = append(names, s.named(mint))
		}
		if diff := cmp.Diff(test.want, strings.Join(names, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if !list.SyncedAt.Equal(s.board.SyncedAt()) {
			t.Errorf("%s: synced at %v", test.name, list.SyncedAt)
		}
	}
	if len(s.asked) > 0 {
		t.Errorf("lists asked for the items of %v", s.asked)
	}
}

func TestListRefuses(t *testing.T) {
	t.Parallel()
	c := sampleStore(t).catalog()
	for name, test := range map[string]struct {
		parameter string
		query     catalog.Query
	}{
		"a sort":                {"sort", catalog.Query{Sort: "price"}},
		"an order":              {"order", catalog.Query{Order: "up"}},
		"a stage":               {"stage", catalog.Query{Stage: "early"}},
		"a creator":             {"creator", catalog.Query{Creator: "me"}},
		"a config":              {"config", catalog.Query{Configs: []string{"met-dbc"}}},
		"too many":              {"limit", catalog.Query{Limit: 101}},
		"too few":               {"limit", catalog.Query{Limit: -1}},
		"another launchpad":     {"launchpad", catalog.Query{Launchpad: "pump.fun"}},
		"a blank search":        {"q", catalog.Query{Search: " \u00a0"}},
		"a control character":   {"q", catalog.Query{Search: "a\x00b"}},
		"a long search":         {"q", catalog.Query{Search: strings.Repeat("é", 65)}},
		"a cursor of something": {"cursor", catalog.Query{Cursor: "e30"}},
	} {
		if _, err := c.List(t.Context(), test.query); !isBad(err, test.parameter) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestListWithout looks at what is shown when something is missing.
func TestListWithout(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		lose func(*store)
		rows int
		err  error
	}{
		{"a board", func(s *store) { s.board = nil }, 0, nil},
		{"a board, and the table is down", func(s *store) { s.board, s.boardErr = nil, errDown }, 0, catalog.ErrUnavailable},
		{"a newer board", func(s *store) { s.fault = errDown }, 5, nil},
		{"the launchpads", func(s *store) { s.ids, s.idsErr = nil, errDown }, 5, nil},
		{"the items", func(s *store) { s.itemsErr = errDown }, 5, nil},
	}
	for _, test := range tests {
		s := sampleStore(t)
		test.lose(s)
		list, err := s.catalog().List(t.Context(), catalog.Query{})
		if !errors.Is(err, test.err) || list.Len != test.rows {
			t.Errorf("without %s: %d rows, error %v", test.name, list.Len, err)
		}
		if s.board == nil && !list.SyncedAt.IsZero() {
			t.Errorf("without %s: synced at %v", test.name, list.SyncedAt)
		}
	}
}

// TestListOfTheBoardsLaunchpads: when a launchpad leaves the board its tokens leave the lists with it, those of a walk too, and it is
// no filter any more.
func TestListOfTheBoardsLaunchpads(t *testing.T) {
	t.Parallel()
	s, tokens := sampleStore(t), sample()
	c := s.catalog()
	page, err := c.List(t.Context(), catalog.Query{Sort: board.MarketCap, Limit: 1})
	if err != nil || page.Len != 1 {
		t.Fatalf("%d rows, error %v", page.Len, err)
	}
	s.publish(t, tokens["lion"], tokens["bare"])
	rest, err := c.List(t.Context(), catalog.Query{Sort: board.MarketCap, Cursor: page.Next})
	var names []string
	for _, mint := range mintsOf(t, &rest) {
		names = append(names, s.named(mint))
	}
	if diff := cmp.Diff([]string{"bare"}, names); diff != "" || err != nil {
		t.Errorf("the walk goes on with (-want +got), error %v:\n%s", err, diff)
	}
	if _, err := c.List(t.Context(), catalog.Query{Launchpad: first}); !isBad(err, "launchpad") {
		t.Errorf("a launchpad that has left: %v", err)
	}
	if list, err := c.List(t.Context(), catalog.Query{Launchpad: second}); err != nil || list.Len != 2 {
		t.Errorf("one that stays: %d rows, error %v", list.Len, err)
	}
}

// change returns what a run may find: every value of every token moves, some leave and some come.
func change(tokens []token.Token, r *rand.Rand, fresh *int) []token.Token {
	var next []token.Token
	for _, t := range tokens {
		if r.IntN(40) == 0 {
			continue
		}
		n := token.FromDecimal(r.Int64N(50), 0) // ties
		t.TVLUSD, t.MarketCapUSD, t.PriceUSD, t.Holders, t.Fees24hUSD, t.Curve.Progress = n, n, "1", n, n, n
		t.VolumeUSD[token.Day], t.LastTradeAt = n, r.Int64N(50)
		next = append(next, t)
	}
	for range r.IntN(4) {
		*fresh++
		t := apitest.Tokens(*fresh, first)[*fresh-1]
		next = append(next, t)
	}
	return next
}

// TestWalkWhileRunsPublish walks through every order while boards come and go between any two pages: what was there at
// the beginning and still is at the end comes exactly once, what has left is not shown after it did, and nothing else comes.
func TestWalkWhileRunsPublish(t *testing.T) {
	t.Parallel()
	for _, sort := range append(slices.Clone(board.Sorts), board.Relevance) {
		for _, order := range []string{"asc", "desc"} {
			t.Run(fmt.Sprintf("%s %s", sort, order), func(t *testing.T) {
				t.Parallel()
				q := catalog.Query{Sort: sort, Order: order, Limit: 7}
				if sort == board.Relevance {
					q.Search = "s"
				}
				for seed := range uint64(study.Size(1, 10)) {
					walkWhileRunsPublish(t, q, seed, 1)
					walkWhileRunsPublish(t, q, seed, 3)
				}
			})
		}
	}
}

// walkWhileRunsPublish asks some instances in turn. All of them are asked for other lists, too, so that each has seen every board.
func walkWhileRunsPublish(t *testing.T, q catalog.Query, seed uint64, instances int) {
	t.Helper()
	r, fresh := rand.New(rand.NewPCG(seed, 1)), 60
	tokens := change(apitest.Tokens(fresh, first), r, &fresh)
	s := newStore(t, tokens...)
	all := q
	all.Limit = catalog.MaxLimit
	var list catalog.List
	catalogs := make([]*catalog.Catalog, instances)
	look := func() {
		for _, c := range catalogs {
			var err error
			if list, err = c.List(t.Context(), all); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range catalogs {
		catalogs[i] = s.catalog()
	}
	look()
	begun, shown := mintsOf(t, &list), map[string]int{}
	for turn := 0; ; turn++ {
		list, err := catalogs[turn%instances].List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, mint := range mintsOf(t, &list) {
			shown[mint]++
			if !s.board.Has(mint) || !slices.Contains(begun, mint) || shown[mint] > 1 {
				t.Fatalf("seed %d: %s for the %dth time; listed: %v", seed, mint, shown[mint], s.board.Has(mint))
			}
		}
		if q.Cursor = list.Next; q.Cursor == "" {
			break
		}
		if list.Len < q.Limit {
			t.Errorf("a page of %d with a cursor", list.Len)
		}
		for range r.IntN(2 + 1/instances) {
			tokens = change(tokens, r, &fresh)
			s.publish(t, tokens...)
			look()
		}
	}
	for _, mint := range begun {
		if s.board.Has(mint) && shown[mint] != 1 {
			t.Errorf("seed %d: %s came %d times", seed, mint, shown[mint])
		}
	}
}

// TestWalkOfALostBoard goes on in the newest board: what has not moved comes exactly once.
func TestWalkOfALostBoard(t *testing.T) {
	t.Parallel()
	tokens := apitest.Tokens(40, first)
	s := newStore(t, tokens...)
	q, seen := catalog.Query{Sort: board.Created, Limit: 5}, map[string]bool{}
	for {
		list, err := s.catalog().List(t.Context(), q) // another process each time
		if err != nil {
			t.Fatal(err)
		}
		for _, mint := range mintsOf(t, &list) {
			if seen[mint] {
				t.Errorf("%s comes twice", mint)
			}
			seen[mint] = true
		}
		if q.Cursor = list.Next; q.Cursor == "" {
			break
		}
		s.publish(t, tokens...)
	}
	if len(seen) != len(tokens) {
		t.Errorf("%d of %d tokens", len(seen), len(tokens))
	}
}
