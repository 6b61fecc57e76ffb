package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"tokensync/internal/dev"
	"tokensync/internal/dev/gateway"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/dev/runtimeapi"
	"tokensync/internal/dev/serve"
	"tokensync/internal/syncrun"
)

// A Study times trades at random moments of a span, each on a curve of its own.
type Study struct {
	Trades int
	Watch  time.Duration // 0 is no watch
	Span   time.Duration
}

const (
	instances = 3           // of the function that tells changes
	tick      = time.Minute // from one refresh to the next
	askEvery  = time.Second // how often a client asks one of the instances, in turns
	patience  = 2 * tick    // for the last trade to show
	aTrade    = 100_000_000 // lamports
)

// Measure returns how long each trade took from the chain to a client of GET /v1/changes, through the real functions.
func Measure(ctx context.Context, s Study) (_ []time.Duration, err error) {
	w, err := dev.StartWorld(ctx, dev.WorldOptions{
		Options: dev.Options{Environment: map[string]string{"SYNC_INTERVAL": tick.String(), "WATCH_INTERVAL": s.Watch.String()}},
		Meteora: meteoratest.Config{Pools: 1000},
		Chain:   &rpctest.Config{Tokens: 3 * s.Trades, Launches: []rpctest.Launch{{Key: rpctest.DefaultLaunchpad}}},
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	first, err := w.Sync(ctx, dev.FullSync)
	if err == nil && first.Record.Status != syncrun.Succeeded {
		err = fmt.Errorf("the first sync %s: %s", first.Record.Status, first.Record.Error)
	}
	if err != nil {
		return nil, err
	}
	c, err := newClient(ctx, w)
	defer func() { err = errors.Join(err, c.close()) }()
	if err != nil {
		return nil, err
	}
	return s.time(ctx, w, c)
}

// time lets refreshes, trades and the client go on side by side.
func (s Study) time(ctx context.Context, w *dev.World, c *client) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Span+tick+patience)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() { refresh(ctx, w, c.fail) })
	group.Go(func() { s.trade(ctx, w.Chain, c) })
	group.Go(func() { c.follow(ctx, s.Trades, cancel) })
	group.Wait()
	if c.err == nil && len(c.took) < s.Trades {
		c.err = fmt.Errorf("%d of %d trades never showed", s.Trades-len(c.took), s.Trades)
	}
	return c.took, c.err
}

// refresh runs a refresh with each tick until ctx ends.
func refresh(ctx context.Context, w *dev.World, fail func(error)) {
	next := time.NewTicker(tick)
	defer next.Stop()
	for {
		run, err := w.Sync(ctx, dev.Refresh)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && run.Record.Status != syncrun.Succeeded:
			err = fmt.Errorf("a refresh %s: %s", run.Record.Status, run.Record.Error)
		}
		if err != nil {
			fail(err)
			return
		}
		select {
		case <-next.C:
		case <-ctx.Done():
		}
	}
}

// trade trades at random moments that all of a span is as likely to hold.
func (s Study) trade(ctx context.Context, chain *rpctest.Server, c *client) {
	curves := bonding(chain)
	if len(curves) < s.Trades {
		c.fail(fmt.Errorf("only %d curves are for sale", len(curves)))
		return
	}
	start, last := time.Now(), time.Now()
	for n, at := range moments(s.Trades, s.Span) {
		select {
		case <-time.After(time.Until(start.Add(at))):
		case <-ctx.Done():
			return
		}
		chain.Advance(int(time.Since(last) / slot))
		last = time.Now()
		chain.Trade(curves[n], aTrade)
		t := chain.Token(curves[n])
		c.expect(t.Mint, float64(t.QuoteReserve)/math.Pow10(t.QuoteDecimals))
	}
}

const slot = 400 * time.Millisecond // of Solana's

// moments returns n of a span, in order.
func moments(n int, span time.Duration) []time.Duration {
	list := make([]time.Duration, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range list {
		list[i] = time.Duration((float64(i) + r.Float64()) / float64(n) * float64(span))
	}
	return list
}

func bonding(chain *rpctest.Server) (found []int) {
	for i := range chain.Tokens() {
		if chain.Token(i).Stage == rpctest.Bonding {
			found = append(found, i)
		}
	}
	return found
}

// A client follows the changes of warm instances, one after the other.
type client struct {
	functions []*runtimeapi.Function
	servers   []*serve.Server
	version   string

	mu      sync.Mutex
	waiting map[string]expected // by mint
	took    []time.Duration
	err     error // the first
}

type expected struct {
	since   time.Time
	reserve float64 // in whole quote tokens
}

// newClient starts the instances, and asks each of them once. It must be closed even after an error.
func newClient(ctx context.Context, w *dev.World) (*client, error) {
	c := &client{waiting: map[string]expected{}}
	for range instances {
		f, err := w.Deploy("list-tokens", nil)
		if err != nil {
			return c, err
		}
		c.functions = append(c.functions, f)
		g, err := gateway.New([]gateway.Route{{Method: http.MethodGet, Path: "/v1/changes", Function: f}}, http.NotFoundHandler())
		if err != nil {
			return c, err
		}
		server, err := serve.Start(ctx, serve.Local, g)
		if err != nil {
			return c, err
		}
		c.servers = append(c.servers, server)
		if err := c.ask(ctx, server); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c *client) close() error {
	var failed []error
	for _, s := range c.servers {
		failed = append(failed, s.Close())
	}
	for _, f := range c.functions {
		failed = append(failed, f.Close())
	}
	return errors.Join(failed...)
}

func (c *client) expect(mint string, reserve float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting[mint] = expected{time.Now(), reserve}
}

func (c *client) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
}

// follow asks until trades have shown, or something failed, and calls done then.
func (c *client) follow(ctx context.Context, trades int, done func()) {
	defer done()
	next := time.NewTicker(askEvery)
	defer next.Stop()
	for n := 0; ; n++ {
		if err := c.ask(ctx, c.servers[n%len(c.servers)]); err != nil && ctx.Err() == nil {
			c.fail(err)
		}
		if c.isDone(trades) {
			return
		}
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
	}
}

func (c *client) isDone(trades int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil || len(c.took) == trades
}

// changes is what the client reads of an answer.
type changes struct {
	Version string
	Data    []struct {
		Mint    string
		Reserve float64 `json:"quote_reserve"`
	}
}

func (c *client) ask(ctx context.Context, from *serve.Server) error {
	url := from.URL() + "/v1/changes"
	if c.version != "" {
		url += "?since=" + c.version
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var got changes
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET /v1/changes: %s, error %w", response.Status, err)
	}
	c.take(&got)
	return nil
}

// take notes which trades an answer shows.
func (c *client) take(got *changes) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version = got.Version
	for _, row := range got.Data {
		e, ok := c.waiting[row.Mint]
		if ok && math.Abs(row.Reserve-e.reserve) < 1e-9 {
			c.took = append(c.took, time.Since(e.since))
			delete(c.waiting, row.Mint)
		}
	}
}
