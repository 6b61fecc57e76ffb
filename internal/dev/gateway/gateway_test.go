package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/gateway"
	"tokensync/internal/dev/runtimeapi"
)

// function answers with a fixed payload and keeps the event.
type function struct {
	payload string
	failure *runtimeapi.FunctionError
	err     error
	event   events.APIGatewayV2HTTPRequest
}

func (f *function) Invoke(_ context.Context, payload []byte) (runtimeapi.Result, error) {
	if err := json.Unmarshal(payload, &f.event); err != nil {
		return runtimeapi.Result{}, err
	}
	return runtimeapi.Result{Payload: []byte(f.payload), Error: f.failure}, f.err
}

func serve(t *testing.T, request *http.Request, routes ...gateway.Route) *http.Response {
	t.Helper()
	g, err := gateway.New(routes, nil)
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	g.ServeHTTP(recorder, request)
	return recorder.Result()
}

func TestEvent(t *testing.T) {
	t.Parallel()
	f := &function{payload: `{"statusCode":204}`}
	request := httptest.NewRequest("GET", "http://api.example:3000/v1/tokens/a%20b?x=1&x=2&y=%C3%A9", nil)
	request.Header = http.Header{
		"Accept": {"a", "b"}, "Cookie": {"k=v; l=w"}, "If-None-Match": {`"tag"`}, "User-Agent": {"test"},
	}
	request.RemoteAddr = "10.1.2.3:99"
	if got := serve(t, request, gateway.Route{Method: "GET", Path: "/v1/tokens/{mint}", Function: f}); got.StatusCode != 204 {
		t.Fatalf("status %d", got.StatusCode)
	}
	e := f.event
	e.RequestContext.RequestID, e.RequestContext.Time, e.RequestContext.TimeEpoch = "", "", 0
	want := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "GET /v1/tokens/{mint}", RawPath: "/v1/tokens/a b", RawQueryString: "x=1&x=2&y=%C3%A9",
		Cookies: []string{"k=v", "l=w"},
		Headers: map[string]string{
			"accept": "a,b", "if-none-match": `"tag"`, "user-agent": "test", "host": "api.example:3000",
			"x-forwarded-for": "10.1.2.3", "x-forwarded-proto": "http",
		},
		QueryStringParameters: map[string]string{"x": "1,2", "y": "é"},
		PathParameters:        map[string]string{"mint": "a b"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "GET /v1/tokens/{mint}", AccountID: "000000000000", Stage: "$default", APIID: "local",
			DomainName: "api.example", DomainPrefix: "api",
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: "GET", Path: "/v1/tokens/a b", Protocol: "HTTP/1.1", SourceIP: "10.1.2.3", UserAgent: "test",
			},
		},
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestRequestBody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		contentType, body, want string
		base64                  bool
	}{
		{"application/json; charset=utf-8", `{"a":1}`, `{"a":1}`, false},
		{"text/plain", "é", "é", false},
		{"application/octet-stream", "abc", "YWJj", true},
		{"text/plain", "\xff", "/w==", true},
		{"application/json", "", "", false},
	}
	for _, test := range tests {
		f := &function{payload: `{}`}
		request := httptest.NewRequest("POST", "/x", strings.NewReader(test.body))
		request.Header.Set("Content-Type", test.contentType)
		serve(t, request, gateway.Route{Method: "ANY", Path: "/x", Function: f})
		if f.event.Body != test.want || f.event.IsBase64Encoded != test.base64 {
			t.Errorf("%s %q: body %q, base64 %v", test.contentType, test.body, f.event.Body, f.event.IsBase64Encoded)
		}
	}
}

