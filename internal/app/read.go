package app

import (
	"context"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"tokensync/internal/apigw"
	"tokensync/internal/catalog"
	"tokensync/internal/config"
	"tokensync/internal/dynamo"
	"tokensync/internal/gc"
	"tokensync/internal/httpapi"
	"tokensync/internal/observe"
	"tokensync/internal/params"
)

// A read tries an AWS call twice, so that a client has its answer, or a 503, within two seconds.
const (
	readAttempts = 2
	readTimeout  = 800 * time.Millisecond
)

// A part is what a function's answers come from. It knows the variables that must be set for it. A function that does
// not name a part does not link its calls either, so that its role needs no permission for them.
type part struct {
	variables []string
	join      func(*catalog.Catalog, config.Read, aws.Config)
}

var (
	boards = part{[]string{config.BoardTable}, func(c *catalog.Catalog, s config.Read, aws aws.Config) {
		c.Boards = dynamo.NewBoardReader(dynamodb.NewFromConfig(aws), s.BoardTable)
	}}
	// recalling is boards with what the tokens were before.
	recalling = part{[]string{config.BoardTable}, func(c *catalog.Catalog, s config.Read, aws aws.Config) {
		log := observe.NewLogger(s.LogLevel)
		reader := dynamo.NewBoardReader(dynamodb.NewFromConfig(aws), s.BoardTable).Recalling(func(err error) {
			log.Warn("the past is not complete", "error", err.Error())
		})
		c.Boards, c.Past = reader, reader
	}}
	items = part{[]string{config.TokensTable}, func(c *catalog.Catalog, s config.Read, aws aws.Config) {
		c.Items = dynamo.NewTokensTable(dynamodb.NewFromConfig(aws), s.TokensTable).Lagging()
	}}
	history = part{[]string{config.SyncTable}, func(c *catalog.Catalog, s config.Read, aws aws.Config) {
		c.History = dynamo.NewSyncTable(dynamodb.NewFromConfig(aws), s.SyncTable)
	}}
	days = part{[]string{config.SyncTable}, func(c *catalog.Catalog, s config.Read, aws aws.Config) {
		c.Ledger = dynamo.NewSyncTable(dynamodb.NewFromConfig(aws), s.SyncTable)
	}}
	hider = part{[]string{config.SyncTable, config.BoardTable}, func(c *catalog.Catalog, s config.Read, aws aws.Config) {
		c.Hider = dynamo.NewHider(dynamodb.NewFromConfig(aws), s.SyncTable, s.BoardTable)
	}}
	launchpads = part{[]string{config.LaunchpadIDParameter}, func(c *catalog.Catalog, s config.Read, aws aws.Config) {
		c.Launchpads = params.New(ssm.NewFromConfig(aws), s.LaunchpadIDParameter, params.DefaultTTL).LaunchpadIDs
	}}
	interval = part{[]string{config.SyncInterval}, func(c *catalog.Catalog, s config.Read, _ aws.Config) {
		c.Interval = s.SyncInterval
	}}
)

// ListTokens builds list-tokens from the environment.
func ListTokens() apigw.Handler { return read(httpapi.ListTokens, recalling, items, launchpads) }

// GetToken builds get-token from the environment.
func GetToken() apigw.Handler { return read(httpapi.GetToken, recalling, items) }

// GetStats builds get-stats from the environment.
func GetStats() apigw.Handler { return read(httpapi.GetStats, recalling, days) }

// DataAPI builds datapi from the environment.
func DataAPI() apigw.Handler { return read(httpapi.DataAPI, recalling, items, launchpads) }

// ListSyncRuns builds list-sync-runs from the environment.
func ListSyncRuns() apigw.Handler { return read(httpapi.ListSyncRuns, history, days, boards) }

// HideToken builds hide-token from the environment.
func HideToken() apigw.Handler { return read(httpapi.HideToken, hider) }

// Health builds health from the environment.
func Health() apigw.Handler {
	return read(httpapi.Health, boards, items, history, launchpads, interval)
}

// read builds the function that serves some of the API's routes. When a setting is missing or bad, every request is
// answered with a 500, and the log has the whole list of them.
func read(function httpapi.Function, parts ...part) apigw.Handler {
	gc.Late(os.Getenv)
	settings, err := config.LoadRead(os.Getenv, config.Cache(httpapi.DefaultCaching), variables(parts)...)
	log, metrics := observe.NewLogger(settings.LogLevel), observe.NewLambdaMetrics()
	if err != nil {
		return apigw.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			log.ErrorContext(r.Context(), function.Name+" cannot run", "error", "configuration: "+err.Error())
			metrics.ConfigurationError(r.Context())
			httpapi.InternalError(w, r)
		}), http.HandlerFunc(httpapi.InternalError), log)
	}
	api := httpapi.New(newCatalog(settings, parts), httpapi.Caching(settings.Cache), log)
	return counted(apigw.New(api.Handler(function), http.HandlerFunc(httpapi.InternalError), log), metrics)
}

func variables(parts []part) (names []string) {
	for _, p := range parts {
		names = append(names, p.variables...)
	}
	return slices.Compact(names)
}

// counted tells metrics of every invocation.
func counted(h apigw.Handler, metrics *observe.Metrics) apigw.Handler {
	return func(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		metrics.Invocation(ctx)
		return h(ctx, event)
	}
}

// newCatalog makes no call.
func newCatalog(settings config.Read, parts []part) *catalog.Catalog {
	aws, c := awsConfig(os.Getenv, readAttempts, readTimeout), new(catalog.Catalog)
	for _, p := range parts {
		p.join(c, settings, aws)
	}
	return c
}
