package httpapi_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"tokensync/internal/board"
	"tokensync/internal/catalog"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dev/study"
	"tokensync/internal/token"
)

// fields are the values that each sort orders by.
var fields = map[board.Sort]string{
	board.Created: "created_at", board.Volume: "volume_24h_usd", board.TVL: "tvl_usd", board.MarketCap: "market_cap_usd",
	board.Progress: "curve_progress", board.Symbol: "symbol", board.Graduation: "graduated_at", board.LastTrade: "last_trade_at",
	board.Holders: "holders", board.Fees: "fees_24h_usd",
}

// valueOf returns the value that a sort orders a row by.
func valueOf(row map[string]any, sort board.Sort) any {
	switch {
	case sort == board.PriceChange:
		return row["price_change_pct"].(map[string]any)["24h"]
	case sort == board.MarketCap && (row["price_usd"] == nil || row["price_suspect"] == true):
		return nil // nobody can check it
	}
	name, ok := fields[sort]
	if !ok {
		panic("which field " + sort + " orders by is not known here")
	}
	return row[name]
}

// TestWalk reads all pages of some tokens under each sort and order: each mint exactly once, in order.
func TestWalk(t *testing.T) {
	t.Parallel()
	tokens := study.Size(700, 5000)
	layouts := map[string][]token.LaunchpadID{
		"one launchpad": {apitest.First}, "three launchpads": {apitest.First, apitest.Second, "pump.fun"},
	}
	for name, ids := range layouts {
		b := newBackend(t, nil, ids...)
		fill(t, b, apitest.Tokens(tokens, ids...))
		api := newAPI(t, b, uncached)
		for _, sort := range board.Sorts {
			for _, order := range []string{"asc", "desc"} {
				t.Run(fmt.Sprintf("%s by %s %s", name, sort, order), func(t *testing.T) {
					t.Parallel()
					c := *api
					c.t = t
					rows := c.walk(fmt.Sprintf("/v1/tokens?sort=%s&order=%s&limit=97", sort, order))
					checkOnce(t, rows, tokens)
					checkOrder(t, rows, sort, order)
				})
			}
		}
	}
}

// walk reads every page.
func (c *client) walk(target string) []map[string]any {
	c.t.Helper()
	var rows []map[string]any
	next := target
	for {
		p := c.list(next)
		rows = append(rows, p.Data...)
		if p.Next == nil {
			return rows
		}
		if len(p.Data) == 0 {
			c.t.Fatal("an empty page with a cursor")
		}
		next = target + "&cursor=" + *p.Next
	}
}

// TestWalkStages reads all pages of one stage: no other tokens, each of its own once, in order.
func TestWalkStages(t *testing.T) {
	t.Parallel()
	tokens := study.Size(700, 5000)
	for name, ids := range map[string][]token.LaunchpadID{
		"one launchpad": {apitest.First}, "two launchpads": {apitest.First, apitest.Second},
	} {
		b := newBackend(t, nil, ids...)
		all := apitest.Tokens(tokens, ids...)
		fill(t, b, all)
		api := newAPI(t, b, uncached)
		for _, sort := range board.Sorts {
			for _, stage := range token.Stages {
				t.Run(fmt.Sprintf("%s by %s, %s", name, sort, stage), func(t *testing.T) {
					t.Parallel()
					c := *api
					c.t = t
					order := []string{"asc", "desc"}[len(sort+board.Sort(stage))%2]
					rows := c.walk(fmt.Sprintf("/v1/tokens?sort=%s&order=%s&limit=97&stage=%s", sort, order, stage))
					checkOnce(t, rows, countStage(all, stage))
					checkOrder(t, rows, sort, order)
					if slices.ContainsFunc(rows, func(row map[string]any) bool { return row["stage"] != string(stage) }) {
						t.Error("a token of another stage")
					}
				})
			}
		}
	}
}

func countStage(tokens []token.Token, stage token.Stage) (n int) {
	for i := range tokens {
		if tokens[i].Curve.Stage == stage {
			n++
		}
	}
	return n
}

