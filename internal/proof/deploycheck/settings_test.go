//go:build deploycheck

package deploycheck

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"tokensync/internal/dev/samtemplate"
	"tokensync/internal/products"
)

// goShare is how much of a function's memory Go may use: more and a warm sandbox is killed, less and it only collects.
const goShare, goShareMargin = 0.85, 0.02

func memory(_ context.Context, d *deployment) ([]string, error) {
	var out []string
	for _, f := range d.of("AWS::Lambda::Function") {
		limit, ok := strings.CutSuffix(environment(f)["GOMEMLIMIT"], "MiB")
		if share := number(limit) / number(f.Properties["MemorySize"]); !ok || math.Abs(share-goShare) > goShareMargin {
			out = append(out, fmt.Sprintf("%s: GOMEMLIMIT %q of %v MB, want about 85 %%", f.LogicalID,
				environment(f)["GOMEMLIMIT"], f.Properties["MemorySize"]))
		}
	}
	return out, nil
}

// Limits of API Gateway's HTTP APIs.
const (
	maxIntegration = 30 * time.Second
	maxAuthorizer  = 10 * time.Second
)

// timeouts keeps functions within what waits for them, and the schedules' settings in step with each other.
func timeouts(_ context.Context, d *deployment) ([]string, error) {
	var out []string
	for _, f := range d.of("AWS::Lambda::Function") {
		timeout := seconds(f.Properties["Timeout"])
		written, err := d.written.Function(folder(f.LogicalID))
		if err != nil {
			return nil, err
		}
		if len(written.Routes) > 0 && timeout >= maxIntegration {
			out = append(out, fmt.Sprintf("%s may take %v; API Gateway waits %v", f.LogicalID, timeout, maxIntegration))
		}
		if d.authorizes(f) && timeout > maxAuthorizer {
			out = append(out, fmt.Sprintf("%s may take %v; API Gateway waits %v for an authorizer", f.LogicalID, timeout, maxAuthorizer))
		}
		if len(written.Schedules) > 0 {
			out = append(out, d.schedules(f, timeout, written)...)
		}
	}
	return out, nil
}

func seconds(value any) time.Duration { return time.Duration(number(value) * float64(time.Second)) }

// authorizes reports whether an API asks a function who may pass.
func (d *deployment) authorizes(f samtemplate.Resource) bool {
	for _, api := range slices.Concat(d.of("AWS::ApiGatewayV2::Api"), d.of("AWS::ApiGatewayV2::Authorizer")) {
		body, _ := json.Marshal(api.Properties) // it was JSON before
		for _, uri := range regexp.MustCompile(`(?i)"authorizerUri":"([^"]*)"`).FindAllSubmatch(body, -1) {
			if bytes.Contains(uri[1], []byte("function:tokensync-local-"+f.LogicalID)) {
				return true
			}
		}
	}
	return false
}

// schedules compares the intervals with what depends on them. The shortest may be shorter than the timeout: a lease keeps
// two runs apart. But the longest must let a run end before the next, and what waits longer than a tick is of no use.
func (d *deployment) schedules(f samtemplate.Resource, timeout time.Duration, written samtemplate.Function) []string {
	var out []string
	shortest, longest := time.Duration(math.MaxInt64), time.Duration(0)
	for _, s := range written.Schedules {
		interval, err := samtemplate.Rate(s.Expression)
		if err != nil {
			out = append(out, fmt.Sprintf("%s, schedule %s: %v", f.LogicalID, s.ID, err))
			continue
		}
		shortest, longest = min(shortest, interval), max(longest, interval)
	}
	if timeout >= longest {
		out = append(out, fmt.Sprintf("%s may take %v, longer than the %v between its full runs", f.LogicalID, timeout, longest))
	}
	ages := map[string]any{}
	for _, config := range d.of("AWS::Lambda::EventInvokeConfig") {
		if d.names(config, f) {
			ages[config.LogicalID] = config.Properties["MaximumEventAgeInSeconds"]
		}
	}
	for _, s := range d.of("AWS::Scheduler::Schedule") {
		ages[s.LogicalID] = dig(s.Properties, "Target", "RetryPolicy", "MaximumEventAgeInSeconds")
	}
	for id, age := range ages {
		if age := seconds(age); age <= 0 || age > max(shortest, time.Minute) { // Lambda and the Scheduler take no less than a minute
			out = append(out, fmt.Sprintf("%s keeps an event for %v, beyond the next tick after %v", id, age, shortest))
		}
	}
	for _, other := range d.of("AWS::Lambda::Function") {
		if text := environment(other)["SYNC_INTERVAL"]; text != "" {
			if interval, err := time.ParseDuration(text); err != nil || interval != shortest {
				out = append(out, fmt.Sprintf("%s: SYNC_INTERVAL is %s, the shortest schedule %v", other.LogicalID, text, shortest))
			}
		}
	}
	return out
}

