package httpapi_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/catalog"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dynamo"
	"tokensync/internal/httpapi"
)

// counted returns a backend of 200 tokens and the number of DynamoDB reads that its catalog has made.
func counted(t testing.TB) (*apitest.Backend, *atomic.Int64) {
	t.Helper()
	reads := new(atomic.Int64)
	f := &faulty{calls: func() { reads.Add(1) }}
	b := newBackend(t, func(api dynamo.API) dynamo.API { f.API = api; return f }, apitest.First)
	fill(t, b, apitest.Tokens(200, apitest.First))
	return b, reads
}

// asked counts how often a board is asked for.
type asked struct {
	catalog.Boards
	n atomic.Int64
}

func (a *asked) Board(ctx context.Context) (*board.Board, error) {
	a.n.Add(1)
	return a.Boards.Board(ctx)
}

func TestETag(t *testing.T) {
	t.Parallel()
	b, _ := counted(t)
	c := newAPI(t, b, uncached)
	for _, target := range append(targets, "/v1/openapi.json") {
		first := c.get(target)
		tag := first.Header.Get("ETag")
		if first.StatusCode != http.StatusOK || !strings.HasPrefix(tag, `"`) {
			t.Fatalf("%s: status %d, ETag %s", target, first.StatusCode, tag)
		}
		if got := first.Header.Get("Cache-Control"); got != "public, max-age=15, stale-while-revalidate=60" {
			t.Errorf("%s: Cache-Control %q", target, got)
		}
		for _, held := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
			got := c.get(target, "If-None-Match", held)
			if got.StatusCode != http.StatusNotModified || got.Header.Get("ETag") != tag || readAll(t, got) != "" {
				t.Errorf("%s, If-None-Match %s: status %d, ETag %s", target, held, got.StatusCode, got.Header.Get("ETag"))
			}
		}
		for _, held := range []string{`"x"`, "", strings.Trim(tag, `"`)} {
			if got := c.get(target, "If-None-Match", held); got.StatusCode != http.StatusOK {
				t.Errorf("%s, If-None-Match %s: status %d", target, held, got.StatusCode)
			}
		}
	}
	before := c.get("/v1/tokens").Header.Get("ETag")
	fill(t, b, apitest.Tokens(201, apitest.First))
	if got := c.get("/v1/tokens", "If-None-Match", before); got.StatusCode != http.StatusOK || got.Header.Get("ETag") == before {
		t.Errorf("after a change: status %d, ETag %s", got.StatusCode, got.Header.Get("ETag"))
	}
}

func TestGzip(t *testing.T) {
	t.Parallel()
	b, _ := counted(t)
	c := newAPI(t, b, uncached)
	plain := c.get("/v1/tokens")
	tests := []struct {
		target, accept string
		packed         bool
	}{
		{"/v1/tokens", "gzip, deflate, br", true},
		{"/v1/tokens", "br;q=1, GZIP;q=0.5", true},
		{"/v1/tokens", "*", true},
		{"/v1/tokens", "", false},
		{"/v1/tokens", "br", false},
		{"/v1/tokens", "gzip;q=0", false},
		{"/v1/tokens", "gzip; q=0.0, *", false},
		{"/v1/stats", "gzip", false}, // below 1 KB
	}
	for _, test := range tests {
		got := c.get(test.target, "Accept-Encoding", test.accept)
		if packed := got.Header.Get("Content-Encoding") == "gzip"; packed != test.packed || got.Header.Get("Vary") != "Accept-Encoding, Origin" {
			t.Errorf("%s, %q: packed %v, Vary %q", test.target, test.accept, packed, got.Header.Get("Vary"))
		}
		if !test.packed {
			continue
		}
		z, err := gzip.NewReader(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(z)
		if err != nil || string(body) != readAll(t, c.get("/v1/tokens")) {
			t.Errorf("%q: another body (%v)", test.accept, err)
		}
		tag := got.Header.Get("ETag")
		if tag == plain.Header.Get("ETag") {
			t.Error("two encodings share a strong ETag")
		}
		again := c.get(test.target, "Accept-Encoding", test.accept, "If-None-Match", tag)
		if again.StatusCode != http.StatusNotModified || again.Header.Get("ETag") != tag || again.Header.Get("Content-Encoding") != "" {
			t.Errorf("%q: status %d, ETag %s", test.accept, again.StatusCode, again.Header.Get("ETag"))
		}
	}
}

func TestMemoryCache(t *testing.T) {
	t.Parallel()
	b, _ := counted(t)
	boards := &asked{Boards: b.Catalog.Boards}
	b.Catalog.Boards = boards
	c := newAPI(t, b, httpapi.DefaultCaching)
	for _, target := range targets {
		first := readAll(t, c.get(target))
		before := boards.n.Load()
		if again := readAll(t, c.get(target)); again != first {
			t.Errorf("%s: another body", target)
		}
		if got := boards.n.Load() - before; got != 0 {
			t.Errorf("%s: %d boards for the same answer", target, got)
		}
	}
	before := boards.n.Load()
	c.get("/v1/tokens?limit=50&order=desc")
	c.get("/v1/tokens?order=desc&limit=50")
	if got := boards.n.Load() - before; got != 1 {
		t.Errorf("%d boards for two spellings of a query", got)
	}
	before = boards.n.Load()
	c.get("/v1/tokens/" + apitest.Mint(999))
	c.get("/v1/tokens/" + apitest.Mint(999))
	if got := boards.n.Load() - before; got != 2 {
		t.Errorf("%d boards for two errors, want 2: they are not kept", got)
	}
}

// gate is boards that can be read once it opens.
type gate struct {
	catalog.Boards
	open chan struct{}
}

func (g *gate) Board(ctx context.Context) (*board.Board, error) {
	<-g.open
	return g.Boards.Board(ctx)
}

func TestSingleFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, open := newMemory(t, 10), make(chan struct{})
		boards := &asked{Boards: c.Boards}
		c.Boards = &gate{boards, open}
		handler := httpapi.New(c, uncached, apitest.Quiet()).Handler(httpapi.GetStats)
		var responses [20]*httptest.ResponseRecorder
		for i := range responses {
			responses[i] = httptest.NewRecorder()
			go handler.ServeHTTP(responses[i], httptest.NewRequest("GET", "/v1/stats", nil))
		}
		synctest.Wait() // until all have arrived
		close(open)
		synctest.Wait()
		for i, r := range responses {
			if r.Code != http.StatusOK {
				t.Errorf("request %d: status %d, %s", i, r.Code, r.Body)
			}
		}
		if n := boards.n.Load(); n != 1 {
			t.Errorf("%d reads for 20 requests at once", n)
		}
	})
}

