package board

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"tokensync/internal/token"
)

// simple answers queries the long way, with everything in sight.
type simple []token.Token

// at returns what a token is ordered by: a number or a text, with unknown below all.
func (s simple) at(t *token.Token, by Sort) (number float64, text string) {
	known := func(n token.Number) (float64, string) {
		if n == "" {
			return math.Inf(-1), ""
		}
		return n.Float64(), ""
	}
	switch by {
	case Created:
		return float64(t.CreatedAt), ""
	case Volume:
		return known(t.VolumeUSD[token.Day])
	case TVL:
		return known(t.TVLUSD)
	case MarketCap, Relevance:
		if t.PriceSuspect || t.PriceUSD == "" {
			return math.Inf(-1), ""
		}
		return known(t.MarketCapUSD)
	case Progress:
		return known(t.Curve.Progress)
	case Symbol:
		return 0, strings.ToLower(t.Symbol)
	case Graduation:
		return float64(t.GraduatedAt), ""
	case LastTrade:
		return float64(t.LastTradeAt), ""
	case PriceChange:
		return known(t.PriceChange[3])
	case Holders:
		return known(t.Holders)
	case Fees:
		return known(t.Fees24hUSD)
	}
	panic("no such sort")
}

func (s simple) rank(t *token.Token, search string) int {
	symbol, name, needle := Fold(t.Symbol), Fold(t.Name), Fold(search)
	switch {
	case search == "":
		return exactMatch
	case t.Mint == search, symbol == needle:
		return exactMatch
	case strings.HasPrefix(symbol, needle), strings.HasPrefix(name, needle), len(search) >= 8 && strings.HasPrefix(t.Mint, search):
		return prefixMatch
	case strings.Contains(symbol, needle), strings.Contains(name, needle):
		return partMatch
	}
	return noMatch
}

func (s simple) query(q Query) (mints []string) {
	var found []token.Token
	for i := range s {
		t := &s[i]
		if len(q.Launchpads) > 0 && !slices.Contains(q.Launchpads, t.Launchpad) || q.Stage != "" && q.Stage != t.Curve.Stage ||
			q.Creator != "" && q.Creator != t.Curve.Creator || len(q.Configs) > 0 && !slices.Contains(q.Configs, t.Curve.Config) ||
			s.rank(t, q.Search) == noMatch || t.Status != cmp.Or(q.Status, token.Listed) ||
			q.Status == "" && q.Within != nil && !q.Within.Lists(t.Mint) {
			continue
		}
		found = append(found, *t)
	}
	slices.SortFunc(found, func(a, b token.Token) int {
		rank := 0
		if q.Sort == Relevance {
			rank = cmp.Compare(s.rank(&a, q.Search), s.rank(&b, q.Search))
		}
		an, at := s.at(&a, q.Sort)
		bn, bt := s.at(&b, q.Sort)
		order := cmp.Or(rank, cmp.Compare(an, bn), strings.Compare(at, bt), idOf(a.Mint).compare(idOf(b.Mint)))
		if q.Ascending {
			return order
		}
		return -order
	})
	for i := range found {
		mints = append(mints, found[i].Mint)
	}
	return mints
}

// walkAll reads every page.
func walkAll(tb testing.TB, b *Board, q Query) (mints []string) {
	tb.Helper()
	for {
		page, err := b.Page(q)
		if err != nil {
			tb.Fatal(err)
		}
		for t := range page.All() {
			mints = append(mints, t.Mint)
			if t.Pools != nil {
				tb.Fatal("a row with pools")
			}
		}
		if page.Next == nil {
			return mints
		}
		if page.Len() != q.Limit {
			tb.Fatalf("a page of %d of %d with more behind it", page.Len(), q.Limit)
		}
		q.After = page.Next
	}
}