// queues keeps messages encrypted, and for the 14 days that SQS keeps them at most.
func queues(_ context.Context, d *deployment) ([]string, error) {
	var out []string
	for _, q := range d.of("AWS::SQS::Queue") {
		if q.Properties["SqsManagedSseEnabled"] != true && q.Properties["KmsMasterKeyId"] == nil {
			out = append(out, q.LogicalID+" is not encrypted")
		}
		if number(q.Properties["MessageRetentionPeriod"]) != 1209600 {
			out = append(out, q.LogicalID+" does not keep failures for as long as it can")
		}
	}
	return out, nil
}

// settingsPackages read the environment.
var settingsPackages = []string{
	"tokensync/internal/config", "tokensync/internal/observe", "tokensync/internal/app", "tokensync/internal/app/authorizer", "tokensync/internal/app/health",
	"tokensync/internal/app/sdk", "tokensync/internal/app/syncing",
}

const productsPackage = "tokensync/internal/products"

// optional are variables that the code reads and the template leaves to their defaults.
var optional = map[string]string{
	"CACHE_MEMORY":       "how long a warm function uses an answer: for tests and measurements",
	"CACHE_MEMORY_BYTES": "how much of them it keeps: likewise",
	"METADATA_HOSTS":     "what stands for the hosts of metadata: for local runs",
	"GOGC":               "Go's own; package gc sets what was measured to be best",
}

// readElsewhere are variables that the template sets and none of our packages reads.
var readElsewhere = map[string]string{
	"GOMEMLIMIT": "Go's own", "GOMAXPROCS": "likewise", "AWS_ENDPOINT_URL_DYNAMODB": "the SDK's own, for sam local", "AWS_ENDPOINT_URL_SSM": "likewise",
}