func checkOnce(t *testing.T, rows []map[string]any, want int) {
	t.Helper()
	seen := map[string]bool{}
	for _, row := range rows {
		mint := row["mint"].(string)
		if seen[mint] {
			t.Errorf("%s comes twice", mint)
		}
		seen[mint] = true
	}
	if len(seen) != want {
		t.Errorf("%d tokens, want %d", len(seen), want)
	}
}

func checkOrder(t *testing.T, rows []map[string]any, sort board.Sort, order string) {
	t.Helper()
	sign := map[string]int{"asc": 1, "desc": -1}[order]
	for i := 1; i < len(rows); i++ {
		a, b := valueOf(rows[i-1], sort), valueOf(rows[i], sort)
		if sign*compareValues(a, b) > 0 {
			t.Fatalf("row %d: %v before %v", i, a, b)
		}
	}
}

// compareValues orders null first.
func compareValues(a, b any) int {
	switch x := a.(type) {
	case nil:
		if b == nil {
			return 0
		}
		return -1
	case json.Number:
		y, ok := b.(json.Number)
		if !ok {
			return 1
		}
		p, _, _ := big.ParseFloat(x.String(), 10, 200, big.ToNearestEven)
		q, _, _ := big.ParseFloat(y.String(), 10, 200, big.ToNearestEven)
		return p.Cmp(q)
	case string:
		y, ok := b.(string)
		if !ok {
			return 1
		}
		return cmp.Compare(strings.ToLower(x), strings.ToLower(y))
	}
	panic("neither null, number nor text")
}

// TestWrittenBetweenPages adds tokens in front of and after a cursor: those that were there come exactly once.
func TestWrittenBetweenPages(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	all := apitest.Tokens(120, apitest.First)
	fill(t, b, all[:60])
	c := newAPI(t, b, uncached)
	const target = "/v1/tokens?sort=market_cap&limit=7"
	first := c.list(target)
	fill(t, b, all[60:])
	seen := map[string]int{}
	for _, mint := range first.mints() {
		seen[mint]++
	}
	next := first.Next
	for next != nil {
		p := c.list(target + "&cursor=" + *next)
		for _, mint := range p.mints() {
			seen[mint]++
		}
		next = p.Next
	}
	for i := range 60 {
		if n := seen[apitest.Mint(i)]; n != 1 {
			t.Errorf("token %d came %d times", i, n)
		}
	}
	for mint, n := range seen {
		if n > 1 {
			t.Errorf("%s came %d times", mint, n)
		}
	}
}

