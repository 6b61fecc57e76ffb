package main

import (
	"fmt"
	"time"

	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/token"
)

// forms are how the record names the form in which lists of each dialect are asked for.
var forms = map[meteoratest.Dialect]string{
	meteoratest.Commas: "pool_address as [a,b]", meteoratest.Pipes: "pool_address as [a|b]", meteoratest.Single: "pool_address as a",
}

// dialects refreshes, and looks up what a scan lacks, from servers of every dialect.
func dialects() []Case {
	var cases []Case
	for _, d := range []meteoratest.Dialect{meteoratest.Commas, meteoratest.Pipes, meteoratest.Single} {
		start := func(o *dev.WorldOptions) { o.Meteora.Dialect = d }
		cases = append(cases, Case{Name: fmt.Sprintf("lists in %s, a refresh", d), Want: succeeded(), Says: forms[d], start: start, refresh: true},
			Case{Name: fmt.Sprintf("lists in %s, a scan lacks pools", d), Want: succeeded(), Says: forms[d], start: start, breaks: once(meteoratest.Fault{Shift: 200})})
		if d != meteoratest.Commas {
			cases = append(cases, Case{
				Name: fmt.Sprintf("lists in %s from now on", d), Want: succeeded(), Says: forms[d], refresh: true,
				breaks: func(w *World) { w.Meteora.SetDialect("", "", d) },
			})
		}
	}
	return cases
}

// habits returns those of servers that were seen, or may be met.
func habits() []Case {
	onFilter := func(f meteoratest.Fault) func(*World) {
		return func(w *World) {
			w.Meteora.SetFault(func(r meteoratest.Request) *meteoratest.Fault {
				if r.HTTP.URL.Query().Has("filter_by") {
					return &f
				}
				return nil
			})
		}
	}
	deep := func(page int, f meteoratest.Fault) func(*World) {
		return func(w *World) { w.Meteora.SetFault(meteoratest.Beyond(meteoratest.DLMM, page, f)) }
	}
	return []Case{
		{Name: "403 for good", Want: failed(), Says: "does not let this client in", breaks: always(meteoratest.Cloudflare(1010))},
		{Name: "a challenge for good", Want: failed(), Says: "Cloudflare challenge", breaks: always(meteoratest.Challenge())},
		{Name: "deep pages are refused", Want: succeeded(), Says: "pages from 5 on were refused", breaks: deep(4, meteoratest.Fault{Status: 400})},
		{Name: "deep pages are empty from both ends", Want: partial(), Says: "cannot be read", breaks: deep(3, meteoratest.Fault{Empty: true})},
		{Name: "look-ups of ten rows a page", Want: succeeded(), refresh: true, breaks: onFilter(meteoratest.Fault{PageSize: 10})},
		{Name: "look-ups find nothing", Want: partial(), Says: "pools that it lists are not found", breaks: onFilter(meteoratest.Fault{Empty: true})},
		{Name: "NaN for a price", Want: succeeded(), breaks: once(meteoratest.Fault{NaN: 500})},
		{
			Name: "a body that drips", Want: partial(), limit: deathTimeout,
			breaks: func(w *World) {
				w.Meteora.SetFault(meteoratest.OnPage(meteoratest.DLMM, 3, meteoratest.Fault{Drip: 10 * time.Millisecond}))
			},
		},
	}
}

// strangers are how many accounts of others the DBC program has: a walk through all of it takes 12 pages.
const strangers = 120_000

// curves are how many tokens the chain of a case has.
const curves = 120

// onChain starts a world whose launchpad is read from a node of a kind.
func onChain(node rpctest.Node) func(*dev.WorldOptions) {
	id := rpctest.DefaultLaunchpad
	return func(o *dev.WorldOptions) {
		o.Chain = &rpctest.Config{Tokens: curves, Node: node}
		o.Products, o.LaunchpadID = []string{string(token.DBC)}, &id
	}
}

// news are how the record says that new curves are found.
var news = map[rpctest.Kind]string{
	rpctest.ReturnCounting: "new curves: by changedSinceSlot", rpctest.Wrapped: "new curves: by changedSinceSlot",
	rpctest.Cursor: "new curves: by changedSinceSlot", rpctest.ScanCounting: "new curves: by signatures",
	rpctest.Plain: "new curves: by the whole list",
}

// nodes refreshes from every kind of node.
func nodes() []Case {
	var cases []Case
	for _, kind := range rpctest.Kinds() {
		cases = append(cases, Case{Name: fmt.Sprintf("a %s node, a refresh", kind), Want: succeeded(), Says: news[kind], start: onChain(rpctest.Node{Kind: kind, Strangers: strangers}), refresh: true})
	}
	return cases
}

// fickleNodes change their ways between two runs.
func fickleNodes() []Case {
	become := func(kind rpctest.Kind) func(*World) {
		return func(w *World) { w.Chain.SetNode(rpctest.Node{Kind: kind, Strangers: strangers}) }
	}
	fault := func(f rpctest.FaultFunc) func(*World) { return func(w *World) { w.Chain.SetFault(f) } }
	some := onChain(rpctest.Node{Strangers: strangers})
	return []Case{
		{Name: "a node counts what it scans now", Want: succeeded(), Says: "it does not shorten the walk", start: some, refresh: true, breaks: become(rpctest.ScanCounting)},
		{Name: "a node knows no pages any more", Want: succeeded(), Says: news[rpctest.Plain], start: some, refresh: true, breaks: become(rpctest.Plain)},
		{Name: "a node has cursors now", Want: succeeded(), Says: news[rpctest.Cursor], start: some, refresh: true, breaks: become(rpctest.Cursor)},
		{Name: "200 [] for known curves", Want: succeeded(), start: some, breaks: fault(rpctest.OnMethod("getProgramAccounts", rpctest.Fault{Empty: true}))},
		{
			Name: "200 [] however it is asked", Want: partial(), start: some, breaks: fault(rpctest.FirstOf(
				rpctest.OnMethod("getProgramAccounts", rpctest.Fault{Empty: true}), rpctest.OnMethod("getProgramAccountsV2", rpctest.Fault{Empty: true}))),
		},
		{Name: "a slow node", Want: succeeded(), start: some, breaks: fault(rpctest.OnMethod("getProgramAccounts", rpctest.Fault{Delay: 20 * time.Second}))},
	}
}
