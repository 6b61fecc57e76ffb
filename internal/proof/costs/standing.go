package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tokensync/internal/dev/emftest"
	"tokensync/internal/dev/samtemplate"
	"tokensync/internal/dev/workspace"
)

// Prices of what a stack costs before anybody asks its API; see bill.go.
const (
	perMetric      = 0.30       // CloudWatch, custom, prorated by the hour in which it has a value
	perAlarmMetric = 0.10       // of an alarm at standard resolution
	perDashboard   = 3.00       // CloudWatch, beyond the first three of an account
	perLogGB       = 0.50       // CloudWatch Logs, ingested
	perTrace       = 5.00 / 1e6 // X-Ray, recorded
	perDecryption  = 0.03 / 1e4 // KMS, of an SSM SecureString
	perGBStored    = 0.25       // DynamoDB
	perGBRecovery  = 0.20       // DynamoDB, point-in-time recovery
)

// mostStanding is what a stack may cost a month by default without one request.
const mostStanding = 4.00

// What CloudWatch Logs and Lambda add to a function's own lines.
const (
	perLine       = 26  // bytes that count as ingested with each line
	platformLines = 500 // bytes of Lambda's own lines for an invocation, START and REPORT in JSON
)

// A Log is what runs wrote.
type Log struct {
	mu      sync.Mutex
	bytes   int
	metrics map[string]bool // names of the custom metrics
	err     error
}

// add takes a line of a function.
func (l *Log) add(_, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes += len(line) + perLine
	if !emftest.IsMetrics([]byte(line)) {
		return
	}
	parsed, err := emftest.Parse([]byte(line), time.Now())
	l.err = errors.Join(l.err, err)
	for name := range parsed.Metrics {
		if l.metrics == nil {
			l.metrics = map[string]bool{}
		}
		l.metrics[name] = true
	}
}

// Written is a run's share of a log.
type Written struct {
	Bytes   float64  // a run
	Metrics []string // names of the custom metrics, sorted
}

// share returns what one of a number of runs wrote.
func (l *Log) share(runs int) Written {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Written{Bytes: float64(l.bytes) / float64(runs), Metrics: slices.Sorted(maps.Keys(l.metrics))}
}

// An Item of a bill: how many of something a month, and what one is.
type Item struct {
	What  string
	Count float64
	Price float64
}

// Dollars returns the item's sum.
func (i Item) Dollars() float64 { return i.Count * i.Price }

// Standing returns what a stack costs a month without one request, but for the runs' own use of Lambda and DynamoDB: from the
// resources that CloudFormation makes, what a run logs, and the KB of items that the launchpad has.
func Standing(resources []samtemplate.Resource, run Written, kilobytes float64) ([]Item, error) {
	runs, shortest, err := runsOf(resources)
	if err != nil {
		return nil, err
	}
	count := counts(resources)
	return []Item{
		{"custom metrics", float64(len(run.Metrics)), perMetric},
		{"metrics of alarms", count.alarmMetrics, perAlarmMetric},
		{"dashboards", count.dashboards, perDashboard},
		{"GB of logs", runs * (run.Bytes + platformLines) / 1e9, perLogGB},
		{"traces", runs * count.traced, perTrace},
		{"ticks", runs, perScheduledTick},
		{"decryptions of the RPC node's URL", float64(month) / float64(max(shortest, time.Minute)), perDecryption}, // it is kept for a minute
		{"GB of items", kilobytes / 1e6, perGBStored},
		{"GB that can be recovered", kilobytes / 1e6, perGBRecovery},
	}, nil
}

