package board

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"tokensync/internal/token"
)

// TestBuildIsPure: the same tokens make the same bytes, and nothing of them is changed.
func TestBuildIsPure(t *testing.T) {
	t.Parallel()
	first, chunks := chunksOf(t, scrambled(300, 4))
	again, more := chunksOf(t, scrambled(300, 4))
	if !bytes.Equal(first.Encode(), again.Encode()) {
		t.Error("two manifests")
	}
	for ref, data := range chunks {
		if !bytes.Equal(data, more[ref]) || ref.Size != len(data) || ref.Hash != Hash(data) {
			t.Errorf("two chunks under %v", ref)
		}
	}
}

// TestChunksStay where tokens come, go and change: only the chunks around them are new.
func TestChunksStay(t *testing.T) {
	t.Parallel()
	const n = 6000
	base := world{}.Tokens(n + 5)
	before, _ := chunksOf(t, base[:n])
	tests := []struct {
		name   string
		tokens []token.Token
		most   map[string]int // new chunks of each family
	}{
		{"nothing", base[:n], nil},
		{"five come", base, map[string]int{"keys": 2, "names": 2, "about": 2, "pools": 2, "milestones": 2, "state": 2, "market": 2, "earnings": 2, "anchors": 2, "written": 2}},
		{"one goes", slices.Delete(slices.Clone(base[:n]), 2000, 2001), map[string]int{
			"keys": 2, "names": 2, "about": 2, "pools": 2, "milestones": 3, "state": 3, "market": 3, "earnings": 2, "anchors": 2, "written": 2,
		}},
		{"a name", with(base[:n], 3000, func(t *token.Token) { t.Name = "another" }), map[string]int{"names": 1, "about": 1}},
		{"a price", with(base[:n], 3001, func(t *token.Token) { t.Pools[0].Price, t.Price = "7", "7" }), map[string]int{"market": 1}},
		{"a stage", with(base[:n], 3002, func(t *token.Token) { t.Curve.Stage = token.Migrating }), map[string]int{"state": 1}},
		{"an end", with(base[:n], 3003, func(t *token.Token) { t.Curve.CompletedAt = 5 }), map[string]int{"milestones": 1}},
		{"fees", with(base[:n], 3004, func(t *token.Token) { t.Curve.Earnings.FeesQuote = "5" }), map[string]int{"earnings": 1}},
	}
	for _, test := range tests {
		after, _ := chunksOf(t, test.tokens)
		fresh := map[string]int{}
		for _, ref := range after.Chunks {
			if !before.Has(ref) {
				fresh[ref.Family]++
			}
		}
		for family, got := range fresh {
			if got > test.most[family] {
				t.Errorf("%s: %d new chunks of %s, want at most %d", test.name, got, family, test.most[family])
			}
		}
		if test.most != nil && len(fresh) == 0 {
			t.Errorf("%s: no new chunk", test.name)
		}
	}
}

func with(tokens []token.Token, i int, change func(*token.Token)) []token.Token {
	tokens = slices.Clone(tokens)
	tokens[i].Pools = slices.Clone(tokens[i].Pools)
	change(&tokens[i])
	for j := range tokens[i].Pools {
		if tokens[i].Pools[j].Address == tokens[i].CurvePool {
			tokens[i].Pools[j].Curve = tokens[i].Curve
		}
	}
	return tokens
}

// TestChunksFitAnItem of DynamoDB, whatever comes: many tokens, many pools, long texts.
func TestChunksFitAnItem(t *testing.T) {
	t.Parallel()
	const maxItem = 390 << 10
	wide := world{}.Token(0)
	for i := range 199 {
		p := wide.Pools[0]
		p.Address, p.Tags = testKey("wide", i), []string{testKey("tag", i), testKey("tag", -i)}
		p.Name, p.Base.URI = testKey("name", i), "https://"+testKey("uri", i)+testKey("more", i)
		wide.Pools = append(wide.Pools, p)
	}
	var fat []token.Token
	for i := range 60 {
		f := wide
		f.Mint = testKey("fat", i)
		f.Face.Description = strings.Repeat(testKey("text", i), 40)
		fat = append(fat, f)
	}
	for name, tokens := range map[string][]token.Token{"real ones": world{}.Tokens(9000), "scrambled": scrambled(3000, 5), "fat ones": fat} {
		m, _ := chunksOf(t, tokens)
		for _, ref := range m.Chunks {
			if ref.Size > maxItem {
				t.Errorf("%s: a chunk of %s has %d bytes", name, ref.Family, ref.Size)
			}
		}
	}
}

func TestBuildStops(t *testing.T) {
	t.Parallel()
	tokens := world{}.Tokens(2000)
	bad := errors.New("bad")
	failing := func(yield func(token.Token, error) bool) {
		for _, t := range tokens[:1000] {
			if !yield(t, nil) {
				return
			}
		}
		yield(token.Token{}, bad)
	}
	tests := []struct {
		name   string
		tokens iter.Seq2[token.Token, error]
		emit   func(Chunk) error
		err    string
	}{
		{"at an error of the tokens", failing, func(Chunk) error { return nil }, "bad"},
		{"at an error of emit", seq(tokens), func(Chunk) error { return bad }, "bad"},
		{"at a mint that comes twice", seq(append(tokens[:9:9], tokens[3])), func(Chunk) error { return nil }, "twice"},
	}
	for _, test := range tests {
		if _, err := Build(test.tokens, test.emit); err == nil || !strings.Contains(fmt.Sprint(err), test.err) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestBuildStreams: chunks are handed out while tokens still come, and none of them holds a large part.
func TestBuildStreams(t *testing.T) {
	t.Parallel()
	const n = 20_000
	given, out, behind := 0, map[string]int{}, 0
	tokens := func(yield func(token.Token, error) bool) {
		for i := range n {
			given++
			if !yield(token.Token{Mint: testKey("streamed", i), Status: token.Listed}, nil) {
				return
			}
		}
	}
	_, err := Build(tokens, func(c Chunk) error {
		out[c.Family]++
		if c.Family == "market" {
			behind = given
		}
		return nil
	})
	if err != nil || out["market"] < 8 || out["keys"] < 40 || behind != n {
		t.Errorf("%v chunks, %v", out, err)
	}
	if most := 5 * 1024; out["market"] < n/most {
		t.Errorf("%d chunks of market hold more than %d tokens", out["market"], most)
	}
}
