package main

import (
	"sync"
	"syscall"
	"time"

	"tokensync/internal/dev"
	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/ssmtest"
	"tokensync/internal/syncrun"
)

// Case is one kind of trouble.
type Case struct {
	off  bool // our tokens leave the lists until it is over
	Name string
	Want []syncrun.Status // how the troubled run may end
	Says string           // a part of the record's error, of any product's or its notes, or of its delisting

	start   func(*dev.WorldOptions) // what the world is like from the beginning; nil is as usual
	breaks  func(*World)
	refresh bool              // the troubled run is one, and must update exactly what changed
	mend    func(*World)      // ends what is not always ended: faults of Meteora, SSM and DynamoDB are
	env     map[string]string // of the troubled run only
	limit   time.Duration     // the troubled function's timeout
	twice   bool              // two runs at once
}

func succeeded() []syncrun.Status { return []syncrun.Status{syncrun.Succeeded} }
func partial() []syncrun.Status   { return []syncrun.Status{syncrun.Partial} }
func failed() []syncrun.Status    { return []syncrun.Status{syncrun.Failed} }

// Cases returns the matrix.
func Cases() []Case {
	var cases []Case
	for _, group := range [][]Case{statuses(), bodies(), contents(), connections(), services(), deaths(), changes(), dialects(), habits(), nodes(), fickleNodes()} {
		cases = append(cases, group...)
	}
	return cases
}

// once makes page 3 go wrong one time; always makes every page go wrong.
func once(f meteoratest.Fault) func(*World) {
	return func(w *World) { w.Meteora.SetFault(meteoratest.Times(1, meteoratest.OnPage(meteoratest.DLMM, 3, f))) }
}

func always(f meteoratest.Fault) func(*World) {
	return func(w *World) { w.Meteora.SetFault(meteoratest.Always(f)) }
}

func statuses() []Case {
	return []Case{
		{Name: "429 with Retry-After", Want: succeeded(), breaks: once(meteoratest.Fault{Status: 429, RetryAfter: "1"})},
		{Name: "429 without Retry-After", Want: succeeded(), breaks: once(meteoratest.Fault{Status: 429})},
		{Name: "a burst of 500s", Want: succeeded(), breaks: func(w *World) {
			w.Meteora.SetFault(meteoratest.Times(5, meteoratest.Always(meteoratest.Fault{Status: 500})))
		}},
		{Name: "503 for good", Want: failed(), Says: "503", breaks: always(meteoratest.Fault{Status: 503})},
		{Name: "404 for good", Want: failed(), Says: "404", breaks: always(meteoratest.Fault{Status: 404})},
		{Name: "one page always 500", Want: partial(), Says: "page 3", breaks: func(w *World) {
			w.Meteora.SetFault(meteoratest.OnPage(meteoratest.DLMM, 3, meteoratest.Fault{Status: 500}))
		}},
	}
}

func bodies() []Case {
	return []Case{
		{Name: "reset inside a body", Want: succeeded(), breaks: once(meteoratest.Fault{Cut: meteoratest.Reset, After: 400_000})},
		{Name: "stall inside a body", Want: succeeded(), breaks: once(meteoratest.Fault{Cut: meteoratest.Stall, After: 400_000, Pause: time.Minute})},
		{Name: "truncated gzip", Want: succeeded(), breaks: once(meteoratest.Fault{Cut: meteoratest.TruncateWire, After: 100_000})},
		{Name: "JSON cut at an odd byte", Want: succeeded(), breaks: once(meteoratest.Fault{Cut: meteoratest.Truncate, After: 777_777})},
		{Name: "a damaged byte in the gzip", Want: succeeded(), breaks: once(meteoratest.Fault{Cut: meteoratest.CorruptWire, After: 100_000})},
		{Name: "HTML with status 200", Want: succeeded(), breaks: once(meteoratest.Fault{Status: 200, ContentType: "text/html", Body: "<html>busy"})},
		{Name: "HTML for good", Want: failed(), Says: "text/html", breaks: always(meteoratest.Fault{Status: 200, ContentType: "text/html", Body: "<html>"})},
		{Name: "Brotli for good", Want: failed(), Says: `"br"`, breaks: always(meteoratest.Fault{Encoding: "br"})},
		{Name: "a byte order mark, and zeros", Want: succeeded(), breaks: always(meteoratest.Fault{BOM: true, Zeros: 512})},
		{Name: "a gzip bomb of 1 GiB", Want: succeeded(), breaks: once(meteoratest.Fault{Spaces: 1 << 30})},
	}
}

