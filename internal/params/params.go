// Package params reads settings from SSM Parameter Store and keeps them for a while.
package params

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"tokensync/internal/token"
)

// DefaultTTL is how long a value is used before SSM is asked again: a change is picked up without a deploy.
const DefaultTTL = time.Minute

// timeout bounds one look-up, retries included.
const timeout = 5 * time.Second

// API is the part of the SSM client that is used.
type API interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

// ErrNotFound is returned when the parameter does not exist.
var ErrNotFound = errors.New("does not exist")

// Parameter is one parameter of any type: String, StringList or SecureString. It is safe for
// concurrent use.
type Parameter struct {
	api  API
	name string
	ttl  time.Duration

	mu    sync.Mutex
	value string
	read  time.Time // when value came from SSM; zero before the first time
}

// New names a parameter; nothing is read yet.
func New(api API, name string, ttl time.Duration) *Parameter {
	return &Parameter{api: api, name: name, ttl: ttl}
}

// Name returns the parameter's name.
func (p *Parameter) Name() string { return p.name }

// Value returns the parameter's value, at most one TTL old. While SSM is out of reach the last value stays; a parameter that
// was deleted is ErrNotFound. Errors name the parameter, never its value.
func (p *Parameter) Value(ctx context.Context) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.read.IsZero() && time.Since(p.read) < p.ttl {
		return p.value, nil
	}
	value, err := p.fetch(ctx)
	switch {
	case err == nil:
		p.value, p.read = value, time.Now()
	case errors.Is(err, ErrNotFound) || p.read.IsZero():
		return "", fmt.Errorf("SSM parameter %s: %w", p.name, err)
	}
	return p.value, nil
}

func (p *Parameter) fetch(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	out, err := p.api.GetParameter(ctx, &ssm.GetParameterInput{Name: &p.name, WithDecryption: aws.Bool(true)})
	var missing *types.ParameterNotFound
	switch {
	case errors.As(err, &missing):
		return "", ErrNotFound
	case err != nil:
		return "", err
	case out.Parameter == nil:
		return "", ErrNotFound
	}
	return aws.ToString(out.Parameter.Value), nil
}

// LaunchpadIDs reads the parameter as one launchpad ID or a list of them. What cannot be one is an error that names
// the parameter.
func (p *Parameter) LaunchpadIDs(ctx context.Context) ([]token.LaunchpadID, error) {
	value, err := p.Value(ctx)
	if err != nil {
		return nil, err
	}
	ids, err := token.ParseLaunchpadIDs(value)
	if err != nil {
		return nil, fmt.Errorf("SSM parameter %s: %w", p.name, err)
	}
	return ids, nil
}
