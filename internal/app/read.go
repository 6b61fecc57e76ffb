// Package app builds what reads, and the dashboard, out of their parts: one constructor a function. The other functions have
// packages of their own below it, for what a package links starts with every function that names it.
package app

import (
	"context"
	"net/http"
	"os"
	"slices"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tokensync/internal/apigw"
	"tokensync/internal/app/sdk"
	"tokensync/internal/catalog"
	"tokensync/internal/config"
	"tokensync/internal/dynamo"
	"tokensync/internal/gc"
	"tokensync/internal/httpapi"
	"tokensync/internal/observe"
)

// A Part is what a function's answers come from. It knows the variables that must be set for it. A function that does
// not name a part does not link its calls either, so that its role needs no permission for them.
type Part struct {
	Variables []string
	Join      func(*catalog.Catalog, config.Read, aws.Config)
}

var (
	// Boards is the published board.
	Boards = Part{[]string{config.BoardTable}, func(c *catalog.Catalog, s config.Read, aws aws.Config) {
		c.Boards = dynamo.NewBoardReader(dynamodb.NewFromConfig(aws), s.BoardTable)
	}}
	// recalling is Boards with what the tokens were before.
	recalling = Part{[]string{config.BoardTable}, func(c *catalog.Catalog, s config.Read, aws aws.Config) {
		log := observe.NewLogger(s.LogLevel)
		reader := dynamo.NewBoardReader(dynamodb.NewFromConfig(aws), s.BoardTable).Recalling(func(err error) {
			log.Warn("the past is not complete", "error", err.Error())
		})
		c.Boards, c.Past = reader, reader
	}}
	// Items is the tokens table.
	Items = Part{[]string{config.TokensTable}, func(c *catalog.Catalog, s config.Read, aws aws.Config) {
		c.Items = dynamo.NewTokensTable(dynamodb.NewFromConfig(aws), s.TokensTable).Lagging()
	}}
	// History is what runs have left in the sync table.
	History = Part{[]string{config.SyncTable}, func(c *catalog.Catalog, s config.Read, aws aws.Config) {
		c.History = dynamo.NewSyncTable(dynamodb.NewFromConfig(aws), s.SyncTable)
	}}
	days = Part{[]string{config.SyncTable}, func(c *catalog.Catalog, s config.Read, aws aws.Config) {
		c.Ledger = dynamo.NewSyncTable(dynamodb.NewFromConfig(aws), s.SyncTable)
	}}
	hider = Part{[]string{config.SyncTable, config.BoardTable}, func(c *catalog.Catalog, s config.Read, aws aws.Config) {
		c.Hider = dynamo.NewHider(dynamodb.NewFromConfig(aws), s.SyncTable, s.BoardTable)
	}}
	// Interval is how often runs begin.
	Interval = Part{[]string{config.SyncInterval}, func(c *catalog.Catalog, s config.Read, _ aws.Config) {
		c.Interval = s.SyncInterval
	}}
)

// ListTokens builds list-tokens from the environment.
func ListTokens() apigw.Handler { return Read(httpapi.ListTokens, recalling, Items) }

// GetToken builds get-token from the environment.
func GetToken() apigw.Handler { return Read(httpapi.GetToken, recalling, Items) }

// GetStats builds get-stats from the environment.
func GetStats() apigw.Handler { return Read(httpapi.GetStats, recalling, days) }

// DataAPI builds datapi from the environment.
func DataAPI() apigw.Handler { return Read(httpapi.DataAPI, recalling, Items) }

// ListSyncRuns builds list-sync-runs from the environment.
func ListSyncRuns() apigw.Handler { return Read(httpapi.ListSyncRuns, History, days, Boards) }

// HideToken builds hide-token from the environment.
func HideToken() apigw.Handler { return Read(httpapi.HideToken, hider) }

// Read builds the function that serves some of the API's routes. When a setting is missing or bad, every request is
// answered with a 500, and the log has the whole list of them.
func Read(function httpapi.Function, parts ...Part) apigw.Handler {
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

func variables(parts []Part) (names []string) {
	for _, p := range parts {
		names = append(names, p.Variables...)
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
func newCatalog(settings config.Read, parts []Part) *catalog.Catalog {
	aws, c := sdk.Config(os.Getenv, sdk.OfRead), new(catalog.Catalog)
	for _, p := range parts {
		p.Join(c, settings, aws)
	}
	return c
}
