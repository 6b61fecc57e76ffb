package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tokensync/internal/dev/emftest"
	"tokensync/internal/dev/fields"
	"tokensync/internal/observe"
	"tokensync/internal/syncrun"
)

func environment(overrides map[string]string) func(string) string {
	env := map[string]string{
		"SERVICE": "tokensync", "ENVIRONMENT": "staging", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
		"AWS_LAMBDA_FUNCTION_NAME": "sync",
	}
	maps.Copy(env, overrides)
	return func(name string) string { return env[name] }
}

func parse(t *testing.T, line []byte) emftest.Line {
	t.Helper()
	parsed, err := emftest.Parse(line, time.Now())
	if err != nil {
		t.Fatalf("%v in\n%s", err, line)
	}
	return parsed
}

var outcome = syncrun.Outcome{
	Record: syncrun.Record{
		RunID: "ID", Mode: "full", Status: syncrun.Partial, DurationMS: 4890, PoolsScanned: 132967, PoolsMatched: 512, PoolsInvalid: 3,
		BytesRead: 1 << 40, UpstreamRequests: 133, UpstreamRetries: 7, TokensNew: 1, TokensUpdated: 2, TokensUnchanged: 4,
		TokensDelisted: 5, TokensUnwritten: 6, PeakRSSBytes: 32 << 20, PeakHeapBytes: 5 << 20,
	},
	Throttles: 8, OpenBreakers: 2, RemovalsRefused: true,
}

// detailed asks for every figure.
var detailed = map[string]string{"METRICS": "detailed"}

