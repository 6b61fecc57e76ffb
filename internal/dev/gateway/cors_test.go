package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/gateway"
)

func TestCORS(t *testing.T) {
	t.Parallel()
	cors := gateway.CORS{
		Origins: []string{"https://a.example", "https://b.example"}, Methods: []string{"GET", "POST"}, Headers: []string{"content-type"},
		Expose: []string{"etag"}, MaxAge: time.Hour,
	}
	everyone := cors
	everyone.Origins = []string{"*"}
	const origin, expose = "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"
	preflight := func(allowed string) map[string]string {
		return map[string]string{
			origin: allowed, expose: "etag", "Access-Control-Allow-Methods": "GET,POST", "Access-Control-Allow-Headers": "content-type",
			"Access-Control-Max-Age": "3600",
		}
	}
	for _, test := range []struct {
		name                   string
		cors                   gateway.CORS
		method, origin, wanted string
		status                 int
		headers                map[string]string
	}{
		{"a page of the same origin", cors, "GET", "", "", 200, nil},
		{"an allowed origin", cors, "GET", "https://b.example", "", 200, map[string]string{origin: "https://b.example", expose: "etag"}},
		{"another origin", cors, "GET", "https://c.example", "", 200, nil},
		{"every origin", everyone, "POST", "https://c.example", "", 200, map[string]string{origin: "*", expose: "etag"}},
		{"a preflight", cors, "OPTIONS", "https://a.example", "POST", 204, preflight("https://a.example")},
		{"a preflight of anyone", everyone, "OPTIONS", "https://c.example", "POST", 204, preflight("*")},
		{"a preflight of another origin", cors, "OPTIONS", "https://c.example", "POST", 204, nil},
		{"a preflight for another method", cors, "OPTIONS", "https://a.example", "PUT", 204, map[string]string{origin: "https://a.example", expose: "etag"}},
		{"no CORS", gateway.CORS{}, "OPTIONS", "https://a.example", "POST", 200, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, r := httptest.NewRecorder(), httptest.NewRequest(test.method, "/", nil)
			for name, value := range map[string]string{"Origin": test.origin, "Access-Control-Request-Method": test.wanted} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			test.cors.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
			got := map[string]string{}
			for name := range w.Header() {
				got[name] = w.Header().Get(name)
			}
			if test.headers == nil {
				test.headers = map[string]string{}
			}
			if diff := cmp.Diff(test.headers, got); diff != "" || w.Code != test.status {
				t.Errorf("status %d, headers (-want +got): %s", w.Code, diff)
			}
		})
	}
}
