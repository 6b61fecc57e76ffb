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
	"strconv"
	"strings"
	"syscall"
	"time"

	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/gateway"
	"tokensync/internal/dev/runtimeapi"
	"tokensync/internal/dev/samtemplate"
	"tokensync/internal/dev/serve"
	"tokensync/internal/dev/ssmtest"
	"tokensync/internal/dev/workspace"
	"tokensync/internal/products"
)

const (
	// launchpadVariable has the name of the SSM parameter with the launchpad ID.
	launchpadVariable = "LAUNCHPAD_ID_PARAMETER"
	productsVariable  = "METEORA_PRODUCTS"
	adminParameter    = "/tokensync/admin-token"
	// apiConcurrency is how many sandboxes a function of the API may have.
	apiConcurrency = 4
)

// SolanaParameter is the SSM parameter with the RPC node's URL, which is as secret as the operator's token.
const SolanaParameter = "/tokensync/solana-rpc-url"

// Upstream is where the functions read pools from, such as a fake Meteora.
type Upstream interface {
	// URL returns the base URL of a product that has a Data API.
	URL(product string) string
}

// Options choose what the stack is made of.
type Options struct {
	// Root is the module's; it is looked for from the working directory upwards when empty.
	Root workspace.Root
	// Upstream is nil for the real Meteora.
	Upstream Upstream
	// Products is METEORA_PRODUCTS; the template's default when empty.
	Products []string
	// LaunchpadID is the value in SSM. If nil, the parameter does not exist.
	LaunchpadID *string
	// SolanaURL is the RPC node's URL, in SSM too. If empty, the product dbc is skipped.
	SolanaURL string
	// AdminToken is the operator's token, in SSM too. If empty, nobody is the operator.
	AdminToken string
	// Tables are the names of the tables; unique ones when empty.
	Tables dynamotest.Tables
	// Address is where the HTTP API listens; a free port of 127.0.0.1 when empty.
	Address string
	// Environment overrides what the template and the stack set, in every function.
	Environment map[string]string
	// Binaries are paths by function name, for functions other than those that `make local` built.
	Binaries map[string]string
	// Engine is the DynamoDB engine; one is started when nil.
	Engine *dynamotest.Engine
	// Proxy starts what stands between the functions and the engine, whose endpoint it gets, and returns its own endpoint.
	// Without one the functions ask the engine itself.
	Proxy func(engine string) (endpoint string, err error)
	// Memory of the sync, in MB, one of those that the template allows; its default when 0.
	Memory int
	// Patience is how many times as long as the template says functions may take, for studies whose verdict is not about time; 0 is once.
	Patience int
	// Log, if not nil, is called with each line that a function writes.
	Log func(function, line string)
}

// Stack runs until Close.
type Stack struct {
	options   Options
	template  *samtemplate.Template
	engine    *dynamotest.Engine
	ownEngine bool
	dynamoDB  string // the endpoint that the functions get
	ssm       *ssmtest.Server
	functions map[string]*runtimeapi.Function
	server    *serve.Server
	tables    dynamotest.Tables
	records   recordWatch
	root      workspace.Root
}

// ErrPortInUse is returned by Start when Address is taken.
var ErrPortInUse = errors.New("the port is in use")

