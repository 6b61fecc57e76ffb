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

	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/runtimeapi"
	"tokensync/internal/dev/samtemplate"
	"tokensync/internal/dev/ssmtest"
	"tokensync/internal/dev/workspace"
	"tokensync/internal/syncrun"
)

// Sizes of a world: six pages, and tokens for more than two batches.
const (
	pools = 6000
	ours  = 150
)

const function = "sync-tokens"

var noSSMFault ssmtest.Fault

// World is one case's own Meteora, SSM and tables, with a proxy before the engine.
type World struct {
	Meteora  *meteoratest.Server
	SSM      *ssmtest.Server
	DynamoDB *dynamotest.Proxy

	engine   *dynamotest.Engine
	tables   dynamotest.Tables
	binary   string
	template *samtemplate.Template
	idName   string
	removed  []int // pools that a case made vanish

	mu      sync.Mutex
	current *runtimeapi.Function
	records chan syncrun.Record
}

func newWorld(ctx context.Context, engine *dynamotest.Engine) (_ *World, err error) {
	w := &World{engine: engine, records: make(chan syncrun.Record, 8)}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	root, err := workspace.Find()
	if err != nil {
		return nil, err
	}
	if w.binary, err = root.Function(function); err != nil {
		return nil, err
	}
	if w.tables, err = engine.NewTables(ctx); err != nil {
		return nil, err
	}
	w.template, err = samtemplate.Load(root.Template(), samtemplate.Options{
		Parameters: map[string]string{"LaunchpadId": "any", "MeteoraProducts": meteoratest.DLMM}, Names: w.tables.ByLogicalID(),
	})
	if err != nil {
		return nil, err
	}
	return w, w.start(ctx)
}

func (w *World) start(ctx context.Context) (err error) {
	w.Meteora = meteoratest.New(meteoratest.Config{Pools: pools, Ours: ours, Dialect: meteoratest.Pipes})
	if err := w.Meteora.Start(); err != nil {
		return err
	}
	if w.DynamoDB, err = dynamotest.StartProxy(ctx, w.engine.Endpoint()); err != nil {
		return err
	}
	if w.SSM, err = ssmtest.Start(ctx); err != nil {
		return err
	}
	for _, p := range w.template.SSMParameters {
		w.idName = p.Name
	}
	w.SetLaunchpadID(w.Meteora.Launchpad())
	return nil
}

// SetLaunchpadID changes the value in SSM.
func (w *World) SetLaunchpadID(id string) {
	w.SSM.Set(w.idName, ssmtest.Parameter{Type: ssmtest.StringList, Value: id})
}

// Close ends everything.
func (w *World) Close() error {
	var failed []error
	if w.SSM != nil {
		failed = append(failed, w.SSM.Close())
	}
	if w.DynamoDB != nil {
		failed = append(failed, w.DynamoDB.Close())
	}
	if w.Meteora != nil {
		failed = append(failed, w.Meteora.Close())
	}
	return errors.Join(failed...)
}

// settings of one cold start.
type settings struct {
	env     map[string]string // wins over the template's
	timeout time.Duration     // the template's when 0
}

// deploy starts the real binary with the template's environment; every run of the matrix is a cold one.
func (w *World) deploy(s settings) (*runtimeapi.Function, error) {
	f, err := w.template.Function(function)
	if err != nil {
		return nil, err
	}
	env := maps.Clone(f.Environment)
	env["AWS_ENDPOINT_URL_DYNAMODB"], env["AWS_ENDPOINT_URL_SSM"] = w.DynamoDB.URL(), w.SSM.URL()
	env["METEORA_DLMM_URL"] = w.Meteora.URL(meteoratest.DLMM)
	maps.Copy(env, s.env)
	if s.timeout == 0 {
		s.timeout = f.Timeout
	}
	return runtimeapi.New(runtimeapi.Config{
		Name: f.PhysicalName, Binary: w.binary, Env: env, MemoryMB: f.MemoryMB, Timeout: s.timeout, Log: w.see,
	})
}

// see keeps the records that the function logs: a failed invocation does not return one.
func (w *World) see(line string) {
	var entry struct {
		Msg    string
		Record syncrun.Record
	}
	if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "sync finished" {
		select {
		case w.records <- entry.Record:
		default:
		}
	}
}

// killed is the status of a run that left no record.
const killed syncrun.Status = "killed"

// sync runs the function once.
func (w *World) sync(ctx context.Context, s settings) (run syncrun.Record, err error) {
	f, err := w.deploy(s)
	if err != nil {
		return run, err
	}
	w.mu.Lock()
	w.current = f
	w.mu.Unlock()
	result, err := f.Invoke(ctx, []byte(`{"mode":"full"}`))
	err = errors.Join(err, f.Close())
	if err != nil {
		return run, err
	}
	select {
	case run = <-w.records:
	default:
		run.Status = killed
		if result.Error != nil {
			run.Error = result.Error.Message
		}
	}
	return run, nil
}

// running is the function that runs now.
func (w *World) running() *runtimeapi.Function {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.current
}

// stored is what matters of a token's item.
type stored struct {
	hash, status, listing, firstSeen string
}

// tokens reads the launchpad's items, listed or not, past the proxy.
func (w *World) tokens(ctx context.Context) (map[string]stored, error) {
	tokens := map[string]stored{}
	pages := dynamodb.NewScanPaginator(w.engine.Client(), &dynamodb.ScanInput{
		TableName: &w.tables.Tokens, ConsistentRead: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the tokens: %w", err)
		}
		for _, it := range page.Items {
			if text(it, "launchpad") == w.Meteora.Launchpad() {
				tokens[text(it, "mint")] = stored{
					text(it, "content_hash"), text(it, "status"), text(it, "listing"), text(it, "first_seen_at"),
				}
			}
		}
	}
	return tokens, nil
}

func text(it map[string]types.AttributeValue, name string) string {
	switch v := it[name].(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	}
	return ""
}
