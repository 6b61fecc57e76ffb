//go:build deploycheck

package deploycheck

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"tokensync/internal/dev/fields"
	"tokensync/internal/dev/samtemplate"
	"tokensync/internal/observe"
	"tokensync/internal/syncrun"
)

// metric is what an alarm or a graph looks at.
type metric struct {
	namespace, name string
	dimensions      map[string]string
}

// awsMetrics are those of AWS's namespaces that are worth an alarm here, with the dimension that must name a resource.
var awsMetrics = map[string]struct {
	dimension string
	names     []string
}{
	"AWS/Lambda":     {"FunctionName", []string{"Invocations", "Errors", "Duration", "Throttles", "ConcurrentExecutions", "DeadLetterErrors", "DestinationDeliveryFailures", "AsyncEventsDropped"}},
	"AWS/SQS":        {"QueueName", []string{"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent"}},
	"AWS/ApiGateway": {"ApiId", []string{"4xx", "5xx", "Count", "Latency", "IntegrationLatency", "DataProcessed"}},
	"AWS/DynamoDB":   {"TableName", []string{"ThrottledRequests", "ReadThrottleEvents", "WriteThrottleEvents", "UserErrors", "SystemErrors", "SuccessfulRequestLatency", "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReturnedItemCount"}},
	"AWS/Scheduler":  {"ScheduleGroup", []string{"InvocationAttemptCount", "TargetErrorCount", "InvocationDroppedCount", "InvocationsSentToDeadLetterCount"}},
}

// alarms finds alarms and graphs on metrics that nothing reports, alarms that tell nobody, and metrics that are paid for
// without being asked for, as no alarm looks at them.
func alarms(ctx context.Context, d *deployment) ([]string, error) {
	emitted, err := emittedMetrics(ctx, "alarms")
	if err != nil {
		return nil, err
	}
	detailed, err := emittedMetrics(ctx, "detailed")
	if err != nil {
		return nil, err
	}
	var out []string
	unused := maps.Clone(emitted)
	for _, a := range d.of("AWS::CloudWatch::Alarm") {
		looked := alarmMetrics(a)
		if len(looked) == 0 {
			out = append(out, a.LogicalID+" looks at no metric")
		}
		for _, m := range looked {
			if problem := d.checkMetric(m, emitted); problem != "" {
				out = append(out, a.LogicalID+": "+problem)
			}
			delete(unused, m.name)
		}
		if len(texts(a.Properties["AlarmActions"])) == 0 {
			out = append(out, a.LogicalID+" tells nobody")
		}
		if a.Properties["TreatMissingData"] == nil {
			out = append(out, a.LogicalID+" does not say what missing data means")
		}
	}
	for _, b := range d.of("AWS::CloudWatch::Dashboard") {
		looked, err := dashboardMetrics(b)
		if err != nil {
			return nil, err
		}
		for _, m := range looked {
			if problem := d.checkMetric(m, detailed); problem != "" {
				out = append(out, b.LogicalID+": "+problem)
			}
		}
	}
	for name := range unused {
		out = append(out, fmt.Sprintf("%s is reported at all times, and no alarm looks at it", name))
	}
	return out, nil
}

// troubled is a run with every trouble that there is a metric for.
var troubled = func() (o syncrun.Outcome) {
	fields.ChangeFigures(reflect.ValueOf(&o).Elem())
	return o
}()

// emittedMetrics returns the names and dimensions that the functions write, read off their own lines; detail is what METRICS is.
func emittedMetrics(ctx context.Context, detail string) (map[string][]string, error) {
	var lines bytes.Buffer
	m := observe.NewMetrics(&lines, func(name string) string {
		return map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", observe.DetailVariable: detail}[name]
	})
	m.Emit(ctx, troubled)
	m.Invocation(ctx)
	m.ConfigurationError(ctx)
	m.OperatorRefused(ctx)
	emitted := map[string][]string{}
	for line := range bytes.Lines(lines.Bytes()) {
		var entry struct {
			AWS struct {
				CloudWatchMetrics []struct {
					Dimensions [][]string
					Metrics    []struct{ Name string }
				}
			} `json:"_aws"`
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			return nil, err
		}
		for _, directive := range entry.AWS.CloudWatchMetrics {
			for _, m := range directive.Metrics {
				emitted[m.Name] = slices.Sorted(slices.Values(directive.Dimensions[0]))
			}
		}
	}
	if len(emitted) == 0 {
		return nil, fmt.Errorf("no metric in %s", &lines)
	}
	return emitted, nil
}

