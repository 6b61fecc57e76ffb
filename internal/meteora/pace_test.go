package meteora

import (
	"context"
	"net"
	"net/http"
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

// TestPace stays within what Meteora documents although eight pages are read at once, and is not much slower.
func TestPace(t *testing.T) {
	for product, limit := range map[token.Product]int{token.DLMM: 30, token.DAMMv2: 10} {
		t.Run(string(product), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := make(memoryNetwork)
				fake := meteoratest.New(meteoratest.Config{Pools: 60_000, Latency: 70 * time.Millisecond})
				fake.Serve(network)
				defer fake.Close()
				c, err := NewClient(Options{Product: product, BaseURL: fake.URL(string(product))})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				c.http.Transport.(*http.Transport).DialContext = network.Dial
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
