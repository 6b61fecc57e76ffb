package board

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/fields"
	"tokensync/internal/token"
)

// leaves visits every field of t but those that a reader makes of points.
func leaves(t *token.Token, visit func(path string, leaf reflect.Value)) {
	fields.Visit(reflect.ValueOf(t).Elem(), func(path string, leaf reflect.Value) {
		if !strings.HasPrefix(path, "Since[") && !strings.HasPrefix(path, "PriceChange[") {
			visit(path, leaf)
		}
	})
}

var oddTexts = []string{
	"", "a", "plain text", "https://x.com/a/b", "/", "\x00\x01\x02", "\xff\xfe", "ÉCLAIR", "🚀", strings.Repeat("long ", 100),
	token.SOL, token.USDC, "1" + token.SOL, "11111111111111111111111111111111", "0", "-0", "many", "1.50", "+1", "01",
}

var oddNumbers = []token.Number{
	"", "0", "1", "-1", "5e-324", "18446744073709551615", "1.8e19", "12345678901234567890123456789012345678",
	"0.12345678901234567890123456789012345678", "1e120", "-1e-119", "999999999999999999", "9999999999999999999", "0.000001",
}

// scramble sets every field of t at random, to few values so that many are equal, and to odd ones.
func scramble(t *token.Token, r *rand.Rand) {
	leaves(t, func(_ string, leaf reflect.Value) {
		switch leaf.Kind() {
		case reflect.String:
			if leaf.Type() == reflect.TypeFor[token.Number]() && r.IntN(8) > 0 {
				leaf.SetString(string(oddNumbers[r.IntN(len(oddNumbers))]))
			} else {
				leaf.SetString(oddTexts[r.IntN(len(oddTexts))])
			}
		case reflect.Bool:
			leaf.SetBool(r.IntN(2) == 0)
		case reflect.Uint8:
			leaf.SetUint(r.Uint64N(4) * 85)
		case reflect.Int8:
			leaf.SetInt(r.Int64N(3))
		default:
			leaf.SetInt([]int64{0, 1, -1, epoch, -1 << 62, 1<<63 - 1}[r.IntN(6)])
		}
	})
}

// scrambled returns tokens of which no field follows from another.
func scrambled(n int, seed uint64) []token.Token {
	r, tokens := rand.New(rand.NewPCG(seed, 7)), make([]token.Token, n)
	for i := range tokens {
		t := &tokens[i]
		for range r.IntN(4) {
			t.Pools = append(t.Pools, token.Pool{Tags: make([]string, r.IntN(3))})
			if p := &t.Pools[len(t.Pools)-1]; len(p.Tags) == 0 {
				p.Tags = nil
			}
		}
		scramble(t, r)
		t.Mint = testKey("scrambled", i)
		if i%5 == 0 {
			t.Mint = fmt.Sprintf("no/key %d\xff", i)
		}
	}
	return tokens
}

// compare compares every token of b, and every row, with tokens.
func compare(tb testing.TB, b *Board, tokens []token.Token) {
	tb.Helper()
	i := 0
	for got := range b.All() {
		if diff := cmp.Diff(tokens[i], got); diff != "" {
			tb.Fatalf("token %d (-want +got):\n%s", i, diff)
		}
		i++
	}
	if i != len(tokens) || b.Len() != i {
		tb.Fatalf("%d tokens, Len %d, want %d", i, b.Len(), len(tokens))
	}
	mints := make([]string, len(tokens))
	for i := range tokens {
		mints[i] = tokens[i].Mint
	}
	rows, i := b.Tokens(mints), 0
	for got := range rows.All() {
		want := tokens[i]
		if g, w := string(got.AppendRow(nil)), string(want.AppendRow(nil)); g != w {
			tb.Fatalf("row %d (-want +got):\n%s", i, cmp.Diff(w, g))
		}
		i++
	}
	if i != len(tokens) {
		tb.Fatalf("%d rows, want %d", i, len(tokens))
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, tokens := range map[string][]token.Token{
		"none": nil, "like real ones": world{}.Tokens(3000), "one": world{}.Tokens(1),
		"scrambled": scrambled(700, 1), "scrambled anew": scrambled(700, 2),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compare(t, makeBoard(t, tokens), tokens)
		})
	}
}

