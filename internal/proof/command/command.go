// Package command is what the commands of proof have in common.
package command

import (
	"context"
	"fmt"
	"os"
	"os/signal"
)

// Main calls run, which Ctrl-C cancels. An error of run's ends the process with its text and status 1.
func Main(name string, run func(context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}