func TestLimitAndLastPage(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	fill(t, b, apitest.Tokens(100, apitest.First))
	c := newAPI(t, b, uncached)
	tests := []struct {
		query string
		rows  int
		more  bool
	}{
		{"", catalog.DefaultLimit, true}, {"?limit=1", 1, true}, {"?limit=99", 99, true}, {"?limit=100", 100, false},
	}
	for _, test := range tests {
		p := c.list("/v1/tokens" + test.query)
		if len(p.Data) != test.rows || (p.Next != nil) != test.more {
			t.Errorf("%q: %d rows, more %v; want %d, %v", test.query, len(p.Data), p.Next != nil, test.rows, test.more)
		}
		if p.SyncedAt == nil {
			t.Errorf("%q: synced_at is null", test.query)
		}
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First, apitest.Second)
	tokens := apitest.Tokens(200, apitest.First, apitest.Second)
	tokens[7].Status = token.Delisted
	tokens[11].Status, tokens[13].Status = token.Unapproved, token.Hidden
	unlisted := []int{7, 11, 13}
	for _, i := range []int{4, 6, 11} {
		tokens[i].Curve.Config = apitest.Mint(1000)
	}
	fill(t, b, tokens)
	c := newAPI(t, b, uncached)
	holding := func(text string, keep func(int) bool) []string {
		mints := []string{}
		for i := range tokens {
			if !slices.Contains(unlisted, i) && keep(i) && strings.Contains(strings.ToLower(tokens[i].Symbol+"|"+tokens[i].Name), text) {
				mints = append(mints, tokens[i].Mint)
			}
		}
		return mints
	}
	all := func(int) bool { return true }
	tests := []struct {
		name, query string
		want        []string
	}{
		{"beginning of a symbol", "q=sym1", holding("sym1", all)},
		{"upper case", "q=SYM1", holding("sym1", all)},
		{"part of a symbol", "q=ym1", holding("ym1", all)},
		{"part of a name", "q=uie", holding("uie", all)},
		{"accents", "q=" + url.QueryEscape("eCL"), holding("éclair", all)},
		{"not ASCII", "q=" + url.QueryEscape("ラナ"), holding("ラナ", all)},
		{"emoji", "q=" + url.QueryEscape("🚀"), holding("🚀", all)},
		{"white space around", "q=+sym5+", holding("sym5", all)},
		{"one launchpad", "q=sym1&launchpad=met-dbc", holding("sym1", func(i int) bool { return i%2 == 1 })},
		{"one stage", "q=sym1&stage=graduated&sort=tvl", holding("sym1", func(i int) bool { return tokens[i].Curve.Stage == token.Graduated })},
		{"one config", "config=" + tokens[4].Curve.Config, holding("", func(i int) bool { return tokens[i].Curve.Config == tokens[4].Curve.Config })},
		{"one creator", "creator=" + tokens[4].Curve.Creator, []string{tokens[4].Mint}},
		{"nothing", "q=zzz", []string{}},
		{"mint", "q=" + apitest.Mint(3), []string{apitest.Mint(3)}},
		{"beginning of a mint", "q=" + apitest.Mint(3)[:9], []string{apitest.Mint(3)}},
		{"the first eight characters of a mint", "q=" + apitest.Mint(3)[:8], []string{apitest.Mint(3)}},
		{"unapproved mint", "q=" + apitest.Mint(11), []string{}},
		{"hidden mint", "q=" + apitest.Mint(13), []string{}},
		{"mint of another launchpad", "q=" + apitest.Mint(3) + "&launchpad=" + string(apitest.First), []string{}},
		{"delisted mint", "q=" + apitest.Mint(7), []string{}},
		{"unknown mint", "q=" + apitest.Mint(12345), []string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := *c
			c.t = t
			got := []string{}
			for _, row := range c.walk("/v1/tokens?limit=3&" + test.query) {
				got = append(got, row["mint"].(string))
			}
			slices.Sort(got)
			slices.Sort(test.want)
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("mints (-want +got):\n%s", diff)
			}
		})
	}
	asc, desc := c.walk("/v1/tokens?q=sym&sort=symbol&order=asc"), c.walk("/v1/tokens?q=sym&sort=symbol&limit=3")
	checkOrder(t, asc, board.Symbol, "asc")
	checkOrder(t, desc, board.Symbol, "desc")
	checkOnce(t, desc, len(asc))
}

func TestByMints(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	tokens := apitest.Tokens(120, apitest.First)
	tokens[5].Status = token.Delisted
	fill(t, b, tokens)
	c := newAPI(t, b, uncached)
	hundred := []string{}
	for i := range 100 {
		hundred = append(hundred, apitest.Mint(119-i))
	}
	tests := []struct {
		name        string
		asked, want []string
	}{
		{"in the order asked", []string{apitest.Mint(9), apitest.Mint(5), apitest.Mint(7)}, []string{apitest.Mint(9), apitest.Mint(5), apitest.Mint(7)}},
		{"unknown ones left out", []string{apitest.Mint(9), apitest.Mint(999), apitest.Mint(7)}, []string{apitest.Mint(9), apitest.Mint(7)}},
		{"each once", []string{apitest.Mint(9), apitest.Mint(7), apitest.Mint(9)}, []string{apitest.Mint(9), apitest.Mint(7)}},
		{"none known", []string{apitest.Mint(999)}, []string{}},
		{"a hundred", hundred, hundred},
	}
	for _, test := range tests {
		for _, comma := range []string{",", "%2C"} {
			p := c.list("/v1/tokens?mints=" + strings.Join(test.asked, comma))
			if diff := gocmp.Diff(test.want, p.mints()); diff != "" || p.Next != nil {
				t.Errorf("%s: next %v, mints (-want +got):\n%s", test.name, p.Next, diff)
			}
		}
	}
}