// lumpy returns tokens with many equal and many unknown values, mints that are not keys, and few creators.
func lumpy(n int, r *rand.Rand) []token.Token {
	tokens := world{}.Tokens(n)
	few := func() token.Number { return []token.Number{"", "0", "1", "2.5", "-1", "1000000"}[r.IntN(6)] }
	for i := range tokens {
		t := &tokens[i]
		t.Pools = t.Pools[:r.IntN(len(t.Pools)+1)]
		t.VolumeUSD[token.Day], t.TVLUSD, t.MarketCapUSD, t.Holders, t.Fees24hUSD = few(), few(), few(), few(), few()
		t.Curve.Progress, t.PriceUSD, t.PriceSuspect = few(), few(), r.IntN(5) == 0
		t.CreatedAt, t.GraduatedAt, t.LastTradeAt = r.Int64N(3), r.Int64N(3), r.Int64N(3)
		t.Symbol = oddTexts[r.IntN(9)]
		t.Curve.Creator, t.Curve.Config = []string{"", token.SOL, "odd"}[r.IntN(3)], []string{"", token.USDC, token.USDT}[r.IntN(3)]
		t.Status = []token.Status{token.Listed, token.Listed, token.Listed, token.Unapproved, token.Hidden}[r.IntN(5)]
		t.Launchpad, t.Curve.Stage = []token.LaunchpadID{testPad, "met-dbc", ""}[r.IntN(3)], append(token.Stages, "")[r.IntN(4)]
		if r.IntN(20) == 0 {
			t.Mint = fmt.Sprint("mint", i)
		}
	}
	return tokens
}

// TestLumpyTokensDiffer: what all tokens have alike proves no order. Changes need a past, which TestRecall has.
func TestLumpyTokensDiffer(t *testing.T) {
	t.Parallel()
	tokens := simple(lumpy(250, rand.New(rand.NewPCG(21, 22))))
	for _, by := range Sorts {
		values := map[value]bool{}
		for i := range tokens {
			number, text := tokens.at(&tokens[i], by)
			values[value{number, text}] = true
		}
		if len(values) < 3 && by != PriceChange {
			t.Errorf("they have only %d values to order by %s", len(values), by)
		}
	}
}

// TestPagesAgainstTheLongWay asks at random, any sort with any filters and any search, page by page.
func TestPagesAgainstTheLongWay(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(21, 22))
	for range 6 {
		tokens := lumpy(250, r)
		b, other := makeBoard(t, tokens), makeBoard(t, tokens[r.IntN(100):])
		b, other = veiled(b, tokens, r), veiled(other, nil, r)
		for range 120 {
			q := Query{Sort: append(slices.Clone(Sorts), Relevance)[r.IntN(len(Sorts)+1)], Ascending: r.IntN(2) == 0, Limit: 1 + r.IntN(40)}
			if r.IntN(3) == 0 {
				q.Launchpads = [][]token.LaunchpadID{{testPad}, {"met-dbc", testPad}, {"nobody"}}[r.IntN(3)]
			}
			if r.IntN(3) == 0 {
				q.Stage = token.Stages[r.IntN(3)]
			}
			if r.IntN(3) == 0 {
				q.Creator, q.Configs = []string{token.SOL, "odd", ""}[r.IntN(3)], [][]string{{token.USDC}, {token.USDT, token.USDC}, {token.SOL}, nil}[r.IntN(4)]
			}
			if r.IntN(4) == 0 {
				q.Within = other
			}
			if r.IntN(4) == 0 {
				q.Status = []token.Status{token.Unapproved, token.Hidden}[r.IntN(2)]
			}
			if r.IntN(2) == 0 || q.Sort == Relevance {
				mint := tokens[r.IntN(len(tokens))].Mint
				q.Search = []string{"a", "e", "ECLAIR", "plain", "o", "zzz", mint, mint[:min(len(mint), 8)], "🚀", "x.com"}[r.IntN(10)]
			}
			if diff := gocmp.Diff(simple(tokens).query(q), walkAll(t, b, q)); diff != "" {
				t.Fatalf("%+v (-want +got):\n%s", q, diff)
			}
		}
	}
}

// veiled returns b without some of its tokens, and says so of tokens too.
func veiled(b *Board, tokens []token.Token, r *rand.Rand) *Board {
	mints := []string{"of no token"}
	for mint := range b.Mints() {
		if r.IntN(8) == 0 {
			mints = append(mints, mint)
		}
	}
	for i := range tokens {
		if slices.Contains(mints, tokens[i].Mint) {
			tokens[i].Status = token.Hidden
		}
	}
	return b.Without(mints)
}

