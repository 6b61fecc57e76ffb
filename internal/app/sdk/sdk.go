// Package sdk configures AWS's SDK as the functions use it.
package sdk

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// Patience is how a function tries an AWS call: how often, the first time too, and for how long each time.
type Patience struct {
	Attempts int
	Timeout  time.Duration
}

// The patience of a sync, and of a read: twice, so that a client has its answer, or a 503, within two seconds.
var (
	OfSync = Patience{4, 5 * time.Second}
	OfRead = Patience{2, 800 * time.Millisecond}
)

// environment has the SDK's own endpoint variables. It stands in for the SDK's config package, which reads shared files
// and links the sign-on services: most of a cold start, and nothing that a Lambda has.
type environment struct {
	getenv func(string) string
}

// GetServiceBaseEndpoint makes AWS_ENDPOINT_URL_<SERVICE> work; the SDK calls it.
func (e environment) GetServiceBaseEndpoint(_ context.Context, sdkID string) (string, bool, error) {
	url := e.getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(sdkID, " ", "_")))
	return url, url != "", nil
}

// baseEndpoint makes AWS_ENDPOINT_URL work: the SDK does not ask its config sources where only that is set.
func (e environment) baseEndpoint() *string {
	url := e.getenv("AWS_ENDPOINT_URL")
	if url == "" || e.ignored() {
		return nil
	}
	return &url
}

// GetIgnoreConfiguredEndpoints makes AWS_IGNORE_CONFIGURED_ENDPOINT_URLS work; the SDK calls it.
func (e environment) GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error) {
	return e.ignored(), e.ignored(), nil
}

func (e environment) ignored() bool {
	return strings.EqualFold(e.getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true")
}

// Config takes region and credentials from the variables that Lambda sets.
func Config(getenv func(string) string, p Patience) aws.Config {
	region := getenv("AWS_REGION")
	if region == "" {
		region = getenv("AWS_DEFAULT_REGION")
	}
	endpoints := environment{getenv}
	return aws.Config{
		Region:        region,
		Credentials:   credentials(getenv),
		BaseEndpoint:  endpoints.baseEndpoint(),
		ConfigSources: []any{endpoints},
		HTTPClient:    &http.Client{Timeout: p.Timeout, Transport: transport(p.Timeout)},
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = p.Attempts
				// A bucket of retries that the SDK fills by its own reckoning gives up long before a sync's deadline.
				o.RateLimiter = ratelimit.None
				o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(cutOff))
			})
		},
	}
}

// cutOff retries a response that ended early; the SDK retries only failed connections.
func cutOff(err error) aws.Ternary {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// transport speaks HTTP/1.1, as the SDK does with DynamoDB.
func transport(timeout time.Duration) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		MaxIdleConnsPerHost: 8,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: timeout,
		Protocols:           protocols,
	}
}

// credentials returns those of the function's role, which Lambda puts into the environment.
func credentials(getenv func(string) string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{
			AccessKeyID:     getenv("AWS_ACCESS_KEY_ID"),
			SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken:    getenv("AWS_SESSION_TOKEN"),
			Source:          "environment",
		}, nil
	})
}
