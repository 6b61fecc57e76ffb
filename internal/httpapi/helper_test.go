package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"tokensync/internal/dev/apitest"
	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dynamo"
	"tokensync/internal/httpapi"
	"tokensync/internal/token"
)

var engine *dynamotest.Engine

func TestMain(m *testing.M) {
	var err error
	if engine, err = dynamotest.Start(context.Background(), dynamotest.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := engine.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func newBackend(t testing.TB, wrap func(dynamo.API) dynamo.API, ids ...token.LaunchpadID) *apitest.Backend {
	t.Helper()
	b, err := apitest.New(t.Context(), engine, wrap, ids...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func fill(t testing.TB, b *apitest.Backend, tokens []token.Token) {
	t.Helper()
	if err := b.Fill(t.Context(), tokens, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// uncached makes every request reach the table.
var uncached = httpapi.Caching{MaxAge: 15 * time.Second, StaleWhileRevalidate: time.Minute}

// client asks a handler and checks every response against openapi.yaml.
type client struct {
	t       testing.TB
	handler http.Handler
	router  routers.Router
}

func newClient(t testing.TB, handler http.Handler) *client {
	t.Helper()
	router, err := gorillamux.NewRouter(loadSpec(t))
	if err != nil {
		t.Fatal(err)
	}
	return &client{t, handler, router}
}

func newAPI(t testing.TB, b *apitest.Backend, caching httpapi.Caching) *client {
	t.Helper()
	return newClient(t, httpapi.New(b.Catalog, caching, apitest.Quiet()).Handler(httpapi.Functions()...))
}

func (c *client) do(r *http.Request) *http.Response {
	c.t.Helper()
	recorder, posted := httptest.NewRecorder(), new(bytes.Buffer)
	r.Body = io.NopCloser(io.TeeReader(r.Body, posted))
	c.handler.ServeHTTP(recorder, r)
	response := recorder.Result()
	r.Body = io.NopCloser(posted)
	c.check(r, response)
	return response
}

func (c *client) get(target string, header ...string) (response *http.Response) {
	c.t.Helper()
	apitest.Patiently(func() int {
		response = c.once(target, header...)
		return response.StatusCode
	})
	return response
}

func (c *client) once(target string, header ...string) *http.Response {
	c.t.Helper()
	r := httptest.NewRequestWithContext(c.t.Context(), http.MethodGet, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return c.do(r)
}

// check finds answers outside of the spec: of a path that it knows, and requests that it would have refused but were
// answered with a 200.
func (c *client) check(r *http.Request, response *http.Response) {
	c.t.Helper()
	route, parameters, err := c.router.FindRoute(r)
	if err != nil {
		return // not a path or method of the spec
	}
	request := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: parameters, Route: route,
		// API Gateway has asked the authorizer before a request comes here.
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if err := openapi3filter.ValidateRequest(c.t.Context(), request); err != nil && response.StatusCode == http.StatusOK {
		c.t.Errorf("%s: answered, but the spec refuses it: %v", r.URL, err)
	}
	body := readAll(c.t, response)
	response.Body = io.NopCloser(strings.NewReader(body))
	if response.Header.Get("Content-Encoding") != "" {
		return // the validator knows no gzip; the same body is checked without
	}
	err = openapi3filter.ValidateResponse(c.t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: response.StatusCode, Header: response.Header,
		Body:    io.NopCloser(strings.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		c.t.Errorf("%s: %d %.300s\nis outside of the spec: %v", r.URL, response.StatusCode, body, err)
	}
}

func readAll(t testing.TB, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// page is a list answer.
type page struct {
	Data     []map[string]any `json:"data"`
	Next     *string          `json:"next_cursor"`
	SyncedAt *time.Time       `json:"synced_at"`
}

func (p page) mints() []string {
	mints := []string{}
	for _, row := range p.Data {
		mints = append(mints, row["mint"].(string))
	}
	return mints
}

// list returns a page.
func (c *client) list(target string) page {
	c.t.Helper()
	response := c.get(target)
	body := readAll(c.t, response)
	if response.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %d %s", target, response.StatusCode, body)
	}
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	var p page
	if err := decoder.Decode(&p); err != nil {
		c.t.Fatalf("%s: %v", target, err)
	}
	return p
}
