//go:build browsertest

package browsertest

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/syncrun"
)

const adminToken = "token-of-the-browser-test"

// TestPage runs page.test.mjs against a stack that has seen good runs and bad ones.
func TestPage(t *testing.T) {
	command := os.Getenv("BROWSER_TEST")
	if command == "" {
		t.Fatal("BROWSER_TEST is not set: use make browser-test")
	}
	stack := start(t)
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Env = append(os.Environ(), "BASE_URL="+stack.URL(), "ADMIN_TOKEN="+adminToken)
	output, err := cmd.CombinedOutput()
	t.Logf("%s", output)
	if err != nil {
		t.Error(err)
	}
}

func start(t *testing.T) *dev.Stack {
	t.Helper()
	chain := rpctest.New(rpctest.Config{})
	node, err := rpctest.Start(chain)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = node.Close() })
	fake := meteoratest.New(meteoratest.Config{Pools: 6000, Ours: 300, Dialect: meteoratest.Pipes, Launched: dev.Launched(chain)})
	if err := fake.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fake.Close() })
	id := fake.Launchpad() + "," + chain.Launchpad()
	stack, err := dev.Start(t.Context(), dev.Options{
		Upstream: fake, Products: []string{"dlmm", "dbc"}, LaunchpadID: &id, SolanaURL: node.URL(), AdminToken: adminToken,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stack.Close(); err != nil {
			t.Error(err)
		}
	})
	history(t, stack, fake, chain)
	return stack
}

// history is a full run, refreshes, one of them while Meteora is down, and a last good one.
func history(t *testing.T, stack *dev.Stack, fake *meteoratest.Server, chain *rpctest.Chain) {
	t.Helper()
	run := func(ctx context.Context, event string, want syncrun.Status) {
		t.Helper()
		got, err := stack.Sync(ctx, event)
		if err != nil || got.Record.Status != want {
			t.Fatalf("%s: %s, %v", event, got.Record.Status, err)
		}
		chain.Tick()
		fake.SetLaunched(dev.Launched(chain))
		fake.Tick()
	}
	run(t.Context(), dev.FullSync, syncrun.Succeeded)
	for range 5 {
		run(t.Context(), dev.Refresh, syncrun.Succeeded)
	}
	fake.SetFault(meteoratest.Always(meteoratest.Fault{Status: http.StatusNotFound}))
	run(t.Context(), dev.FullSync, syncrun.Partial)
	fake.SetFault(nil)
	run(t.Context(), dev.FullSync, syncrun.Succeeded)
	for range 2 {
		run(t.Context(), dev.Refresh, syncrun.Succeeded)
	}
}