// TestMemoryCacheEnds lets time pass, and fills the cache beyond its bound.
func TestMemoryCacheEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		boards := &memory{}
		c := httpapi.New(&catalog.Catalog{Boards: boards}, httpapi.DefaultCaching, apitest.Quiet()).Handler(httpapi.GetStats)
		ask := func() {
			c.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v1/stats", nil))
		}
		ask()
		time.Sleep(9 * time.Second)
		ask()
		if boards.reads != 1 {
			t.Errorf("%d reads in 9 s, want 1", boards.reads)
		}
		time.Sleep(time.Second)
		ask()
		if boards.reads != 2 {
			t.Errorf("%d reads in 10 s, want 2", boards.reads)
		}
	})
}

func TestMemoryCacheIsBounded(t *testing.T) {
	t.Parallel()
	b, _ := counted(t)
	boards := &asked{Boards: b.Catalog.Boards}
	b.Catalog.Boards = boards
	one, other := "/v1/tokens?limit=50", "/v1/tokens?limit=50&order=asc"
	caching := httpapi.DefaultCaching
	caching.MemoryBytes = 3 * len(readAll(t, newAPI(t, b, uncached).get(one))) // an entry counts two bodies
	c := newAPI(t, b, caching)
	c.get(one)
	c.get(other) // pushes one out
	before := boards.n.Load()
	c.get(other)
	if got := boards.n.Load() - before; got != 0 {
		t.Errorf("%d boards for the latest answer", got)
	}
	c.get(one)
	if got := boards.n.Load() - before; got == 0 {
		t.Error("two answers stayed where one has room")
	}
}

// BenchmarkReadsSaved asks like a front end with a few views, and reports how many DynamoDB reads a request costs.
func BenchmarkReadsSaved(b *testing.B) {
	views := []string{"/v1/tokens", "/v1/tokens?sort=volume", "/v1/tokens?sort=market_cap", "/v1/stats"}
	for i := range 4 {
		views = append(views, "/v1/tokens/"+apitest.Mint(i))
	}
	for _, setting := range []struct {
		name    string
		caching httpapi.Caching
	}{{"uncached", uncached}, {"cached", httpapi.DefaultCaching}} {
		b.Run(setting.name, func(b *testing.B) {
			backend, reads := counted(b)
			handler := httpapi.New(backend.Catalog, setting.caching, apitest.Quiet()).Handler(httpapi.Functions()...)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				r := httptest.NewRequest("GET", views[n%len(views)], nil)
				r.Header.Set("Accept-Encoding", "gzip")
				handler.ServeHTTP(httptest.NewRecorder(), r)
				n++
			}
			b.ReportMetric(float64(reads.Load())/float64(n), "reads/request")
		})
	}
}

// BenchmarkHandler is the time in process, without the store.
func BenchmarkHandler(b *testing.B) {
	for _, target := range []string{"/v1/tokens?limit=100", "/v1/stats"} {
		b.Run(target, func(b *testing.B) {
			backend := newMemory(b, 10_000)
			handler := httpapi.New(backend, uncached, apitest.Quiet()).Handler(httpapi.Functions()...)
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
				if w.Code != http.StatusOK {
					b.Fatal(fmt.Sprint(w.Code, w.Body))
				}
			}
		})
	}
}
