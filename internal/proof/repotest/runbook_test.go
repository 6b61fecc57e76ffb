package repotest

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/samtemplate"
)

// TestRunBook: whoever is told of an alarm finds it in the run book, and finds there no alarm that cannot ring.
func TestRunBook(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	alarms := names(regexp.MustCompile(`(?m)^  (\w+):\n    Type: AWS::CloudWatch::Alarm$`), template)
	entries := names(regexp.MustCompile("(?m)^\\| `(\\w+Alarm)` \\| .{20,} \\| .{20,} \\|$"), page)
	if diff := cmp.Diff(alarms, entries); diff != "" || len(alarms) < 10 {
		t.Errorf("%d alarms (-template +run book):\n%s", len(alarms), diff)
	}
}

// TestGraphs: whoever is told of an alarm on a metric of ours sees it on the dashboard.
func TestGraphs(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	metrics := names(regexp.MustCompile(`Namespace: tokensync\n +MetricName: (\w+)`), template)
	graphs := names(regexp.MustCompile(`\["tokensync","(\w+)"`), template)
	for _, metric := range metrics {
		if !slices.Contains(graphs, metric) {
			t.Errorf("no graph shows %s, which an alarm watches", metric)
		}
	}
	if len(metrics) < 8 {
		t.Errorf("the template's alarms watch only %v", metrics)
	}
}

// TestTableOfFunctions: whoever looks for what answers a route, or for its log, finds the function in the table.
func TestTableOfFunctions(t *testing.T) {
	t.Parallel()
	template, err := samtemplate.Load("../../../template.yaml", samtemplate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| (.+) \\|$").FindAllStringSubmatch(string(page), -1) {
		rows[m[1]] = m[2]
	}
	for _, f := range template.Functions {
		row, ok := rows[f.Name]
		if !ok {
			t.Errorf("the table has no %s", f.Name)
		}
		for _, r := range f.Routes {
			head, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/"), "/")
			if !strings.Contains(row, "`"+r.Path+"`") && (head == "v1" || !strings.Contains(row, "`/"+head)) {
				t.Errorf("the row of %s has no %s", f.Name, r.Path)
			}
		}
		delete(rows, f.Name)
	}
	if len(rows) > 0 {
		t.Errorf("these are no functions: %v", rows)
	}
}

// names returns a pattern's first groups, sorted.
func names(pattern *regexp.Regexp, text []byte) []string {
	var out []string
	for _, m := range pattern.FindAllSubmatch(text, -1) {
		out = append(out, string(m[1]))
	}
	slices.Sort(out)
	return out
}
