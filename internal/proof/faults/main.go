// Command faults prints what every kind of trouble does to a sync: `make faults`. It exits with status 1 on any surprise.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"tokensync/internal/proof/command"
)

func main() {
	command.Main("faults", run)
}

func run(ctx context.Context) (err error) {
	m, err := New(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	fmt.Printf("%-33s %-20s %6s  %5s  %5s  %8s  %8s\n", "fault", "status", "tokens", "after", "next", "requests", "duration")
	surprises := 0
	err = m.RunAll(ctx, chosen(), func(r Row) error {
		print(r)
		surprises += len(r.Surprises)
		return nil
	})
	if err == nil && surprises > 0 {
		err = fmt.Errorf("%d surprises", surprises)
	}
	return err
}

// chosen returns the cases whose names hold the arguments, all without any.
func chosen() []Case {
	return slices.DeleteFunc(Cases(), func(c Case) bool {
		return len(os.Args) > 1 && !strings.Contains(c.Name, strings.Join(os.Args[1:], " "))
	})
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
