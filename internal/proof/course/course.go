// Package course lets a world live while a client of another language watches it: the market moves, tokens leave, and syncs
// run, between a POST of /start and one of /stop.
package course

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/syncrun"
)

// fullEvery is how many runs there are to a full one, which alone can delist.
const fullEvery = 3

// Course drives one world. It is safe for concurrent use.
type Course struct {
	world *dev.World

	mu     sync.Mutex
	cancel context.CancelFunc // nil while nothing runs
	done   sync.WaitGroup
	report Report
}

// Report is what there was to watch, and the response of both requests.
type Report struct {
	Runs      int    `json:"runs"`
	Succeeded int    `json:"succeeded"`
	Changed   int    `json:"changed"` // rows, new ones among them
	Gone      int    `json:"gone"`
	Error     string `json:"error"` // that ended it too early
}

// New returns the course of w, which stands still.
func New(w *dev.World) *Course { return &Course{world: w} }

// StartWorld starts a world with a launchpad on the chain and one at Meteora, syncs it once, and serves its course at the URL that it
// returns. Both end with the test.
func StartWorld(t *testing.T, o dev.WorldOptions) (w *dev.World, url string) {
	t.Helper()
	o.LaunchpadID = new(rpctest.DefaultLaunchpad + "," + meteoratest.DefaultLaunchpad)
	w, err := dev.StartWorld(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := w.Sync(t.Context(), dev.FullSync); err != nil {
		t.Fatal(err)
	}
	c := New(w)
	t.Cleanup(c.Stop)
	control := httptest.NewServer(c)
	t.Cleanup(control.Close)
	return w, control.URL
}

// ServeHTTP starts and stops, and responds when that is done. Pages of any origin may ask.
func (c *Course) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "POST /start":
		c.Start()
	case "POST /stop":
		c.Stop()
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = json.NewEncoder(w).Encode(c.report) // the client may have gone
}

// Start lets the world live, unless it does.
func (c *Course) Start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.done.Go(func() { c.run(ctx) })
}

// Stop ends it after the run that is under way.
func (c *Course) Stop() {
	c.mu.Lock()
	if c.cancel != nil {
		c.cancel()
	}
	c.cancel = nil
	c.mu.Unlock()
	c.done.Wait()
}

func (c *Course) run(ctx context.Context) {
	for n := 1; ctx.Err() == nil; n++ {
		event := dev.Refresh
		if n%fullEvery == 2 {
			event = dev.FullSync
			c.remove()
		}
		c.world.Tick()
		run, err := c.world.Sync(context.WithoutCancel(ctx), event)
		c.mu.Lock()
		c.report.add(&run.Record, err)
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (r *Report) add(record *syncrun.Record, err error) {
	r.Runs++
	r.Changed += record.TokensNew + record.TokensUpdated
	r.Gone += record.TokensDelisted
	if record.Status == syncrun.Succeeded {
		r.Succeeded++
	}
	if err != nil {
		r.Error = err.Error()
	}
}

// remove takes some tokens of ours off Meteora, if there are any left.
func (c *Course) remove() {
	const each = 3
	mints := c.world.Meteora.OurMints(meteoratest.DLMM)
	for _, product := range meteoratest.Products() {
		pools := c.world.Meteora.World(product)
		for _, addresses := range pools.PoolsOf(mints[:min(each, len(mints))]...) {
			for _, address := range addresses {
				if i, ok := pools.Index(address); ok {
					pools.Remove(i)
				}
			}
		}
	}
}
