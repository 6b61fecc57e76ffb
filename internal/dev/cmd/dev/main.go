// Command dev runs the local stack: `run` until Ctrl-C, `demo` for one sync; `doctor` examines what the sync relies on.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"tokensync/internal/dev"
	"tokensync/internal/token"
)

var usage = `usage: dev run | demo | doctor [--json] | aws | --help

  run    start the local stack, sync at once and then on a schedule, serve the HTTP API until Ctrl-C
  demo   one full sync; its record is the one line of JSON on standard output; exit 0 when it succeeded
  doctor asks the real Meteora, and the node of SOLANA_RPC_URL, in a few dozen requests for all that the sync relies on; prints
         what works and what follows, or JSON; exit 1 when something does not hold that the sync needs
  aws    DynamoDB, SSM, Meteora and Solana at ports 8000 to 8003, filled, for the functions that sam local runs, until Ctrl-C

Environment variables:
  POOLS          how many pools the fake Meteora holds in each product (132967)
  PRODUCTS       what to read: ` + listed(token.Products) + `; comma-separated (dlmm,dbc)
  CURVES         how many tokens the launchpad has on the fake Solana (512)
  LAUNCHPAD_ID   the value in SSM (56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V,moonyard: a config key on the chain, and a
                 name that pools carry); may be empty, to see the guard
  PORT           of the HTTP API (run: 3000; demo: any free one)
  LIVE=1         read the real Meteora
  FAULTS=1       the fake Meteora misbehaves now and then
  HISTORY=1      charts begin with a made-up week
  IGNORE_FILTER  1: the fake's damm-v1 ignores its launchpad filter and sends every pool, as in the incident (1); 0: it filters
  ADMIN_TOKEN    the operator's token for /dashboard, of 32 characters at least (random)
  WATCH          run: how many seconds lie between two looks at the curves from one sync to the next (5); 0: none
  SYNC_EVERY     how often run syncs again (60s): a refresh of what is known and new
  FULL_EVERY     how often it does so in full (10m)
  DYNAMODB_ENDPOINT  a DynamoDB that is running, instead of the engine in .tools/
  ` + listed(upstreams()) + `  another Meteora, such as a fake of your own
  SOLANA_RPC_URL      doctor: the node; it is never shown
  METEORA_USER_AGENT  doctor: what requests call themselves
  FAKE=1         doctor: examine fakes of Meteora and of a node instead
  DIALECT        doctor, with FAKE=1: how the fake takes lists: commas, pipes, single (commas)
  NODE           doctor, with FAKE=1: return-counting, scan-counting, wrapped, cursor, plain
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

// command runs the whole program save the process around it, and returns its exit code.
func command(ctx context.Context, arguments []string, env lookup, stdout, stderr io.Writer) int {
	name := strings.Join(arguments, " ")
	commands := map[string]func(context.Context, settings, io.Writer, io.Writer) error{
		"run": run, "demo": demo, "doctor": examine, "doctor --json": examine, "aws": localAWS,
	}
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
	s.json = name == "doctor --json"
	err = commands[name](ctx, s, stdout, stderr)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, dev.ErrPortInUse):
		_, _ = fmt.Fprintf(stderr, "port %d is in use: set PORT=…\n", s.port)
	case !errors.Is(err, errNotSucceeded) && !errors.Is(err, errUnhealthy): // the summary has said it
		_, _ = fmt.Fprintln(stderr, err)
	}
	return exitFailed
}
