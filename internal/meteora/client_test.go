package meteora_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/meteora"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

const pools, ours = 2500, 100

func start(t *testing.T, cfg meteoratest.Config) *meteoratest.Server {
	t.Helper()
	if cfg.Pools == 0 {
		cfg.Pools = pools
	}
	cfg.Ours = ours
	if cfg.RateLimit == nil {
		cfg.RateLimit = map[string]float64{"dlmm": 0, "damm-v2": 0, "damm-v1": 0}
	}
	fake := meteoratest.New(cfg)
	if err := fake.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fake.Close() })
	return fake
}

func newClient(t *testing.T, product token.Product, url string) *meteora.Client {
	t.Helper()
	c, err := meteora.NewClient(meteora.Options{
		Product: product, BaseURL: url, Rate: 1e6,
		Retry: meteora.Retry{Attempts: 3, Budget: 20, Base: time.Millisecond, Max: 2 * time.Second, Patience: 2 * time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// scan reads everything and returns the distinct addresses, sorted.
func scan(ctx context.Context, c *meteora.Client, id token.LaunchpadID) ([]string, *syncrun.Counts, error) {
	stats := new(syncrun.Counts)
	seen := map[string]bool{}
	var failed error
	for p, err := range c.Pools(ctx, []token.LaunchpadID{id}, stats) {
		if err != nil {
			failed = err
			break
		}
		seen[p.Address] = true
	}
	var addresses []string
	for a := range seen {
		addresses = append(addresses, a)
	}
	slices.Sort(addresses)
	return addresses, stats, failed
}

func truth(fake *meteoratest.Server, product string) []string {
	w := fake.World(product)
	var addresses []string
	for _, i := range w.Ours() {
		addresses = append(addresses, w.Address(i))
	}
	slices.Sort(addresses)
	return addresses
}

func TestPoolsAreExactlyOurs(t *testing.T) {
	t.Parallel()
	for _, product := range []token.Product{token.DLMM, token.DAMMv2, token.DAMMv1} {
		t.Run(string(product), func(t *testing.T) {
			t.Parallel()
			fake := start(t, meteoratest.Config{})
			got, stats, err := scan(t.Context(), newClient(t, product, fake.URL(string(product))), token.LaunchpadID(fake.Launchpad()))
			if err != nil || !slices.Equal(got, truth(fake, string(product))) {
				t.Errorf("%d of %d pools found, error %v", len(got), ours, err)
			}
			if stats.Scanned.Load() != pools || stats.Bytes.Load() == 0 || stats.Retries.Load() != 0 {
				t.Errorf("scanned %d pools in %d bytes", stats.Scanned.Load(), stats.Bytes.Load())
			}
		})
	}
}

// TestFaultsLoseNothing injects each fault once: the scan repeats what it has to and finds every pool, each page
// counted once.
func TestFaultsLoseNothing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault meteoratest.Fault
	}{
		{"429 without Retry-After", meteoratest.Fault{Status: 429}},
		{"429 with seconds", meteoratest.Fault{Status: 429, RetryAfter: "1"}},
		{"500", meteoratest.Fault{Status: 500}},
		{"503 with a date", meteoratest.Fault{Status: 503, RetryAfter: time.Now().Add(-time.Second).UTC().Format(http.TimeFormat)}},
		{"reset inside the body", meteoratest.Fault{Cut: meteoratest.Reset, After: 50000}},
		{"truncated JSON, sound gzip", meteoratest.Fault{Cut: meteoratest.Truncate, After: 123456}},
		{"truncated gzip", meteoratest.Fault{Cut: meteoratest.TruncateWire, After: 20000}},
		{"a damaged byte on the wire", meteoratest.Fault{Cut: meteoratest.CorruptWire, After: 20000}},
		{"HTML with 200", meteoratest.Fault{Status: 200, ContentType: "text/html", Body: "<html>busy</html>"}},
		{"HTML that says it is JSON", meteoratest.Fault{Status: 200, ContentType: "application/json", Body: "<html>busy</html>"}},
		{"empty body", meteoratest.Fault{Status: 200, ContentType: "application/json", Body: " "}},
		{"a gzip bomb", meteoratest.Fault{Spaces: 1 << 30}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake := start(t, meteoratest.Config{})
			fake.SetFault(meteoratest.Times(1, meteoratest.OnPage("dlmm", 2, tt.fault)))
			got, stats, err := scan(t.Context(), newClient(t, token.DLMM, fake.URL("dlmm")), token.LaunchpadID(fake.Launchpad()))
			if err != nil || !slices.Equal(got, truth(fake, "dlmm")) {
				t.Errorf("%d of %d pools, error %v", len(got), ours, err)
			}
			if stats.Retries.Load() != 1 || stats.Scanned.Load() != pools {
				t.Errorf("%d retries, %d scanned", stats.Retries.Load(), stats.Scanned.Load())
			}
		})
	}
}

func TestFaultsForGood(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		fault    meteoratest.Fault
		requests int64
		err      string
	}{
		{"503", meteoratest.Fault{Status: 503}, 3, "503"},
		{"404 is final", meteoratest.Fault{Status: 404}, 1, "404"},
		{"400 is final", meteoratest.Fault{Status: 400, Body: "bad\x00 page"}, 1, "bad page"},
		{"a redirect is final", meteoratest.Fault{Status: 302, Location: "/elsewhere"}, 1, "302"},
		{"Retry-After past all patience", meteoratest.Fault{Status: 429, RetryAfter: "3600"}, 1, "429"},
		{"page_size ignored", meteoratest.Fault{PageSize: 10}, 1, "page_size is 10"},
		{"always truncated", meteoratest.Fault{Cut: meteoratest.Truncate, After: 5000}, 3, "malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake := start(t, meteoratest.Config{Fault: meteoratest.Always(tt.fault)})
			_, stats, err := scan(t.Context(), newClient(t, token.DLMM, fake.URL("dlmm")), token.LaunchpadID(fake.Launchpad()))
			if err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "http://") {
				t.Errorf("error is %v", err)
			}
			if stats.Requests.Load() != tt.requests || stats.Scanned.Load() != 0 {
				t.Errorf("%d requests, %d scanned", stats.Requests.Load(), stats.Scanned.Load())
			}
		})
	}
}

