// Command costs measures what syncs use and prints it with the bill for a month: `make costs`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/proof/command"
)

func main() {
	tokens := flag.String("tokens", "100,1000,10000", "sizes of launchpads, in tokens")
	pools := flag.Int("pools", meteoratest.DefaultPools, "pools that Meteora has in all")
	ofNodes := flag.Bool("nodes", false, "measure what RPC nodes are asked instead")
	memory := flag.Int("memory", 128, "the function's memory in MB")
	flag.Parse()
	command.Main("costs", func(ctx context.Context) error {
		if *ofNodes {
			return byNode(ctx, os.Stdout)
		}
		return run(ctx, *tokens, *pools, *memory)
	})
}

func run(ctx context.Context, sizes string, pools, memory int) error {
	var launchpads []Launchpad
	var unexpected []error
	for size := range strings.SplitSeq(sizes, ",") {
		tokens, err := strconv.Atoi(strings.TrimSpace(size))
		if err != nil || tokens < 1 || tokens > pools {
			return fmt.Errorf("tokens: %q is not a number from 1 to %d", size, pools)
		}
		fmt.Fprintf(os.Stderr, "measuring %d tokens among %d pools\n", tokens, pools)
		l, err := Measure(ctx, tokens, pools)
		if err != nil {
			return fmt.Errorf("%d tokens: %w", tokens, err)
		}
		launchpads = append(launchpads, l)
		unexpected = append(unexpected, l.Check(pools))
	}
	usage(os.Stdout, launchpads)
	points(os.Stdout, launchpads)
	bills(os.Stdout, launchpads, memory)
	return errors.Join(append(unexpected, standing(ctx, os.Stdout, launchpads[len(launchpads)-1]))...)
}

func usage(w io.Writer, launchpads []Launchpad) {
	_, _ = fmt.Fprintf(w, "| tokens | run | requests | MB read | CPU seconds | tokens changed | items written | board, KB | write units | read units |\n")
	_, _ = fmt.Fprintf(w, "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, l := range launchpads {
		for _, row := range []struct {
			name string
			Usage
		}{{"first", l.First}, {"full", l.Full}, {"refresh", l.Refresh}, {"quiet refresh", l.Quiet}} {
			_, _ = fmt.Fprintf(w, "| %d | %s | %d | %.2f | %.2f | %d | %d | %d | %.0f | %.0f |\n", l.Tokens, row.name, row.Requests,
				float64(row.Bytes)/1e6, row.CPU.Seconds(), row.Written, row.Items, row.Board/1000, row.Units.Write, row.Units.Read)
		}
	}
}

func points(w io.Writer, launchpads []Launchpad) {
	_, _ = fmt.Fprintf(w, "\n| tokens | a point, KB | dollars a month, one every five minutes | rolls, dollars a month | when one token in %d is traded meanwhile | "+
		"anchors, KB | dollars a month, every hour |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n", awake)
	for _, l := range launchpads {
		_, _ = fmt.Fprintf(w, "| %d | %.1f | %.3f | %.3f | %.3f | %.1f | %.3f |\n", l.Tokens, float64(l.Point)/1024, l.Points(),
			Rolls(l.Asleep), Rolls(l.Awake), float64(l.Anchors)/1024, l.ByAnchors())
	}
}

func bills(w io.Writer, launchpads []Launchpad, memory int) {
	_, _ = fmt.Fprintf(w, "\n| tokens | schedule | Lambda | writes | reads | scheduler | dollars a month |\n")
	_, _ = fmt.Fprintf(w, "| ---: | --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, l := range launchpads {
		for _, row := range []struct {
			name string
			Schedule
		}{
			{"full each minute", Schedule{Full: time.Minute}},
			{"refresh each minute, full each hour", Schedule{Refresh: time.Minute, Full: time.Hour}},
			{"refresh each 5 minutes, full each 6 hours", Schedule{Refresh: 5 * time.Minute, Full: 6 * time.Hour}},
		} {
			b := l.Month(row.Schedule, memory)
			_, _ = fmt.Fprintf(w, "| %d | %s | %.2f | %.2f | %.2f | %.2f | **%.2f** |\n",
				l.Tokens, row.name, b.Lambda, b.Writes, b.Reads, b.Scheduler, b.Total())
		}
	}
}
