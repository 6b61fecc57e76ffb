package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/dev"
	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/runtimeapi"
	"tokensync/internal/dynamo"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// Sizes of a world: six pages, and tokens for more than two batches.
const (
	pools = 6000
	ours  = 150
)

// World is one case's own Meteora, SSM and tables, with a proxy before the engine.
type World struct {
	*dev.World
	DynamoDB *dynamotest.Proxy

	removed map[string][]int // pools that a case made vanish, by product

	mu      sync.Mutex
	current *runtimeapi.Function
}

// newWorld starts one, changed by start unless that is nil.
func newWorld(ctx context.Context, engine *dynamotest.Engine, start func(*dev.WorldOptions)) (_ *World, err error) {
	w := new(World)
	o := dev.WorldOptions{
		Options: dev.Options{Engine: engine, Proxy: w.startProxy},
		Meteora: meteoratest.Config{Pools: pools, Ours: ours},
	}
	if start != nil {
		start(&o)
	}
	w.World, err = dev.StartWorld(ctx, o)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *World) startProxy(engine string) (endpoint string, err error) {
	if w.DynamoDB, err = dynamotest.StartProxy(context.Background(), engine); err != nil {
		return "", err
	}
	return w.DynamoDB.URL(), nil
}

// Close ends everything.
func (w *World) Close() error {
	var failed []error
	if w.World != nil {
		failed = append(failed, w.World.Close())
	}
	if w.DynamoDB != nil {
		failed = append(failed, w.DynamoDB.Close())
	}
	return errors.Join(failed...)
}

// settings of one cold start.
type settings struct {
	env     map[string]string // overrides the template's
	timeout time.Duration     // the template's when 0
	refresh bool              // of what is known and new; else everything
}

// killed is the status of a run that left no record.
const killed syncrun.Status = "killed"

// sync runs the function once, in a sandbox of its own: every run of the matrix is a cold one.
func (w *World) sync(ctx context.Context, s settings) (syncrun.Record, error) {
	run := syncrun.Record{Status: killed}
	var malformed error
	f, err := w.Deploy(dev.SyncFunction, func(c *runtimeapi.Config) {
		maps.Copy(c.Env, s.env)
		if s.timeout > 0 {
			c.Timeout = s.timeout
		}
		c.Log = func(line string) { // a failed invocation does not return its record
			if record := dev.RecordOf(line); record != nil {
				malformed = json.Unmarshal(record, &run)
			}
		}
	})
	if err != nil {
		return run, err
	}
	w.mu.Lock()
	w.current = f
	w.mu.Unlock()
	event := `{"mode":"full"}`
	if s.refresh {
		event = `{"mode":"refresh"}`
	}
	result, err := f.Invoke(ctx, []byte(event))
	err = errors.Join(err, f.Close(), malformed)
	if run.Status == killed && result.Error != nil {
		run.Error = result.Error.Message
	}
	return run, err
}

// running returns the function that was started last.
func (w *World) running() *runtimeapi.Function {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.current
}

// stored is what the matrix compares of a token: its item's status and first sight, and what the board says of it.
type stored struct {
	status    token.Status
	firstSeen int64
	listed    bool   // on the board
	content   string // on the board, without the times at which runs saw it
}

// tokens reads the launchpad's tokens, listed or not, without the proxy.
func (w *World) tokens(ctx context.Context) (map[string]stored, error) {
	api, tokens := w.Engine().Client(), map[string]stored{}
	mints, err := w.mints(ctx)
	if err != nil {
		return nil, err
	}
	for t, err := range dynamo.NewTokensTable(api, w.Tables().Tokens).Get(ctx, mints) {
		if err != nil {
			return nil, err
		}
		if string(t.Launchpad) == w.launchpad() {
			tokens[t.Mint] = stored{status: t.Status, firstSeen: t.FirstSeenAt}
		}
	}
	board, err := dynamo.NewBoardReader(api, w.Tables().Board).Board(ctx)
	if err != nil {
		return nil, err
	}
	for t := range board.All() {
		if string(t.Launchpad) == w.launchpad() {
			it := tokens[t.Mint]
			it.listed, it.content = true, content(t)
			tokens[t.Mint] = it
		}
	}
	return tokens, nil
}

// launchpad returns whose tokens are compared: the chain's, where there is one.
func (w *World) launchpad() string {
	if w.Chain != nil {
		return w.Chain.Launchpad()
	}
	return w.Meteora.Launchpad()
}

// mints returns those of all items.
func (w *World) mints(ctx context.Context) (mints []string, err error) {
	pages := dynamodb.NewScanPaginator(w.Engine().Client(), &dynamodb.ScanInput{
		TableName: aws.String(w.Tables().Tokens), ConsistentRead: aws.Bool(true), ProjectionExpression: aws.String("mint"),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the mints: %w", err)
		}
		for _, it := range page.Items {
			if mint, ok := it["mint"].(*types.AttributeValueMemberS); ok {
				mints = append(mints, mint.Value)
			}
		}
	}
	return mints, nil
}

// shown returns what the published board says of each token, but for what only full runs ask for.
func (w *World) shown(ctx context.Context) (map[string]string, error) {
	edition, err := dynamo.NewBoardTable(w.Engine().Client(), w.Tables().Board).Edit(ctx)
	if err != nil || edition.Board() == nil {
		return nil, err
	}
	all := map[string]string{}
	for t := range edition.Board().All() {
		t.Curve.Earnings.Leftover = ""
		for i := range t.Pools {
			t.Pools[i].Curve.Earnings.Leftover = ""
		}
		all[t.Mint] = content(t)
	}
	return all, nil
}

// differing returns how many mints of now are new or another than before.
func differing(before, now map[string]string) (n int) {
	for mint, content := range now {
		if before[mint] != content {
			n++
		}
	}
	return n
}

func content(t token.Token) string {
	t.FirstSeenAt, t.UpdatedAt, t.LastTradeAt, t.Written, t.Lead = 0, 0, 0, token.Written{}, token.Lead{}
	for i := range t.Pools {
		t.Pools[i].Anchor = token.Anchor{}
	}
	return fmt.Sprintf("%+v", t)
}
