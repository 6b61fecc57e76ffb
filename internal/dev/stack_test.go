package dev_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"tokensync/internal/config"
	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/products"
	"tokensync/internal/syncrun"
)

const adminToken = "a-token-for-tests-that-is-long-enough"

// start starts a world with the real binaries of `make local` and a small Meteora.
func start(t *testing.T, id string) *dev.World {
	t.Helper()
	return startWorld(t, dev.WorldOptions{
		Options: dev.Options{LaunchpadID: &id, AdminToken: adminToken}, Meteora: meteoratest.Config{Pools: 5000},
	})
}

// startWorld starts a world until the test ends. Its sync asks the fake node as often as it likes: a free plan's rate would
// make it wait for half a minute.
func startWorld(t *testing.T, o dev.WorldOptions) *dev.World {
	t.Helper()
	environment := map[string]string{config.SolanaRPCRate: "1000"}
	maps.Copy(environment, o.Environment)
	o.Environment = environment
	w, err := dev.StartWorld(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func TestSyncTwice(t *testing.T) {
	t.Parallel()
	stack := start(t, meteoratest.DefaultLaunchpad)
	first, err := stack.Sync(t.Context(), dev.FullSync)
	if err != nil {
		t.Fatal(err)
	}
	r := first.Record
	mints := stack.Meteora.OurMints(meteoratest.DLMM)
	if r.Status != syncrun.Succeeded || r.PoolsScanned != 5000 || r.TokensNew != len(mints) {
		t.Fatalf("first record %s", first.Line)
	}
	if want := len(poolsOf(stack, mints...)); r.PoolsMatched != int64(want) || want <= meteoratest.DefaultOurs {
		t.Errorf("%d pools matched, the tokens have %d", r.PoolsMatched, want)
	}
	if !json.Valid(first.Line) || strings.Contains(string(first.Line), "\n") || first.Result.ColdStart == 0 {
		t.Errorf("line %q, cold start %v", first.Line, first.Result.ColdStart)
	}
	second, err := stack.Sync(t.Context(), dev.FullSync)
	if err != nil {
		t.Fatal(err)
	}
	if second.Record.WriteBatches != 0 || second.Record.TokensUnchanged != r.TokensNew {
		t.Errorf("second record %s", second.Line)
	}
	if n := len(stored(t, stack, mints)); n != r.TokensNew {
		t.Errorf("%d items stored, want %d", n, r.TokensNew)
	}
	if n := len(published(t, stack)); n != r.TokensNew {
		t.Errorf("%d tokens on the board, want %d", n, r.TokensNew)
	}
}

// poolsOf returns the addresses of every pool that Meteora can tell of the mints, whichever product and launchpad they are of.
func poolsOf(w *dev.World, mints ...string) map[string]bool {
	all := map[string]bool{}
	for _, api := range products.APIs {
		if !api.Filters { // cannot be asked for a mint's
			continue
		}
		for _, addresses := range w.Meteora.World(string(api.Product)).PoolsOf(mints...) {
			for _, address := range addresses {
				all[address] = true
			}
		}
	}
	return all
}

func TestFailedSyncLeavesItsRecord(t *testing.T) {
	t.Parallel()
	stack := start(t, "")
	run, err := stack.Sync(t.Context(), dev.FullSync)
	if err != nil {
		t.Fatal(err)
	}
	if run.Record.Status != syncrun.Failed || !strings.Contains(run.Record.Error, launchpadParameter(t, stack)) || run.Result.Error == nil {
		t.Errorf("record %s, error %v", run.Line, run.Result.Error)
	}
	if n := stack.Meteora.Stats(meteoratest.DLMM).Requests; n != 0 {
		t.Errorf("Meteora saw %d requests", n)
	}
	stack.SetLaunchpadID(meteoratest.DefaultLaunchpad)
	if _, err := stack.Invoke(t.Context(), "nothing", []byte(`{}`)); err == nil || !strings.Contains(err.Error(), "sync-tokens") {
		t.Errorf("error %v, want one that lists the functions", err)
	}
}

// launchpadParameter returns the name that the template gives to the parameter with the launchpad ID.
func launchpadParameter(t *testing.T, w *dev.World) string {
	t.Helper()
	f, err := w.Template().Function(dev.SyncFunction)
	if err != nil {
		t.Fatal(err)
	}
	return f.Environment["LAUNCHPAD_ID_PARAMETER"]
}

func TestIndex(t *testing.T) {
	t.Parallel()
	stack := start(t, "any")
	response, err := http.Get(stack.URL() + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sync-tokens", stack.Tables().Tokens, "rate(1 hour)", "rate(1 minute)"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("%q is missing in\n%s", want, body)
		}
	}
}
