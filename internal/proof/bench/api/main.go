// Command api asks the local stack's read API, real function binaries behind a local gateway, as fast as it answers, and
// starts every function cold: `make bench-api`.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/proof/command"
	"tokensync/internal/syncrun"
)

const (
	clients    = 4  // as many sandboxes as the local stack gives a function
	coldStarts = 11 // of each function; their median counts
)

// A Route is what one of the API's routes took under load.
type Route struct {
	Name      string  `json:"route"`
	PerSecond float64 `json:"requests_per_second"`
	P50       float64 `json:"p50_ms"`
	P95       float64 `json:"p95_ms"`
	P99       float64 `json:"p99_ms"`
	Bytes     float64 `json:"bytes"` // of an answer
}

// A Start is the median of one function's cold starts, from exec to its first request for work.
type Start struct {
	Function string  `json:"function"`
	Ready    float64 `json:"ms"`
	PeakMiB  float64 `json:"peak_mib"` // after its first answer
}

// Report is the result of a run.
type Report struct {
	Tokens int     `json:"tokens"`
	Routes []Route `json:"routes"`
	Starts []Start `json:"cold_starts"`
	Bounds []Bound `json:"bounds"`
}

func main() {
	tokens := flag.Int("tokens", 10_000, "tokens in the table")
	each := flag.Duration("duration", 5*time.Second, "how long each route is asked")
	out := flag.String("json", "", "file for the figures")
	alone := flag.Bool("bounds", false, "only what a read function takes with few tokens")
	long := flag.Duration("soak", 0, "length of a soak's rounds, instead of all else")
	flag.Parse()
	command.Main("bench-api", func(ctx context.Context) error {
		if *alone {
			return checkBounds(ctx)
		}
		return run(ctx, *tokens, *each, *long, *out)
	})
}