// TestOneBadPageCostsOnePage gives up one page and reads all others.
func TestOneBadPageCostsOnePage(t *testing.T) {
	t.Parallel()
	fake := start(t, meteoratest.Config{Pools: 5000})
	fake.SetFault(meteoratest.OnPage("dlmm", 2, meteoratest.Fault{Status: 500}))
	got, stats, err := scan(t.Context(), newClient(t, token.DLMM, fake.URL("dlmm")), token.LaunchpadID(fake.Launchpad()))
	if err == nil || !strings.Contains(err.Error(), "page 2") || stats.Scanned.Load() != 4000 || len(got) == 0 || len(got) == ours {
		t.Errorf("%d found, %d scanned, error %v", len(got), stats.Scanned.Load(), err)
	}
}

// TestScanEnds serves pages whose envelopes say all kinds of things about where the end is.
func TestScanEnds(t *testing.T) {
	t.Parallel()
	one := func(name string) string {
		return `{"address":"` + name + `","launchpad":"x","token_x":{"address":"m"}}`
	}
	tests := []struct {
		name     string
		page     func(n string) string
		requests int64
		scanned  int64
	}{
		{"at pages, whatever total says", func(n string) string {
			return `{"total":999999,"pages":2,"page_size":1000,"current_page":` + n + `,"data":[` + one(n) + `]}`
		}, 2, 2},
		{"a total of 0 ends nothing", func(n string) string {
			return `{"total":0,"pages":2,"page_size":1000,"current_page":` + n + `,"data":[` + one(n) + `]}`
		}, 2, 2},
		{"no pools at all", func(n string) string {
			return `{"total":0,"pages":0,"page_size":1000,"current_page":` + n + `,"data":[]}`
		}, 1, 0},
		{"the server names its last page past the end", func(string) string {
			return `{"pages":1,"current_page":1,"page_size":1000,"data":[` + one("1") + `]}`
		}, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = w.Write([]byte(tt.page(r.URL.Query().Get("page"))))
			}))
			t.Cleanup(server.Close)
			_, stats, err := scan(t.Context(), newClient(t, token.DLMM, server.URL), "x")
			if err != nil || stats.Requests.Load() != tt.requests || stats.Scanned.Load() != tt.scanned {
				t.Errorf("%d requests, %d scanned, error %v", stats.Requests.Load(), stats.Scanned.Load(), err)
			}
		})
	}
}

func TestByAddress(t *testing.T) {
	t.Parallel()
	for _, product := range []token.Product{token.DLMM, token.DAMMv2, token.DAMMv1} {
		t.Run(string(product), func(t *testing.T) {
			t.Parallel()
			fake := start(t, meteoratest.Config{MaxURL: 3000}) // too short for a hundred: they are asked for in halves
			world := fake.World(string(product))
			var want []string
			for i := range 230 {
				want = append(want, world.Address(i*7))
			}
			gone := world.Ours()[0]
			asked := append(slices.Clone(want), world.Address(gone))
			world.Remove(gone)
			want = slices.DeleteFunc(want, func(a string) bool { return a == world.Address(gone) })
			var got []string
			stats := new(syncrun.Counts)
			for p, err := range newClient(t, product, fake.URL(string(product))).ByAddress(t.Context(), asked, stats) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, p.Address)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%d pools, want %d", len(got), len(want))
			}
		})
	}
}

// TestByAddressIsNotTrusted: a server that ignores filter_by returns pools that nobody asked for.
func TestByAddressIsNotTrusted(t *testing.T) {
	t.Parallel()
	fake := start(t, meteoratest.Config{})
	all := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery, r.URL.Path = "page=1&page_size=1000", "/dlmm/pools"
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(all.Close)
	for _, err := range newClient(t, token.DLMM, all.URL).ByAddress(t.Context(), []string{fake.World("dlmm").Address(3)}, new(syncrun.Counts)) {
		if !errors.Is(err, meteora.ErrParameters) {
			t.Errorf("error is %v", err)
		}
	}
}

func TestBadBaseURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "dlmm.example", "ftp://x", "http://", ":"} {
		if _, err := meteora.NewClient(meteora.Options{Product: token.DLMM, BaseURL: url}); err == nil || !strings.Contains(err.Error(), url) {
			t.Errorf("%q: error is %v", url, err)
		}
	}
}
