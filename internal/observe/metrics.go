package observe

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"tokensync/internal/syncrun"
)

// Namespace is where CloudWatch keeps our metrics.
const Namespace = "tokensync"

// The dimensions of every metric, and no others: each combination of values is a metric that is paid for.
const (
	dimensionService     = "Service"     // the stack
	dimensionEnvironment = "Environment" // dev, staging or prod
)

// Variables that say what the dimensions are.
const (
	ServiceVariable     = "SERVICE"
	EnvironmentVariable = "ENVIRONMENT"
)

// CloudWatch's units.
const (
	count        = "Count"
	byteCount    = "Bytes"
	milliseconds = "Milliseconds"
	percent      = "Percent"
)

// Metrics that functions without runs emit too.
const (
	coldStarts          = "ColdStarts"
	configurationErrors = "ConfigurationErrors"
	operatorRefused     = "OperatorRefused"
)

// DetailVariable names the variable that chooses the metrics: "detailed" is every figure, anything else what alarms look
// at. Each costs 0.30 dollars a month while it is reported.
const (
	DetailVariable = "METRICS"
	detailed       = "detailed"
)

// Metrics writes metrics as log lines in CloudWatch's embedded metric format: no call, no agent. It is safe for
// concurrent use.
type Metrics struct {
	service, environment string
	function             string
	memory               int64 // the function's, in bytes; 0 where nobody says
	starts               *starts
	detailed             bool

	mu  sync.Mutex
	out io.Writer
}

// NewMetrics takes the dimensions and the function's size from the environment.
func NewMetrics(out io.Writer, getenv func(string) string) *Metrics {
	mb, _ := strconv.ParseInt(getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), 10, 64)
	return &Metrics{
		service: cmp.Or(getenv(ServiceVariable), Namespace), environment: cmp.Or(getenv(EnvironmentVariable), "local"),
		function: getenv("AWS_LAMBDA_FUNCTION_NAME"), memory: mb << 20, starts: &process,
		detailed: getenv(DetailVariable) == detailed, out: out,
	}
}

// NewLambdaMetrics writes to standard output, which Lambda sends to the function's log group.
func NewLambdaMetrics() *Metrics { return NewMetrics(os.Stdout, os.Getenv) }

type value struct {
	name, unit string
	number     float64
}

// Emit writes one line with the figures of a run: those that alarms look at, and in detail every one. A trouble that did
// not occur is left out, for CloudWatch charges by the hour in which a metric has a value.
func (m *Metrics) Emit(ctx context.Context, o syncrun.Outcome) {
	values := append(m.heartbeat(&o), troubles(&o)...)
	if m.detailed {
		values = append(values, m.details(ctx, &o)...)
	}
	m.write(ctx, values, map[string]any{"run_id": o.RunID, "mode": o.Mode, "status": o.Status})
}

// heartbeat returns what alarms miss when it stays away, or watch at all times.
func (m *Metrics) heartbeat(o *syncrun.Outcome) []value {
	values := []value{{"RunsSucceeded", count, one(o.Status == syncrun.Succeeded)}}
	if m.memory > 0 { // an unknown share is no share of 0
		values = append(values, value{"MemoryUsed", percent, 100 * float64(o.PeakRSSBytes) / float64(m.memory)})
	}
	return values
}

// troubles returns what alarms wait for.
func troubles(o *syncrun.Outcome) []value {
	all := []value{
		{configurationErrors, count, one(o.Misconfigured)},
		{"OpenBreakers", count, float64(o.OpenBreakers)},
		{"TokensUnwritten", count, float64(o.TokensUnwritten)},
		{"RemovalsRefused", count, one(o.RemovalsRefused)},
		{"LaunchpadsEmptied", count, float64(o.LaunchpadsEmptied)},
		{"MigrationsStuck", count, float64(o.MigrationsStuck)},
		{"BoardUnpublished", count, one(o.BoardUnpublished)},
		{"RulesInvalid", count, one(o.RulesInvalid)},
	}
	return slices.DeleteFunc(all, func(v value) bool { return v.number == 0 })
}

func (m *Metrics) details(ctx context.Context, o *syncrun.Outcome) []value {
	return []value{
		{"PoolsScanned", count, float64(o.PoolsScanned)},
		{"PoolsMatched", count, float64(o.PoolsMatched)},
		{"PoolsInvalid", count, float64(o.PoolsInvalid)},
		{"TokensNew", count, float64(o.TokensNew)},
		{"TokensUpdated", count, float64(o.TokensUpdated)},
		{"TokensUnchanged", count, float64(o.TokensUnchanged)},
		{"TokensDelisted", count, float64(o.TokensDelisted)},
		{"UpstreamRequests", count, float64(o.UpstreamRequests)},
		{"UpstreamRetries", count, float64(o.UpstreamRetries)},
		{"UpstreamThrottles", count, float64(o.Throttles)},
		{"UpstreamBytes", byteCount, float64(o.BytesRead)},
		{"Duration", milliseconds, float64(o.DurationMS)},
		{"PeakRSS", byteCount, float64(o.PeakRSSBytes)},
		{"PeakHeap", byteCount, float64(o.PeakHeapBytes)},
		{"RunsPartial", count, one(o.Status == syncrun.Partial)},
		{"RunsSkipped", count, one(o.Status == syncrun.Skipped)},
		{"RunsFailed", count, one(o.Status == syncrun.Failed)},
		{coldStarts, count, one(m.starts.cold(ctx))},
	}
}

// ConfigurationError counts an invocation that settings kept from doing anything.
func (m *Metrics) ConfigurationError(ctx context.Context) {
	m.write(ctx, []value{{configurationErrors, count, 1}}, nil)
}

// OperatorRefused counts a request whose operator's token was wrong.
func (m *Metrics) OperatorRefused(ctx context.Context) {
	m.write(ctx, []value{{operatorRefused, count, 1}}, nil)
}

// Invocation counts the process's first request as a cold start, and no other; in detail only.
func (m *Metrics) Invocation(ctx context.Context) {
	first := m.starts.first.Load() == nil
	if first && m.starts.cold(ctx) && m.detailed {
		m.write(ctx, []value{{coldStarts, count, 1}}, nil)
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// emf is the member that makes a log line metrics.
type emf struct {
	Timestamp         int64       `json:"Timestamp"` // Unix milliseconds
	CloudWatchMetrics []directive `json:"CloudWatchMetrics"`
}

type directive struct {
	Namespace  string       `json:"Namespace"`
	Dimensions [][]string   `json:"Dimensions"`
	Metrics    []definition `json:"Metrics"`
}

type definition struct {
	Name string `json:"Name"`
	Unit string `json:"Unit"`
}

// write writes one line. It has a level, as the log format's filter drops what has none.
func (m *Metrics) write(ctx context.Context, values []value, properties map[string]any) {
	line := map[string]any{
		"level": "INFO", "msg": "metrics", "version": Version(), "function": m.function, "request_id": requestID(ctx),
		dimensionService: m.service, dimensionEnvironment: m.environment,
	}
	maps.Copy(line, properties)
	metrics := directive{Namespace: Namespace, Dimensions: [][]string{{dimensionService, dimensionEnvironment}}}
	for _, v := range values {
		line[v.name] = v.number
		metrics.Metrics = append(metrics.Metrics, definition{v.name, v.unit})
	}
	line["_aws"] = emf{time.Now().UnixMilli(), []directive{metrics}}
	var b bytes.Buffer
	if json.NewEncoder(&b).Encode(line) != nil { // numbers and plain text always marshal
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, _ = m.out.Write(b.Bytes()) // nobody is left to tell
}
