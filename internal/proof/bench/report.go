package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A Row is one consumer's medians for one shape.
type Row struct {
	Shape    string  `json:"shape"`
	Consumer string  `json:"consumer"`
	About    string  `json:"about"`
	WallMS   float64 `json:"wall_ms"`
	CPUMS    float64 `json:"cpu_ms"`
	PeakMiB  float64 `json:"peak_mib"`
	Ratio    float64 `json:"ratio"` // CPU to the base's
	Found    int     `json:"found"`
}

// A Report is the result of a run.
type Report struct {
	Machine   Machine   `json:"machine"`
	Pools     int       `json:"pools"`
	Bytes     int       `json:"bytes"`
	BytesGzip int       `json:"bytes_gzip"`
	Rounds    int       `json:"rounds"`
	Rows      []Row     `json:"rows"`
	Growth    growth    `json:"growth"`
	Targets   []*target `json:"targets"`
}

// Machine is where it ran.
type Machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	OS    string `json:"os"`
	Go    string `json:"go"`
	Node  string `json:"node"`
}

// growth is our peak RSS for the array and for ten times as many pools, in MiB.
type growth struct {
	Factor int     `json:"factor"`
	One    float64 `json:"one_mib"`
	Ten    float64 `json:"ten_mib"`
	ones   []float64
	tens   []float64
}

func (g *growth) add(one, ten sample) {
	g.ones, g.tens = append(g.ones, mib(one.PeakRSS)), append(g.tens, mib(ten.PeakRSS))
	g.Factor, g.One, g.Ten = growthFactor, median(g.ones), median(g.tens)
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func median[T float64 | time.Duration](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func (b *bench) rows() []Row {
	var rows []Row
	for _, s := range shapes {
		for _, c := range b.consumers {
			samples := b.samples[rowKey{s, c.Name}]
			if len(samples) == 0 {
				continue
			}
			var wall, cpu []time.Duration
			var rss []float64
			for _, one := range samples {
				wall, cpu, rss = append(wall, one.wall), append(cpu, one.cpu), append(rss, mib(one.PeakRSS))
			}
			rows = append(rows, Row{
				Shape: s.String(), Consumer: c.Name, About: c.About, Found: samples[0].Found,
				WallMS: milliseconds(median(wall)), CPUMS: milliseconds(median(cpu)), PeakMiB: median(rss),
				Ratio: median(b.ratios[rowKey{s, c.Name}]),
			})
		}
	}
	return rows
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// errMissed reports a target that must be reached and was not.
var errMissed = errors.New("a target was missed")

func (b *bench) report(g growth) error {
	r := Report{
		Machine: machine(), Pools: b.server.pools, Bytes: b.server.Plain, BytesGzip: b.server.Gzip,
		Rounds: b.rounds, Rows: b.rows(), Growth: g,
	}
	r.Targets = b.targets(g)
	fmt.Fprint(os.Stderr, "\n")
	r.text(os.Stdout)
	if err := write(b.markdown, r.markdownTo); err != nil {
		return err
	}
	err := write(b.json, func(w io.Writer) {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		_ = e.Encode(r)
	})
	if err != nil || !b.check {
		return err
	}
	for _, t := range r.Targets {
		if !t.Met {
			return fmt.Errorf("%w: %s is %.3f, more than %v", errMissed, t.Name, t.Value, t.Must)
		}
	}
	return nil
}

func write(path string, to func(io.Writer)) error {
	if path == "" {
		return nil
	}
	var out strings.Builder
	to(&out)
	return os.WriteFile(path, []byte(out.String()), 0o644)
}

// text writes the tables for people.
func (r *Report) text(w io.Writer) {
	fmt.Fprintf(w, "%d pools, %.0f MB (%.0f MB gzipped), medians of %d; %s\n", r.Pools,
		float64(r.Bytes)/1e6, float64(r.BytesGzip)/1e6, r.Rounds, r.Machine)
	last := ""
	for _, row := range r.Rows {
		if row.Shape != last {
			fmt.Fprintf(w, "\n%-24s %10s %10s %10s %8s %6s\n", row.Shape, "wall ms", "CPU ms", "peak MiB", "ratio", "found")
			last = row.Shape
		}
		fmt.Fprintf(w, "  %-22s %10.0f %10.0f %10.1f %8.2f %6d\n", row.Consumer, row.WallMS, row.CPUMS, row.PeakMiB, row.Ratio, row.Found)
	}
	fmt.Fprintln(w)
	for _, t := range r.Targets {
		fmt.Fprintf(w, "%-58s %8.3f   must %-6v aim %-6v %s\n", t.Name, t.Value, t.Must, t.Aim, t.verdict())
	}
}

// markdown returns the tables of r for a page.
func markdown(r *Report) string {
	var b strings.Builder
	r.markdownTo(&b)
	return b.String()
}

// markdownTo writes the same tables as Markdown.
func (r *Report) markdownTo(w io.Writer) {
	fmt.Fprintf(w, "%d pools, %.0f MB as JSON, %.0f MB gzipped; medians of %d rounds; %s.\n", r.Pools,
		float64(r.Bytes)/1e6, float64(r.BytesGzip)/1e6, r.Rounds, r.Machine)
	last := ""
	for _, row := range r.Rows {
		if row.Shape != last {
			fmt.Fprintf(w, "\n**%s**\n\n| consumer | | wall ms | CPU ms | peak MiB | ratio | found |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n", row.Shape)
			last = row.Shape
		}
		fmt.Fprintf(w, "| %s | %s | %.0f | %.0f | %.1f | %.2f | %d |\n", row.Consumer, row.About, row.WallMS, row.CPUMS, row.PeakMiB, row.Ratio, row.Found)
	}
	fmt.Fprint(w, "\n| target | measured | must | aim | |\n| --- | ---: | ---: | ---: | --- |\n")
	for _, t := range r.Targets {
		fmt.Fprintf(w, "| %s | %.3f | %v | %v | %s |\n", t.Name, t.Value, t.Must, t.Aim, t.verdict())
	}
}

func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s, %s, Node %s", m.CPU, m.Cores, m.OS, m.Go, m.Node)
}

func machine() Machine {
	m := Machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	if version, err := exec.Command("node", "--version").Output(); err == nil {
		m.Node = strings.TrimPrefix(strings.TrimSpace(string(version)), "v")
	}
	return m
}
