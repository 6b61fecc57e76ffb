// Package dynamotest starts a local DynamoDB engine and creates the tables of template.yaml in it.
package dynamotest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tokensync/internal/dev/proc"
	"tokensync/internal/dev/serve"
	"tokensync/internal/dev/workspace"
)

const (
	startAttempts  = 5 // another process can take the free port first
	readyTimeout   = 10 * time.Second
	pollInterval   = 5 * time.Millisecond
	stopGrace      = time.Second
	cleanupTimeout = 10 * time.Second
	region         = "us-east-1"
)

// Options choose the engine. The zero value is a new in-memory engine of .tools/, or what DYNAMODB_ENDPOINT names.
type Options struct {
	// Endpoint is that of an engine which already runs, such as http://127.0.0.1:8000.
	Endpoint string
	// Binary is the engine's path.
	Binary string
	// DBPath keeps the data in a file.
	DBPath string
	// Log, if not nil, gets the engine's own output.
	Log io.Writer
}

// Engine is a DynamoDB that answers at Endpoint.
type Engine struct {
	endpoint string
	client   *dynamodb.Client
	process  *proc.Process // nil when the engine is someone else's

	mu      sync.Mutex
	created []string
}

// Start returns once the engine answers. The engine ends with Close, and with this process at the latest.
func Start(ctx context.Context, o Options) (*Engine, error) {
	if o.Binary == "" {
		o.Endpoint = cmp.Or(o.Endpoint, os.Getenv("DYNAMODB_ENDPOINT"))
	}
	if o.Endpoint != "" {
		return connect(ctx, o.Endpoint)
	}
	if o.Binary == "" {
		root, err := workspace.Find()
		if err != nil {
			return nil, err
		}
		if o.Binary, err = root.Engine(); err != nil {
			return nil, err
		}
	}
	var err error
	for range startAttempts {
		var e *Engine
		if e, err = launch(ctx, o); err == nil {
			return e, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("start the DynamoDB engine: %w", err)
}

// connect waits for an engine that is still starting.
func connect(ctx context.Context, endpoint string) (*Engine, error) {
	e := &Engine{endpoint: endpoint, client: newClient(endpoint)}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		_, err := e.client.ListTables(ctx, &dynamodb.ListTablesInput{})
		if err == nil {
			return e, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("reach the DynamoDB engine at %s (DYNAMODB_ENDPOINT): %w", endpoint, err)
		case <-time.After(pollInterval):
		}
	}
}

func launch(ctx context.Context, o Options) (*Engine, error) {
	address, err := serve.FreeAddress(ctx)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	arguments := []string{"serve", "--host", host, "--port", port}
	if o.DBPath != "" {
		arguments = append(arguments, "--db-path", o.DBPath)
	}
	cmd := exec.Command(o.Binary, arguments...)
	cmd.Stdout, cmd.Stderr = o.Log, o.Log
	process, err := proc.Start(cmd)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := process.Await(ctx, address); err != nil {
		process.Kill()
		return nil, err
	}
	endpoint := "http://" + address
	return &Engine{endpoint: endpoint, client: newClient(endpoint), process: process}, nil
}

func newClient(endpoint string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String(endpoint),
		Region:       region,
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:   &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}},
	})
}

// Endpoint returns the engine's base URL.
func (e *Engine) Endpoint() string { return e.endpoint }

// Client talks to the engine with made-up credentials.
func (e *Engine) Client() *dynamodb.Client { return e.client }

// Close ends the engine. Of one that was running before, it removes the tables that were created here.
func (e *Engine) Close() error {
	defer e.client.Options().HTTPClient.(*http.Client).CloseIdleConnections()
	if e.process != nil {
		e.process.Stop(stopGrace)
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	e.mu.Lock()
	defer e.mu.Unlock()
	var failed []error
	for _, name := range e.created {
		if _, err := e.client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &name}); err != nil {
			failed = append(failed, fmt.Errorf("delete table %s: %w", name, err))
		}
	}
	e.created = nil
	return errors.Join(failed...)
}
