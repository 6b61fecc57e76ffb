package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tokensync/internal/dev/emftest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/samtemplate"
	"tokensync/internal/ingest"
	"tokensync/internal/observe"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// lastMetrics returns those of the last run, and there is a line for each run.
func (w *world) lastMetrics(runs int) map[string]emftest.Metric {
	w.t.Helper()
	lines := bytes.Split(bytes.TrimSpace(w.log.Bytes()), []byte("\n"))
	if len(lines) != runs {
		w.t.Fatalf("%d lines of metrics for %d runs", len(lines), runs)
	}
	line, err := emftest.Parse(lines[runs-1], time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return line.Metrics
}

// runs returns how many runs there were.
func (w *world) runs() int { return bytes.Count(w.log.Bytes(), []byte("\n")) }

// TestTroubleMovesItsMetric compares what each alarm of template.yaml watches in a run in trouble and in a good one, in
// which it must be 0: an alarm that always rings warns of nothing.
func TestTroubleMovesItsMetric(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	tests := []struct {
		name, metric string
		want         float64 // at least
		runs         int     // that it takes
		trouble      func(*world)
	}{
		{"no launchpad ID", "ConfigurationErrors", 1, 1, func(w *world) { w.ids = "" }},
		{"a malformed launchpad ID", "ConfigurationErrors", 1, 1, func(w *world) { w.ids = "a b" }},
		{"a bad ID fails the run", "RunsFailed", 1, 1, func(w *world) { w.ids = "a b" }},
		{"Meteora is down", "RunsFailed", 1, 1, func(w *world) { w.fake.SetFault(meteoratest.Always(meteoratest.Fault{Status: 503})) }},
		{"Meteora stays down", "OpenBreakers", 1, 3, func(w *world) { w.fake.SetFault(meteoratest.Always(meteoratest.Fault{Status: 503})) }},
		{"its breaker is still open", "OpenBreakers", 1, 4, func(w *world) { w.fake.SetFault(meteoratest.Always(meteoratest.Fault{Status: 503})) }},
		{"an open breaker skips the run", "RunsSkipped", 1, 4, func(w *world) { w.fake.SetFault(meteoratest.Always(meteoratest.Fault{Status: 503})) }},
		{"Meteora throttles", "UpstreamThrottles", 2, 1, func(w *world) {
			w.fake.SetFault(meteoratest.Times(2, meteoratest.Always(meteoratest.Fault{Status: 429})))
		}},
		{"a hiccup", "UpstreamRetries", 1, 1, func(w *world) {
			w.fake.SetFault(meteoratest.Times(1, meteoratest.Always(meteoratest.Fault{Status: 502})))
		}},
		{"the scan breaks off", "RunsPartial", 1, 1, func(w *world) {
			w.fake.SetFault(meteoratest.OnPage("dlmm", 2, meteoratest.Fault{Status: 503}))
		}},
		{"writes fail", "TokensUnwritten", 20, 1, func(w *world) {
			d := w.fake.World("dlmm")
			d.Rename(d.Ours()...)
			w.db.write = func(*dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) { return nil, down }
		}},
		{"reads fail", "RunsFailed", 1, 1, func(w *world) {
			w.forget("", "MANIFEST")
			w.db.get = func(*dynamodb.BatchGetItemInput) error { return down }
		}},
		{"most tokens are missing", "RemovalsRefused", 1, 1, func(w *world) { d := w.fake.World("dlmm"); d.Remove(d.Ours()[12:]...) }},
		{"an ID matches nothing any more", "LaunchpadsEmptied", 1, 1, func(w *world) { d := w.fake.World("dlmm"); d.Remove(d.Ours()...) }},
		{"a curve is not migrated", "MigrationsStuck", 1, 1, func(w *world) {
			curve := curvesOf(w, 1)
			curve[0].Curve = token.Curve{Stage: token.Migrating, CompletedAt: time.Now().Add(-25 * time.Hour).UnixMilli()}
			w.sync.Sources = append(w.sync.Sources, &scripted{product: token.DBC, pools: curve})
		}},
		{"the board is not published", "BoardUnpublished", 1, 1, func(w *world) {
			w.db.put = func(table, _ string) error {
				if table == w.tables.Board {
					return down
				}
				return nil
			}
		}},
		{"another run is under way", "RunsSkipped", 1, 1, func(w *world) {
			if _, err := w.sync.Acquire(w.t.Context(), "another", time.Now().Add(time.Minute)); err != nil {
				w.t.Fatal(err)
			}
		}},
	}
	tested := map[string]bool{
		"MemoryUsed": true, "RulesInvalid": true, "OperatorRefused": true, // by tests of their own
		"RunsSucceeded": true, // rings when it stays away
	}
	for _, test := range tests {
		tested[test.metric] = true
	}
	for _, metric := range watchedMetrics(t) {
		if !tested[metric] {
			t.Errorf("no trouble here moves %s, which an alarm watches", metric)
		}
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.run()
			good := w.lastMetrics(1)
			if got := good[test.metric].Value; got != 0 || good["RunsSucceeded"].Value != 1 {
				t.Errorf("a good run: %s is %v", test.metric, got)
			}
			test.trouble(w)
			for range test.runs {
				w.run()
			}
			bad := w.lastMetrics(1 + test.runs)
			if got := bad[test.metric].Value; got < test.want {
				t.Errorf("%s is %v, want %v or more", test.metric, got, test.want)
			}
		})
	}
}

