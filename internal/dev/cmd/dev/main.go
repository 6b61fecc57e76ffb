// Command dev runs the local stack: `run` until Ctrl-C, `demo` for one sync.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"tokensync/internal/dev"
)

const usage = `usage: dev run | demo | aws | --help

  run    start the local stack, sync at once and then on a schedule, serve the HTTP API until Ctrl-C
  demo   one full sync; its record is the one line of JSON on standard output; exit 0 when it succeeded
  aws    DynamoDB, SSM, Meteora and Solana at ports 8000 to 8003, filled, for the functions that sam local runs, until Ctrl-C

Environment variables:
  POOLS          how many pools the fake Meteora holds in each product (132967)
  PRODUCTS       what to read: dlmm, damm-v2, damm-v1, dbc-list, dbc; comma-separated (dlmm,dbc)
  CURVES         how many tokens the launchpad has on the fake Solana (512)
  LAUNCHPAD_ID   the value in SSM (56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V,moonyard: a config key on the chain, and a
                 name that pools carry); may be empty, to see the guard
  PORT           of the HTTP API (run: 3000; demo: any free one)
  LIVE=1         read the real Meteora
  FAULTS=1       the fake Meteora misbehaves now and then
  IGNORE_FILTER  1: the fake's damm-v1 ignores its launchpad filter and sends every pool, as in the incident (1); 0: it filters
  ADMIN_TOKEN    the operator's token for /dashboard, of 32 characters at least (random)
  SYNC_EVERY     how often run syncs again (60s): a refresh of what is known and new
  FULL_EVERY     how often it does so in full (10m)
  DYNAMODB_ENDPOINT  a DynamoDB that is running, instead of the engine in .tools/
  METEORA_DLMM_URL, METEORA_DAMM_V2_URL, METEORA_DAMM_V1_URL, METEORA_DBC_URL  another Meteora, such as a fake of your own
  LOG_LEVEL      of the functions (info)
  NO_COLOR       no colours, if set to anything
`

// Exit codes other than 0.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // from then on another Ctrl-C ends the process at once
	os.Exit(command(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}

// command is the whole program save the process around it.
func command(ctx context.Context, arguments []string, env lookup, stdout, stderr io.Writer) int {
	name := ""
	if len(arguments) == 1 {
		name = arguments[0]
	}
	commands := map[string]func(context.Context, settings, io.Writer, io.Writer) error{"run": run, "demo": demo, "aws": localAWS}
	switch {
	case name == "--help" || name == "-h" || name == "help":
		_, _ = io.WriteString(stdout, usage)
		return 0
	case commands[name] == nil:
		_, _ = io.WriteString(stderr, usage)
		return exitUsage
	}
	s, err := readSettings(env)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return exitUsage
	}
	err = commands[name](ctx, s, stdout, stderr)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, dev.ErrPortInUse):
		_, _ = fmt.Fprintf(stderr, "port %d is in use: set PORT=…\n", s.port)
	case !errors.Is(err, errNotSucceeded): // the summary has said it
		_, _ = fmt.Fprintln(stderr, err)
	}
	return exitFailed
}
