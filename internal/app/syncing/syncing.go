// Package syncing builds sync-tokens out of its parts.
package syncing

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"tokensync/internal/app/sdk"
	"tokensync/internal/config"
	"tokensync/internal/dynamo"
	"tokensync/internal/gc"
	"tokensync/internal/ingest"
	"tokensync/internal/observe"
	"tokensync/internal/params"
)

// Handler handles one invocation of sync-tokens. It returns the run's record, or a probe's report.
type Handler func(context.Context, ingest.Event) (any, error)

// New builds sync-tokens from the environment. When a setting is missing or bad, every invocation fails with the
// whole list of them, which is easier to find than a process that dies at start.
func New() Handler {
	gc.Early(os.Getenv)
	settings, err := config.LoadSync(os.Getenv)
	log, metrics := observe.NewLogger(settings.LogLevel), observe.NewLambdaMetrics()
	if err == nil {
		var handle Handler
		if handle, err = newSync(settings, metrics, log); err == nil {
			return handle
		}
	}
	err = fmt.Errorf("configuration: %w", err)
	return func(ctx context.Context, _ ingest.Event) (any, error) {
		log.ErrorContext(ctx, "sync-tokens cannot run", "error", err.Error())
		metrics.ConfigurationError(ctx)
		return nil, err
	}
}

// poolShare is the part of the function's memory that gathered pools may take: some 330 bytes each. That holds more than the curves
// that dbc hands out in one run, for which there is to be memory until they are on the board.
const poolShare = 4

// poolBytes returns that part in bytes; 0 where nobody says how much memory there is.
func poolBytes(getenv func(string) string) int {
	mb, _ := strconv.Atoi(getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	return mb << 20 / poolShare
}

func newSync(settings config.Sync, metrics ingest.Metrics, log *slog.Logger) (Handler, error) {
	aws := sdk.Config(os.Getenv, sdk.OfSync)
	db, store := &dynamo.Meter{API: dynamodb.NewFromConfig(aws)}, ssm.NewFromConfig(aws)
	table, editions := dynamo.NewSyncTable(db, settings.SyncTable), dynamo.NewBoardTable(db, settings.BoardTable)
	node, cache := newNode(store, settings.SolanaRPCParameter, rates(settings.Chain), log), dynamo.NewCache(table)
	sources, finders, err := newSources(settings, node, cache)
	if err != nil {
		return nil, err
	}
	launchpads := params.New(store, settings.LaunchpadIDParameter, params.DefaultTTL).LaunchpadIDs
	sync := &ingest.Sync{
		Launchpads: launchpads,
		Sources:    sources,
		Finders:    finders,
		Tokens:     dynamo.NewTokensTable(db, settings.TokensTable),
		Edit:       func(ctx context.Context) (ingest.Edition, error) { return editions.Edit(ctx) },
		Runs:       table,
		Faces:      newFaces(settings, node, cache),
		Listing:    newListing(store, settings.ListingRulesParameter, cache),
		Watch:      ingest.Watch{Every: settings.WatchInterval, Tick: settings.SyncInterval},
		WriteUnits: db.Units,
		PoolBytes:  poolBytes(os.Getenv),
		Acquire: func(ctx context.Context, owner string, until time.Time) (ingest.Lease, error) {
			return table.Acquire(ctx, owner, until)
		},
		Memory:  new(observe.Memory),
		Metrics: metrics,
		Log:     log,
	}
	return handler(sync.Run, &prober{settings, node, launchpads, log}), nil
}
