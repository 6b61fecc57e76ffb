// Package dev is the local stack: the real function binaries, DynamoDB, the Parameter Store and an HTTP API, wired as template.yaml says.
package dev

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/gateway"
	"tokensync/internal/dev/runtimeapi"
	"tokensync/internal/dev/samtemplate"
	"tokensync/internal/dev/ssmtest"
	"tokensync/internal/dev/workspace"
)

const (
	launchpadParameter = "LaunchpadIdParameter"
	// solanaParameter is the name of the SSM parameter with the RPC node's URL, which the template does not make.
	solanaParameter = "/tokensync/solana-rpc-url"
	// adminParameter is that of the operator's token, which the template does not make either.
	adminParameter = "/tokensync/admin-token"
	// apiConcurrency is how many sandboxes a function of the API may have.
	apiConcurrency = 4
)

// Upstream is where the functions read pools from; a fake Meteora is one.
type Upstream interface {
	// URL is the base URL of a product that has a Data API.
	URL(product string) string
}

// Options choose what the stack is made of.
type Options struct {
	// Root is the module's; it is looked for from the working directory upwards when empty.
	Root workspace.Root
	// Upstream is nil for the real Meteora.
	Upstream Upstream
	// Products are METEORA_PRODUCTS; the template's default when empty.
	Products []string
	// LaunchpadID is the value in SSM; nil means that there is no such parameter.
	LaunchpadID *string
	// SolanaURL is the RPC node's, in SSM too; without one the product dbc is skipped.
	SolanaURL string
	// AdminToken is the operator's, in SSM too; without one nobody is the operator.
	AdminToken string
	// Address is where the HTTP API listens; a free port of 127.0.0.1 when empty.
	Address string
	// Environment wins over what the template and the stack set, in every function.
	Environment map[string]string
	// Binaries are run instead of those of make local, by the function's name.
	Binaries map[string]string
	// Engine is the DynamoDB engine; one is started when nil.
	Engine *dynamotest.Engine
	// Log gets each line that a function writes; nothing does when nil.
	Log func(function, line string)
}

// Stack runs until Close.
type Stack struct {
	template  *samtemplate.Template
	engine    *dynamotest.Engine
	ownEngine bool
	ssm       *ssmtest.Server
	functions map[string]*runtimeapi.Function
	server    *http.Server
	served    chan struct{}
	url       string
	tables    dynamotest.Tables
	records   recordWatch
	root      workspace.Root
}

// ErrPortInUse is returned by Start when Address is taken.
var ErrPortInUse = errors.New("the port is in use")

// Start brings up everything, or nothing. No function runs before it is invoked.
func Start(ctx context.Context, o Options) (_ *Stack, err error) {
	s := &Stack{functions: map[string]*runtimeapi.Function{}, engine: o.Engine}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	// The port first: it is what most often is not free.
	listener, err := listen(ctx, cmp.Or(o.Address, "127.0.0.1:0"))
	if err != nil {
		return nil, err
	}
	defer func() {
		if s.server == nil {
			_ = listener.Close()
		}
	}()
	if s.root = o.Root; s.root == "" {
		if s.root, err = workspace.Find(); err != nil {
			return nil, err
		}
	}
	if err := s.startServices(ctx, o); err != nil {
		return nil, err
	}
	if err := s.addFunctions(o); err != nil {
		return nil, err
	}
	return s, s.serve(listener)
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%w: %s", ErrPortInUse, address)
	}
	if err != nil {
		return nil, fmt.Errorf("listen for the HTTP API: %w", err)
	}
	return l, nil
}

