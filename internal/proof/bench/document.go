package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// document writes performance.md and performance.svg into docs, from the figures that the measuring commands left in
// docs/performance. Nothing in them is written by hand.
func document(docs string) error {
	d := &page{figures: filepath.Join(docs, "performance")}
	var report Report
	d.read("bench.json", &report)
	d.intro(&report)
	d.peers(&report)
	d.memory()
	d.api()
	d.sizes()
	d.text("First sync", "first-sync.txt",
		"A first sync of 10,000 tokens, with fake Meteora, decoder, lease and all, and after each the engine taking the very same items as "+
			"bare `BatchWriteItem` calls, four at once as the sync. The engine, which shares the machine's two cores, is the limit of both.",
		"go test ./internal/ingest -run '^$' -bench FirstSync -benchtime 5x")
	d.text("Routes in process", "routes.txt",
		"Each route over a table of 100 and of 100,000 tokens: every request to the engine, and from the warm cache.",
		"go test ./internal/httpapi -run '^$' -bench Routes -benchtime 300x -timeout 30m")
	d.text("Hot paths", "hot-paths.txt",
		"For benchstat: run it before and after a change. `few` is a page of 1,000 pools of which few are ours, `all` one of which all are.",
		"make microbench COUNT=5 PACKAGES='./internal/meteora ./internal/upstream'")
	if d.err != nil {
		return d.err
	}
	if err := os.WriteFile(filepath.Join(docs, "performance.svg"), plot(&report), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(docs, "performance.md"), d.Bytes(), 0o644)
}

// A page is the document on its way. After its first error it stays as it is.
type page struct {
	bytes.Buffer
	figures string
	err     error
}

func (d *page) read(name string, into any) {
	b, err := os.ReadFile(filepath.Join(d.figures, name))
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil && d.err == nil {
		d.err = fmt.Errorf("%s: %w", name, err)
	}
}

func (d *page) line(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

// section begins one, with what it shows and the command that measured it.
func (d *page) section(title, about, command string) {
	d.line("\n## %s\n\n%s\n\n```sh\n%s\n```\n", title, about, command)
}

func (d *page) intro(r *Report) {
	d.line("# Performance\n")
	d.line("Measured on: %s. The machine is shared with others: times vary by a third from run to run, ratios of the same round do not.\n", r.Machine)
	d.line("This page and its plot are made by `make performance` from what the commands below left in [performance/](performance).")
}

func (d *page) peers(r *Report) {
	d.section("Beside its peers", "The same pools over loopback HTTP, each consumer a process of its own, one after the other in each round. "+
		"Every consumer has to find the same pools. *ratio* is CPU to jsontext's in the same round.",
		fmt.Sprintf("make bench ROUNDS=%d JSON=docs/performance/bench.json", r.Rounds))
	d.line("![CPU and memory of every consumer](performance.svg)\n")
	r.markdownTo(d)
}

func (d *page) memory() {
	var m struct {
		Collector []struct {
			Case    string
			GOGC    string
			PeakMiB float64 `json:"peak_mib"`
			CPUMS   float64 `json:"cpu_ms"`
		}
		Smallest []struct {
			Case string
			MiB  int
		}
	}
	d.read("memory.json", &m)
	d.section("Memory", "First syncs by the real binary, the whole of it: pools are read from a fake Meteora, tokens written to a DynamoDB engine. "+
		"The sync runs with `GOGC=25`: with 50, 100,000 bonding curves would not fit its budget of 64 MiB.",
		"make memory-study JSON=docs/performance/memory.json")
	d.line("| first sync | GOGC | peak RSS, MiB | CPU, ms |\n| --- | ---: | ---: | ---: |")
	for _, c := range m.Collector {
		d.line("| %s | %s | %.1f | %.0f |", c.Case, c.GOGC, c.PeakMiB, c.CPUMS)
	}
	d.line("\nThe least memory of a container (a cgroup without swap: heap, the pages of the binary, what the kernel keeps for the " +
		"process), with `GOMEMLIMIT` at 85 %% of it, in which the sync still reads and writes everything, in at most twice its usual time:\n")
	d.line("| first sync | least container, MiB |\n| --- | ---: |")
	for _, c := range m.Smallest {
		if d.line("| %s | %d |", c.Case, c.MiB); c.MiB == 0 && d.err == nil {
			d.err = fmt.Errorf("%s does not fit into the least memory that Lambda has", c.Case)
		}
	}
	d.line("\nAll of them fit into Lambda's least `MemorySize`, 128 MB, which is what the template asks for. `make memory` holds every " +
		"change to it: the real sync of all 132,967 pools within 64 MiB, within 110 %% of the figure in " +
		"[recorded.json](../internal/proof/memory/recorded.json), and within a container of 24 MiB.")
}

func (d *page) api() {
	var r struct {
		Tokens int
		Routes []struct {
			Route     string
			PerSecond float64 `json:"requests_per_second"`
			P50MS     float64 `json:"p50_ms"`
			P95MS     float64 `json:"p95_ms"`
			P99MS     float64 `json:"p99_ms"`
		}
		Starts []struct {
			Function string
			MS       float64
			PeakMiB  float64 `json:"peak_mib"`
		} `json:"cold_starts"`
	}
	d.read("api.json", &r)
	d.section("The API under load", fmt.Sprintf("%d tokens; four clients, each asking again as soon as it has its answer. Clients, gateway, functions and the "+
		"engine share the machine's cores.", r.Tokens), "make bench-api JSON=docs/performance/api.json")
	d.line("| route | requests a second | p50, ms | p95, ms | p99, ms |\n| --- | ---: | ---: | ---: | ---: |")
	for _, v := range r.Routes {
		d.line("| `%s` | %.0f | %.1f | %.1f | %.1f |", v.Route, v.PerSecond, v.P50MS, v.P95MS, v.P99MS)
	}
	d.line("\nCold starts, from exec to the first request for work; medians of eleven:\n\n| function | ms | peak RSS, MiB |\n| --- | ---: | ---: |")
	for _, v := range r.Starts {
		d.line("| %s | %.1f | %.1f |", v.Function, v.MS, v.PeakMiB)
	}
}

func (d *page) sizes() {
	var sizes []struct {
		Function string
		Binary   float64 `json:"binary_bytes"`
		Zip      float64 `json:"zip_bytes"`
	}
	d.read("sizes.json", &sizes)
	d.section("Sizes", "For linux/arm64, stripped; the zips are held to 4.5 MB each by `make check`.", "make sizes JSON=docs/performance/sizes.json")
	d.line("| function | binary, MB | zip, MB |\n| --- | ---: | ---: |")
	for _, s := range sizes {
		d.line("| %s | %.2f | %.2f |", s.Function, s.Binary/1e6, s.Zip/1e6)
	}
}

// text is a section that shows a command's output as it is, but for what go test says around it.
func (d *page) text(title, name, about, command string) {
	b, err := os.ReadFile(filepath.Join(d.figures, name))
	if err != nil && d.err == nil {
		d.err = err
	}
	d.section(title, about, command+" > docs/performance/"+name)
	var results strings.Builder
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "Benchmark") {
			results.WriteString(line)
		}
	}
	d.line("```\n%s```", results.String())
}
