package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/report"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/token"
)

const (
	faultShare = 0.02 // of the requests, with FAULTS=1
	faultSeed  = 1
	// poolsPerPage is what the functions ask for.
	poolsPerPage = 1000
)

// session is a stack and the screen that shows its syncs.
type session struct {
	settings settings
	stack    *dev.Stack
	world    *dev.World // the stack with its fakes; nil when live
	screen   io.Writer
	progress atomic.Pointer[report.Progress]
}

// open starts the stack with its API on the port; 0 is any that is free.
func open(ctx context.Context, s settings, port int, screen io.Writer) (*session, error) {
	s.adminToken = cmp.Or(s.adminToken, rand.Text()+rand.Text())
	v := &session{settings: s, screen: screen}
	options := dev.Options{
		Products: s.products, LaunchpadID: &s.launchpadID, AdminToken: s.adminToken, Environment: maps.Clone(s.functions),
		Tables: s.tables, Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Log: v.log,
	}
	options.Environment["SYNC_INTERVAL"] = s.syncEvery.String()
	options.Environment["WATCH_INTERVAL"] = (time.Duration(s.watch) * time.Second).String()
	var err error
	if s.live {
		v.stack, err = dev.Start(ctx, options)
		return v, err
	}
	if v.world, err = dev.StartWorld(ctx, s.world(options)); err != nil {
		return nil, err
	}
	v.stack = v.world.Stack
	return v, nil
}

// world returns what the settings ask of Meteora, and of the chain if it is read. Pools at Meteora carry the launchpad's name; the
// tokens of its key are on the chain, and Meteora has their curves and the pools that they graduate into.
func (s settings) world(options dev.Options) dev.WorldOptions {
	config := meteoratest.Config{Pools: cmp.Or(s.pools, -1), Launchpad: launchpadName(s.launchpadID), LaunchpadFilter: !s.ignoreFilter}
	if s.faults {
		config.Fault = meteoratest.RandomFaults(faultSeed, faultShare)
	}
	o := dev.WorldOptions{Options: options, Meteora: config}
	if slices.Contains(s.products, string(token.DBC)) {
		o.Chain = s.chain()
	}
	return o
}

// chainKey stands for an API key in the RPC node's URL.
const chainKey = "local-rpc-key"

// chain returns the launchpad's own config, and two more that it claims where a claimer is asked for.
func (s settings) chain() *rpctest.Config {
	c := &rpctest.Config{Launchpad: configKey(s.launchpadID), Tokens: cmp.Or(s.curves, -1), Key: chainKey, Mints: s.mints}
	if !strings.Contains(s.launchpadID, claimerPrefix) {
		c.Launches = []rpctest.Launch{{Key: c.Launchpad, FeeOption: 2, CreatorPct: 50}}
	}
	return c
}

const claimerPrefix = "claimer:"

// configKey returns the first launchpad ID that is about a config on the chain, without its prefix, or "".
func configKey(ids string) string {
	for id := range strings.SplitSeq(ids, ",") {
		if id = strings.TrimPrefix(strings.TrimSpace(id), claimerPrefix); token.IsPublicKey(id) {
			return id
		}
	}
	return ""
}

// launchpadName returns the first launchpad ID that pools can carry, or "". One like creator:KEY is not a name.
func launchpadName(ids string) string {
	for id := range strings.SplitSeq(ids, ",") {
		if id = strings.TrimSpace(id); !token.IsPublicKey(id) && !strings.Contains(id, ":") {
			return id
		}
	}
	return ""
}

func (v *session) close() error {
	if v.world != nil {
		return v.world.Close()
	}
	return v.stack.Close()
}

func (v *session) log(_, line string) {
	if p := v.progress.Load(); p != nil {
		p.Line(line)
	}
}

// sync runs one sync with its progress on the screen, and its summary after it.
func (v *session) sync(ctx context.Context, event string) (dev.Run, error) {
	options := report.Options{Out: v.screen, Terminal: isTerminal(v.screen), Color: v.color()}
	if event == dev.FullSync {
		options.Total, options.Hint = v.total(), v.served()
	}
	p := report.Start(options)
	v.progress.Store(p)
	run, err := v.stack.Sync(ctx, event)
	v.progress.Store(nil)
	p.Stop()
	if err != nil {
		return run, err
	}
	function, err := v.stack.Template().Function(dev.SyncFunction)
	if err != nil {
		return run, err
	}
	report.Summary(v.screen, run.Record, report.Sandbox{
		ColdStart: run.Result.ColdStart, PeakRSS: run.Result.PeakRSS, MemoryMB: function.MemoryMB,
	}, v.color())
	return run, nil
}

// total returns how many pools there are to scan, or 0 if only Meteora knows.
func (v *session) total() int64 {
	if v.world == nil || len(v.settings.functions) > 0 {
		return 0
	}
	n := 0
	for _, product := range v.settings.products {
		if product != "dbc" && (product != "damm-v1" || v.settings.ignoreFilter) {
			n++
		}
	}
	return int64(n) * int64(v.settings.pools)
}

// served returns a function that counts the pools which the fake has sent since, in whole pages.
func (v *session) served() func() int64 {
	if v.world == nil {
		return nil
	}
	count := func() (n int64) {
		for _, product := range []string{meteoratest.DLMM, meteoratest.DAMMv2} {
			n += int64(v.world.Meteora.Stats(product).Statuses[http.StatusOK]) * poolsPerPage
		}
		return n
	}
	before := count()
	return func() int64 { return count() - before }
}

func (v *session) color() bool { return isTerminal(v.screen) && !v.settings.noColor }

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// greet prints where everything is.
func (v *session) greet() {
	source := "the real Meteora"
	if v.world != nil {
		source = fmt.Sprintf("a fake Meteora of %s pools", report.Count(int64(v.settings.pools)))
	}
	tables := v.stack.Tables()
	_, _ = fmt.Fprintf(v.screen, "tokensync reads %s (%v)\n", source, v.settings.products)
	if v.world != nil {
		for _, product := range v.settings.products {
			if slices.Contains(meteoratest.Products(), product) {
				_, _ = fmt.Fprintf(v.screen, "  %-9s %s/pools\n", product, v.world.Meteora.URL(product))
			}
		}
	}
	if v.world != nil && v.world.Chain != nil {
		_, _ = fmt.Fprintf(v.screen, "  %-9s a fake Solana with %s tokens on their curves\n", token.DBC, report.Count(int64(v.world.Chain.Tokens())))
	}
	_, _ = fmt.Fprintf(v.screen, "  DynamoDB  %s (%s, %s)\n  SSM       %s\n  API       %s\n  operator  %s/dashboard, token %s\n",
		v.stack.Engine().Endpoint(), tables.Tokens, tables.Sync, v.stack.SSM().URL(), v.stack.URL(), v.stack.URL(), v.settings.adminToken)
}