func TestEveryFigureOfARun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	observe.NewMetrics(&out, environment(detailed)).Emit(t.Context(), outcome)
	if strings.Count(out.String(), "\n") != 1 {
		t.Errorf("not one line: %q", out.String())
	}
	got := parse(t, out.Bytes())
	want := emftest.Line{
		Namespace: "tokensync", Dimensions: map[string]string{"Service": "tokensync", "Environment": "staging"},
		Metrics: map[string]emftest.Metric{
			"PoolsScanned": of("Count", 132967), "PoolsMatched": of("Count", 512), "PoolsInvalid": of("Count", 3),
			"TokensNew": of("Count", 1), "TokensUpdated": of("Count", 2), "TokensUnchanged": of("Count", 4),
			"TokensDelisted": of("Count", 5), "TokensUnwritten": of("Count", 6),
			"UpstreamRequests": of("Count", 133), "UpstreamRetries": of("Count", 7), "UpstreamThrottles": of("Count", 8),
			"UpstreamBytes": of("Bytes", 1<<40), "Duration": of("Milliseconds", 4890),
			"PeakRSS": of("Bytes", 32<<20), "PeakHeap": of("Bytes", 5<<20), "MemoryUsed": of("Percent", 25),
			"OpenBreakers": of("Count", 2), "RemovalsRefused": of("Count", 1),
			"RunsSucceeded": of("Count", 0), "RunsPartial": of("Count", 1), "RunsSkipped": of("Count", 0), "RunsFailed": of("Count", 0),
			"ColdStarts": of("Count", 0),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}

// TestFiguresOfAlarms: each metric costs a third of a dollar a month, so that by default there are those that an alarm looks
// at, and of them only what is always there or did occur.
func TestFiguresOfAlarms(t *testing.T) {
	t.Parallel()
	always, moved := []string{"MemoryUsed", "RunsSucceeded"}, map[string]bool{}
	for name, tt := range map[string]struct {
		outcome syncrun.Outcome
		want    map[string]float64
	}{
		"a good run":             {syncrun.Outcome{Record: syncrun.Record{Status: syncrun.Succeeded}}, map[string]float64{"RunsSucceeded": 1}},
		"a partial run":          {syncrun.Outcome{Record: syncrun.Record{Status: syncrun.Partial}}, nil},
		"a bad setting":          {syncrun.Outcome{Misconfigured: true}, map[string]float64{"ConfigurationErrors": 1}},
		"open breakers":          {syncrun.Outcome{OpenBreakers: 2}, map[string]float64{"OpenBreakers": 2}},
		"unwritten tokens":       {syncrun.Outcome{Record: syncrun.Record{TokensUnwritten: 7}}, map[string]float64{"TokensUnwritten": 7}},
		"removals refused":       {syncrun.Outcome{RemovalsRefused: true}, map[string]float64{"RemovalsRefused": 1}},
		"emptied launchpads":     {syncrun.Outcome{LaunchpadsEmptied: 1}, map[string]float64{"LaunchpadsEmptied": 1}},
		"stuck migrations":       {syncrun.Outcome{MigrationsStuck: 3}, map[string]float64{"MigrationsStuck": 3}},
		"a board unpublished":    {syncrun.Outcome{BoardUnpublished: true}, map[string]float64{"BoardUnpublished": 1}},
		"rules that are no JSON": {syncrun.Outcome{RulesInvalid: true}, map[string]float64{"RulesInvalid": 1}},
	} {
		got := map[string]float64{}
		for name, m := range figuresOfAlarms(t, tt.outcome) {
			if m.Value != 0 || !slices.Contains(always, name) {
				got[name], moved[name] = m.Value, true
			}
		}
		if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	var worst syncrun.Outcome
	fields.ChangeFigures(reflect.ValueOf(&worst).Elem())
	for name := range figuresOfAlarms(t, worst) {
		if !moved[name] && !slices.Contains(always, name) {
			t.Errorf("no run here moves %s", name)
		}
	}
}

func figuresOfAlarms(t *testing.T, o syncrun.Outcome) map[string]emftest.Metric {
	t.Helper()
	var out bytes.Buffer
	observe.NewMetrics(&out, environment(nil)).Emit(t.Context(), o)
	return parse(t, out.Bytes()).Metrics
}

// TestOperatorRefused counts who tries wrong tokens.
func TestOperatorRefused(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	observe.NewMetrics(&out, environment(nil)).OperatorRefused(t.Context())
	if diff := cmp.Diff(map[string]emftest.Metric{"OperatorRefused": of("Count", 1)}, parse(t, out.Bytes()).Metrics); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// TestUnknownMemoryIsNoShare keeps a missing size from becoming a share of 0 or of infinity.
func TestUnknownMemoryIsNoShare(t *testing.T) {
	t.Parallel()
	for _, size := range []string{"", "0", "x"} {
		var out bytes.Buffer
		observe.NewMetrics(&out, environment(map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": size})).Emit(t.Context(), outcome)
		if _, ok := parse(t, out.Bytes()).Metrics["MemoryUsed"]; ok {
			t.Errorf("size %q: a share of it", size)
		}
	}
}

func TestConfigurationError(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	observe.NewMetrics(&out, environment(nil)).ConfigurationError(t.Context())
	want := map[string]emftest.Metric{"ConfigurationErrors": of("Count", 1)}
	if diff := cmp.Diff(want, parse(t, out.Bytes()).Metrics); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// TestDimensionsAlwaysHaveValues: an empty dimension would make CloudWatch drop the line.
func TestDimensionsAlwaysHaveValues(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	observe.NewMetrics(&out, func(string) string { return "" }).Emit(t.Context(), outcome)
	parse(t, out.Bytes())
}

func TestLinesDoNotMix(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	metrics := observe.NewMetrics(&out, environment(nil))
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { metrics.Emit(t.Context(), outcome) })
	}
	group.Wait()
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	if len(lines) != 50 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		parse(t, line)
	}
}

// request returns the context of an invocation.
func request(ctx context.Context, id string) context.Context {
	return lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: id})
}

func TestLogLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := observe.NewTestLogger(&out, slog.LevelInfo).With("run_id", "RUN")
	log.Info("outside")
	log.InfoContext(request(t.Context(), "a"), "first")
	log.WarnContext(request(t.Context(), "a"), "first again")
	log.InfoContext(request(t.Context(), "b"), "second")
	log.DebugContext(t.Context(), "not at this level")
	var got []string
	for line := range bytes.Lines(out.Bytes()) {
		var entry map[string]any
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		if entry["version"] == "" || entry["run_id"] != "RUN" || entry["time"] == nil {
			t.Errorf("no version, run or time: %s", line)
		}
		got = append(got, fmt.Sprint(entry["level"], " ", entry["msg"], " ", entry["request_id"], " ", entry["cold_start"]))
	}
	want := []string{"INFO outside <nil> <nil>", "INFO first a true", "WARN first again a true", "INFO second b false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestOnlyTheFirstInvocationIsCold(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	metrics := observe.NewTestMetrics(&out, environment(detailed))
	for _, id := range []string{"a", "b", "c"} {
		metrics.Invocation(request(t.Context(), id))
	}
	got := parse(t, out.Bytes()) // one line, or it does not parse
	if diff := cmp.Diff(map[string]emftest.Metric{"ColdStarts": of("Count", 1)}, got.Metrics); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	for id, want := range map[string]float64{"a": 1, "b": 0} {
		out.Reset()
		metrics.Emit(request(t.Context(), id), outcome)
		if n := parse(t, out.Bytes()).Metrics["ColdStarts"].Value; n != want {
			t.Errorf("request %s: %v cold starts, want %v", id, n, want)
		}
	}
	out.Reset()
	if observe.NewTestMetrics(&out, environment(nil)).Invocation(request(t.Context(), "a")); out.Len() > 0 {
		t.Errorf("a cold start is a metric that nobody asked for: %s", &out)
	}
}

// TestParserIsStrict shows that the parser finds what CloudWatch would drop without a word.
func TestParserIsStrict(t *testing.T) {
	t.Parallel()
	now := time.Now()
	good := func() map[string]any {
		return map[string]any{
			"_aws": map[string]any{
				"Timestamp": now.UnixMilli(),
				"CloudWatchMetrics": []any{map[string]any{
					"Namespace": "n", "Dimensions": []any{[]any{"D"}}, "Metrics": []any{map[string]any{"Name": "M", "Unit": "Count"}},
				}},
			},
			"D": "d", "M": 1,
		}
	}
	directive := func(line map[string]any) map[string]any {
		return line["_aws"].(map[string]any)["CloudWatchMetrics"].([]any)[0].(map[string]any)
	}
	tests := []struct {
		name  string
		spoil func(map[string]any)
	}{
		{"", func(map[string]any) {}},
		{"no _aws", func(m map[string]any) { delete(m, "_aws") }},
		{"a time in seconds", func(m map[string]any) { m["_aws"].(map[string]any)["Timestamp"] = now.Unix() }},
		{"no namespace", func(m map[string]any) { directive(m)["Namespace"] = "" }},
		{"a dimension without a value", func(m map[string]any) { delete(m, "D") }},
		{"an empty dimension", func(m map[string]any) { m["D"] = "" }},
		{"a dimension that is a number", func(m map[string]any) { m["D"] = 1 }},
		{"a metric without a value", func(m map[string]any) { delete(m, "M") }},
		{"a metric that is a text", func(m map[string]any) { m["M"] = "1" }},
		{"an unknown unit", func(m map[string]any) {
			directive(m)["Metrics"] = []any{map[string]any{"Name": "M", "Unit": "Pools"}}
		}},
		{"an unknown member", func(m map[string]any) { directive(m)["Unit"] = "Count" }},
		{"101 metrics", func(m map[string]any) {
			directive(m)["Metrics"] = slices.Repeat([]any{map[string]any{"Name": "M", "Unit": "Count"}}, 101)
		}},
		{"31 dimensions", func(m map[string]any) { directive(m)["Dimensions"] = []any{slices.Repeat([]any{"D"}, 31)} }},
		{"a value beyond CloudWatch's range", func(m map[string]any) { m["M"] = math.Pow(2, 361) }},
		{"more than 256 KB", func(m map[string]any) { m["note"] = strings.Repeat("x", 256<<10) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			line := good()
			test.spoil(line)
			data, err := json.Marshal(line)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := emftest.Parse(data, now); (err == nil) != (test.name == "") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func of(unit string, value float64) emftest.Metric { return emftest.Metric{Unit: unit, Value: value} }
