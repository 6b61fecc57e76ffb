package dashboard_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"tokensync/internal/board"
	"tokensync/internal/dashboard"
	"tokensync/internal/token"
)

func get(t *testing.T, target string, header ...string) *http.Response {
	t.Helper()
	h, err := dashboard.Handler()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	var r io.Reader = response.Body
	if response.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = z
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestFiles: everything that the page and its modules name is there, of its own origin, and of the right type.
func TestFiles(t *testing.T) {
	t.Parallel()
	kinds := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
	html := get(t, dashboard.Path)
	text := body(t, html)
	if html.StatusCode != http.StatusOK || html.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d, %v", html.StatusCode, html.Header)
	}
	named := regexp.MustCompile(`(?:src|href)="(/[^"]+)"`)
	imported := regexp.MustCompile(`from "\./([^"]+)"`)
	todo, seen := []string{}, map[string]bool{}
	for _, m := range named.FindAllStringSubmatch(text, -1) {
		todo = append(todo, m[1])
	}
	for len(todo) > 0 {
		target := todo[0]
		todo = todo[1:]
		if seen[target] {
			continue
		}
		seen[target] = true
		response := get(t, target)
		if want := kinds[target[strings.LastIndexByte(target, '.'):]]; response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != want {
			t.Errorf("%s: %d, %q", target, response.StatusCode, response.Header.Get("Content-Type"))
		}
		for _, m := range imported.FindAllStringSubmatch(body(t, response), -1) {
			todo = append(todo, dashboard.Path+"/"+m[1])
		}
	}
	if len(seen) < 9 {
		t.Errorf("only %v", seen)
	}
	if strings.Contains(text, "<style") || strings.Contains(text, "style=") || regexp.MustCompile(`<script[^>]*>[^<]`).MatchString(text) {
		t.Error("the page has what its own policy forbids")
	}
}

// TestChoices: the page offers every order and stage, and knows where Meteora shows the pools of every product.
func TestChoices(t *testing.T) {
	t.Parallel()
	html, script := body(t, get(t, dashboard.Path)), body(t, get(t, dashboard.Path+"/tokens.js"))
	for _, sort := range board.Sorts {
		if !strings.Contains(html, `<option value="`+string(sort)+`">`) {
			t.Errorf("no choice of the order %s", sort)
		}
	}
	for _, stage := range token.Stages {
		if !strings.Contains(html, `<option value="`+string(stage)+`">`) {
			t.Errorf("no choice of the stage %s", stage)
		}
	}
	for _, product := range token.Products {
		if !strings.Contains(script, `"`+string(product)+`": "https://`) {
			t.Errorf("no page for pools of %s", product)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/dashboard", "/dashboard/app.js", "/dashboard/uplot/LICENSE"} {
		plain, packed := get(t, target), get(t, target, "Accept-Encoding", "br, gzip")
		if packed.Header.Get("Content-Encoding") != "gzip" || body(t, packed) != body(t, plain) || plain.Header.Get("ETag") == packed.Header.Get("ETag") {
			t.Errorf("%s: %v, %v", target, plain.Header, packed.Header)
		}
		policy := plain.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "require-trusted-types-for 'script'") || strings.Contains(policy, "unsafe") || plain.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", target, plain.Header)
		}
		again := get(t, target, "If-None-Match", plain.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
			t.Errorf("%s: %d for its own tag", target, again.StatusCode)
		}
	}
	for _, target := range []string{"/dashboard/", "/dashboard/nothing.js", "/dashboard/../dashboard.go", "/dashboards", "/dashboard/uplot"} {
		want := http.StatusNotFound
		if got := get(t, "http://x"+target).StatusCode; got != want {
			t.Errorf("%s: %d, want %d", target, got, want)
		}
	}
}
