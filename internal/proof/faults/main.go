// Command faults prints what every kind of trouble does to a sync: `make faults`. It exits with 1 on any surprise.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"
)

// atOnce is how many cases run side by side; most of their time is waiting.
const atOnce = 4

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	surprises, err := run(ctx)
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	case surprises > 0:
		fmt.Fprintf(os.Stderr, "faults: %d surprises\n", surprises)
		os.Exit(1)
	}
}

type result struct {
	row Row
	err error
}

func run(ctx context.Context) (surprises int, err error) {
	m, err := New(ctx)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closeErr := m.Close(); err == nil {
			err = closeErr
		}
	}()
	cases := Cases()
	results := make([]chan result, len(cases))
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	defer all.Wait()
	for i, c := range cases {
		results[i] = make(chan result, 1)
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			row, err := m.Run(ctx, c)
			results[i] <- result{row, err}
		})
	}
	fmt.Printf("%-33s %-20s %6s  %5s  %5s  %8s  %8s\n", "fault", "status", "tokens", "after", "next", "requests", "duration")
	for i := range cases {
		r := <-results[i]
		if r.err != nil {
			return surprises, fmt.Errorf("%s: %w", cases[i].Name, r.err)
		}
		print(r.row)
		surprises += len(r.row.Surprises)
	}
	return surprises, nil
}

func print(r Row) {
	var statuses []string
	for _, s := range r.Statuses {
		statuses = append(statuses, string(s))
	}
	fmt.Printf("%-33s %-20s %6d  %5d  %5d  %8d  %8s\n", r.Name, strings.Join(statuses, ", "), r.Before, r.After, r.Repaired,
		r.Requests, r.Duration.Round(10*time.Millisecond))
	for _, s := range r.Surprises {
		fmt.Println("  SURPRISE:", s)
	}
}
