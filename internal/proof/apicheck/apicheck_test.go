//go:build apicheck

package apicheck

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"tokensync/internal/dev"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dynamo"
	"tokensync/internal/token"
)

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
	api, tables := stack.Engine().Client(), stack.Tables()
	b := apitest.Backend{Tokens: dynamo.NewTokensTable(api, tables.Tokens), Sync: dynamo.NewSyncTable(api, tables.Sync)}
	tokens := apitest.Tokens(250, apitest.First, apitest.Second)
	tokens[3].Status = token.Delisted
	if err := b.Fill(t.Context(), tokens, time.Now()); err != nil {
		t.Fatal(err)
	}
	return stack
}

// run runs the command in an environment variable, with the API's URL in API_URL.
func run(t *testing.T, variable string) {
	t.Helper()
	command := os.Getenv(variable)
	if command == "" {
		t.Fatalf("%s is not set: use make check-api", variable)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Env = append(os.Environ(), "API_URL="+start(t).URL())
	output, err := cmd.CombinedOutput()
	t.Logf("%s", output)
	if err != nil {
		t.Error(err)
	}
}

func TestSchemathesis(t *testing.T) { run(t, "SCHEMATHESIS") }

func TestTypeScriptClient(t *testing.T) { run(t, "TYPESCRIPT_CLIENT") }
