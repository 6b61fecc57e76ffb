package app

import (
	"context"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"tokensync/internal/apigw"
	"tokensync/internal/catalog"
	"tokensync/internal/config"
	"tokensync/internal/dynamo"
	"tokensync/internal/httpapi"
	"tokensync/internal/observe"
	"tokensync/internal/params"
)

// A read tries an AWS call twice, so that a client has its answer, or a 503, within two seconds.
const (
	readAttempts = 2
	readTimeout  = 800 * time.Millisecond
)

// ListTokens builds list-tokens from the environment.
func ListTokens() apigw.Handler {
	return read(httpapi.ListTokens, config.TokensTable, config.SyncTable, config.LaunchpadIDParameter)
}

// GetToken builds get-token from the environment.
func GetToken() apigw.Handler { return read(httpapi.GetToken, config.TokensTable) }

// GetStats builds get-stats from the environment.
func GetStats() apigw.Handler { return read(httpapi.GetStats, config.SyncTable) }

// Health builds health from the environment.
func Health() apigw.Handler {
	return read(httpapi.Health, config.TokensTable, config.SyncTable, config.LaunchpadIDParameter, config.SyncInterval)
}

// read builds the function that serves some of the API's routes. When a setting is missing or bad, every request is
// answered with a 500, and the log has the whole list of them.
func read(function string, required ...string) apigw.Handler {
	settings, err := config.LoadRead(os.Getenv, config.Cache(httpapi.DefaultCaching), required...)
	log, metrics := observe.NewLogger(settings.LogLevel), observe.NewLambdaMetrics()
	if err != nil {
		return apigw.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			log.ErrorContext(r.Context(), function+" cannot run", "error", "configuration: "+err.Error())
			metrics.ConfigurationError(r.Context())
			httpapi.InternalError(w, r)
		}), http.HandlerFunc(httpapi.InternalError), log)
	}
	api := httpapi.New(newCatalog(settings), httpapi.Caching(settings.Cache), log)
	return counted(apigw.New(api.Handler(function), http.HandlerFunc(httpapi.InternalError), log), metrics)
}

// counted tells metrics of every invocation.
func counted(h apigw.Handler, metrics *observe.Metrics) apigw.Handler {
	return func(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		metrics.Invocation(ctx)
		return h(ctx, event)
	}
}

// newCatalog makes no call: parts that a function does not need are never used.
func newCatalog(settings config.Read) *catalog.Catalog {
	aws := awsConfig(os.Getenv, readAttempts, readTimeout)
	db := dynamodb.NewFromConfig(aws)
	return &catalog.Catalog{
		Launchpads: params.New(ssm.NewFromConfig(aws), settings.LaunchpadIDParameter, params.DefaultTTL).LaunchpadIDs,
		Tokens:     dynamo.NewTokens(db, settings.TokensTable),
		History:    dynamo.NewSync(db, settings.SyncTable),
		Interval:   settings.SyncInterval,
	}
}
