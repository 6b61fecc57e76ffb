package dev_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
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

func stored(t *testing.T, w *dev.World) map[string]map[string]types.AttributeValue {
	t.Helper()
	name, tokens := w.Tables().Tokens, map[string]map[string]types.AttributeValue{}
	pages := dynamodb.NewScanPaginator(w.Engine().Client(), &dynamodb.ScanInput{TableName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			tokens[it["mint"].(*types.AttributeValueMemberS).Value] = it
		}
	}
	return tokens
}

// TestCurvesMoveAndGraduate runs the real sync over a launchpad of 512 tokens, and again while they move.
func TestCurvesMoveAndGraduate(t *testing.T) {
	t.Parallel()
	log := new(logBook)
	w := startChain(t, rpctest.Config{Key: chainKey}, log)
	graduates := 0
	for round := range 3 {
		run, err := w.Sync(t.Context(), dev.FullSync)
		if err != nil {
			t.Fatal(err)
		}
		if r := run.Record; r.Status != syncrun.Succeeded || round == 0 && r.TokensNew != 512 || round > 0 && r.TokensUpdated == 0 {
			t.Fatalf("round %d: %s", round, run.Line)
		}
		before := graduates
		graduates = checkStages(t, w.Chain, stored(t, w))
		if graduates <= before {
			t.Errorf("round %d: %d graduates, %d before", round, graduates, before)
		}
		for range 10 {
			w.Tick()
		}
	}
	if log.has(chainKey) {
		t.Error("the log shows the RPC node's key")
	}
}

func checkStages(t *testing.T, chain *rpctest.Server, tokens map[string]map[string]types.AttributeValue) (graduates int) {
	t.Helper()
	if len(tokens) != chain.Tokens() {
		t.Errorf("%d tokens", len(tokens))
	}
	want := map[rpctest.Stage]string{
		rpctest.Bonding: "bonding", rpctest.Vesting: "migrating", rpctest.Ready: "migrating", rpctest.Graduated: "graduated",
	}
	for i := range chain.Tokens() {
		tok := chain.Token(i)
		it := tokens[tok.Mint]
		stage, _ := it["stage"].(*types.AttributeValueMemberS)
		tvl, _ := it["tvl_usd"].(*types.AttributeValueMemberN)
		if stage == nil || stage.Value != want[tok.Stage] {
			t.Errorf("token %d: stage %v, want %s", i, stage, want[tok.Stage])
			continue
		}
		if tok.Stage == rpctest.Graduated {
			graduates++
		}
		if tvl == nil || tvl.Value == "-1" { // what lies in the curve, and then in the pool
			t.Errorf("token %d (%s): TVL unknown", i, stage.Value)
		}
	}
	return graduates
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
	before := len(stored(t, w))
	_ = w.Chain.Close()
	product(syncrun.Failed, "the node refuses the connection")
	if after := stored(t, w); len(after) != before || before != 16 {
		t.Errorf("%d tokens before, %d after", before, len(after))
	}
	if log.has(chainKey) {
		t.Error("the log shows the RPC node's key")
	}
}