// startServices starts DynamoDB with the template's tables, and SSM with the launchpad ID.
func (s *Stack) startServices(ctx context.Context, o Options) (err error) {
	if s.engine == nil {
		if s.engine, err = dynamotest.Start(ctx, dynamotest.Options{}); err != nil {
			return err
		}
		s.ownEngine = true
	}
	s.tables = dynamotest.UniqueNames()
	// The ID is not the template's here: an empty one, which it refuses, is what the guard is tested with.
	parameters := map[string]string{"LaunchpadId": "local"}
	if len(o.Products) > 0 {
		parameters["MeteoraProducts"] = strings.Join(o.Products, ",")
	}
	if o.SolanaURL != "" {
		parameters["SolanaRpcUrlParameter"] = solanaParameter
	}
	if o.AdminToken != "" {
		parameters["AdminTokenParameter"] = adminParameter
	}
	s.template, err = samtemplate.Load(s.root.Template(), samtemplate.Options{Parameters: parameters, Names: s.tables.ByLogicalID()})
	if err != nil {
		return err
	}
	if err := s.engine.CreateTables(ctx, s.template.Tables); err != nil {
		return err
	}
	if s.ssm, err = ssmtest.Start(ctx); err != nil {
		return err
	}
	if o.SolanaURL != "" {
		s.ssm.Set(solanaParameter, ssmtest.Parameter{Type: ssmtest.SecureString, Value: o.SolanaURL})
	}
	if o.AdminToken != "" {
		s.ssm.Set(adminParameter, ssmtest.Parameter{Type: ssmtest.SecureString, Value: o.AdminToken})
	}
	for _, p := range s.template.SSMParameters {
		switch {
		case p.LogicalID != launchpadParameter:
			s.ssm.Set(p.Name, ssmtest.Parameter{Type: p.Type, Value: p.Value})
		case o.LaunchpadID != nil:
			s.ssm.Set(p.Name, ssmtest.Parameter{Type: p.Type, Value: *o.LaunchpadID})
		}
	}
	return nil
}

func (s *Stack) addFunctions(o Options) error {
	for _, f := range s.template.Functions {
		binary, err := s.binary(f.Name, o)
		if err != nil {
			return err
		}
		concurrency := 1
		if len(f.Routes) > 0 {
			concurrency = apiConcurrency
		}
		function, err := runtimeapi.New(runtimeapi.Config{
			Name: f.PhysicalName, Binary: binary, Handler: f.Handler, Env: s.environment(f, o),
			MemoryMB: f.MemoryMB, Timeout: f.Timeout, Concurrency: concurrency, Log: s.logger(f.Name, o.Log),
		})
		if err != nil {
			return fmt.Errorf("function %s: %w", f.Name, err)
		}
		s.functions[f.Name] = function
	}
	return nil
}

func (s *Stack) binary(function string, o Options) (string, error) {
	if path, ok := o.Binaries[function]; ok {
		return path, nil
	}
	return s.root.Function(function)
}

// upstreamVariables are the Data APIs' base URLs.
var upstreamVariables = map[string]string{
	"METEORA_DLMM_URL": "dlmm", "METEORA_DAMM_V2_URL": "damm-v2", "METEORA_DAMM_V1_URL": "damm-v1",
	"METEORA_DBC_URL": "dbc-list",
}

// environment is the template's, with this machine's endpoints in it.
func (s *Stack) environment(f samtemplate.Function, o Options) map[string]string {
	env := maps.Clone(f.Environment)
	env["AWS_ENDPOINT_URL_DYNAMODB"] = s.engine.Endpoint()
	env["AWS_ENDPOINT_URL_SSM"] = s.ssm.URL()
	for variable, product := range upstreamVariables {
		if _, used := env[variable]; used && o.Upstream != nil {
			env[variable] = o.Upstream.URL(product)
		}
	}
	maps.Copy(env, o.Environment)
	return env
}

func (s *Stack) logger(function string, log func(function, line string)) func(string) {
	return func(line string) {
		s.records.see(line)
		if log != nil {
			log(function, line)
		}
	}
}