// Start starts everything, or nothing. No function runs before it is invoked.
func Start(ctx context.Context, o Options) (_ *Stack, err error) {
	s := &Stack{options: o, functions: map[string]*runtimeapi.Function{}, engine: o.Engine}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	// The port first: it is what most often is not free.
	listener, err := listen(ctx, cmp.Or(o.Address, serve.Local))
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
	if err := s.startServices(ctx); err != nil {
		return nil, err
	}
	if err := s.addFunctions(); err != nil {
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
func (s *Stack) startServices(ctx context.Context) (err error) {
	s.tables = cmp.Or(s.options.Tables, dynamotest.UniqueNames())
	s.template, err = samtemplate.Load(s.root.Template(), samtemplate.Options{
		Parameters: s.options.parameters(), Names: s.tables.ByLogicalID(),
	})
	if err != nil {
		return err
	}
	if err := s.startDynamoDB(ctx); err != nil {
		return err
	}
	if s.ssm, err = ssmtest.Start(ctx); err != nil {
		return err
	}
	s.fillSSM()
	return nil
}

// parameters returns the template's parameters. The products are not among them: here any may be read, as often as wanted.
func (o *Options) parameters() map[string]string {
	parameters := map[string]string{}
	if o.SolanaURL != "" {
		parameters["SolanaRpcUrlParameter"] = SolanaParameter
	}
	if o.AdminToken != "" {
		parameters["AdminTokenParameter"] = adminParameter
	}
	if o.Memory > 0 {
		parameters["SyncMemory"] = strconv.Itoa(o.Memory)
	}
	return parameters
}

func (s *Stack) startDynamoDB(ctx context.Context) (err error) {
	if s.engine == nil {
		if s.engine, err = dynamotest.Start(ctx, dynamotest.Options{}); err != nil {
			return err
		}
		s.ownEngine = true
	}
	s.dynamoDB = s.engine.Endpoint()
	if s.options.Proxy != nil {
		if s.dynamoDB, err = s.options.Proxy(s.dynamoDB); err != nil {
			return err
		}
	}
	return s.engine.CreateTables(ctx, s.template.Tables)
}

func (s *Stack) fillSSM() {
	for name, secret := range map[string]string{SolanaParameter: s.options.SolanaURL, adminParameter: s.options.AdminToken} {
		if secret != "" {
			s.ssm.Set(name, ssmtest.Parameter{Type: ssmtest.SecureString, Value: secret})
		}
	}
	if s.options.LaunchpadID != nil {
		s.SetLaunchpadID(*s.options.LaunchpadID)
	}
}

func (s *Stack) addFunctions() error {
	for _, f := range s.template.Functions {
		function, err := s.newFunction(f, nil)
		if err != nil {
			return err
		}
		s.functions[f.Name] = function
	}
	return nil
}

// newFunction returns a function of the template, wired to this stack; change, if not nil, may adjust it.
func (s *Stack) newFunction(f samtemplate.Function, change func(*runtimeapi.Config)) (*runtimeapi.Function, error) {
	binary, err := s.binary(f.Name)
	if err != nil {
		return nil, err
	}
	config := runtimeapi.Config{
		Name: f.PhysicalName, Binary: binary, Handler: f.Handler, Env: s.environment(f), MemoryMB: f.MemoryMB,
		Timeout: f.Timeout * time.Duration(max(1, s.options.Patience)), Log: s.logger(f.Name),
	}
	if len(f.Routes) > 0 {
		config.Concurrency = apiConcurrency
	}
	if change != nil {
		change(&config)
	}
	function, err := runtimeapi.New(config)
	if err != nil {
		return nil, fmt.Errorf("function %s: %w", f.Name, err)
	}
	return function, nil
}

// Deploy returns another instance of a function, whose first invocation is a cold start. change may adjust its settings
// before. The caller must close it.
func (s *Stack) Deploy(function string, change func(*runtimeapi.Config)) (*runtimeapi.Function, error) {
	f, err := s.template.Function(function)
	if err != nil {
		return nil, err
	}
	return s.newFunction(f, change)
}

func (s *Stack) binary(function string) (string, error) {
	if path, ok := s.options.Binaries[function]; ok {
		return path, nil
	}
	return s.root.Function(function)
}

// MeteoraAt returns the variables that lead to one address for all of Meteora's APIs.
func MeteoraAt(url string) map[string]string {
	env := map[string]string{}
	for _, api := range products.APIs {
		env[api.Variable] = url
	}
	return env
}

// environment returns the template's environment of f, with this machine's endpoints in it.
func (s *Stack) environment(f samtemplate.Function) map[string]string {
	env, upstream := maps.Clone(f.Environment), s.options.Upstream
	env["AWS_ENDPOINT_URL_DYNAMODB"] = s.dynamoDB
	env["AWS_ENDPOINT_URL_SSM"] = s.ssm.URL()
	for _, api := range products.APIs {
		if _, used := env[api.Variable]; used && upstream != nil {
			env[api.Variable] = upstream.URL(string(api.Product))
		}
	}
	if _, used := env[productsVariable]; used && len(s.options.Products) > 0 {
		env[productsVariable] = strings.Join(s.options.Products, ",")
	}
	maps.Copy(env, s.options.Environment)
	return env
}

func (s *Stack) logger(function string) func(string) {
	return func(line string) {
		s.records.see(line)
		if s.options.Log != nil {
			s.options.Log(function, line)
		}
	}
}

// serve serves the template's routes, and the index for everything else.
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
	s.server = serve.On(l, gateway.CORS(s.template.CORS).Wrap(g))
	return nil
}

// authorizers returns the template's authorizers by name.
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

// index lists what there is, for a person who opens the API's root.
func (s *Stack) index(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "tokensync, local stack\n\nDynamoDB  %s  tables %s, %s, %s\nSSM       %s\n\n",
		s.engine.Endpoint(), s.tables.Tokens, s.tables.Board, s.tables.Sync, s.ssm.URL())
	for _, f := range s.template.Functions {
		fmt.Fprintf(&b, "function  %s\n", f.Name)
		for _, route := range f.Routes {
			fmt.Fprintf(&b, "  %-6s %s%s\n", route.Method, s.URL(), route.Path)
		}
		for _, schedule := range f.Schedules {
			fmt.Fprintf(&b, "  %s %s\n", schedule.Expression, schedule.Input)
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(b.String()))
}

// Template returns the resolved template.
func (s *Stack) Template() *samtemplate.Template { return s.template }

// Engine returns the DynamoDB engine.
func (s *Stack) Engine() *dynamotest.Engine { return s.engine }

// Tables returns the names of this stack's tables.
func (s *Stack) Tables() dynamotest.Tables { return s.tables }

// SSM returns the Parameter Store.
func (s *Stack) SSM() *ssmtest.Server { return s.ssm }

// URL returns the HTTP API's base URL.
func (s *Stack) URL() string { return s.server.URL() }

// SetLaunchpadID changes the launchpad ID in SSM, as an operator would.
func (s *Stack) SetLaunchpadID(value string) {
	for _, f := range s.template.Functions {
		if name, ok := f.Environment[launchpadVariable]; ok {
			s.ssm.Set(name, ssmtest.Parameter{Type: ssmtest.StringList, Value: value})
		}
	}
}

// Invoke runs a function, named by its folder.
func (s *Stack) Invoke(ctx context.Context, function string, payload []byte) (runtimeapi.Result, error) {
	f, ok := s.functions[function]
	if !ok {
		names := slices.Sorted(maps.Keys(s.functions))
		return runtimeapi.Result{}, fmt.Errorf("no function %s; there are %s", function, strings.Join(names, ", "))
	}
	return f.Invoke(ctx, payload)
}

// Close ends everything that Start started, front to back.
func (s *Stack) Close() error {
	var failed []error
	if s.server != nil {
		failed = append(failed, s.server.Close())
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
