package dev_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tokensync/internal/dev"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dev/meteoratest"
)

// TestOperatorHides hides a token through the gateway and the real functions: without the operator's token nothing happens,
// with it the token leaves the lists before the next run and stays out of them after it.
func TestOperatorHides(t *testing.T) {
	t.Parallel()
	stack := start(t, meteoratest.DefaultLaunchpad)
	if _, err := stack.Sync(t.Context(), dev.FullSync); err != nil {
		t.Fatal(err)
	}
	mint := mintsAt(t, stack.URL(), "/v1/tokens")[0]
	for token, want := range map[string]int{"": http.StatusUnauthorized, "Bearer " + adminToken + "x": http.StatusForbidden} {
		for _, method := range []string{http.MethodPut, http.MethodDelete} {
			if got := ask(t, method, stack.URL()+"/v1/hidden/"+mint, token, `{"reason":"r"}`); got != want {
				t.Errorf("%s with %q: %d", method, token, got)
			}
		}
		for _, path := range []string{"/v1/hidden", "/v1/unapproved", "/v1/operator/stats"} {
			if response, _ := get(t, stack.URL(), path, "Authorization", token); response.StatusCode != want {
				t.Errorf("%s with %q: %d", path, token, response.StatusCode)
			}
		}
	}
	right := "Bearer " + adminToken
	for body, want := range map[string]int{"{}": http.StatusBadRequest, `{"reason":"r"}`: http.StatusOK} {
		if got := ask(t, http.MethodPut, stack.URL()+"/v1/hidden/"+mint, right, body); got != want {
			t.Fatalf("%s: %d", body, got)
		}
	}
	listed := func() bool { return slices.Contains(mintsAt(t, stack.URL(), "/v1/tokens"), mint) }
	for listed() { // until the functions look at the board again, and have forgotten their last answer
		time.Sleep(200 * time.Millisecond)
	}
	if run, err := stack.Sync(t.Context(), dev.Refresh); err != nil || run.Record.TokensHidden != 1 {
		t.Errorf("%+v, error %v", run.Record, err)
	}
	if listed() {
		t.Error("a run has put it back")
	}
	if got := ask(t, http.MethodDelete, stack.URL()+"/v1/hidden/"+mint, right, ""); got != http.StatusNoContent {
		t.Errorf("shown again: %d", got)
	}
	if run, err := stack.Sync(t.Context(), dev.Refresh); err != nil || run.Record.TokensHidden != 0 {
		t.Errorf("%+v, error %v", run.Record, err)
	}
	for !listed() {
		time.Sleep(200 * time.Millisecond)
	}
}

func mintsAt(t *testing.T, base, path string) (mints []string) {
	t.Helper()
	_, body := get(t, base, path)
	var list struct{ Data []struct{ Mint string } }
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	for _, row := range list.Data {
		mints = append(mints, row.Mint)
	}
	return mints
}

func ask(t *testing.T, method, url, token, body string) (status int) {
	t.Helper()
	apitest.Patiently(func() int {
		status = askOnce(t, method, url, token, body)
		return status
	})
	return status
}

func askOnce(t *testing.T, method, url, token, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}
