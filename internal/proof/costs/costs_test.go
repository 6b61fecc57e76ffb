package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev"
	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/dev/samtemplate"
)

// TestMeasure runs launchpads that are small enough for go test; `make costs` checks large ones in the same way.
func TestMeasure(t *testing.T) { //nolint:tparallel // one after the other, for the sake of the CPU
	t.Parallel()
	const pools = 2000
	for _, tokens := range []int{50, 500} {
		t.Run(strconv.Itoa(tokens), func(t *testing.T) {
			l, err := Measure(t.Context(), tokens, pools)
			if err != nil {
				t.Fatal(err)
			}
			if l.Tokens != tokens || l.Full.CPU <= 0 {
				t.Errorf("%+v", l)
			}
			if err := l.Check(pools); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestNodes asks a node without strangers, which takes no time.
func TestNodes(t *testing.T) {
	t.Parallel()
	full, refresh, err := Node{Name: "plain", Node: rpctest.Node{Kind: rpctest.Plain}}.Measure(t.Context())
	if err != nil || refresh.String() != "getMultipleAccounts 5, getProgramAccounts 1" || refresh.requests() > refreshMost || full.Credits != 12 {
		t.Errorf("full run %v, refresh %v, error %v", full, refresh, err)
	}
}

// TestCheck changes one figure after the other of runs that are as they should be.
func TestCheck(t *testing.T) {
	t.Parallel()
	good := func() Launchpad {
		return Launchpad{
			Tokens:  1000,
			Point:   20_000,
			Anchors: 45_000,
			Asleep:  20,
			Awake:   150,
			First:   Usage{Mode: "full", Written: 1000, Units: dynamotest.Units{Write: 2200}},
			Full:    Usage{Mode: "full", Requests: 70, Units: dynamotest.Units{Write: 65}},
			Refresh: Usage{Mode: "refresh", Requests: 16, Bytes: 500_000, Written: 1000, Items: 10, Units: dynamotest.Units{Write: 60, Read: 40}},
			Quiet:   Usage{Mode: "refresh", Units: dynamotest.Units{Write: 4}},
		}
	}
	const pools = 30_000
	if l := good(); l.Check(pools) != nil {
		t.Fatal(l.Check(pools))
	}
	for what, change := range map[string]func(*Launchpad){
		"mode":                    func(l *Launchpad) { l.Refresh.Mode = "full" },
		"tokens of the first run": func(l *Launchpad) { l.First.Written-- },
		"requests of a full run":  func(l *Launchpad) { l.Full.Requests = 90 },
		"requests of a refresh":   func(l *Launchpad) { l.Refresh.Requests = 50 },
		"bytes a token":           func(l *Launchpad) { l.Refresh.Bytes = 50_000_000 },
		"share that a refresh":    func(l *Launchpad) { l.Refresh.Written = 100 }, // the world stands still
		"share of the items":      func(l *Launchpad) { l.Refresh.Items = 1000 },
		"units of a new token":    func(l *Launchpad) { l.First.Units.Write = 8500 },
		"write units of a run":    func(l *Launchpad) { l.Refresh.Units.Write = 101 },
		"dollars a month":         func(l *Launchpad) { l.Full.Units.Write = 115 },
		"dollars a month for poi": func(l *Launchpad) { l.Point = 50_000 },
		"for rolls: ":             func(l *Launchpad) { l.Asleep = 140 },
		"that are traded":         func(l *Launchpad) { l.Awake = 600 },
		"write units of a quiet":  func(l *Launchpad) { l.Quiet.Units.Write = 7 },
		"read units":              func(l *Launchpad) { l.Refresh.Units.Read = 1000 },
	} {
		l := good()
		change(&l)
		if err := l.Check(pools); !errors.Is(err, ErrUnexpected) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: error %v", what, err)
		}
	}
}

func TestMonth(t *testing.T) {
	t.Parallel()
	l := Launchpad{
		Full:    Usage{Requests: 270, CPU: time.Second, Units: dynamotest.Units{Read: 1e6, Write: 0}},
		Refresh: Usage{Requests: 1, CPU: 2 * time.Second, Units: dynamotest.Units{Write: 2e6}},
	}
	b := l.Month(Schedule{Refresh: time.Hour, Full: 73 * time.Hour}, 1769)
	for what, pair := range map[string][2]float64{
		"lambda":    {b.Lambda, (730*2+10*10)*1769.0/1024*0.0000133334 + 740*0.2e-6},
		"writes":    {b.Writes, 730 * 2 * 0.625},
		"reads":     {b.Reads, 10 * 0.125},
		"scheduler": {b.Scheduler, 740e-6},
		"total":     {b.Total(), b.Lambda + b.Writes + b.Reads + b.Scheduler},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-9 {
			t.Errorf("%s: %g, want %g", what, pair[0], pair[1])
		}
	}
	if got := l.Full.Seconds(128); math.Abs(got-13.82) > 0.01 {
		t.Errorf("a second of CPU takes %g s with 128 MB", got)
	}
	if only := l.Month(Schedule{Full: time.Hour}, 128); only.Writes != 0 {
		t.Errorf("a refresh that never runs costs %+v", only)
	}
}

// TestStanding counts a small stack by hand.
func TestStanding(t *testing.T) {
	t.Parallel()
	resource := func(kind string, properties map[string]any) samtemplate.Resource {
		return samtemplate.Resource{LogicalID: "R", Type: kind, Properties: properties}
	}
	every := func(expression string) samtemplate.Resource {
		return resource("AWS::Scheduler::Schedule", map[string]any{"ScheduleExpression": expression})
	}
	stat := map[string]any{"Id": "m", "MetricStat": map[string]any{}}
	resources := []samtemplate.Resource{
		every("rate(1 hour)"), every("rate(5 hours)"),
		resource("AWS::CloudWatch::Alarm", map[string]any{"MetricName": "Errors"}),
		resource("AWS::CloudWatch::Alarm", map[string]any{"Metrics": []any{map[string]any{"Id": "sum", "Expression": "SUM(METRICS())"}, stat, stat}}),
		resource("AWS::CloudWatch::Dashboard", nil),
		resource("AWS::Lambda::Function", map[string]any{"TracingConfig": map[string]any{"Mode": "Active"}}),
		resource("AWS::SNS::Topic", nil),
	}
	items, err := Standing(resources, Written{Bytes: 500, Metrics: []string{"A", "B"}}, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	const runs = 730 + 146
	for i, want := range []float64{2 * 0.30, 3 * 0.10, 3, runs * 1000.0 / 1e9 * 0.50, runs * 5e-6, runs * 1e-6, 730 * 3e-6, 0.25, 0.20} {
		if got := items[i].Dollars(); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %g dollars, want %g", items[i].What, got, want)
		}
	}
	if err := checkStanding(items); !errors.Is(err, ErrUnexpected) {
		t.Errorf("%.2f dollars: %v", total(items), err)
	}
	if _, err := Standing(nil, Written{}, 0); err == nil {
		t.Error("a stack without schedules has a bill")
	}
}

// TestStandingOfOurs holds the template to its promise with a run's real log: `make costs` does so with the template that
// CloudFormation gets, whose schedules stand here by hand.
func TestStandingOfOurs(t *testing.T) {
	t.Parallel()
	l, err := Measure(t.Context(), 20, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"MemoryUsed", "RunsSucceeded"}, l.Log.Metrics); diff != "" || l.Log.Bytes < 1000 {
		t.Errorf("%.0f bytes a run, metrics (-want +got):\n%s", l.Log.Bytes, diff)
	}
	template, err := samtemplate.Load("../../../template.yaml", samtemplate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	resources, err := template.Resources()
	if err != nil {
		t.Fatal(err)
	}
	sync, err := template.Function(dev.SyncFunction)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sync.Schedules {
		resources = append(resources, samtemplate.Resource{
			LogicalID: s.ID, Type: "AWS::Scheduler::Schedule", Properties: map[string]any{"ScheduleExpression": s.Expression},
		})
	}
	items, err := Standing(resources, l.Log, l.First.Units.Write)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkStanding(items); err != nil || total(items) < 2 {
		t.Errorf("%v: %+v", err, items)
	}
}
