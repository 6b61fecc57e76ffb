// Command bench reads the same pools with tokensync's decoder and with what its users would otherwise pick, each in a
// process of its own, and prints what every one of them took.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

// The sizes of a run.
const (
	incident     = 132967 // pools
	quickPools   = 20000
	rounds       = 5
	quickRounds  = 3
	growthFactor = 10
)

type options struct {
	pools, rounds   int
	build           string
	json, markdown  string
	check           bool
	only, onlyShape string
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		pools, err := strconv.Atoi(os.Args[2])
		if err == nil {
			err = serveCorpus(context.Background(), pools)
		}
		exit(err)
	}
	if len(os.Args) == 3 && os.Args[1] == "document" {
		exit(document(os.Args[2]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := measure(ctx, parse())
	stop()
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func parse() options {
	var o options
	quick := flag.Bool("quick", false, fmt.Sprintf("%d pools, %d rounds", quickPools, quickRounds))
	flag.IntVar(&o.pools, "pools", incident, "how many pools")
	flag.IntVar(&o.rounds, "rounds", rounds, "how often each consumer runs")
	flag.StringVar(&o.build, "build", "../../../build/bench", "folder of the consumers' binaries")
	flag.StringVar(&o.json, "json", "", "file for the figures as JSON")
	flag.StringVar(&o.markdown, "markdown", "", "file for the tables as Markdown")
	flag.BoolVar(&o.check, "check", false, "fail when a ratio that must be reached is missed")
	flag.StringVar(&o.only, "only", "", "run only consumers whose name contains this (and the base)")
	flag.StringVar(&o.onlyShape, "shape", "", "run only shapes whose name contains this")
	flag.Parse()
	if *quick {
		o.pools, o.rounds = quickPools, min(o.rounds, quickRounds)
	}
	return o
}

type rowKey struct {
	shape    shape
	consumer string
}

// A bench is one run of everything.
type bench struct {
	options
	consumers []consumer
	server    *server
	samples   map[rowKey][]sample
	ratios    map[rowKey][]float64 // CPU to the base's in the same round
	node      map[shape][]float64  // the old service's CPU, by round
	step      string
	started   time.Time
}

func measure(ctx context.Context, o options) error {
	b := &bench{
		options: o, samples: map[rowKey][]sample{}, ratios: map[rowKey][]float64{}, node: map[shape][]float64{}, started: time.Now(),
	}
	for _, c := range consumers(o.build) {
		if c.Name == base || strings.Contains(c.Name, o.only) {
			b.consumers = append(b.consumers, c)
		}
	}
	b.progress("making %d pools", o.pools)
	server, err := startServer(ctx, o.pools)
	if err != nil {
		return err
	}
	defer server.stop()
	b.server = server
	if err := b.all(ctx); err != nil {
		return err
	}
	growth, err := b.growth(ctx)
	if err != nil {
		return err
	}
	return b.report(growth)
}

// all interleaves: every consumer and shape once, then again.
func (b *bench) all(ctx context.Context) error {
	for round := 1; round <= b.rounds; round++ {
		b.step = fmt.Sprintf("round %d of %d", round, b.rounds)
		for _, s := range shapes {
			if !strings.Contains(s.String(), b.onlyShape) {
				continue
			}
			if err := b.round(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// growth returns our peak RSS at the array's size, and at ten times as many pools.
func (b *bench) growth(ctx context.Context) (g growth, err error) {
	ours := b.consumers[0]
	if ours.Name == base {
		return g, nil
	}
	for range b.rounds {
		b.progress("growth")
		one, err := ours.run(ctx, shape{}, b.server, 1)
		if err != nil {
			return g, err
		}
		ten, err := ours.run(ctx, shape{}, b.server, growthFactor)
		if err != nil {
			return g, err
		}
		if ten.Pools != growthFactor*one.Pools || ten.Found != growthFactor*one.Found {
			return g, fmt.Errorf("%d pools where %d were sent", ten.Pools, growthFactor*one.Pools)
		}
		g.add(one, ten)
	}
	return g, nil
}

// progress overwrites its line on a terminal, and is one line a round elsewhere.
func (b *bench) progress(format string, args ...any) {
	elapsed := time.Since(b.started).Round(time.Second)
	text := strings.TrimLeft(fmt.Sprintf("%s  %s", b.step, fmt.Sprintf(format, args...)), " ")
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\x1b[K%s  %s", elapsed, text)
		return
	}
	fmt.Fprintf(os.Stderr, "%s  %s\n", elapsed, text)
}