// TestWithout: what is hidden is in no list and no sum, and is there for whoever knows its mint; the board that it was
// taken from stays as it is.
func TestWithout(t *testing.T) {
	t.Parallel()
	tokens := lumpy(300, rand.New(rand.NewPCG(5, 6)))
	full := makeBoard(t, tokens)
	listed := slices.Collect(full.Mints())
	b := veiled(full, tokens, rand.New(rand.NewPCG(7, 8)))
	want, count := token.Stats{Launchpads: []token.LaunchpadID{testPad}}, map[token.Status]int{}
	for i := range tokens {
		want.Add(&tokens[i], epoch)
		count[tokens[i].Status]++
		got, ok := b.Token(tokens[i].Mint)
		if !ok || !b.Has(tokens[i].Mint) || got.Status != tokens[i].Status || b.Lists(tokens[i].Mint) != (got.Status == token.Listed) {
			t.Errorf("%s is %s, want %s; listed: %v", got.Mint, got.Status, tokens[i].Status, b.Lists(got.Mint))
		}
	}
	if diff := gocmp.Diff(want, b.Totals(time.UnixMilli(epoch))); diff != "" || want.Tokens == 0 || want.Tokens == len(listed) {
		t.Errorf("%s\n%+v of %d", diff, want, len(listed))
	}
	for status, n := range count {
		if got := b.Count(status); got != n {
			t.Errorf("%d tokens are %s, want %d", got, status, n)
		}
	}
	if page, _ := b.Changed(Moment{}, len(tokens)); page.Len() != want.Tokens {
		t.Errorf("%d tokens have changed", page.Len())
	}
	isListed := func(mints []string) bool {
		return !slices.ContainsFunc(mints, func(mint string) bool { return !b.Lists(mint) })
	}
	if now := slices.Collect(b.Mints()); len(now) != want.Tokens || !isListed(now) {
		t.Errorf("%d mints", len(now))
	}
	if after := slices.Collect(full.Mints()); !slices.Equal(after, listed) || b.Without(nil).Count(token.Listed) != len(listed) || full.Without(nil) != full {
		t.Errorf("the board before lists %d of %d", len(after), len(listed))
	}
}

// TestPagesOfARealBoard walks through every order of tokens like real ones, whose values follow from others.
func TestPagesOfARealBoard(t *testing.T) {
	t.Parallel()
	tokens := world{Tick: 3}.Tokens(1100)
	b := makeBoard(t, tokens)
	for _, sort := range Sorts {
		for _, isAscending := range []bool{true, false} {
			q := Query{Sort: sort, Ascending: isAscending, Limit: 97}
			if diff := gocmp.Diff(simple(tokens).query(q), walkAll(t, b, q)); diff != "" {
				t.Errorf("%s, ascending %v (-want +got):\n%s", sort, isAscending, diff)
			}
		}
	}
}