func TestResponse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		function function
		status   int
		body     string
		headers  map[string]string
	}{
		{
			"complete",
			function{payload: `{"statusCode":201,"headers":{"x-a":"b","x-n":3},"body":"hi","cookies":["k=v"]}`},
			201, "hi",
			map[string]string{"X-A": "b", "X-N": "3", "Set-Cookie": "k=v", "Content-Type": "text/plain; charset=utf-8"},
		},
		{
			"own content type",
			function{payload: `{"statusCode":200,"headers":{"content-type":"text/html"},"body":"hi"}`},
			200, "hi",
			map[string]string{"Content-Type": "text/html"},
		},
		{"base64", function{payload: `{"statusCode":200,"body":"YWJj","isBase64Encoded":true}`}, 200, "abc", nil},
		{"broken base64", function{payload: `{"statusCode":200,"body":"%","isBase64Encoded":true}`}, 500, `{"message":"Internal Server Error"}`, nil},
		{"without status", function{payload: `{"hello":"world"}`}, 200, `{"hello":"world"}`, map[string]string{"Content-Type": "application/json"}},
		{"a text", function{payload: `"hello"`}, 200, `"hello"`, map[string]string{"Content-Type": "application/json"}},
		{"not modified", function{payload: `{"statusCode":304,"headers":{"etag":"\"t\""}}`}, 304, "", map[string]string{"Etag": `"t"`}},
		{"no JSON", function{payload: `{`}, 500, `{"message":"Internal Server Error"}`, nil},
		{"bad status", function{payload: `{"statusCode":7}`}, 500, `{"message":"Internal Server Error"}`, nil},
		{"status is a text", function{payload: `{"statusCode":"x"}`}, 500, `{"message":"Internal Server Error"}`, nil},
		{"function failed", function{payload: `{}`, failure: &runtimeapi.FunctionError{}}, 500, `{"message":"Internal Server Error"}`, nil},
		{"no answer", function{err: errors.New("gone")}, 500, `{"message":"Internal Server Error"}`, nil},
		{"too slow", function{err: context.DeadlineExceeded}, 503, `{"message":"Service Unavailable"}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := serve(t, httptest.NewRequest("GET", "/", nil), gateway.Route{Method: "GET", Path: "/", Function: &test.function})
			body, err := io.ReadAll(got.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got.StatusCode != test.status || strings.TrimSpace(string(body)) != test.body {
				t.Errorf("status %d, body %s; want %d, %s", got.StatusCode, body, test.status, test.body)
			}
			for name, want := range test.headers {
				if got.Header.Get(name) != want {
					t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
				}
			}
		})
	}
}

func TestRouting(t *testing.T) {
	t.Parallel()
	var routes []gateway.Route
	for _, r := range []string{
		"GET /v1/tokens", "GET /v1/tokens/{mint}", "GET /v1/tokens/newest", "ANY /v1/tokens/newest",
		"GET /files/{proxy+}", "POST /v1/tokens", "GET /",
	} {
		method, path, _ := strings.Cut(r, " ")
		routes = append(routes, gateway.Route{Method: method, Path: path, Function: &function{payload: `{"statusCode":200,"body":"` + r + `"}`}})
	}
	tests := []struct{ method, path, want string }{
		{"GET", "/v1/tokens", "GET /v1/tokens"},
		{"GET", "/v1/tokens?limit=1", "GET /v1/tokens"},
		{"POST", "/v1/tokens", "POST /v1/tokens"},
		{"GET", "/v1/tokens/abc", "GET /v1/tokens/{mint}"},
		{"GET", "/v1/tokens/newest", "GET /v1/tokens/newest"},
		{"PUT", "/v1/tokens/newest", "ANY /v1/tokens/newest"},
		{"GET", "/files/a/b", "GET /files/{proxy+}"},
		{"GET", "/", "GET /"},
		{"HEAD", "/v1/tokens", ""},
		{"GET", "/v1/tokens/", ""},
		{"GET", "/v1/tokens/a/b", ""},
		{"GET", "/files/", ""},
		{"GET", "/v2", ""},
	}
	for _, test := range tests {
		got := serve(t, httptest.NewRequest(test.method, test.path, nil), routes...)
		body, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		if test.want == "" && (got.StatusCode != 404 || !strings.Contains(string(body), "Not Found")) || test.want != "" && string(body) != test.want {
			t.Errorf("%s %s: %d %s, want %q", test.method, test.path, got.StatusCode, body, test.want)
		}
	}
}

func TestBadRoutes(t *testing.T) {
	t.Parallel()
	f := &function{}
	for _, r := range []gateway.Route{{Method: "GET", Path: "x", Function: f}, {Method: "GET", Path: "/{a+}/b", Function: f}, {Method: "GET", Path: "/"}} {
		if _, err := gateway.New([]gateway.Route{r}, nil); err == nil {
			t.Errorf("no error for %s", r.Path)
		}
	}
}