// TestNoFieldIsForgotten changes every field of a token and its pools, one by one. A field that the table of fields does
// not have would come back as it was.
func TestNoFieldIsForgotten(t *testing.T) {
	t.Parallel()
	base := world{}.Token(0)
	base.Pools[0].Tags = []string{"tag"}
	var tokens []token.Token
	var paths []string
	count := 0
	leaves(&base, func(string, reflect.Value) { count++ })
	for i := range count {
		changed := base
		changed.Pools = append([]token.Pool{}, base.Pools...)
		changed.Pools[0].Tags = []string{"tag"}
		k := 0
		leaves(&changed, func(path string, leaf reflect.Value) {
			if k == i {
				fields.Change(leaf)
				paths = append(paths, path)
			}
			k++
		})
		if changed.Mint == base.Mint {
			changed.Mint = testKey("changed", i)
		}
		tokens = append(tokens, changed)
	}
	if count < 150 {
		t.Fatalf("only %d fields", count)
	}
	i := 0
	for got := range makeBoard(t, tokens).All() {
		if diff := cmp.Diff(tokens[i], got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", paths[i], diff)
		}
		i++
	}
}

// TestFieldsFollowFromEarlierOnes: what a field may follow from stands before it in the table, or a reader would take it
// from a value that it has not read yet.
func TestFieldsFollowFromEarlierOnes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		full := scrambled(1, seed)[0]
		if len(full.Pools) == 0 {
			continue
		}
		var read token.Token
		read.Pools = make([]token.Pool, len(full.Pools))
		told := func(source *follow, of *token.Token, j int) string {
			switch {
			case source.operation == byText:
				return source.text(of, poolOf(of, j))
			case source.selects():
				return source.formula.text(ofToken{of}, j)
			}
			return string(source.amount(ofToken{of}, j).Number())
		}
		step := func(f *field, j int) {
			p, q := poolOf(&full, j), poolOf(&read, j)
			for i := range f.follows {
				if got, want := told(&f.follows[i], &read, j), told(&f.follows[i], &full, j); got != want {
					t.Errorf("%s, source %d: %q, and %q once all is read", f.name, i, got, want)
				}
			}
			if f.near != nil && !sameFloat(f.near.at(ofToken{&read}, j), f.near.at(ofToken{&full}, j)) {
				t.Errorf("%s lies near something else once all is read", f.name)
			}
			for i, source := range f.followsInt {
				if got, want := source(&read, q), source(&full, p); got != want {
					t.Errorf("%s, source %d: %d, and %d once all is read", f.name, i, got, want)
				}
			}
			if f.form == integer {
				f.setInt(&read, q, f.int(&full, p))
			} else {
				f.setText(&read, q, f.text(&full, p))
			}
		}
		for i := range all.heads {
			step(&all.heads[i], 0)
		}
		for j := range full.Pools {
			for i := range all.pools {
				step(&all.pools[i], j)
			}
		}
		for i := range all.sums {
			step(&all.sums[i], 0)
		}
	}
}

func sameFloat(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) }

// TestFormulasTellOfNumbersAlone: what a formula or a guess takes is told by formulas too, and so is what lists are ordered by.
// A reader of single values has no texts that others could follow from.
func TestFormulasTellOfNumbersAlone(t *testing.T) {
	t.Parallel()
	check := func(f *field, by string) {
		for i := range f.follows {
			if f.follows[i].operation == byText {
				t.Errorf("%s, which %s takes, follows from texts", f.name, by)
			}
		}
		if f.form == integer && len(f.followsInt) > 0 {
			t.Errorf("%s, which %s takes, follows from others", f.name, by)
		}
	}
	taken := 0
	for _, list := range all.lists() {
		for i := range list {
			f := &list[i]
			for k := range f.follows {
				for _, source := range f.follows[k].fields[:len(f.follows[k].names)] {
					check(source, f.name)
					taken++
				}
			}
			if f.near != nil {
				for _, source := range f.near.fields[:len(f.near.names)] {
					check(source, "the guess of "+f.name)
					taken++
				}
			}
		}
	}
	for _, f := range []*field{
		createdField, firstSeenField, suspectField, progressField, quoteField, quoteUSDField, tvlField, holdersField, priceField, capField,
		feesField, volumeField, symbolField, statusField, stageField, configField, mintField,
	} {
		check(f, "an order")
	}
	if taken < 50 {
		t.Errorf("only %d fields are taken by others", taken)
	}
}

// numbersOf makes a board of numbers, in fields that stand for themselves and in those that follow from others.
func numbersOf(numbers []token.Number) []token.Token {
	var tokens []token.Token
	for i := 0; i < len(numbers); i += 6 {
		n := func(k int) token.Number { return numbers[min(i+k, len(numbers)-1)] }
		tokens = append(tokens, token.Token{
			Mint: testKey("number", i), Status: token.Listed, Holders: n(0), PriceUSD: n(1), TotalSupply: n(2), TVLUSD: n(3),
			Pools: []token.Pool{{Price: n(4), QuoteUSD: n(5), TVLUSD: n(3), Base: token.Asset{PriceUSD: n(1)}}},
		})
	}
	return tokens
}

