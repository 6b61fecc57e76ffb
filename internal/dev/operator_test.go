package dev_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/syncrun"
)

// TestOperator reads the runs through the real authorizer.
func TestOperator(t *testing.T) {
	t.Parallel()
	stack := start(t, meteoratest.DefaultLaunchpad)
	var want []syncrun.Record
	for _, event := range []string{dev.FullSync, dev.Refresh} {
		run, err := stack.Sync(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		want = append([]syncrun.Record{run.Record}, want...)
	}
	knockEverywhere(t, stack.URL(), want[0].RunID)
	for name, tt := range map[string]struct {
		header []string
		status int
	}{
		"no token":    {nil, http.StatusUnauthorized},
		"wrong token": {[]string{"Authorization", "Bearer " + adminToken + "x"}, http.StatusForbidden},
		"right token": {[]string{"Authorization", "Bearer " + adminToken}, http.StatusOK},
	} {
		response, body := get(t, stack.URL(), "/v1/sync-runs", tt.header...)
		if response.StatusCode != tt.status {
			t.Errorf("%s: %d %s", name, response.StatusCode, body)
			continue
		}
		if tt.status != http.StatusOK {
			continue
		}
		var got struct{ Data []syncrun.Record }
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Data); diff != "" {
			t.Error(diff)
		}
	}
}

// knockEverywhere asks for the operator's routes in ways that a careless router takes for them, with every method, without his
// token: nothing of a run comes back.
func knockEverywhere(t *testing.T, base, runID string) {
	t.Helper()
	for _, path := range []string{
		"/v1/sync-runs", "/v1/sync-runs/", "/v1//sync-runs", "//v1/sync-runs", "/v1/./sync-runs", "/v1/stats/../sync-runs", "/V1/sync-runs",
		"/v1/Sync-Runs", "/v1/sync%2Druns", "/v1%2Fsync-runs", "/v1/sync-runs%00", "/v1/sync-runs%20", "/v1/sync-runs.", "/v1/sync-runs.json",
		"/v1/sync-runs;x=1", "/v1/sync-runs?limit=1", "/v1/sync-runs#x", "/v1/tokens/../sync-runs", "/v1/tokens/%2e%2e/sync-runs", "/v1/health/..%2fsync-runs",
		"/%76%31/sync-runs", "/v1/revenue", "/v1/revenue/", "/v1//revenue", "/v1/Revenue", "/v1/revenue?limit=1", "/$default/v1/sync-runs", "/prod/v1/sync-runs",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"} {
			r, err := http.NewRequestWithContext(t.Context(), method, base+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-HTTP-Method-Override", "GET")
			response, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Errorf("%s %s: %v", method, path, err)
				continue
			}
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if err != nil || response.StatusCode < 300 || strings.Contains(string(body), runID) || strings.Contains(string(body), `"quotes"`) {
				t.Errorf("%s %s: %d %.200s, %v", method, path, response.StatusCode, body, err)
			}
		}
	}
}

// TestOperatorWithoutToken: when none is set nobody is the operator, and what was sent is in no log.
func TestOperatorWithoutToken(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var log strings.Builder
	id := "any"
	for name, options := range map[string]dev.Options{
		"no parameter": {LaunchpadID: &id}, "a blank one": {LaunchpadID: &id, AdminToken: " "},
		"a short one": {LaunchpadID: &id, AdminToken: "guessed-by-somebody"},
	} {
		options.Log = func(_, line string) {
			mu.Lock()
			defer mu.Unlock()
			log.WriteString(line)
		}
		stack, err := dev.Start(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		for _, sent := range []string{"Bearer ", "Bearer guessed-by-somebody"} {
			if response, body := get(t, stack.URL(), "/v1/sync-runs", "Authorization", sent); response.StatusCode != http.StatusForbidden {
				t.Errorf("%s, %q: %d %s", name, sent, response.StatusCode, body)
			}
		}
		if err := stack.Close(); err != nil {
			t.Error(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if !strings.Contains(log.String(), "everybody is refused") || strings.Contains(log.String(), "guessed") {
		t.Error(log.String())
	}
}

// TestAuthorizerBinary answers its events as a Lambda.
func TestAuthorizerBinary(t *testing.T) {
	t.Parallel()
	id := "any"
	stack, err := dev.Start(t.Context(), dev.Options{LaunchpadID: &id, AdminToken: "local-operator-token-of-the-stack"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stack.Close() })
	for event, want := range map[string]string{"authorizer": "true", "authorizer-wrong-token": "false"} {
		payload, err := os.ReadFile("../../events/" + event + ".json")
		if err != nil {
			t.Fatal(err)
		}
		result, err := stack.Invoke(t.Context(), "authorizer", payload)
		if err != nil || result.Error != nil || !strings.Contains(string(result.Payload), `"isAuthorized":`+want) {
			t.Errorf("%s: %s, %v, %v", event, result.Payload, result.Error, err)
		}
	}
}