// variables compares what each function is given with what its binary reads and needs, both ways.
func variables(ctx context.Context, d *deployment) ([]string, error) {
	read, err := d.readVariables()
	if err != nil {
		return nil, err
	}
	needed, err := d.neededVariables(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range d.of("AWS::Lambda::Function") {
		given := environment(f)
		for name := range given {
			switch {
			case !read[f.LogicalID][name] && readElsewhere[name] == "":
				out = append(out, fmt.Sprintf("%s is given %s, which it never reads", f.LogicalID, name))
			case anyOf(needed, name) && !needed[f.LogicalID][name]:
				out = append(out, fmt.Sprintf("%s is given %s, which others need", f.LogicalID, name))
			}
		}
		for name := range needed[f.LogicalID] {
			if _, ok := given[name]; !ok {
				out = append(out, fmt.Sprintf("%s needs %s, which it is not given", f.LogicalID, name))
			}
		}
		for name := range read[f.LogicalID] {
			if optional[name] == "" && !d.setAnywhere(name) {
				out = append(out, fmt.Sprintf("%s reads %s, which no function is given", f.LogicalID, name))
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

func anyOf(sets map[string]map[string]bool, name string) bool {
	for _, set := range sets {
		if set[name] {
			return true
		}
	}
	return false
}

func (d *deployment) setAnywhere(variable string) bool {
	return slices.ContainsFunc(d.of("AWS::Lambda::Function"), func(f samtemplate.Resource) bool {
		_, ok := environment(f)[variable]
		return ok
	})
}

// readVariables returns those that each function's binary has the code to read.
func (d *deployment) readVariables() (map[string]map[string]bool, error) {
	read := map[string]map[string]bool{}
	for _, path := range settingsPackages {
		s, err := loadSource(at{d.root, path})
		if err != nil {
			return nil, err
		}
		for _, f := range d.of("AWS::Lambda::Function") {
			linked, err := symbols(artifact(d.root, f.LogicalID))
			if err != nil {
				return nil, err
			}
			if read[f.LogicalID] == nil {
				read[f.LogicalID] = map[string]bool{}
			}
			maps.Copy(read[f.LogicalID], s.variables(linked))
		}
	}
	return read, nil
}

// variableName matches our own variables; Lambda's and the SDK's begin otherwise.
var (
	variableName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{2,}$`)
	foreign      = regexp.MustCompile(`^(_|AWS_|LAMBDA_)`)
)

// variables returns the names that are handed to a reader of the environment: any function that is called with a constant
// spelled like a variable, somewhere below what is linked.
func (s *source) variables(linked map[string]bool) map[string]bool {
	found := map[string]bool{}
	for _, f := range s.linked(linked) {
		reached := s.reach(f, follow)
		reached[f] = true
		for object := range reached {
			if object == nil || object.Pkg() == nil {
				continue
			}
			if object.Pkg().Path() == productsPackage { // a table has the names of those
				for _, api := range products.APIs {
					found[api.Variable] = true
				}
			}
			if body := s.bodies[object]; body != nil {
				ast.Inspect(body, func(n ast.Node) bool {
					if c, ok := n.(*ast.CallExpr); ok {
						s.addArguments(found, c)
					}
					return true
				})
			}
		}
	}
	return found
}

func (s *source) addArguments(found map[string]bool, c *ast.CallExpr) {
	for _, argument := range c.Args {
		v := s.info.Types[argument].Value
		if v == nil || v.Kind() != constant.String {
			continue
		}
		if name := constant.StringVal(v); variableName.MatchString(name) && !foreign.MatchString(name) {
			found[name] = true
		}
	}
}

var notSet = regexp.MustCompile(`([A-Z][A-Z0-9_]+): is not set`)

// neededVariables returns those that each function says it cannot do without, when it is given none.
func (d *deployment) neededVariables(ctx context.Context) (map[string]map[string]bool, error) {
	needed, any := map[string]map[string]bool{}, false
	for _, f := range d.of("AWS::Lambda::Function") {
		said, err := d.invoke(ctx, f.LogicalID, nil, []byte(`{"version":"2.0","requestContext":{"http":{"method":"GET","path":"/"}}}`))
		if err != nil {
			return nil, err
		}
		needed[f.LogicalID] = map[string]bool{}
		for _, m := range notSet.FindAllStringSubmatch(said, -1) {
			needed[f.LogicalID][m[1]], any = true, true
		}
	}
	if !any {
		return nil, errors.New("no function says what it needs")
	}
	return needed, nil
}

// events checks events/: env.json sets what each function reads and needs, and each has an event.
func events(ctx context.Context, d *deployment) ([]string, error) {
	out, err := d.localVariables(ctx)
	if err != nil {
		return nil, err
	}
	files, err := d.eventFiles()
	if err != nil {
		return nil, err
	}
	for _, f := range d.written.Functions {
		if len(files[f.Name]) == 0 {
			out = append(out, "events/ has none for "+f.Name)
		}
	}
	for _, name := range files[""] {
		out = append(out, fmt.Sprintf("events/%s is for no function", name))
	}
	return out, nil
}

// forAll is where env.json has the variables of all functions.
const forAll = "Parameters"

// localVariables finds what sam local would not make of env.json.
func (d *deployment) localVariables(ctx context.Context) ([]string, error) {
	data, err := os.ReadFile(d.root.Event("env.json"))
	if err != nil {
		return nil, err
	}
	var local map[string]map[string]string
	if err := json.Unmarshal(data, &local); err != nil {
		return nil, fmt.Errorf("env.json: %w", err)
	}
	needed, err := d.neededVariables(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for name := range local[forAll] {
		if !d.setAnywhere(name) {
			out = append(out, fmt.Sprintf("env.json: sam local ignores %s, as the template sets it nowhere", name))
		}
	}
	for _, f := range d.of("AWS::Lambda::Function") {
		for name := range local[f.LogicalID] {
			if _, ok := environment(f)[name]; !ok {
				out = append(out, fmt.Sprintf("env.json: %s: sam local ignores %s, as the template does not set it", f.LogicalID, name))
			}
		}
		for name := range environment(f) {
			own, common := local[f.LogicalID][name], local[forAll][name]
			if own+common == "" && (needed[f.LogicalID][name] && refersToResource(d, f, name) || strings.HasPrefix(name, "AWS_ENDPOINT_URL")) {
				out = append(out, fmt.Sprintf("env.json: %s has no %s, and sam local cannot know it", f.LogicalID, name))
			}
		}
		delete(local, f.LogicalID)
	}
	delete(local, forAll)
	for id := range local {
		out = append(out, fmt.Sprintf("env.json: there is no function %s", id))
	}
	return out, nil
}

// refersToResource reports whether a variable's value is only known once it is deployed: sam local has the logical ID there.
func refersToResource(d *deployment, f samtemplate.Resource, variable string) bool {
	value := environment(f)[variable]
	return slices.ContainsFunc(d.resources, func(r samtemplate.Resource) bool { return value == "tokensync-local-"+r.LogicalID })
}

// eventFiles returns the names of the events of each function, under "" those of none.
func (d *deployment) eventFiles() (map[string][]string, error) {
	paths, err := filepath.Glob(d.root.Event("*.json"))
	if err != nil {
		return nil, err
	}
	files := map[string][]string{}
	for _, path := range paths {
		if filepath.Base(path) == "env.json" {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		function, err := d.receiver(data)
		if err != nil {
			return nil, fmt.Errorf("events/%s: %w", filepath.Base(path), err)
		}
		files[function] = append(files[function], filepath.Base(path))
	}
	return files, nil
}

// receiver returns the function that an event is for: an authorizer's request, a route's or a schedule's.
func (d *deployment) receiver(event []byte) (string, error) {
	var e struct{ Type, RouteKey, Mode string }
	if err := json.Unmarshal(event, &e); err != nil {
		return "", err
	}
	for _, f := range d.written.Functions {
		lambda, _ := d.find(f.LogicalID)
		isRoute := func(r samtemplate.Route) bool { return e.Type == "" && e.RouteKey == r.Method+" "+r.Path }
		switch {
		case e.Type == "REQUEST" && d.authorizes(lambda), slices.ContainsFunc(f.Routes, isRoute), e.Mode != "" && len(f.Schedules) > 0:
			return f.Name, nil
		}
	}
	return "", nil
}