// TestEveryRecordedNumber comes back to the last digit: all literals of the recorded answers, and odd ones.
func TestEveryRecordedNumber(t *testing.T) {
	t.Parallel()
	numbers := append([]token.Number{}, oddNumbers...)
	paths, err := filepath.Glob("../meteora/testdata/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recorded answers: %v", err)
	}
	literal := regexp.MustCompile(`-?\d+(\.\d+)?([eE][+-]?\d+)?`)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range literal.FindAllString(string(text), -1) {
			if n, ok := token.ParseNumber(s); ok {
				numbers = append(numbers, n)
			}
		}
	}
	if len(numbers) < 100 {
		t.Fatalf("only %d numbers", len(numbers))
	}
	tokens := numbersOf(numbers)
	compare(t, makeBoard(t, tokens), tokens)
}

// randomNumber returns any float64, a product, or a decimal of up to 38 digits.
func randomNumber(r *rand.Rand) token.Number {
	var s string
	switch r.IntN(4) {
	case 0:
		s = strconv.FormatFloat(r.NormFloat64()*1e6, 'g', -1, 64)
	case 1:
		s = strconv.FormatUint(r.Uint64()>>r.IntN(64), 10) + "e-" + strconv.Itoa(r.IntN(30))
	case 2:
		s = fmt.Sprintf("%d%019d.%018d", r.Uint64()>>1, r.Int64(), r.Int64N(1e18))
	case 3:
		a, b := randomDecimal(r), randomDecimal(r)
		return a.Mul(b)
	}
	n, _ := token.ParseNumber(s)
	return n
}

func randomDecimal(r *rand.Rand) token.Number {
	return token.FromDecimal(r.Int64N(1e17), -r.IntN(20))
}

func TestRandomNumbers(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 12))
	numbers := make([]token.Number, 30_000)
	for i := range numbers {
		numbers[i] = randomNumber(r)
	}
	tokens := numbersOf(numbers)
	compare(t, makeBoard(t, tokens), tokens)
}

// BenchmarkMillionNumbers is like TestRandomNumbers with a million: it fails where one digit is lost.
func BenchmarkMillionNumbers(b *testing.B) {
	r := rand.New(rand.NewPCG(13, 14))
	for b.Loop() {
		for range 10 {
			numbers := make([]token.Number, 100_000)
			for i := range numbers {
				numbers[i] = randomNumber(r)
			}
			tokens := numbersOf(numbers)
			i := 0
			for got := range makeBoard(b, tokens).All() {
				want := &tokens[i]
				if got.Holders != want.Holders || got.PriceUSD != want.PriceUSD || got.TotalSupply != want.TotalSupply ||
					got.TVLUSD != want.TVLUSD || got.Pools[0].Price != want.Pools[0].Price || got.Pools[0].QuoteUSD != want.Pools[0].QuoteUSD {
					b.Fatalf("%+v\nis not\n%+v", got, want)
				}
				i++
			}
		}
	}
}

// FuzzNumber follows any text through a board.
func FuzzNumber(f *testing.F) {
	for _, n := range oddNumbers {
		f.Add(string(n))
	}
	for _, s := range oddTexts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		numbers := []token.Number{token.Number(s), "1", token.Number(s), "", "0", token.Number(s)}
		if n, ok := token.ParseNumber(s); ok {
			numbers = append(numbers, n, n.Mul("3"), n.Add("0.1"), n.Quo("7"), "0", n)
		}
		tokens := numbersOf(numbers)
		compare(t, makeBoard(t, tokens), tokens)
	})
}

// TestTextsMayBeKept although the token that held them is filled anew: an arena never writes where it has written.
func TestTextsMayBeKept(t *testing.T) {
	t.Parallel()
	tokens := world{}.Tokens(100)
	b := makeBoard(t, tokens)
	page, err := b.Page(Query{Sort: Created, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]string{}
	for row := range page.All() {
		kept[row.Mint] = string(row.PriceUSD) + row.Name + row.Face.ImageURL
	}
	for _, want := range tokens {
		if got := kept[want.Mint]; got != string(want.PriceUSD)+want.Name+want.Face.ImageURL {
			t.Errorf("%s: %q", want.Mint, got)
		}
	}
}