// runsOf returns how many runs the schedules start in a month, and the shortest time between two of a schedule's.
func runsOf(resources []samtemplate.Resource) (runs float64, shortest time.Duration, err error) {
	for _, r := range resources {
		if r.Type != "AWS::Scheduler::Schedule" {
			continue
		}
		every, err := samtemplate.Rate(fmt.Sprint(r.Properties["ScheduleExpression"]))
		if err != nil {
			return 0, 0, fmt.Errorf("%s: %w", r.LogicalID, err)
		}
		runs += float64(month) / float64(every)
		if shortest == 0 || every < shortest {
			shortest = every
		}
	}
	if runs == 0 {
		return 0, 0, errors.New("no schedule starts a run")
	}
	return runs, shortest, nil
}

// tally is what of a stack is paid for by the piece.
type tally struct{ alarmMetrics, dashboards, traced float64 }

func counts(resources []samtemplate.Resource) tally {
	var t tally
	for _, r := range resources {
		switch r.Type {
		case "AWS::CloudWatch::Alarm":
			t.alarmMetrics += alarmMetrics(r)
		case "AWS::CloudWatch::Dashboard":
			t.dashboards++
		case "AWS::Lambda::Function":
			if tracing, ok := r.Properties["TracingConfig"].(map[string]any); ok && tracing["Mode"] == "Active" {
				t.traced = 1 // of every run
			}
		}
	}
	return t
}

// alarmMetrics returns how many metrics an alarm looks at: its own, or those of its formula.
func alarmMetrics(alarm samtemplate.Resource) (n float64) {
	queries, ok := alarm.Properties["Metrics"].([]any)
	if !ok {
		return 1
	}
	for _, q := range queries {
		if query, ok := q.(map[string]any); ok && query["MetricStat"] != nil {
			n++
		}
	}
	return n
}

// total returns the sum of a bill's items.
func total(items []Item) (sum float64) {
	for _, i := range items {
		sum += i.Dollars()
	}
	return sum
}

// checkStanding reports a stack that costs more by default than it may.
func checkStanding(items []Item) error {
	if sum := total(items); !(sum <= mostStanding) {
		return fmt.Errorf("%w: a stack without a request costs %.2f dollars a month, want at most %.2f", ErrUnexpected, sum, mostStanding)
	}
	return nil
}

// translated returns the resources that CloudFormation makes of the template with its defaults, as SAM's translator hands it over.
func translated(ctx context.Context, parameters map[string]string) ([]samtemplate.Resource, error) {
	root, err := workspace.Find()
	if err != nil {
		return nil, err
	}
	sets, err := json.Marshal([]map[string]string{parameters})
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(string(root), ".tools/sam/bin/python"), //nolint:gosec // our own tool
		filepath.Join(string(root), "internal/proof/deploycheck/translate.py"), root.Template())
	cmd.Stdin = bytes.NewReader(sets)
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("SAM's translator (make .tools/sam/installed): %w", err)
	}
	var templates []json.RawMessage
	if err := json.Unmarshal(output, &templates); err != nil || len(templates) != 1 {
		return nil, fmt.Errorf("SAM's translator: %d templates: %w", len(templates), err)
	}
	template, err := samtemplate.Parse(templates[0], samtemplate.Options{Parameters: parameters})
	if err != nil {
		return nil, fmt.Errorf("the translated template: %w", err)
	}
	return template.Resources()
}

// standing prints what the stack of the template costs without a request, and checks it.
func standing(ctx context.Context, w io.Writer, l Launchpad) error {
	resources, err := translated(ctx, map[string]string{})
	if err != nil {
		return err
	}
	items, err := Standing(resources, l.Log, l.First.Units.Write)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(w, "\n| without a request | a month | dollars each | dollars |\n| --- | ---: | ---: | ---: |\n")
	for _, i := range items {
		_, _ = fmt.Fprintf(w, "| %s | %s | %s | %.2f |\n", i.What, figure(i.Count), figure(i.Price), i.Dollars())
	}
	_, _ = fmt.Fprintf(w, "| | | | **%.2f** |\n", total(items))
	return checkStanding(items)
}

// figure prints a number of any size.
func figure(n float64) string {
	text := fmt.Sprintf("%.6f", n)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}