// alarmMetrics returns an alarm's own metric, or those of its formula.
func alarmMetrics(a samtemplate.Resource) []metric {
	var out []metric
	if name, ok := a.Properties["MetricName"].(string); ok {
		out = append(out, metric{fmt.Sprint(a.Properties["Namespace"]), name, dimensions(a.Properties["Dimensions"])})
	}
	for _, query := range mappings(a.Properties["Metrics"]) {
		if m, ok := dig(query, "MetricStat", "Metric").(map[string]any); ok {
			out = append(out, metric{fmt.Sprint(m["Namespace"]), fmt.Sprint(m["MetricName"]), dimensions(m["Dimensions"])})
		}
	}
	return out
}

func dimensions(value any) map[string]string {
	out := map[string]string{}
	for _, d := range mappings(value) {
		out[fmt.Sprint(d["Name"])] = fmt.Sprint(d["Value"])
	}
	return out
}

// dashboardMetrics reads the rows of the graphs: namespace, name, then dimensions in pairs; "." and "..." repeat the row before.
func dashboardMetrics(r samtemplate.Resource) ([]metric, error) {
	var body struct {
		Widgets []struct {
			Properties struct{ Metrics [][]any }
		}
	}
	if err := json.Unmarshal([]byte(fmt.Sprint(r.Properties["DashboardBody"])), &body); err != nil {
		return nil, fmt.Errorf("%s: %w", r.LogicalID, err)
	}
	var out []metric
	for _, w := range body.Widgets {
		var last []string
		for _, row := range w.Properties.Metrics {
			var fields []string
			for i, field := range row {
				text, ok := field.(string)
				switch {
				case !ok: // options and formulas
				case text == "..." && last != nil:
					fields = append(fields, last[:len(last)-1]...)
				case text == "." && i < len(last):
					fields = append(fields, last[i])
				default:
					fields = append(fields, text)
				}
			}
			if len(fields) < 2 {
				continue
			}
			m := metric{fields[0], fields[1], map[string]string{}}
			for i := 2; i+1 < len(fields); i += 2 {
				m.dimensions[fields[i]] = fields[i+1]
			}
			out, last = append(out, m), fields
		}
	}
	return out, nil
}

// checkMetric returns why nothing ever reports a metric, or "".
func (d *deployment) checkMetric(m metric, emitted map[string][]string) string {
	names := slices.Sorted(maps.Keys(m.dimensions))
	if m.namespace == observe.Namespace {
		if want, ok := emitted[m.name]; !ok || !slices.Equal(want, names) {
			return fmt.Sprintf("no function reports %s with the dimensions %v", m.name, names)
		}
		return d.checkOwnDimensions(m)
	}
	known, ok := awsMetrics[m.namespace]
	if !ok || !slices.Contains(known.names, m.name) {
		return fmt.Sprintf("AWS reports no %s in %s", m.name, m.namespace)
	}
	value := m.dimensions[known.dimension]
	if !slices.ContainsFunc(d.resources, func(r samtemplate.Resource) bool {
		return strings.HasSuffix(value, r.LogicalID) || strings.HasPrefix(value, r.LogicalID)
	}) &&
		!strings.HasPrefix(value, "tokensync-local-") {
		return fmt.Sprintf("%s of %s: %s %q is nothing in this template", m.name, m.namespace, known.dimension, value)
	}
	return ""
}

// checkOwnDimensions checks that the functions put these values on their metrics.
func (d *deployment) checkOwnDimensions(m metric) string {
	for _, f := range d.of("AWS::Lambda::Function") {
		env := environment(f)
		if env[observe.ServiceVariable] == m.dimensions["Service"] && env[observe.EnvironmentVariable] == m.dimensions["Environment"] {
			return ""
		}
	}
	return fmt.Sprintf("no function reports %s as %v", m.name, m.dimensions)
}
