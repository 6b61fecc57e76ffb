package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/dev"
	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dynamo"
	"tokensync/internal/syncrun"
)

// Usage is what one run used.
type Usage struct {
	Mode     string
	Requests int64 // to Meteora
	Bytes    int64 // from Meteora, as they came over the wire
	CPU      time.Duration
	Units    dynamotest.Units
	Written  int // tokens that are new or changed
	Items    int // that were written
	Board    int // bytes of the board
}

// Launchpad is what the runs of a launchpad used: the first, and those after it. Before Full and before Refresh every dollar
// moved, and one token in a hundred changed in kind; before Quiet, a refresh, nothing did.
type Launchpad struct {
	Tokens                      int
	First, Full, Refresh, Quiet Usage
	Log                         Written // a run's
	Point                       int64   // bytes of a point of all tokens, which is kept every five minutes
	Anchors                     int     // bytes of the markets' anchors, which are set every hour
	Asleep, Awake               float64 // write units an hour of rolls: when none is traded, and one token in awake between two points
}

// Measure runs the real sync for a launchpad with a number of tokens, all of which have a pool on DLMM, among pools in all; one in
// eight has another on DAMM v2.
func Measure(ctx context.Context, tokens, pools int) (_ Launchpad, err error) {
	m := new(measurement)
	defer func() { err = errors.Join(err, m.close()) }()
	m.world, err = dev.StartWorld(ctx, dev.WorldOptions{
		Options: dev.Options{Proxy: m.startMeter, Log: m.log.add},
		Meteora: meteoratest.Config{
			Pools: pools, Ours: poolsFor(tokens), PoolsOf: map[string]int{meteoratest.DAMMv2: second(tokens)}, Untouched: true,
		},
	})
	if err != nil {
		return Launchpad{}, err
	}
	l := Launchpad{Tokens: len(m.world.Meteora.OurMints(meteoratest.DLMM))}
	l.First = m.run(ctx, dev.FullSync)
	l.Point = m.point
	b := m.board(ctx)
	l.Anchors = anchors(b)
	l.Full = m.without(ctx, dev.FullSync, func() { m.change(0) })
	l.Refresh = m.without(ctx, dev.Refresh, func() { m.change(1) })
	for range 3 { // what a new name collides with shows one run later, and a pool that became the deepest leads after three
		m.run(ctx, dev.Refresh)
	}
	l.Quiet = m.without(ctx, dev.Refresh, func() {})
	l.Log = m.log.share(m.runs)
	l.Asleep, l.Awake = m.rolls(b, 0), m.rolls(b, awake)
	return l, errors.Join(m.err, m.log.err)
}

// share is one in how many tokens changes in kind between two runs.
const share = 100

// change moves the market, and gives one token in a hundred another name, others in each round.
func (m *measurement) change(round int) {
	m.world.Tick()
	for _, product := range []string{meteoratest.DLMM, meteoratest.DAMMv2} {
		w := m.world.Meteora.World(product)
		for n, pool := range w.Ours() {
			if n%share == round {
				w.Rename(pool)
			}
		}
	}
}

// without returns what a run uses that keeps no point: those are written once in five minutes, and are in the sum by themselves.
func (m *measurement) without(ctx context.Context, event string, change func()) (usage Usage) {
	for range 3 {
		change()
		if usage = m.run(ctx, event); m.point == 0 || m.err != nil {
			break
		}
	}
	return usage
}

// poolsFor returns how many pools the fake needs for a number of tokens: some have two.
func poolsFor(tokens int) int { return tokens + tokens*3/125 }

func second(tokens int) int { return tokens / 8 }

type measurement struct {
	world *dev.World
	meter *dynamotest.Meter
	log   Log
	runs  int
	point int64         // bytes of the last run's
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

// awake is one in how many tokens is traded between two points, in a launchpad that is not asleep.
const awake = 20

// board returns the published one.
func (m *measurement) board(ctx context.Context) *board.Board {
	if m.err != nil {
		return nil
	}
	var edition *dynamo.Edition
	edition, m.err = dynamo.NewBoardTable(m.world.Engine().Client(), m.world.Tables().Board).Edit(ctx)
	if m.err != nil {
		return nil
	}
	return edition.Board()
}

// anchors returns how many bytes of b are anchors.
func anchors(b *board.Board) (size int) {
	if b == nil {
		return 0
	}
	for _, ref := range b.Manifest().Chunks {
		if ref.Family == "anchors" {
			size += ref.Size
		}
	}
	return size
}

func (m *measurement) rolls(b *board.Board, oneIn int) (unitsPerHour float64) {
	if m.err == nil {
		unitsPerHour, m.err = rollUnits(b, oneIn)
	}
	return unitsPerHour
}

func (m *measurement) run(ctx context.Context, event string) Usage {
	if m.err != nil {
		return Usage{}
	}
	m.runs++
	run, err := m.world.Sync(ctx, event)
	if err == nil && run.Record.Status != syncrun.Succeeded {
		err = fmt.Errorf("%s: a run %s: %s", event, run.Record.Status, run.Record.Error)
	}
	m.err, m.point = err, run.Record.PointBytes
	cpu := run.Result.CPU - m.cpu
	m.cpu = run.Result.CPU
	units := m.meter.Take()
	units.Write -= math.Floor(float64(m.point) / 1024) // it has a line of its own in the bill
	return Usage{
		Mode: run.Record.Mode, Requests: run.Record.UpstreamRequests, Bytes: run.Record.BytesRead, CPU: cpu,
		Units: units, Written: run.Record.TokensNew + run.Record.TokensUpdated,
		Items: run.Record.ItemsWritten, Board: int(run.Record.BoardBytes),
	}
}
