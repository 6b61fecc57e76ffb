package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tokensync/internal/dbc"
	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/dynamo"
	"tokensync/internal/ingest"
	"tokensync/internal/observe"
	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// A Market is how much is traded on how many curves, on which node.
type Market struct {
	Tokens int
	Trades int // in a tick of a minute
	Kind   rpctest.Kind
}

// markets are those of the table in docs/costs.md.
var markets = []Market{
	{100, 0, rpctest.ReturnCounting},
	{100, 12, rpctest.ReturnCounting},
	{1000, 0, rpctest.ReturnCounting},
	{1000, 1, rpctest.ReturnCounting},
	{1000, 12, rpctest.ReturnCounting},
	{1000, 60, rpctest.ReturnCounting},
	{1000, 12, rpctest.Plain},
	{10_000, 12, rpctest.ReturnCounting},
}

// What a day of watching each five seconds has: ticks, looks from one to the next, and seconds of each tick until the last look.
const (
	ticksADay     = 24 * 60
	looksATick    = 12
	secondsATick  = 58
	slotsALook    = 13
	daysAMonth    = 365.0 / 12
	memoryMB      = 128
	perGBSecond   = 0.0000133334 // dollars, as in internal/proof/costs
	perWriteUnit  = 0.625 / 1e6
	perReadUnit   = 0.125 / 1e6
	runsPastFirst = 2 // until a node is known
)

// A Day is what the watches of a day use, beside the refreshes that they belong to.
type Day struct {
	Market
	Requests, Credits, Write, Read float64
}

// Seconds returns how long the function runs in a day.
func (d *Day) Seconds() float64 { return ticksADay * secondsATick }

// Dollars returns what the day's watches cost.
func (d *Day) Dollars() float64 {
	return d.Seconds()*memoryMB/1024*perGBSecond + d.Write*perWriteUnit + d.Read*perReadUnit
}

func days(ctx context.Context, w io.Writer, ticks int) error {
	_, _ = fmt.Fprintf(w, "| tokens | trades a minute | node | requests a day | node's credits a month | write units a day | Lambda seconds a day | dollars a month |\n")
	_, _ = fmt.Fprintf(w, "| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, m := range markets {
		fmt.Fprintf(os.Stderr, "%d ticks of %d tokens, %d trades each\n", ticks, m.Tokens, m.Trades)
		d, err := Simulate(ctx, m, ticks)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(w, "| %d | %d | %s | %.0f | %.0f | %.0f | %.0f | **%.2f** |\n", m.Tokens, m.Trades, nodeName(m.Kind), d.Requests,
			d.Credits*daysAMonth, d.Write, d.Seconds(), d.Dollars()*daysAMonth)
	}
	return nil
}

// nodeName returns what matters of a node.
func nodeName(kind rpctest.Kind) string {
	if kind == rpctest.Plain {
		return "tells no changes"
	}
	return "tells changes"
}

// Simulate runs some ticks of a market, without waiting between looks, and returns a day of them. Nothing but the trades moves.
func Simulate(ctx context.Context, m Market, ticks int) (_ Day, err error) {
	s := &simulation{market: m}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.start(ctx); err != nil {
		return Day{}, err
	}
	for range runsPastFirst {
		if _, err := s.run(ctx, ingest.ModeRefresh); err != nil {
			return Day{}, err
		}
	}
	s.sync.Watch = ingest.Watch{Every: time.Millisecond, Tick: time.Hour}
	day := Day{Market: m}
	for range ticks {
		if err := s.tick(ctx, &day); err != nil {
			return Day{}, err
		}
	}
	part := ticksADay / float64(ticks)
	day.Requests, day.Credits, day.Write, day.Read = day.Requests*part, day.Credits*part, day.Write*part, day.Read*part
	return day, nil
}

// A simulation is a sync of the launchpad's curves, on a fake chain and a real engine, with a meter before it.
type simulation struct {
	market Market
	chain  *rpctest.Server
	engine *dynamotest.Engine
	meter  *dynamotest.Meter
	node   *solana.Client
	sync   *ingest.Sync
	looks  int // of the tick under way
	inTick int // trades of it
	trades int // in all
	curves []int
	before dynamotest.Units // when the first look of the tick began
}

func (s *simulation) close() error {
	var failed []error
	if s.node != nil {
		s.node.Close()
	}
	if s.chain != nil {
		failed = append(failed, s.chain.Close())
	}
	if s.meter != nil {
		failed = append(failed, s.meter.Close())
	}
	if s.engine != nil {
		failed = append(failed, s.engine.Close())
	}
	return errors.Join(failed...)
}

