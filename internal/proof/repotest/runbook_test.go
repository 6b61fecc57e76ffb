package repotest

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// names returns a pattern's first groups, sorted.
func names(pattern *regexp.Regexp, text []byte) []string {
	var out []string
	for _, m := range pattern.FindAllSubmatch(text, -1) {
		out = append(out, string(m[1]))
	}
	slices.Sort(out)
	return out
}
