package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tokensync/internal/dev"
	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/syncrun"
)

// Usage is what one run used.
type Usage struct {
	Mode     string
	Requests int64 // to Meteora
	Bytes    int64 // from Meteora, as they came over the wire
	CPU      time.Duration
	Units    dynamotest.Units
	Written  int // tokens
}

// Launchpad is what the runs of a launchpad used: the first, and those after it. Before each of the latter, a tenth of the
// tokens changed.
type Launchpad struct {
	Tokens               int
	First, Full, Refresh Usage
}

// Measure runs the real sync for a launchpad with a number of tokens on DLMM, among pools in all.
func Measure(ctx context.Context, tokens, pools int) (_ Launchpad, err error) {
	m := new(measurement)
	defer func() { err = errors.Join(err, m.close()) }()
	m.world, err = dev.StartWorld(ctx, dev.WorldOptions{
		Options: dev.Options{Proxy: m.startMeter},
		Meteora: meteoratest.Config{Pools: pools, Ours: poolsFor(tokens), StandStill: true},
	})
	if err != nil {
		return Launchpad{}, err
	}
	l := Launchpad{Tokens: len(m.world.Meteora.OurMints(meteoratest.DLMM))}
	l.First = m.run(ctx, dev.FullSync)
	m.world.Tick()
	l.Full = m.run(ctx, dev.FullSync)
	m.world.Tick()
	l.Refresh = m.run(ctx, dev.Refresh)
	return l, m.err
}

// poolsFor returns how many pools the fake needs for a number of tokens: some have two.
func poolsFor(tokens int) int { return tokens + tokens*3/125 }

type measurement struct {
	world *dev.World
	meter *dynamotest.Meter
	cpu   time.Duration // of the sandbox so far
	err   error         // the first
}

func (m *measurement) startMeter(engine string) (endpoint string, err error) {
	if m.meter, err = dynamotest.StartMeter(context.Background(), engine); err != nil {
		return "", err
	}
	return m.meter.URL(), nil
}

func (m *measurement) close() error {
	var failed []error
	if m.world != nil {
		failed = append(failed, m.world.Close())
	}
	if m.meter != nil {
		failed = append(failed, m.meter.Close())
	}
	return errors.Join(failed...)
}

func (m *measurement) run(ctx context.Context, event string) Usage {
	if m.err != nil {
		return Usage{}
	}
	run, err := m.world.Sync(ctx, event)
	if err == nil && run.Record.Status != syncrun.Succeeded {
		err = fmt.Errorf("%s: a run %s: %s", event, run.Record.Status, run.Record.Error)
	}
	m.err = err
	cpu := run.Result.CPU - m.cpu
	m.cpu = run.Result.CPU
	return Usage{
		Mode: run.Record.Mode, Requests: run.Record.UpstreamRequests, Bytes: run.Record.BytesRead, CPU: cpu,
		Units: m.meter.Take(), Written: run.Record.TokensNew + run.Record.TokensUpdated,
	}
}