// serve answers the template's routes, and everything else with the index.
func (s *Stack) serve(l net.Listener) error {
	authorizers, err := s.authorizers()
	if err != nil {
		return err
	}
	var routes []gateway.Route
	for _, f := range s.template.Functions {
		for _, r := range f.Routes {
			if r.Authorizer != "" && authorizers[r.Authorizer] == nil {
				return fmt.Errorf("route %s %s: there is no authorizer %s", r.Method, r.Path, r.Authorizer)
			}
			routes = append(routes, gateway.Route{
				Method: r.Method, Path: r.Path, Function: s.functions[f.Name], Authorizer: authorizers[r.Authorizer],
			})
		}
	}
	g, err := gateway.New(routes, http.HandlerFunc(s.index))
	if err != nil {
		return err
	}
	s.url = "http://" + l.Addr().String()
	s.server = &http.Server{Handler: g, ReadHeaderTimeout: 10 * time.Second}
	s.served = make(chan struct{})
	go func() {
		defer close(s.served)
		_ = s.server.Serve(l) // it returns when it is closed, and only then
	}()
	return nil
}

// authorizers are the template's, by name.
func (s *Stack) authorizers() (map[string]*gateway.Authorizer, error) {
	authorizers := map[string]*gateway.Authorizer{}
	for name, a := range s.template.Authorizers {
		i := slices.IndexFunc(s.template.Functions, func(f samtemplate.Function) bool { return f.ARN == a.Function })
		if i < 0 {
			return nil, fmt.Errorf("authorizer %s: there is no function %s", name, a.Function)
		}
		authorizers[name] = &gateway.Authorizer{
			Function: s.functions[s.template.Functions[i].Name], Headers: a.Headers, TTL: a.TTL,
		}
	}
	return authorizers, nil
}

// index tells a person who opens the API's root what there is.
func (s *Stack) index(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "tokensync, local stack\n\nDynamoDB  %s  tables %s, %s\nSSM       %s\n\n",
		s.engine.Endpoint(), s.tables.Tokens, s.tables.Sync, s.ssm.URL())
	for _, f := range s.template.Functions {
		fmt.Fprintf(&b, "function  %s\n", f.Name)
		for _, route := range f.Routes {
			fmt.Fprintf(&b, "  %-6s %s%s\n", route.Method, s.url, route.Path)
		}
		for _, schedule := range f.Schedules {
			fmt.Fprintf(&b, "  %s %s\n", schedule.Expression, schedule.Input)
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(b.String()))
}

// Template is the resolved template.
func (s *Stack) Template() *samtemplate.Template { return s.template }

// Engine is the DynamoDB.
func (s *Stack) Engine() *dynamotest.Engine { return s.engine }

// Tables are the names of this stack's tables.
func (s *Stack) Tables() dynamotest.Tables { return s.tables }

// SSM is the Parameter Store.
func (s *Stack) SSM() *ssmtest.Server { return s.ssm }

// URL is the HTTP API's base URL.
func (s *Stack) URL() string { return s.url }

// SetLaunchpadID changes the value in SSM, as an operator would.
func (s *Stack) SetLaunchpadID(value string) {
	for _, p := range s.template.SSMParameters {
		if p.LogicalID == launchpadParameter {
			s.ssm.Set(p.Name, ssmtest.Parameter{Type: p.Type, Value: value})
		}
	}
}

// Invoke runs a function by its folder's name.
func (s *Stack) Invoke(ctx context.Context, function string, payload []byte) (runtimeapi.Result, error) {
	f, ok := s.functions[function]
	if !ok {
		names := slices.Sorted(maps.Keys(s.functions))
		return runtimeapi.Result{}, fmt.Errorf("there is no function %s, only %s", function, strings.Join(names, ", "))
	}
	return f.Invoke(ctx, payload)
}

// Close ends everything that Start started, front to back.
func (s *Stack) Close() error {
	var failed []error
	if s.server != nil {
		failed = append(failed, s.server.Close())
		<-s.served
	}
	for _, f := range s.functions {
		failed = append(failed, f.Close())
	}
	if s.ssm != nil {
		failed = append(failed, s.ssm.Close())
	}
	if s.ownEngine {
		failed = append(failed, s.engine.Close())
	}
	return errors.Join(failed...)
}
