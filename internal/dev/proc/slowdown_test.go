package proc

import (
	"fmt"
	"testing"
	"time"
)

// A pad keeps what a benchmark is told.
type pad struct {
	metrics map[string]float64
	errors  []string
}

func (p *pad) ReportMetric(n float64, unit string) { p.metrics[unit] = n }
func (p *pad) Errorf(format string, args ...any) {
	p.errors = append(p.errors, fmt.Sprintf(format, args...))
}

func TestHold(t *testing.T) {
	for name, tt := range map[string]struct {
		took  time.Duration
		n     int
		fails bool
	}{
		"within": {100 * time.Millisecond, 100, false},
		"above":  {time.Hour, 100, true},
		"few":    {time.Hour, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pad{metrics: map[string]float64{}}
			Hold(p, time.Millisecond)(tt.took, tt.n)
			if each := tt.took.Seconds() * 1e3 / float64(tt.n); p.metrics["cpu-ms/op"] != each || p.metrics["slowdown"] < 1 || len(p.errors) > 0 != tt.fails {
				t.Errorf("metrics %v, errors %q", p.metrics, p.errors)
			}
		})
	}
}
