// tells what a sync costs: what its runs use is measured on the real binary, what that is in dollars is
// worked out from AWS's prices.
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

// Launchpad is what the runs of a launchpad with so many tokens used: the first, and those after it, before each of which
// a tenth of the tokens changed.
type Launchpad struct {
	Tokens               int
	First, Full, Refresh Usage
}

// Measure runs the real sync for a launchpad with so many tokens on DLMM, among so many pools in all.
func Measure(ctx context.Context, tokens, pools int) (_ Launchpad, err error) {
	l := Launchpad{}
	engine, err := dynamotest.Start(ctx, dynamotest.Options{})
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	meter, err := dynamotest.StartMeter(ctx, engine.Endpoint())
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, meter.Close()) }()
	fake := meteoratest.New(meteoratest.Config{Pools: pools, Ours: poolsFor(tokens), Dialect: meteoratest.Pipes, StandStill: true})
	if err := fake.Start(); err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, fake.Close()) }()
	id := fake.Launchpad()
	stack, err := dev.Start(ctx, dev.Options{
		Upstream: fake, Products: []string{meteoratest.DLMM}, LaunchpadID: &id, Engine: engine,
		Environment: map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": meter.URL()},
	})
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, stack.Close()) }()
	l.Tokens = len(fake.OurMints(meteoratest.DLMM))
	m := &measurement{stack: stack, meter: meter}
	l.First = m.run(ctx, dev.FullSync)
	fake.Tick()
	l.Full = m.run(ctx, dev.FullSync)
	fake.Tick()
	l.Refresh = m.run(ctx, dev.Refresh)
	return l, m.err
}

// poolsFor is how many pools the fake needs for so many tokens: some have two.
func poolsFor(tokens int) int { return tokens + tokens*3/125 }

type measurement struct {
	stack *dev.Stack
	meter *dynamotest.Meter
	cpu   time.Duration // of the sandbox so far
	err   error         // the first
}

func (m *measurement) run(ctx context.Context, event string) Usage {
	if m.err != nil {
		return Usage{}
	}
	run, err := m.stack.Sync(ctx, event)
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
