package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"tokensync/internal/dev/apitest"
	"tokensync/internal/httpapi"
)

// BenchmarkRoutes is the time of each route in process, over a table of few and of many tokens, each request to the engine;
// and from the warm cache.
func BenchmarkRoutes(b *testing.B) {
	for _, tokens := range []int{100, 100_000} {
		if tokens > 100 && testing.Short() {
			continue // filling the table takes minutes
		}
		backend := newBackend(b, nil, apitest.First)
		fill(b, backend, apitest.Tokens(tokens, apitest.First))
		for _, caching := range []struct {
			name string
			httpapi.Caching
		}{{"engine", uncached}, {"cached", httpapi.DefaultCaching}} {
			handler := httpapi.New(backend.Catalog, caching.Caching, apitest.Quiet()).Handler(httpapi.Functions()...)
			for _, route := range []struct{ name, target string }{
				{"list", "/v1/tokens"},
				{"list-100", "/v1/tokens?sort=volume&limit=100"},
				{"search", "/v1/tokens?q=sym4"},
				{"several", "/v1/tokens?mints=" + apitest.Mint(1) + "," + apitest.Mint(2)},
				{"token", "/v1/tokens/" + apitest.Mint(7)},
				{"stats", "/v1/stats"},
				{"health", "/v1/health"},
			} {
				b.Run(fmt.Sprintf("tokens=%d/%s/%s", tokens, caching.name, route.name), func(b *testing.B) { ask(b, handler, route.target) })
			}
		}
	}
}

// ask reports the slowest hundredth beside the mean.
func ask(b *testing.B, handler http.Handler, target string) {
	b.ReportAllocs()
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), http.MethodGet, target, nil))
		took = append(took, time.Since(start))
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1e3, "p99-ms")
}