func run(ctx context.Context, tokens int, each, long time.Duration, out string) (err error) {
	w, err := dev.StartWorld(ctx, dev.WorldOptions{Meteora: meteoratest.Config{Pools: 2 * tokens, Ours: tokens}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	fmt.Fprintf(os.Stderr, "syncing %d tokens\n", tokens)
	synced, err := w.Sync(ctx, dev.FullSync)
	if err != nil {
		return err
	}
	if synced.Record.Status != syncrun.Succeeded {
		return fmt.Errorf("the sync %s: %s", synced.Record.Status, synced.Record.Error)
	}
	r := Report{Tokens: synced.Record.TokensNew}
	mints := w.Meteora.OurMints(meteoratest.DLMM)
	if long > 0 {
		return soak(ctx, w, mints, long)
	}
	if r.Routes, err = load(ctx, w.URL(), mints, each); err != nil {
		return err
	}
	peak, err := largest(ctx, w)
	if err != nil {
		return err
	}
	if r.Bounds, err = bounds(ctx, peak); err != nil {
		return err
	}
	if r.Starts, err = starts(ctx, w.Meteora.Launchpad()); err != nil {
		return err
	}
	r.print()
	return errors.Join(r.write(out), r.check())
}

// write writes r into a file, unless that is "".
func (r *Report) write(file string) error {
	if file == "" {
		return nil
	}
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}

// checkBounds measures what needs no load.
func checkBounds(ctx context.Context) (err error) {
	var r Report
	if r.Bounds, err = bounds(ctx, 0); err != nil {
		return err
	}
	r.print()
	return r.check()
}

// check returns what is above its bound.
func (r *Report) check() error {
	var failed []error
	for _, b := range r.Bounds {
		failed = append(failed, b.check())
	}
	return errors.Join(failed...)
}

// routes returns what a front end asks; those with many targets reach beyond the warm cache.
func routes(mints []string) map[string][]string {
	several := map[string][]string{
		"/v1/tokens": {"/v1/tokens"}, "/v1/tokens?sort=volume&limit=100": {"/v1/tokens?sort=volume&limit=100"},
		"/v1/stats": {"/v1/stats"}, "/v1/health": {"/v1/health"},
	}
	for _, mint := range mints {
		several["/v1/tokens/{mint}, each another"] = append(several["/v1/tokens/{mint}, each another"], "/v1/tokens/"+mint)
	}
	several["/v1/tokens/{mint}, one"] = []string{"/v1/tokens/" + mints[0]}
	return several
}

func load(ctx context.Context, url string, mints []string, each time.Duration) ([]Route, error) {
	var results []Route
	all := routes(mints)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintln(os.Stderr, "asking", name)
		var targets []vegeta.Target
		for _, path := range all[name] {
			targets = append(targets, vegeta.Target{Method: http.MethodGet, URL: url + path})
		}
		route, err := attack(ctx, name, targets, each, clients)
		if err != nil {
			return nil, err
		}
		results = append(results, route)
	}
	return results, nil
}

// attack asks for targets with a few clients, each as soon as it has its answer. Anything but a 200 is an error.
func attack(ctx context.Context, name string, targets []vegeta.Target, each time.Duration, clients uint64) (Route, error) {
	attacker := vegeta.NewAttacker(vegeta.Workers(clients), vegeta.MaxWorkers(clients))
	var m vegeta.Metrics
	for result := range attacker.Attack(vegeta.NewStaticTargeter(targets...), vegeta.Rate{}, each, name) {
		if m.Add(result); ctx.Err() != nil {
			attacker.Stop()
		}
	}
	m.Close()
	if ctx.Err() != nil {
		return Route{}, ctx.Err()
	}
	if m.Success < 1 {
		return Route{}, fmt.Errorf("%s: %v %v", name, m.StatusCodes, m.Errors)
	}
	return Route{
		Name: name, PerSecond: m.Throughput, P50: ms(m.Latencies.P50), P95: ms(m.Latencies.P95), P99: ms(m.Latencies.P99),
		Bytes: m.BytesIn.Mean,
	}, nil
}

// starts starts every function that the template has, again and again, in stacks with empty tables.
func starts(ctx context.Context, id string) ([]Start, error) {
	ready, peak := map[string][]time.Duration{}, map[string][]int64{}
	for range coldStarts {
		if err := startAll(ctx, id, ready, peak); err != nil {
			return nil, err
		}
	}
	var list []Start
	for _, function := range slices.Sorted(maps.Keys(ready)) {
		slices.Sort(ready[function])
		slices.Sort(peak[function])
		list = append(list, Start{function, ms(ready[function][coldStarts/2]), float64(peak[function][coldStarts/2]) / (1 << 20)})
	}
	return list, nil
}

func startAll(ctx context.Context, id string, ready map[string][]time.Duration, peak map[string][]int64) error {
	stack, err := dev.Start(ctx, dev.Options{LaunchpadID: &id})
	if err != nil {
		return err
	}
	for _, f := range stack.Template().Functions {
		// It does not matter what a function returns for an event that it does not know: it has started.
		result, err := stack.Invoke(ctx, f.Name, []byte(`{"mode":"none"}`))
		if err == nil && result.ColdStart == 0 {
			err = fmt.Errorf("%s did not start: %w", f.Name, result.Error)
		}
		if err != nil {
			return errors.Join(err, stack.Close())
		}
		ready[f.Name] = append(ready[f.Name], result.ColdStart)
		peak[f.Name] = append(peak[f.Name], result.PeakRSS)
	}
	return stack.Close()
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (r *Report) print() {
	fmt.Printf("%d tokens, %d clients\n\n%-36s %10s %8s %8s %8s %8s\n", r.Tokens, clients, "route", "requests/s", "p50 ms", "p95 ms", "p99 ms", "bytes")
	for _, v := range r.Routes {
		fmt.Printf("%-36s %10.0f %8.2f %8.2f %8.2f %8.0f\n", v.Name, v.PerSecond, v.P50, v.P95, v.P99, v.Bytes)
	}
	fmt.Printf("\n%-46s %10s %8s\n", "what a read function takes", "is", "at most")
	for _, b := range r.Bounds {
		fmt.Printf("%-46s %10.2f %8.0f %s\n", b.Name, b.Is, b.Most, b.Unit)
	}
	fmt.Printf("\n%-36s %10s %8s\n", "cold start", "ms", "MiB")
	for _, v := range r.Starts {
		fmt.Printf("%-36s %10.2f %8.1f\n", v.Function, v.Ready, v.PeakMiB)
	}
}