func TestPageRefuses(t *testing.T) {
	t.Parallel()
	b := makeBoard(t, world{}.Tokens(3))
	for _, q := range []Query{{Sort: "price", Limit: 1}, {Sort: Relevance, Limit: 1}, {Sort: TVL}, {Sort: TVL, Limit: -1}} {
		if _, err := b.Page(q); err == nil {
			t.Errorf("%+v is answered", q)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for _, test := range [][2]string{
		{"CAT", "cat"},
		{"ÉCLAIR", "eclair"},
		{"e\u0301", "E"},
		{"ＣＡＴ", "cat"},
		{"ｶﾞ", "ガ"},
		{"ﬁne", "FINE"},
		{"Å", "a"},
		{"İ", "i"},
		{"Σίσυφος", "ΣΊΣΥΦΟΣ"},
		{"①", "1"},
		{"🚀", "🚀"},
		{"a\x00b", "ab"},
		{"РЕРЕ", "pepe"}, // in Cyrillic
		{"ΒΟΝΚ", "bonk"}, // in Greek
		{"Bıtcoın", "BITCOIN"},
		{"pe\u200bpe\u00ad", "pepe"},
		{"", "\u0301"},
	} {
		if a, b := Fold(test[0]), Fold(test[1]); a != b {
			t.Errorf("%q is %q, %q is %q", test[0], a, test[1], b)
		}
	}
	for _, different := range [][2]string{{"cat", "car"}, {"🚀", "🌕"}, {"ß", "b"}, {"кот", "рот"}, {"0x", "ox"}} {
		if Fold(different[0]) == Fold(different[1]) {
			t.Errorf("%q and %q are the same", different[0], different[1])
		}
	}
}

// TestMintsBeginning finds a mint by every beginning that is long enough, also those that begin with ones.
func TestMintsBeginning(t *testing.T) {
	t.Parallel()
	mints := []string{
		"11111111111111111111111111111111", "11111111111111111111111111111112", "1111111QLbz7JHiBTspS962RLKV8GndWFwiEaqKM",
		token.SOL, token.USDC, token.USDT, "JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG", "not a key at all, but long enough",
	}
	for i := range 200 {
		mints = append(mints, testKey("beginning", i))
	}
	var tokens []token.Token
	for _, mint := range mints {
		tokens = append(tokens, token.Token{Mint: mint, Status: token.Listed})
	}
	b := makeBoard(t, tokens)
	for i, mint := range mints {
		for n := minMintPrefix; n < len(mint); n++ {
			found := b.beginning(mint[:n])
			if isKey := idOf(mint).isRaw; slices.Contains(found, i) != isKey {
				t.Errorf("%q of %q: %v", mint[:n], mint, found)
			}
			for _, k := range found {
				if !strings.HasPrefix(mints[k], mint[:n]) {
					t.Errorf("%q finds %q", mint[:n], mints[k])
				}
			}
		}
	}
}

func TestLookUps(t *testing.T) {
	t.Parallel()
	tokens := world{}.Tokens(50)
	b := makeBoard(t, tokens)
	for _, want := range tokens {
		got, ok := b.Token(want.Mint)
		if diff := gocmp.Diff(want, got); !ok || diff != "" || !b.Has(want.Mint) {
			t.Errorf("%s: %v\n%s", want.Mint, ok, diff)
		}
	}
	for _, mint := range []string{"", "x", token.SOL, testKey("mint", 99)} {
		if _, ok := b.Token(mint); ok || b.Has(mint) {
			t.Errorf("%q is there", mint)
		}
	}
	page := b.Tokens([]string{tokens[7].Mint, "x", tokens[3].Mint, tokens[7].Mint})
	var got []string
	for row := range page.All() {
		got = append(got, row.Mint)
	}
	if diff := gocmp.Diff([]string{tokens[7].Mint, tokens[3].Mint, tokens[7].Mint}, got); diff != "" {
		t.Error(diff)
	}
	if got := makeBoard(t, nil); got.Len() != 0 || got.Has("x") {
		t.Error("an empty board has something")
	}
}

func TestTotals(t *testing.T) {
	t.Parallel()
	tokens, now := world{}.Tokens(700), time.UnixMilli(epoch)
	tokens[4].CreatedAt, tokens[5].CreatedAt, tokens[5].FirstSeenAt = epoch-1, 0, epoch-1
	want := token.Stats{Launchpads: []token.LaunchpadID{testPad}}
	for i := range tokens {
		want.Add(&tokens[i], epoch)
	}
	if diff := gocmp.Diff(want, makeBoard(t, tokens).Totals(now)); diff != "" || want.NewIn24h < 2 || want.TVLUSD == 0 {
		t.Errorf("%s\n%+v", diff, want)
	}
}

// TestTotalsStand for a minute: summing up is not done again for each who asks, and new tokens grow old all the same.
func TestTotalsStand(t *testing.T) {
	t.Parallel()
	one := world{}.Token(1)
	b, err := Make(Manifest{}, seq([]token.Token{one}))
	if err != nil {
		t.Fatal(err)
	}
	almost := time.UnixMilli(one.CreatedAt).Add(24*time.Hour - time.Second)
	for _, after := range []time.Duration{0, keepTotals - time.Second} {
		if got := b.Totals(almost.Add(after)).NewIn24h; got != 1 {
			t.Errorf("after %v: %d new", after, got)
		}
	}
	if got := b.Totals(almost.Add(2 * keepTotals)); got.NewIn24h != 0 || got.Tokens != 1 {
		t.Errorf("%+v", got)
	}
}

// TestEarning tells the same of what curves have earned as whole tokens do.
func TestEarning(t *testing.T) {
	t.Parallel()
	tokens := append(world{}.Tokens(400), lumpy(400, rand.New(rand.NewPCG(21, 22)))[200:]...)
	for i := range tokens {
		tokens[i].Mint = testKey("earner", i)
		if i%7 == 0 {
			tokens[i].Curve.Creator = token.SOL
		}
		if i%5 == 0 && len(tokens[i].Pools) > 0 {
			tokens[i].Pools[0].Curve.Earnings.Creator.Surplus, tokens[i].PriceUSD = "3.5", "0.25"
		}
	}
	b, earned := makeBoard(t, tokens), 0
	for _, creator := range []string{token.SOL, testKey("creator", 5), "nobody"} {
		var want []string
		for _, x := range tokens {
			if x.Curve.Creator == creator && x.Status != token.Unapproved && x.Status != token.Hidden {
				want = append(want, x.Mint)
			}
		}
		var got []string
		for x := range b.Earning(creator) {
			got = append(got, x.Mint)
			whole, _ := b.Token(x.Mint)
			money, ok := x.EarnedByCreator()
			all, isOne := whole.EarnedByCreator()
			if diff := gocmp.Diff(all, money); ok != isOne || diff != "" {
				t.Errorf("%s (-want +got):\n%s", x.Mint, diff)
			}
			if ok {
				earned++
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("tokens of %s (-want +got):\n%s", creator, diff)
		}
	}
	if earned < 50 {
		t.Errorf("only %d curves have earned something", earned)
	}
}

// TestSortedApart: a page of tokens that were sorted apart from all others is the one that the order of all has, whichever of them comes first.
func TestSortedApart(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(23, 24))
	tokens := lumpy(400, r)
	whole, within, apart := makeBoard(t, tokens), makeBoard(t, tokens[100:]), 0
	for i := range sorts {
		whole.order(i)
	}
	for range 1500 {
		q := Query{
			Sort: append(slices.Clone(Sorts), Relevance)[r.IntN(len(Sorts)+1)], Ascending: r.IntN(2) == 0, Limit: 1 + r.IntN(60),
			Search: []string{"", "a", "e", "o", "plain", "🚀"}[r.IntN(6)], Creator: []string{"", "", "odd"}[r.IntN(3)],
			Stage: append(slices.Clone(token.Stages), "", "")[r.IntN(len(token.Stages)+2)], Within: []*Board{nil, within}[r.IntN(2)],
		}
		if q.Sort == Relevance && q.Search == "" {
			continue
		}
		for more := true; more; {
			want, err := whole.Page(q)
			if err != nil {
				t.Fatal(err)
			}
			fresh, err := Open(whole.Manifest(), whole, nil) // nothing was sorted of it yet
			if err != nil {
				t.Fatal(err)
			}
			got, err := fresh.Page(q)
			if err != nil || !slices.Equal(got.found, want.found) || gocmp.Diff(want.Next, got.Next) != "" {
				t.Fatalf("%+v: %v of %v, want %v; then %+v, want %+v", q, err, got.found, want.found, got.Next, want.Next)
			}
			if by := sortingOf(cmp.Or(q.Sort, MarketCap)); !fresh.orders[by].isMade.Load() {
				apart++
			}
			q.After, more = want.Next, want.Next != nil
		}
	}
	if apart < 1500 {
		t.Errorf("%d pages were sorted apart, want more", apart)
	}
}

// TestSortedApartNoMore: the order of all is made as soon as it would have taken less than sorting again and again.
func TestSortedApartNoMore(t *testing.T) {
	t.Parallel()
	b, pages := makeBoard(t, world{}.Tokens(300)), 0
	by := sortingOf(TVL)
	for ; !b.orders[by].isMade.Load() && pages < 100; pages++ {
		if _, err := b.Page(Query{Sort: TVL, Stage: token.Graduated, Limit: 5}); err != nil {
			t.Fatal(err)
		}
	}
	if want := 4; pages != want { // of 45 tokens
		t.Errorf("all were sorted with the page %d of 45 tokens of 300, want %d", pages, want)
	}
}
