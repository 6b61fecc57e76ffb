package ingest

import (
	"testing"
	"time"
)

// TestTimetable: looks lie a pause apart, the last one as late as it can, and never in the time that the run's end needs.
func TestTimetable(t *testing.T) {
	t.Parallel()
	w := Watch{Every: 5 * time.Second, Tick: time.Minute}
	for name, tt := range map[string]struct {
		deadline, after, now time.Duration // from the run's start
		failures             int
		want                 time.Duration // 0 is none
	}{
		"the first":              {5 * time.Minute, 1500 * time.Millisecond, 1500 * time.Millisecond, 0, 3 * time.Second},
		"just after a look":      {5 * time.Minute, 3 * time.Second, 3 * time.Second, 0, 8 * time.Second},
		"a look that took long":  {5 * time.Minute, 3 * time.Second, 12 * time.Second, 0, 13 * time.Second},
		"the last":               {5 * time.Minute, 53 * time.Second, 54 * time.Second, 0, 58 * time.Second},
		"none after the last":    {5 * time.Minute, 58 * time.Second, 58 * time.Second, 0, 0},
		"a slow run":             {5 * time.Minute, 70 * time.Second, 70 * time.Second, 0, 0},
		"a run that ends late":   {5 * time.Minute, 57 * time.Second, 57 * time.Second, 0, 58 * time.Second},
		"after a failure":        {5 * time.Minute, 3 * time.Second, 4 * time.Second, 1, 13 * time.Second},
		"after two":              {5 * time.Minute, 3 * time.Second, 4 * time.Second, 2, 23 * time.Second},
		"the deadline is nearer": {30 * time.Second, 3 * time.Second, 4 * time.Second, 0, 8 * time.Second},
		"its last":               {30 * time.Second, 23 * time.Second, 23 * time.Second, 0, 28 * time.Second},
		"none after that":        {30 * time.Second, 28 * time.Second, 28 * time.Second, 0, 0},
	} {
		start := time.Unix(1_770_000_000, 0)
		at, ok := w.next(w.end(start, start.Add(tt.deadline)), start.Add(tt.after), start.Add(tt.now), tt.failures)
		if ok != (tt.want != 0) || ok && at.Sub(start) != tt.want {
			t.Errorf("%s: after %v, %t, want %v", name, at.Sub(start), ok, tt.want)
		}
	}
}
