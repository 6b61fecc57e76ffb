package dev_test

import (
	"encoding/json"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/dev/study"
	"tokensync/internal/dynamo"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

const chainKey = "s3cret-rpc-key"

// logBook keeps what the functions write.
type logBook struct {
	mu    sync.Mutex
	lines strings.Builder
}

func (l *logBook) add(_, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines.WriteString(line + "\n")
}

func (l *logBook) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.lines.String(), text)
}

// startChain starts a world that reads the chain beside a Meteora without tokens of ours.
func startChain(t *testing.T, chain rpctest.Config, log *logBook) *dev.World {
	t.Helper()
	return startWorld(t, dev.WorldOptions{
		Options: dev.Options{Log: log.add}, Meteora: meteoratest.Config{Pools: 3000, Ours: -1}, Chain: &chain,
	})
}

// published returns the tokens on the board by mint.
func published(t *testing.T, w *dev.World) map[string]token.Token {
	t.Helper()
	board, err := dynamo.NewBoardReader(w.Engine().Client(), w.Tables().Board).Board(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]token.Token{}
	for tok := range board.All() {
		tokens[tok.Mint] = tok
	}
	return tokens
}

// stored returns the items that the mints have, by mint.
func stored(t *testing.T, w *dev.World, mints []string) map[string]token.Token {
	t.Helper()
	tokens := map[string]token.Token{}
	for tok, err := range dynamo.NewTokensTable(w.Engine().Client(), w.Tables().Tokens).Get(t.Context(), mints) {
		if err != nil {
			t.Fatal(err)
		}
		tokens[tok.Mint] = tok
	}
	return tokens
}

// TestCurvesMoveAndGraduate runs the real sync over a launchpad of 512 tokens, and again while they move.
func TestCurvesMoveAndGraduate(t *testing.T) {
	t.Parallel()
	log := new(logBook)
	w := startChain(t, rpctest.Config{Key: chainKey}, log)
	graduates := 0
	for round := range study.Size(2, 4) {
		run, err := w.Sync(t.Context(), dev.FullSync)
		if err != nil {
			t.Fatal(err)
		}
		if r := run.Record; r.Status != syncrun.Succeeded || round == 0 && r.TokensNew != 512 || round > 0 && r.TokensUpdated == 0 {
			t.Fatalf("round %d: %s", round, run.Line)
		}
		if n := len(stored(t, w, slices.Collect(chainMints(w.Chain)))); n != w.Chain.Tokens() {
			t.Errorf("round %d: %d items stored", round, n)
		}
		before := graduates
		graduates = checkStages(t, w, published(t, w))
		if graduates <= before {
			t.Errorf("round %d: %d graduates, %d before", round, graduates, before)
		}
		checkNewest(t, w)
		if n := leftOver(published(t, w)); (n > 0) != (round > 0) {
			t.Errorf("round %d: what is left over is known of %d curves", round, n)
		}
		for range 10 {
			w.Tick()
		}
	}
	if log.has(chainKey) {
		t.Error("the log shows the RPC node's key")
	}
}

// leftOver counts the curves of which it is known what is left over: full runs ask for what the board before has.
func leftOver(tokens map[string]token.Token) (n int) {
	for _, t := range tokens {
		if t.Curve.Earnings.Leftover.Known() {
			n++
		}
	}
	return n
}

// newestTwice is how many of the newest tokens are compared: two pages.
const newestTwice = 200

// checkNewest holds what the API says of ages to the chain: the newest tokens in their order, none of which is first seen
// instead, and how many of the last day there are.
func checkNewest(t *testing.T, w *dev.World) {
	t.Helper()
	var rows []struct {
		Mint      string
		CreatedAt time.Time `json:"created_at"`
		Estimated bool      `json:"created_at_estimated"`
	}
	for next := "/v1/tokens?sort=created&limit=100"; next != "" && len(rows) < newestTwice; {
		var page struct {
			Data json.RawMessage
			Next string `json:"next_cursor"`
		}
		fetch(t, w, next, &page)
		more := rows[:0:0]
		if err := json.Unmarshal(page.Data, &more); err != nil {
			t.Fatal(err)
		}
		rows, next = append(rows, more...), "/v1/tokens?sort=created&limit=100&cursor="+page.Next
	}
	created, today := map[string]time.Time{}, 0
	for i := range w.Chain.Tokens() {
		truth := w.Chain.Token(i)
		created[truth.Mint] = truth.CreatedAt
		if time.Since(truth.CreatedAt) < 24*time.Hour {
			today++
		}
	}
	last := time.Now()
	for i, row := range rows {
		truth := created[row.Mint]
		if row.Estimated || row.CreatedAt.Sub(truth).Abs() > slotError || truth.After(last.Add(slotError)) {
			t.Errorf("newest %d: %s was created at %v, want %v, estimated %v, after one of %v", i, row.Mint, row.CreatedAt, truth, row.Estimated, last)
		}
		last = truth
	}
	var stats struct {
		Today int `json:"tokens_new_24h"`
	}
	if fetch(t, w, "/v1/stats", &stats); stats.Today != today || today == 0 || len(rows) != newestTwice {
		t.Errorf("%d tokens of the last day, want %d; %d rows", stats.Today, today, len(rows))
	}
}