func contents() []Case {
	return []Case{
		{Name: "total is wrong", Want: succeeded(), breaks: always(meteoratest.Fault{TotalDelta: -pools})},
		{Name: "pools twice, others missing", Want: succeeded(), breaks: once(meteoratest.Fault{Shift: 200})},
		{Name: "pools without mint", Want: succeeded(), breaks: once(meteoratest.Fault{NoMint: 500})},
		{Name: "a 10 MB string in a pool", Want: succeeded(), breaks: once(meteoratest.Fault{HugeName: 10 << 20})},
		{Name: "an empty page in the middle", Want: succeeded(), breaks: once(meteoratest.Fault{Empty: true})},
		{Name: "pages is rounded down", Want: succeeded(), breaks: always(meteoratest.Fault{PagesDown: true})},
		{Name: "the same page for ever", Want: partial(), Says: "page_size", breaks: always(meteoratest.Fault{NoPageNumbers: true, SamePage: true})},
		{Name: "page_size is ignored", Want: partial(), Says: "page_size", breaks: always(meteoratest.Fault{PageSize: 10})},
	}
}

func connections() []Case {
	return []Case{
		{Name: "connection refused", Want: failed(), Says: "refused", env: dev.MeteoraAt("http://127.0.0.1:1")},
		{Name: "no such host", Want: failed(), Says: "lookup", env: dev.MeteoraAt("http://meteora.invalid")},
	}
}

func services() []Case {
	return []Case{
		{Name: "SSM down", Want: failed(), Says: "/tokensync/launchpads", breaks: func(w *World) { w.SSM().SetFault(ssmtest.Fault{Status: 500}) }},
		{Name: "SSM slow", Want: failed(), Says: "/tokensync/launchpads", breaks: func(w *World) { w.SSM().SetFault(ssmtest.Fault{Delay: time.Minute}) }},
		{Name: "no launchpad ID", Want: failed(), Says: "/tokensync/launchpads", breaks: func(w *World) { w.SetLaunchpadID("") }},
		{Name: "DynamoDB throttles", Want: succeeded(), breaks: func(w *World) {
			w.DynamoDB.SetFault(func(_ string, n int) dynamotest.Fault { return dynamotest.Fault{Throttle: n%2 == 1} })
		}},
		{Name: "20 % of items unprocessed", Want: succeeded(), breaks: func(w *World) {
			w.DynamoDB.SetFault(func(string, int) dynamotest.Fault { return dynamotest.Fault{Unprocessed: 0.2} })
		}},
		{Name: "DynamoDB down from the start", Want: failed(), Says: "lease", breaks: func(w *World) {
			w.DynamoDB.SetFault(func(string, int) dynamotest.Fault { return dynamotest.Fault{Reset: true} })
		}},
		{Name: "writes fail halfway", Want: partial(), Says: "writing", breaks: func(w *World) {
			w.DynamoDB.SetFault(func(operation string, n int) dynamotest.Fault {
				return dynamotest.Fault{Reset: operation == "BatchWriteItem" && n > 1}
			})
		}},
	}
}

// deathTimeout is short, for the lease of a killed run lasts until the function's deadline, and long enough for a run on a
// busy machine.
const deathTimeout = 12 * time.Second

func deaths() []Case {
	die := func(sig syscall.Signal) func(*World) {
		return func(w *World) {
			var first sync.Once
			w.DynamoDB.SetFault(func(operation string, n int) dynamotest.Fault {
				if operation == "BatchWriteItem" && n == 2 {
					first.Do(func() { w.running().Signal(sig) })
				}
				return dynamotest.Fault{}
			})
		}
	}
	return []Case{
		{Name: "SIGKILL halfway", Want: []syncrun.Status{killed}, breaks: die(syscall.SIGKILL), limit: deathTimeout},
		{Name: "SIGTERM halfway", Want: []syncrun.Status{killed}, breaks: die(syscall.SIGTERM), limit: deathTimeout},
		{
			Name: "the deadline comes halfway", Want: partial(), limit: deathTimeout,
			breaks: func(w *World) {
				w.Meteora.SetFault(meteoratest.OnPage(meteoratest.DLMM, 5, meteoratest.Fault{Cut: meteoratest.Stall, After: 100_000, Pause: time.Minute}))
			},
		},
		{Name: "two syncs at once", Want: []syncrun.Status{syncrun.Succeeded, syncrun.Skipped}, limit: time.Minute, twice: true},
	}
}

func changes() []Case {
	return []Case{
		{
			Name: "the launchpad ID changes", Want: succeeded(), off: true,
			breaks: func(w *World) { w.SetLaunchpadID("met-dbc") },
		},
		{
			Name: "a scan shows 10 % of the tokens", Want: succeeded(), Says: "refused",
			breaks: func(w *World) {
				w.removed = map[string][]int{}
				for _, product := range []string{meteoratest.DLMM, meteoratest.DAMMv2} {
					d := w.Meteora.World(product)
					w.removed[product] = d.Ours()[ours/10:]
					d.Remove(w.removed[product]...)
				}
			},
			mend: func(w *World) {
				for product, pools := range w.removed {
					w.Meteora.World(product).Restore(pools...)
				}
			},
		},
	}
}
