package dbc

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"tokensync/internal/dev/rpctest"
	"tokensync/internal/solana"
)

// A ledger stands before a node and tells of transactions, which the fake node does not.
type ledger struct {
	http.Handler
	mu    sync.Mutex
	slot  func() uint64
	pools []string // each with a transaction of its own that mentions it, the oldest first
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var request struct {
		Method string
		Params []any
	}
	_ = json.Unmarshal(body, &request)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch request.Method {
	case "getSignaturesForAddress":
		var signatures []string
		until, _ := request.Params[1].(map[string]any)["until"].(string)
		for i := len(l.pools) - 1; i >= 0 && fmt.Sprint("sig", i) != until; i-- {
			signatures = append(signatures, fmt.Sprintf(`{"signature":"sig%d","slot":%d,"err":null}`, i, l.slot()))
		}
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":1,"result":[%s]}`, strings.Join(signatures, ","))
	case "getTransaction":
		var i int
		_, _ = fmt.Sscanf(request.Params[0].(string), "sig%d", &i)
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":1,"result":{"transaction":{"message":{"accountKeys":[%q,%q]}},"meta":{"loadedAddresses":{}}}}`,
			l.pools[i], solana.Key{5}.String())
	default:
		l.Handler.ServeHTTP(w, r)
	}
}

func (l *ledger) add(pools ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pools = append(l.pools, pools...)
}

// behindLedger puts a ledger before w's node.
func (w *world) behindLedger(t *testing.T) *ledger {
	t.Helper()
	to, err := url.Parse(w.chain.URL())
	if err != nil {
		t.Fatal(err)
	}
	l := &ledger{Handler: httputil.NewSingleHostReverseProxy(to), slot: w.chain.Slot}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	client, err := solana.NewClient(solana.Options{URL: server.URL, Rates: solana.Rates{RPC: 1e6, Scans: 1e6, DAS: 1e6}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	w.Node = func(context.Context) (*solana.Client, error) { return client, nil }
	return l
}

// TestTransactions: on a node on which only walks work, a new curve is seen by the transaction that made it; one of too
// many transactions by walking on in parts.
func TestTransactions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{Tokens: 60, Node: rpctest.Node{Kind: rpctest.ScanCounting, Strangers: 150_000}})
	l := w.behindLedger(t)
	id := w.chain.Launchpad()
	w.mustRead(t, id)
	w.refreshAny(t, id) // finds out what does not work
	for _, i := range w.chain.AddCurves(id, 2) {
		l.add(w.chain.Token(i).Pool)
	}
	if got := w.refresh(t, id); !slices.Equal(w.ofLaunchpad(), curves(got)) {
		t.Errorf("%d curves of %d", len(curves(got)), len(w.ofLaunchpad()))
	}
	l.add(slices.Repeat(w.ofLaunchpad()[:1], 2*mostWaiting)...)
	w.chain.AddCurves(id, 1)
	for range 5 {
		w.refresh(t, id)
	}
	got, stats := w.refreshAny(t, id)
	if !slices.Equal(w.ofLaunchpad(), curves(got)) || !slices.Contains(stats.Notes(), "new curves: by a walk in parts") {
		t.Errorf("%d curves of %d, notes %q", len(curves(got)), len(w.ofLaunchpad()), stats.Notes())
	}
}