// fetch decodes the API's answer.
func fetch(t *testing.T, w *dev.World, target string, into any) {
	t.Helper()
	response, body := get(t, w.URL(), target)
	if err := json.Unmarshal(body, into); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %.200s: %v", target, response.StatusCode, body, err)
	}
}

func chainMints(chain *rpctest.Server) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range chain.Tokens() {
			if !yield(chain.Token(i).Mint) {
				return
			}
		}
	}
}

func checkStages(t *testing.T, w *dev.World, tokens map[string]token.Token) (graduates int) {
	t.Helper()
	if len(tokens) != w.Chain.Tokens() {
		t.Errorf("%d tokens", len(tokens))
	}
	want := map[rpctest.Stage]token.Stage{
		rpctest.Bonding: token.Bonding, rpctest.Vesting: token.Migrating, rpctest.Ready: token.Migrating, rpctest.Graduated: token.Graduated,
	}
	for i := range w.Chain.Tokens() {
		truth := w.Chain.Token(i)
		tok := tokens[truth.Mint]
		if tok.Curve.Stage != want[truth.Stage] {
			t.Errorf("token %d: stage %q, want %s", i, tok.Curve.Stage, want[truth.Stage])
			continue
		}
		if truth.Stage == rpctest.Graduated {
			graduates++
		}
		if !tok.TVLUSD.Known() { // what lies in the curve, and then in the pool
			t.Errorf("token %d (%s): TVL unknown", i, tok.Curve.Stage)
		}
		checkTruth(t, w, &truth, &tok)
	}
	return graduates
}

// slotError is how far the time of a curve may be off whose config counts in slots: on this chain, those that are paid with USDC.
const slotError = 30 * time.Second

// checkTruth compares a token with what Meteora and the chain have: its times, and every pool of it.
func checkTruth(t *testing.T, w *dev.World, truth *rpctest.Token, tok *token.Token) {
	t.Helper()
	var most time.Duration
	if truth.QuoteMint == token.USDC {
		most = slotError
	}
	if off := time.UnixMilli(tok.CreatedAt).Sub(truth.CreatedAt).Abs(); off > most {
		t.Errorf("%s was created at %d, want %v", tok.Mint, tok.CreatedAt, truth.CreatedAt)
	}
	want, got := poolsOf(w, tok.Mint), map[string]bool{}
	if truth.DAMMv1Pool != "" {
		want[truth.DAMMv1Pool] = true
	}
	want[truth.Pool] = true
	for _, p := range tok.Pools {
		got[p.Address] = true
	}
	if diff := cmp.Diff(want, got); diff != "" || tok.PoolCount != len(want) {
		t.Errorf("%s (%s): %d pools: %s", tok.Mint, tok.Curve.Stage, tok.PoolCount, diff)
	}
}

// TestChainTroubles: without a URL the product is skipped, and one that fails says so without its key.
func TestChainTroubles(t *testing.T) {
	t.Parallel()
	log := new(logBook)
	w := startChain(t, rpctest.Config{Tokens: 16, Key: chainKey}, log)
	product := func(want syncrun.Status, says string) {
		t.Helper()
		run, err := w.Sync(t.Context(), dev.FullSync)
		if err != nil {
			t.Fatal(err)
		}
		p := run.Record.Products[1]
		if p.Product != token.DBC || p.Status != want || !strings.Contains(p.Error, says) {
			t.Errorf("%s", run.Line)
		}
		if strings.Contains(string(run.Line), chainKey) {
			t.Errorf("the record shows the key: %s", run.Line)
		}
	}
	product(syncrun.Succeeded, "")
	before := len(published(t, w))
	_ = w.Chain.Close()
	product(syncrun.Failed, "the node refuses the connection")
	if after := published(t, w); len(after) != before || before != 16 {
		t.Errorf("%d tokens before, %d after", before, len(after))
	}
	if log.has(chainKey) {
		t.Error("the log shows the RPC node's key")
	}
}
