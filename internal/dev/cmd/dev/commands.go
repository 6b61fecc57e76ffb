package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"tokensync/internal/dev"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/syncrun"
)

// errNotSucceeded reports a sync that did not succeed by its own record.
var errNotSucceeded = errors.New("the sync did not succeed")

// demo runs one full sync and prints its record.
func demo(ctx context.Context, s settings, stdout, stderr io.Writer) (err error) {
	port := 0 // nobody calls the API of a demo, unless they say where
	if s.portIsSet {
		port = s.port
	}
	v, err := open(ctx, s, port, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.close()) }()
	run, err := v.sync(ctx, dev.FullSync)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "%s\n", run.Line); err != nil {
		return fmt.Errorf("print the record: %w", err)
	}
	if run.Record.Status != syncrun.Succeeded {
		return errNotSucceeded
	}
	return nil
}

// run syncs at once and then on a schedule, mostly refreshes, until ctx ends. A sync that fails does not end it.
func run(ctx context.Context, s settings, stdout, _ io.Writer) (err error) {
	v, err := open(ctx, s, s.port, stdout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.close()) }()
	v.greet()
	defer v.trade(ctx)()
	tick := time.NewTicker(s.syncEvery)
	defer tick.Stop()
	var lastFull time.Time
	for {
		event := dev.Refresh
		if now := time.Now(); now.Sub(lastFull) >= s.fullEvery {
			event, lastFull = dev.FullSync, now
		}
		run, err := v.sync(ctx, event)
		if err == nil && v.settings.history && run.Record.BoardVersion > 0 {
			v.settings.history, err = false, v.stack.InventPast(ctx)
		}
		if err != nil && ctx.Err() == nil {
			_, _ = fmt.Fprintln(stdout, err)
		}
		if ctx.Err() == nil {
			_, _ = fmt.Fprintf(stdout, "\n%s  syncs again every %v, in full every %v; Ctrl-C stops everything\n",
				v.stack.URL(), s.syncEvery, s.fullEvery)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			_, _ = fmt.Fprintln(stdout, "\nstopping")
			return nil
		}
		if v.world != nil {
			v.world.Tick()
		}
	}
}

// tradeEvery is how often somebody trades on the fake chain between two syncs.
const tradeEvery = time.Second

// trade lets somebody trade while the syncs watch, until ctx ends, for which what it returns waits.
func (v *session) trade(ctx context.Context) (wait func()) {
	var trading sync.WaitGroup
	if v.settings.watch > 0 && v.world != nil && v.world.Chain != nil {
		trading.Go(func() { stir(ctx, v.world.Chain) })
	}
	return trading.Wait
}

// stir lets curves be traded on until ctx ends, for a watch to see.
func stir(ctx context.Context, chain *rpctest.Server) {
	tick := time.NewTicker(tradeEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			chain.Stir(tradesATime)
		case <-ctx.Done():
			return
		}
	}
}

// tradesATime are some of the curves that a fake chain picks; those that are complete are not traded on.
const tradesATime = 8
