package apigw_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"tokensync/internal/apigw"
)

func event(t *testing.T, text string) events.APIGatewayV2HTTPRequest {
	t.Helper()
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// request is what a handler sees of an event.
type request struct {
	Method, Path, Query, Host, Body string
	Length                          int64
	Header                          http.Header
}

func TestRequest(t *testing.T) {
	t.Parallel()
	const get = `"requestContext":{"stage":"$default","domainName":"api.example","http":{"method":"GET","sourceIp":"10.1.2.3"}}`
	tests := []struct {
		name, event string
		want        request
	}{
		{"plain", `{"rawPath":"/v1/stats",` + get + `}`, request{Method: "GET", Path: "/v1/stats", Host: "api.example"}},
		{
			"the raw query string counts, not the map that joins repeats",
			`{"rawPath":"/v1/tokens","rawQueryString":"a=1&a=2&q=%00+%2C","queryStringParameters":{"a":"1,2"},` + get + `}`,
			request{Method: "GET", Path: "/v1/tokens", Query: "a=1&a=2&q=%00+%2C", Host: "api.example"},
		},
		{
			"headers and cookies",
			`{"rawPath":"/","headers":{"if-none-match":"\"a\", \"b\"","host":"other.example","x-a":"1,2"},"cookies":["k=v","l=w"],` + get + `}`,
			request{Method: "GET", Path: "/", Host: "other.example", Header: http.Header{
				"If-None-Match": {`"a", "b"`}, "X-A": {"1,2"}, "Cookie": {"k=v; l=w"},
			}},
		},
		{"base64 body", `{"rawPath":"/","body":"AP8=","isBase64Encoded":true,` + get + `}`, request{Method: "GET", Path: "/", Host: "api.example", Body: "\x00\xff", Length: 2}},
		{"text body", `{"rawPath":"/","body":"é",` + get + `}`, request{Method: "GET", Path: "/", Host: "api.example", Body: "é", Length: 2}},
		{"escaped path", `{"rawPath":"/v1/tokens/a%20b",` + get + `}`, request{Method: "GET", Path: "/v1/tokens/a b", Host: "api.example"}},
		{"path that looks escaped and is not", `{"rawPath":"/v1/tokens/100%",` + get + `}`, request{Method: "GET", Path: "/v1/tokens/100%", Host: "api.example"}},
		{"no path", `{` + get + `}`, request{Method: "GET", Path: "/", Host: "api.example"}},
		{
			"stage in the path", `{"rawPath":"/prod/v1/stats","requestContext":{"stage":"prod","http":{"method":"HEAD"}}}`,
			request{Method: "HEAD", Path: "/v1/stats"},
		},
		{
			"path that begins like the stage", `{"rawPath":"/products","requestContext":{"stage":"prod","http":{"method":"GET"}}}`,
			request{Method: "GET", Path: "/products"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got request
			h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = request{r.Method, r.URL.Path, r.URL.RawQuery, r.Host, string(body), r.ContentLength, r.Header}
			})
			if _, err := apigw.New(h, h, slog.New(slog.DiscardHandler))(t.Context(), event(t, test.event)); err != nil {
				t.Fatal(err)
			}
			if len(got.Header) == 0 {
				got.Header = nil
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResponse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		handle http.HandlerFunc
		want   events.APIGatewayV2HTTPResponse
	}{
		{"nothing written", func(http.ResponseWriter, *http.Request) {}, events.APIGatewayV2HTTPResponse{StatusCode: 200}},
		{"text", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(201)
			_, _ = io.WriteString(w, "é")
			w.WriteHeader(500)
			w.Header().Set("X-Late", "1")
		}, events.APIGatewayV2HTTPResponse{StatusCode: 201, Headers: map[string]string{"content-type": "text/plain"}, Body: "é"}},
		{"several values and cookies", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Vary"] = []string{"Accept", "Origin"}
			w.Header().Add("Set-Cookie", "a=1, b")
			w.Header().Add("Set-Cookie", "c=2")
			w.WriteHeader(304)
		}, events.APIGatewayV2HTTPResponse{StatusCode: 304, Headers: map[string]string{"vary": "Accept, Origin"}, Cookies: []string{"a=1, b", "c=2"}}},
		{"gzipped", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "abc")
		}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{"content-encoding": "gzip"}, Body: "YWJj", IsBase64Encoded: true}},
		{"no text", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte{0xff})
		}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Body: "/w==", IsBase64Encoded: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := event(t, `{"rawPath":"/","requestContext":{"http":{"method":"GET"}}}`)
			got, err := apigw.New(test.handle, test.handle, slog.New(slog.DiscardHandler))(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			if test.want.Headers == nil {
				test.want.Headers = map[string]string{}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPanicBeyondTheHandler(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	panics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half an ans")
		panic("a bug")
	})
	sorry := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	handler := apigw.New(panics, sorry, slog.New(slog.NewJSONHandler(&log, nil)))
	got, err := handler(t.Context(), event(t, `{"rawPath":"/x","requestContext":{"http":{"method":"GET"}}}`))
	if err != nil || got.StatusCode != 500 || got.Body != "" {
		t.Errorf("answer %+v, error %v", got, err)
	}
	if !strings.Contains(log.String(), "a bug") || !strings.Contains(log.String(), "apigw_test.go") {
		t.Errorf("logged %s", log.String())
	}
}

func TestNoRequest(t *testing.T) {
	t.Parallel()
	handler := apigw.New(http.NotFoundHandler(), http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	for _, text := range []string{
		`{}`, `{"version":"1.0","path":"/v1/stats","httpMethod":"GET"}`,
		`{"body":"%","isBase64Encoded":true,"requestContext":{"http":{"method":"POST"}}}`,
	} {
		if got, err := handler(t.Context(), event(t, text)); err != nil || got.StatusCode != 400 {
			t.Errorf("%s: status %d, error %v", text, got.StatusCode, err)
		}
	}
}