func (s *simulation) start(ctx context.Context) (err error) {
	if s.chain, err = rpctest.Start(rpctest.New(rpctest.Config{
		Tokens: s.market.Tokens, Launches: []rpctest.Launch{{Key: rpctest.DefaultLaunchpad}}, Node: rpctest.Node{Kind: s.market.Kind},
	})); err != nil {
		return err
	}
	if s.engine, err = dynamotest.Start(ctx, dynamotest.Options{}); err != nil {
		return err
	}
	if s.meter, err = dynamotest.StartMeter(ctx, s.engine.Endpoint()); err != nil {
		return err
	}
	retry := upstream.DefaultRetry
	if s.node, err = solana.NewClient(solana.Options{URL: s.chain.URL(), Rates: solana.Rates{RPC: 1e6, Scans: 1e6, DAS: 1e6}, Retry: retry}); err != nil {
		return err
	}
	tables, err := s.engine.NewTables(ctx)
	if err != nil {
		return err
	}
	s.sync = s.newSync(tables)
	s.curves = bonding(s.chain)
	_, err = s.run(ctx, ingest.ModeFull)
	return err
}

// newSync returns the sync as the function has it, with nothing but curves.
func (s *simulation) newSync(tables dynamotest.Tables) *ingest.Sync {
	db := dynamodb.New(s.engine.Client().Options(), func(o *dynamodb.Options) { o.BaseEndpoint = aws.String(s.meter.URL()) })
	table, editions := dynamo.NewSyncTable(db, tables.Sync), dynamo.NewBoardTable(db, tables.Board)
	source := &dbc.Source{
		Node:  func(context.Context) (*solana.Client, error) { return s.node, nil },
		Cache: dynamo.NewCache(table), Quotes: dollars("120"),
	}
	return &ingest.Sync{
		Launchpads: func(context.Context) ([]token.LaunchpadID, error) {
			return token.ParseLaunchpadIDs(s.chain.Launchpad())
		},
		Sources: []ingest.Source{&tradedOn{source, s}},
		Tokens:  dynamo.NewTokensTable(db, tables.Tokens),
		Edit:    func(ctx context.Context) (ingest.Edition, error) { return editions.Edit(ctx) },
		Runs:    table,
		Acquire: func(ctx context.Context, owner string, until time.Time) (ingest.Lease, error) {
			return table.Acquire(ctx, owner, until)
		},
		Memory: new(observe.Memory), Metrics: silent{}, Log: slog.New(slog.DiscardHandler),
	}
}

func (s *simulation) run(ctx context.Context, mode string) (syncrun.Record, error) {
	run, err := s.sync.Run(ctx, ingest.Event{Mode: mode})
	if err == nil && run.Status != syncrun.Succeeded {
		err = fmt.Errorf("a run %s: %s", run.Status, run.Error)
	}
	return run, err
}

// tick makes a refresh with its watch, and adds what the watch takes to day.
func (s *simulation) tick(ctx context.Context, day *Day) error {
	s.looks, s.inTick = 0, 0
	run, err := s.run(ctx, ingest.ModeRefresh)
	if err != nil {
		return err
	}
	if w := run.Watch; w == nil || w.Looks != looksATick+1 || w.Failed > 0 {
		return fmt.Errorf("the watch was none: %+v", w)
	}
	day.Requests += float64(run.Watch.Requests)
	day.Credits += float64(run.Watch.RPCCredits)
	day.Write += s.before.Write + 1 // that shortens the lease
	day.Read += s.before.Read
	return nil
}

// tradedOn is the chain as a source that is traded on before each look, and ends the watch behind the tick's last.
type tradedOn struct {
	*dbc.Source
	of *simulation
}

func (t *tradedOn) Moved(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	s := t.of
	units := s.meter.Take()
	if s.looks == 0 {
		units = dynamotest.Units{}
		s.before = units
	}
	s.before.Write, s.before.Read = s.before.Write+units.Write, s.before.Read+units.Read
	if s.looks++; s.looks > looksATick {
		return func(yield func(token.Pool, error) bool) { yield(token.Pool{}, syncrun.ErrLeaseHeld) }
	}
	s.chain.Advance(slotsALook)
	for ; s.inTick < s.market.Trades*s.looks/looksATick; s.inTick++ {
		s.chain.Trade(s.curves[s.trades%len(s.curves)], 1_000_000)
		s.trades++
	}
	return t.Source.Moved(ctx, ids, stats)
}

// dollars are what every quote is worth.
type dollars token.Number

func (d dollars) QuotePrice(context.Context, string, *syncrun.Counts) (token.Number, error) {
	return token.Number(d), nil
}

// silent are metrics for nobody.
type silent struct{}

func (silent) Emit(context.Context, syncrun.Outcome) {}
