package main

import (
	"math"
	"strconv"
	"testing"
	"time"

	"tokensync/internal/dev/dynamotest"
)

// TestMeasure holds a refresh to costs that follow the launchpad's size, and a change to what it writes.
func TestMeasure(t *testing.T) { //nolint:tparallel // one after the other, for the sake of the CPU
	t.Parallel()
	const pools = 30_000
	for _, tokens := range []int{100, 1000, 10_000} {
		t.Run(strconv.Itoa(tokens), func(t *testing.T) {
			l, err := Measure(t.Context(), tokens, pools)
			if err != nil {
				t.Fatal(err)
			}
			n := float64(tokens)
			within := func(what string, got, least, most float64) {
				t.Helper()
				if got < least || got > most {
					t.Errorf("%s: %g, want %g to %g", what, got, least, most)
				}
			}
			if l.Tokens != tokens || l.First.Written != tokens || l.First.Mode != "full" || l.Full.Mode != "full" || l.Refresh.Mode != "refresh" {
				t.Errorf("%+v", l)
			}
			within("requests of a full run", float64(l.Full.Requests), pools/1000, pools/1000+2)
			within("requests of a refresh", float64(l.Refresh.Requests), 2, math.Ceil(float64(poolsFor(tokens))/100)+1)
			within("bytes a pool that a refresh asks for", float64(l.Refresh.Bytes)/float64(poolsFor(tokens)+100), 200, 800)
			within("share that a refresh wrote", float64(l.Refresh.Written)/n, 0.05, 0.15)
			within("write units of a new token", l.First.Units.Write/n, 8, 9)
			within("write units of a changed token", (l.Refresh.Units.Write-6)/float64(l.Refresh.Written), 9, 13)
			within("read units of a refresh", l.Refresh.Units.Read, 1, 10+n/5)
			if l.Full.CPU <= 0 || l.Refresh.CPU > l.Full.CPU*2 {
				t.Errorf("CPU: %v in full, %v in a refresh", l.Full.CPU, l.Refresh.CPU)
			}
		})
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