// watchedMetrics returns those of ours that the template's alarms watch.
func watchedMetrics(t *testing.T) (names []string) {
	t.Helper()
	template, err := samtemplate.Load("../../template.yaml", samtemplate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	resources, err := template.Resources()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range resources {
		if name, ok := r.Properties["MetricName"].(string); ok && r.Properties["Namespace"] == observe.Namespace {
			names = append(names, name)
		}
	}
	if len(names) < 8 {
		t.Fatalf("the template's alarms watch only %v", names)
	}
	return names
}

// heavy is a process that has used most of its memory.
type heavy struct{}

func (heavy) Peak() (rss, heap int64) { return 110 << 20, 90 << 20 }

func TestMemoryMovesItsMetric(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync.Memory = heavy{}
	w.run()
	m := w.lastMetrics(1)
	if got := m["MemoryUsed"].Value; got < 80 || got > 90 {
		t.Errorf("%v %% of 128 MB", got)
	}
}

// TestMetricsAreTheRecords keeps the figures of the line and of the record from drifting apart.
func TestMetricsAreTheRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, token.DLMM, token.DAMMv2)
	run := w.run()
	m := w.lastMetrics(1)
	for name, want := range map[string]int64{
		"PoolsScanned": run.PoolsScanned, "PoolsMatched": run.PoolsMatched, "TokensNew": int64(run.TokensNew),
		"UpstreamRequests": run.UpstreamRequests, "UpstreamBytes": run.BytesRead, "Duration": run.DurationMS,
		"PeakRSS": run.PeakRSSBytes, "PeakHeap": run.PeakHeapBytes,
	} {
		if got := m[name].Value; got != float64(want) || got == 0 {
			t.Errorf("%s is %v, the record's %d", name, got, want)
		}
	}
}

// TestMetricsGetOutAtTheDeadline: a run that was cut off is the one to hear of.
func TestMetricsGetOutAtTheDeadline(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world) {
		w.sync.Sources = []ingest.Source{&slow{scripted{product: token.DBC, pools: curvesOf(w, 3)}, 1}}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := w.sync.Run(ctx, ingest.Event{}); err != nil {
			t.Fatal(err)
		}
		if got := w.lastMetrics(1)["RunsPartial"].Value; got != 1 {
			t.Errorf("RunsPartial is %v", got)
		}
	})
}

// TestStuckMigrationsAreNamed: an alarm tells how many there are, and the record which.
func TestStuckMigrationsAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	curves := curvesOf(w, 2)
	for i, age := range []time.Duration{25 * time.Hour, 23 * time.Hour} {
		curves[i].Curve = token.Curve{Stage: token.Migrating, CompletedAt: time.Now().Add(-age).UnixMilli()}
	}
	w.sync.Sources = append(w.sync.Sources, &scripted{product: token.DBC, pools: curves})
	run := w.run()
	want := "complete for more than a day and not migrated: 1, such as " + curves[0].Base.Mint
	i := slices.IndexFunc(run.Products, func(p syncrun.ProductRecord) bool { return p.Product == token.DBC })
	if notes := strings.Join(run.Products[i].Notes, "\n"); !strings.Contains(notes, want) || run.Status != syncrun.Succeeded {
		t.Errorf("%s: notes %q, want %q", run.Status, notes, want)
	}
}
