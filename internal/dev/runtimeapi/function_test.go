package runtimeapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tokensync/internal/dev/runtimeapi"
)

var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "runtimeapi")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", binary, "./testdata/function")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the test's function: %v\n%s", err, out)
		return 1
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func function(t *testing.T, change func(*runtimeapi.Config)) *runtimeapi.Function {
	t.Helper()
	config := runtimeapi.Config{Name: "fn", Binary: binary, Timeout: 20 * time.Second}
	if change != nil {
		change(&config)
	}
	f, err := runtimeapi.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

type answer struct {
	Calls     int    `json:"calls"`
	LeftMS    int64  `json:"left_ms"`
	PID       int    `json:"pid"`
	RequestID string `json:"request_id"`
	ARN       string `json:"arn"`
	Trace     string `json:"trace"`
}

func invoke(t *testing.T, f *runtimeapi.Function, payload string) runtimeapi.Result {
	t.Helper()
	result, err := f.Invoke(t.Context(), []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func succeed(t *testing.T, f *runtimeapi.Function, payload string) (runtimeapi.Result, answer) {
	t.Helper()
	result := invoke(t, f, payload)
	if result.Error != nil {
		t.Fatal(result.Error)
	}
	var a answer
	if err := json.Unmarshal(result.Payload, &a); err != nil {
		t.Fatalf("%v in %s", err, result.Payload)
	}
	return result, a
}

func TestColdThenWarm(t *testing.T) {
	t.Parallel()
	f := function(t, nil)
	cold, first := succeed(t, f, `{}`)
	warm, second := succeed(t, f, `{}`)
	if cold.ColdStart <= 0 || warm.ColdStart != 0 {
		t.Errorf("cold starts %v and %v", cold.ColdStart, warm.ColdStart)
	}
	if first.Calls != 1 || second.Calls != 2 || first.PID != second.PID {
		t.Errorf("calls %d and %d, processes %d and %d", first.Calls, second.Calls, first.PID, second.PID)
	}
	if first.RequestID != cold.RequestID || first.RequestID == second.RequestID || first.ARN != f.ARN() {
		t.Errorf("request IDs %s and %s, ARN %s", first.RequestID, second.RequestID, first.ARN)
	}
	if first.LeftMS < 15_000 || first.LeftMS > 20_000 {
		t.Errorf("deadline in %d ms, want the timeout of 20 s", first.LeftMS)
	}
	if !strings.HasPrefix(first.Trace, "Root=1-") {
		t.Errorf("trace ID %q", first.Trace)
	}
	if _, err := os.Stat("/proc/self/status"); err == nil && cold.PeakRSS < 1<<20 {
		t.Errorf("peak RSS %d", cold.PeakRSS)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, payload     string
		change            func(*runtimeapi.Config)
		wantType, wantSay string
		sameProcess       bool
	}{
		{"error", `{"do":"fail"}`, nil, "errorString", "no luck", true},
		{"panic", `{"do":"panic"}`, nil, "string", "oh dear", false},
		{"crash", `{"do":"crash"}`, nil, "Runtime.ExitError", "exit status 3", false},
		{
			"timeout", `{"do":"sleep","ms":60000}`, func(c *runtimeapi.Config) { c.Timeout = 300 * time.Millisecond },
			"Sandbox.Timedout", "Task timed out after 0.30 seconds", false,
		},
		{"response too large", `{"do":"large","bytes":6291600}`, nil, "Function.ResponseSizeTooLarge", "6291556", false},
		{"bad event", `[]`, nil, "UnmarshalTypeError", "unmarshal", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := function(t, test.change)
			_, before := succeed(t, f, `{}`)
			got := invoke(t, f, test.payload)
			if got.Error == nil || got.Error.Type != test.wantType || !strings.Contains(got.Error.Message, test.wantSay) {
				t.Errorf("error %v, want %s with %q", got.Error, test.wantType, test.wantSay)
			}
			if !strings.Contains(string(got.Payload), "errorMessage") {
				t.Errorf("payload %s, want the error's", got.Payload)
			}
			_, after := succeed(t, f, `{}`)
			if same := before.PID == after.PID; same != test.sameProcess {
				t.Errorf("the sandbox was kept: %v, want %v", same, test.sameProcess)
			}
		})
	}
}

func TestLargestResponse(t *testing.T) {
	t.Parallel()
	result := invoke(t, function(t, nil), `{"do":"large","bytes":6291554}`)
	if result.Error != nil || len(result.Payload) != runtimeapi.MaxPayload {
		t.Errorf("%v with %d bytes, want %d", result.Error, len(result.Payload), runtimeapi.MaxPayload)
	}
}

func TestInitFailures(t *testing.T) {
	t.Parallel()
	tests := []struct{ atStart, wantType, wantSay string }{
		{"init error", "Config.Invalid", "bad settings"},
		{"exit", "Runtime.ExitError", "exit status 2"},
	}
	for _, test := range tests {
		t.Run(test.atStart, func(t *testing.T) {
			t.Parallel()
			f := function(t, func(c *runtimeapi.Config) { c.Env = map[string]string{"AT_START": test.atStart} })
			for range 2 { // each invocation tries again
				got := invoke(t, f, `{}`)
				if got.Error == nil || got.Error.Type != test.wantType || !strings.Contains(got.Error.Message, test.wantSay) {
					t.Errorf("error %v, want %s with %q", got.Error, test.wantType, test.wantSay)
				}
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("LEAKED", "yes")
	f := function(t, func(c *runtimeapi.Config) {
		c.MemoryMB = 256
		c.Env = map[string]string{"OWN": "x", "AWS_ACCESS_KEY_ID": "mine", "AWS_LAMBDA_FUNCTION_NAME": "forged"}
	})
	var env []string
	if err := json.Unmarshal(invoke(t, f, `{"do":"env"}`).Payload, &env); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"OWN=x", "AWS_ACCESS_KEY_ID=mine", "AWS_LAMBDA_FUNCTION_NAME=fn", "_HANDLER=bootstrap",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_REGION=us-east-1", "TZ=:UTC",
		"LAMBDA_TASK_ROOT=" + filepath.Dir(binary),
	} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is missing in %v", want, env)
		}
	}
	if slices.Contains(env, "LEAKED=yes") {
		t.Error("this process's environment leaks")
	}
}

func TestLogsAreLines(t *testing.T) {
	t.Parallel()
	var lines []string
	f := function(t, func(c *runtimeapi.Config) { c.Log = func(line string) { lines = append(lines, line) } })
	succeed(t, f, `{"do":"a"}`)
	invoke(t, f, `{"do":"crash"}`)
	_ = f.Close()
	if got := strings.Join(lines, "|"); got != "call 1 a|call 2 crash" {
		t.Errorf("lines %q", got)
	}
}

func TestConcurrency(t *testing.T) {
	t.Parallel()
	f := function(t, func(c *runtimeapi.Config) { c.Concurrency = 2 })
	var group sync.WaitGroup
	var mu sync.Mutex
	processes := map[int]bool{}
	for range 6 {
		group.Go(func() {
			_, a := succeed(t, f, `{"do":"sleep","ms":50}`)
			mu.Lock()
			defer mu.Unlock()
			processes[a.PID] = true
		})
	}
	group.Wait()
	if len(processes) != 2 {
		t.Errorf("%d sandboxes, want 2", len(processes))
	}
}

func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	f := function(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := f.Invoke(ctx, []byte(`{"do":"sleep","ms":60000}`)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the context's", err)
	}
	succeed(t, f, `{}`)
}

func TestCloseLeavesNothing(t *testing.T) {
	t.Parallel()
	f := function(t, nil)
	_, a := succeed(t, f, `{}`)
	go func() {
		time.Sleep(50 * time.Millisecond)
		_ = f.Close()
	}()
	if _, err := f.Invoke(t.Context(), []byte(`{"do":"sleep","ms":60000}`)); !errors.Is(err, runtimeapi.ErrClosed) {
		t.Errorf("error %v while it closes", err)
	}
	_ = f.Close()
	if err := syscall.Kill(a.PID, 0); err == nil {
		t.Errorf("process %d is still there", a.PID)
	}
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, runtimeapi.ErrClosed) {
		t.Errorf("error %v once closed", err)
	}
}

func TestRefusedInvocations(t *testing.T) {
	t.Parallel()
	f := function(t, nil)
	for _, payload := range []string{``, `{`, `"` + strings.Repeat("x", runtimeapi.MaxPayload) + `"`} {
		if _, err := f.Invoke(t.Context(), []byte(payload)); err == nil {
			t.Errorf("no error for a payload of %d bytes", len(payload))
		}
	}
	missing := function(t, func(c *runtimeapi.Config) { c.Binary = "/nowhere/bootstrap" })
	for range 2 { // a failed start gives its slot back
		if _, err := missing.Invoke(t.Context(), []byte(`{}`)); err == nil || !strings.Contains(err.Error(), "/nowhere/bootstrap") {
			t.Errorf("error %v, want one that names the binary", err)
		}
	}
}
