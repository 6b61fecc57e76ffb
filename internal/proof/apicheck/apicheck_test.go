//go:build apicheck

package apicheck

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"tokensync/internal/dev"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/proof/course"
	"tokensync/internal/token"
)

const adminToken = "token-of-the-client-test-long-enough"

// start starts the stack with 250 tokens of two launchpads in its tables.
func start(t *testing.T) *dev.Stack {
	t.Helper()
	id := string(apitest.First) + "," + string(apitest.Second)
	stack, err := dev.Start(t.Context(), dev.Options{
		LaunchpadID: &id, Environment: map[string]string{"SYNC_INTERVAL": "1h"},
		Log: func(function, line string) { t.Logf("%s: %s", function, line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stack.Close(); err != nil {
			t.Error(err)
		}
	})
	b := apitest.Over(stack.Engine().Client(), stack.Tables(), nil)
	tokens := apitest.Tokens(250, apitest.First, apitest.Second)
	tokens[3].Status = token.Delisted
	if err := b.Fill(t.Context(), tokens, time.Now()); err != nil {
		t.Fatal(err)
	}
	return stack
}

// run runs the command in an environment variable, with more variables.
func run(t *testing.T, variable string, environment ...string) {
	t.Helper()
	command := os.Getenv(variable)
	if command == "" {
		t.Fatalf("%s is not set: use make check-api", variable)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout // as it comes: it may take minutes
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
}

func TestSchemathesis(t *testing.T) { run(t, "SCHEMATHESIS", "API_URL="+start(t).URL()) }

// TestTypeScriptClient runs the client's own tests over a launchpad with tokens on the chain and at Meteora, which live as
// soon as the tests ask for it.
func TestTypeScriptClient(t *testing.T) {
	w, control := course.StartWorld(t, dev.WorldOptions{
		Meteora: meteoratest.Config{Pools: 1000, Ours: 200}, Chain: &rpctest.Config{Tokens: 100},
		Options: dev.Options{AdminToken: adminToken},
	})
	run(t, "TYPESCRIPT_CLIENT", "API_URL="+w.URL(), "COURSE_URL="+control, "ADMIN_TOKEN="+adminToken)
}
