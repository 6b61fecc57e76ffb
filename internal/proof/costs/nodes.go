package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"tokensync/internal/config"
	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// A Node is an RPC node that lists a launchpad's curves in its own way.
type Node struct {
	Name   string
	Node   rpctest.Node
	Trades int  // between two runs
	Wallet bool // the launchpad is all configs of a wallet
}

// program is about how many accounts the program of bonding curves has (October 2026).
const program = 2_300_000

// nodes are those of the table in docs/costs.md.
var nodes = []Node{
	{Name: "tells changes", Node: rpctest.Node{Kind: rpctest.ReturnCounting}},
	{Name: "has the plain list alone", Node: rpctest.Node{Kind: rpctest.Plain}},
	{Name: "counts what it looks at", Node: rpctest.Node{Kind: rpctest.ScanCounting, Strangers: program}},
	{Name: "counts what it looks at", Node: rpctest.Node{Kind: rpctest.ScanCounting, Strangers: program}, Trades: 4},
	{Name: "the same, `claimer:KEY` of many configs", Node: rpctest.Node{Kind: rpctest.ScanCounting, Strangers: program}, Wallet: true},
}

// curves is the size of the launchpad, and refreshMost how many requests one of its refreshes may make.
const (
	curves      = 512
	refreshMost = 14
)

// aMinute is how many slots a minute has, and aTrade what one pays: 0.1 SOL.
const (
	aMinute = 150
	aTrade  = 100_000_000
)

// Asked is what a run asked a node.
type Asked struct {
	Methods map[string]int64
	Credits int64 // of Helius
}

// requests returns how many there were.
func (a Asked) requests() (n int64) {
	for _, of := range a.Methods {
		n += of
	}
	return n
}

func (a Asked) String() string {
	var parts []string
	for _, method := range slices.Sorted(maps.Keys(a.Methods)) {
		parts = append(parts, fmt.Sprintf("%s %d", method, a.Methods[method]))
	}
	return strings.Join(parts, ", ")
}

// settling is how many runs a node may take until its ways are known and every curve was found.
const settling = 5

// Measure returns what a full run and a refresh ask, once the ways of the node are known.
func (n Node) Measure(ctx context.Context) (full, refresh Asked, err error) {
	w, err := dev.StartWorld(ctx, n.options())
	if err != nil {
		return full, refresh, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	status := syncrun.Partial
	for range settling {
		if _, status, err = n.run(ctx, w, dev.FullSync); err != nil || status == syncrun.Succeeded {
			break
		}
	}
	for range settling {
		if err == nil {
			refresh, status, err = n.run(ctx, w, dev.Refresh)
		}
	}
	if err == nil {
		full, status, err = n.run(ctx, w, dev.FullSync)
	}
	if err == nil && status != syncrun.Succeeded {
		err = fmt.Errorf("%s: a run %s", n.Name, status)
	}
	return full, refresh, err
}

func (n Node) options() dev.WorldOptions {
	chain := &rpctest.Config{Tokens: curves, Node: n.Node}
	id := "claimer:" + rpctest.DefaultLaunchpad
	if !n.Wallet {
		chain.Launches, id = []rpctest.Launch{{Key: rpctest.DefaultLaunchpad}}, rpctest.DefaultLaunchpad
	}
	return dev.WorldOptions{
		Options: dev.Options{
			Products: []string{string(token.DBC)}, LaunchpadID: &id,
			Environment: map[string]string{config.SolanaRPCRate: "1000", config.SolanaScanRate: "1000"}, // what is counted is requests
		},
		Meteora: meteoratest.Config{Pools: 100, Ours: -1},
		Chain:   chain,
	}
}

// run lets a minute pass, and runs.
func (n Node) run(ctx context.Context, w *dev.World, event string) (Asked, syncrun.Status, error) {
	w.Chain.Advance(aMinute)
	traded := 0
	for i := 0; i < w.Chain.Tokens() && traded < n.Trades; i++ {
		if t := w.Chain.Token(i); t.Stage == rpctest.Bonding && t.QuoteReserve+aTrade < t.Threshold {
			w.Chain.Trade(i, aTrade)
			traded++
		}
	}
	run, err := w.Sync(ctx, event)
	if err != nil {
		return Asked{}, "", err
	}
	for _, p := range run.Record.Products {
		if p.Product == token.DBC {
			return Asked{p.RPC, p.RPCCredits}, run.Record.Status, nil
		}
	}
	return Asked{}, "", fmt.Errorf("%s: no curves were asked for: %s", n.Name, run.Line)
}

// Runs of a month: a full one each hour, and a refresh in every other minute.
const (
	fullRuns    = 730
	refreshRuns = 60*fullRuns - fullRuns
)

// byNode prints what nodes are asked.
func byNode(ctx context.Context, w io.Writer) error {
	_, _ = fmt.Fprintf(w, "| %d curves; the node | trades a minute | a full run's requests | credits | a refresh's requests | credits | credits a month |\n"+
		"| --- | ---: | --- | ---: | --- | ---: | ---: |\n", curves)
	for _, n := range nodes {
		fmt.Fprintf(os.Stderr, "measuring a node: %s, %d trades a minute\n", n.Name, n.Trades)
		full, refresh, err := n.Measure(ctx)
		if err == nil && refresh.requests() > refreshMost {
			err = fmt.Errorf("%w: %s: a refresh asked %v, more than %d requests", ErrUnexpected, n.Name, refresh, refreshMost)
		}
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(w, "| %s | %d | %v | %d | %v | %d | %d |\n", n.Name, n.Trades, full, full.Credits, refresh, refresh.Credits,
			full.Credits*fullRuns+refresh.Credits*refreshRuns)
	}
	return nil
}
