package dev_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"tokensync/internal/dev"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/httpapi"
)

// get asks the stack and checks its answer against the spec.
func get(t *testing.T, base, target string, header ...string) (response *http.Response, body []byte) {
	t.Helper()
	apitest.Patiently(func() int {
		response, body = getOnce(t, base, target, header...)
		return response.StatusCode
	})
	return response, body
}

func getOnce(t *testing.T, base, target string, header ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.Header.Get("Content-Encoding") == "" {
		conforms(t, target, response, string(body))
	}
	return response, body
}

func conforms(t *testing.T, target string, response *http.Response, body string) {
	t.Helper()
	spec, err := openapi3.NewLoader().LoadFromFile(filepath.Join("..", "httpapi", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(spec)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, target, nil)
	route, parameters, err := router.FindRoute(r)
	if err != nil {
		t.Fatal(err)
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route},
		Status:                 response.StatusCode, Header: response.Header, Body: io.NopCloser(strings.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		t.Errorf("%s: %d %.200s: %v", target, response.StatusCode, body, err)
	}
}

// TestAPI asks the real binaries through the gateway, after the real sync.
func TestAPI(t *testing.T) {
	t.Parallel()
	stack := start(t, meteoratest.DefaultLaunchpad)
	run, err := stack.Sync(t.Context(), dev.FullSync)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	mint := ""
	for next := "/v1/tokens?limit=100"; next != ""; {
		response, body := get(t, stack.URL(), next)
		var page struct {
			Data []struct{ Mint string }
			Next string `json:"next_cursor"`
		}
		if err := json.Unmarshal(body, &page); err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s", next, response.StatusCode, body)
		}
		for _, row := range page.Data {
			if seen[row.Mint] {
				t.Errorf("%s comes twice", row.Mint)
			}
			seen[row.Mint], mint = true, row.Mint
		}
		if next = ""; page.Next != "" {
			next = "/v1/tokens?limit=100&cursor=" + page.Next
		}
	}
	if len(seen) != run.Record.TokensNew {
		t.Errorf("%d tokens, the sync wrote %d", len(seen), run.Record.TokensNew)
	}
	for target, status := range map[string]int{
		"/v1/tokens?mints=" + mint: 200, "/v1/tokens?q=" + mint: 200, "/v1/tokens/" + mint: 200, "/v1/stats": 200,
		"/v1/health": 200, "/v1/openapi.json": 200, "/v1/tokens?limit=0": 400, "/v1/tokens?a=1&a=2": 400,
		"/v1/tokens/%00": 400, "/v1/tokens/" + meteoratest.IncidentKey: 404,
	} {
		if response, body := get(t, stack.URL(), target); response.StatusCode != status {
			t.Errorf("%s: %d, want %d: %s", target, response.StatusCode, status, body)
		}
	}
	checkEncodings(t, stack.URL())
}

func checkEncodings(t *testing.T, base string) {
	t.Helper()
	plain, body := get(t, base, "/v1/tokens")
	if again, _ := get(t, base, "/v1/tokens", "If-None-Match", plain.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("If-None-Match: status %d", again.StatusCode)
	}
	packed, bytes := get(t, base, "/v1/tokens", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(strings.NewReader(string(bytes)))
	if err != nil || packed.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("gzip: %v, %v", packed.Header, err)
	}
	if unpacked, err := io.ReadAll(z); err != nil || string(unpacked) != string(body) {
		t.Errorf("gzip: another body (%v)", err)
	}
}

// TestAPIWithoutDynamoDB ends the engine under the functions.
func TestAPIWithoutDynamoDB(t *testing.T) {
	t.Parallel()
	stack := start(t, meteoratest.DefaultLaunchpad)
	if stack.Engine().Close() != nil || os.Getenv("DYNAMODB_ENDPOINT") != "" {
		t.Log("someone else's engine goes on")
		return
	}
	for _, target := range []string{"/v1/tokens", "/v1/stats", "/v1/health", "/v1/tokens/" + meteoratest.IncidentKey} {
		if response, body := getOnce(t, stack.URL(), target); response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %d: %s", target, response.StatusCode, body)
		}
	}
}

// BenchmarkColdStart is from exec to the first answer of each read function, with an empty table.
func BenchmarkColdStart(b *testing.B) {
	id := meteoratest.DefaultLaunchpad
	events := map[string]string{
		httpapi.ListTokens.Name: "list-tokens.json", httpapi.GetToken.Name: "get-token-not-found.json",
		httpapi.GetStats.Name: "get-stats.json", httpapi.Health.Name: "health.json",
	}
	for function, name := range events {
		b.Run(function, func(b *testing.B) {
			event, err := os.ReadFile(filepath.Join("..", "..", "events", name))
			if err != nil {
				b.Fatal(err)
			}
			var cold, answered time.Duration
			var rss int64
			for range b.N {
				b.StopTimer()
				stack, err := dev.Start(b.Context(), dev.Options{LaunchpadID: &id})
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				result, err := stack.Invoke(b.Context(), function, event)
				if err != nil || result.Error != nil {
					b.Fatal(err, result.Error)
				}
				b.StopTimer()
				cold, answered, rss = cold+result.ColdStart, answered+result.ColdStart+result.Duration, rss+result.PeakRSS
				_ = stack.Close()
			}
			b.ReportMetric(float64(cold.Microseconds())/1e3/float64(b.N), "ms-to-ready")
			b.ReportMetric(float64(answered.Microseconds())/1e3/float64(b.N), "ms-to-answer")
			b.ReportMetric(float64(rss)/(1<<20)/float64(b.N), "MiB-rss")
		})
	}
}
