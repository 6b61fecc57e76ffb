package meteora

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// memoryNetwork is a network in memory, on which a bubble's clock runs: real connections would hold it up.
type memoryNetwork chan net.Conn

func (p memoryNetwork) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p memoryNetwork) Accept() (net.Conn, error) {
	if conn, ok := <-p; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (p memoryNetwork) Close() error   { close(p); return nil }
func (p memoryNetwork) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// inMemory starts a fake within a bubble and returns a client of one of its products.
func inMemory(t *testing.T, fake *meteoratest.Server, product token.Product) *Client {
	t.Helper()
	network := make(memoryNetwork)
	fake.Serve(network)
	c, err := NewClient(Options{Product: product, BaseURL: fake.URL(string(product))})
	if err != nil {
		t.Fatal(err)
	}
	c.http.Transport.(*http.Transport).DialContext = network.Dial
	t.Cleanup(func() { c.Close(); _ = fake.Close() })
	return c
}

// TestPace stays within what Meteora documents although eight pages are read at once, and is not much slower.
func TestPace(t *testing.T) {
	for product, limit := range map[token.Product]int{token.DLMM: 30, token.DAMMv2: 10} {
		t.Run(string(product), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := meteoratest.New(meteoratest.Config{Pools: 60_000, Latency: 70 * time.Millisecond})
				c := inMemory(t, fake, product)
				stats, began := new(syncrun.Counts), time.Now()
				for _, err := range c.Pools(t.Context(), []token.LaunchpadID{token.LaunchpadID(fake.Launchpad())}, stats) {
					if err != nil {
						t.Fatal(err)
					}
				}
				seen, took := fake.Stats(string(product)), time.Since(began)
				if stats.Throttle.Load() != 0 || seen.PeakPerSecond > limit {
					t.Errorf("%d requests in one second, %d refused", seen.PeakPerSecond, stats.Throttle.Load())
				}
				if atLimit := time.Duration(seen.Requests) * time.Second / time.Duration(limit); took > atLimit*5/4 {
					t.Errorf("%d requests took %v of the bubble's time, %v at the limit", seen.Requests, took, atLimit)
				}
			})
		})
	}
}

// TestWindows waits for the server's windows instead of being refused, learns how long they are, and says so.
func TestWindows(t *testing.T) {
	for name, window := range map[string]time.Duration{"ten seconds": 10 * time.Second, "a minute": time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const quota, pages = 40, 130
				fake := meteoratest.New(meteoratest.Config{
					Pools: pages * PageSize, Latency: 70 * time.Millisecond,
					Quota: map[string]meteoratest.Quota{meteoratest.DLMM: {Limit: quota, Window: window}},
				})
				c, stats, began := inMemory(t, fake, token.DLMM), new(syncrun.Counts), time.Now()
				for _, err := range c.Pools(t.Context(), []token.LaunchpadID{"any"}, stats) {
					if err != nil {
						t.Fatal(err)
					}
				}
				if stats.Throttle.Load() != 0 || stats.Retries.Load() != 0 || stats.Requests.Load() != pages {
					t.Errorf("%d of %d requests were refused", stats.Throttle.Load(), stats.Requests.Load())
				}
				if took, least := time.Since(began), window*(pages/quota); took < least || took > least+window+10*time.Second {
					t.Errorf("%d requests took %v, at %d in %v", pages, took, quota, window)
				}
				notes := strings.Join(stats.Notes(), "; ")
				exact, late := fmt.Sprintf("%d requests in %v", quota, window), fmt.Sprintf("%d requests in %v", quota, window+time.Second)
				if !strings.Contains(notes, exact) && !strings.Contains(notes, late) || !strings.Contains(notes, "waited for the server's window") {
					t.Errorf("notes %q", notes)
				}
			})
		})
	}
}

// TestRefusedWithoutRetryAfter waits until the window ends that the refusal names.
func TestRefusedWithoutRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := meteoratest.New(meteoratest.Config{Pools: 10 * PageSize})
		network := make(memoryNetwork)
		until := time.Now().Add(20 * time.Second)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if time.Now().Before(until) {
				w.Header().Set("X-Ratelimit-Reset", strconv.FormatInt(until.Unix(), 10))
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			r.URL.Path = "/dlmm" + r.URL.Path
			fake.ServeHTTP(w, r)
		})}
		go server.Serve(network)
		c, err := NewClient(Options{Product: token.DLMM, BaseURL: "http://127.0.0.1:80"})
		if err != nil {
			t.Fatal(err)
		}
		c.http.Transport.(*http.Transport).DialContext = network.Dial
		defer func() { c.Close(); _ = server.Close() }()
		stats, began := new(syncrun.Counts), time.Now()
		for _, err := range c.Pools(t.Context(), []token.LaunchpadID{"any"}, stats) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); stats.Throttle.Load() != 1 || took < 20*time.Second || took > 23*time.Second {
			t.Errorf("%d refusals in %v", stats.Throttle.Load(), took)
		}
	})
}

// TestOneByOneInTime asks for what comes first as long as there is time, where a request takes one address.
func TestOneByOneInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := meteoratest.New(meteoratest.Config{Pools: 3000, Latency: 70 * time.Millisecond, Dialect: meteoratest.Single})
		c, world := inMemory(t, fake, token.DLMM), fake.World(meteoratest.DLMM)
		rank := map[string]int{}
		var asked []string
		for i := range 1000 {
			rank[world.Address(i)] = i
			asked = append(asked, world.Address(i))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		stats, last := new(syncrun.Counts), 0
		for p, err := range c.ByAddress(ctx, asked, stats) {
			if err != nil {
				t.Fatal(err)
			}
			last = max(last, rank[p.Address])
		}
		n := int(stats.Asked.Load())
		if n < 400 || n > 600 || stats.Found.Load() != int64(n) || last >= n+inFlight {
			t.Errorf("asked for %d, found %d, the last was number %d", n, stats.Found.Load(), last)
		}
		if notes := strings.Join(stats.Notes(), "; "); !strings.Contains(notes, fmt.Sprintf("time ran out: %d pools", 1000-n)) {
			t.Errorf("notes %q", notes)
		}
	})
}
