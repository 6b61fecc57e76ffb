// Package authorizer builds authorizer out of its parts.
package authorizer

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"tokensync/internal/apigw"
	"tokensync/internal/app/sdk"
	"tokensync/internal/config"
	"tokensync/internal/observe"
	"tokensync/internal/params"
)

// New builds authorizer from the environment.
func New() apigw.Authorizer {
	settings, err := config.LoadAuthorizer(os.Getenv)
	log, metrics := observe.NewLogger(settings.LogLevel), observe.NewLambdaMetrics()
	if err != nil {
		err = fmt.Errorf("configuration: %w", err)
		return apigw.NewAuthorizer(func(ctx context.Context) (string, error) {
			metrics.ConfigurationError(ctx)
			return "", err
		}, metrics.OperatorRefused, log)
	}
	authorize := apigw.NewAuthorizer(adminToken(settings), metrics.OperatorRefused, log)
	return func(ctx context.Context, r events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error) {
		metrics.Invocation(ctx)
		return authorize(ctx, r)
	}
}

// adminToken reads the operator's token; "" when there is no such parameter.
func adminToken(settings config.Authorizer) func(context.Context) (string, error) {
	if settings.AdminTokenParameter == "" {
		return func(context.Context) (string, error) { return "", nil }
	}
	store := ssm.NewFromConfig(sdk.Config(os.Getenv, sdk.OfRead))
	parameter := params.New(store, settings.AdminTokenParameter, params.DefaultTTL)
	return func(ctx context.Context) (string, error) {
		token, err := parameter.Value(ctx)
		if errors.Is(err, params.ErrNotFound) {
			return "", nil
		}
		return token, err
	}
}
