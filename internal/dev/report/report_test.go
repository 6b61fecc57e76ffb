package report_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tokensync/internal/dev/report"
	"tokensync/internal/syncrun"
)

// screen is a writer that can be read while it is written to.
type screen struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestPlainLinesWhenPiped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := report.Start(report.Options{Out: &out, Total: 132967})
		for i := range 4 {
			time.Sleep(time.Second - time.Millisecond)
			p.Line(`{"msg":"progress","product":"dlmm","pools_scanned":` + strings.Repeat("1", i+1) + `,"pools_matched":7,"rss_bytes":22439526}`)
			p.Line("not JSON")
			p.Line(`{"msg":"other","pools_scanned":99999}`)
		}
		time.Sleep(time.Second)
		p.Stop()
		want := "11 of 132,967 pools, 5 pools/s, 7 ours, 21.4 MiB\n1,111 of 132,967 pools, 277 pools/s, 7 ours, 21.4 MiB\n"
		if out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	})
}

func TestBarOnATerminal(t *testing.T) {
	t.Parallel()
	for _, color := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var out screen
			p := report.Start(report.Options{Out: &out, Terminal: true, Total: 1000, Color: color})
			p.Line(`{"msg":"progress","product":"dlmm","pools_scanned":500,"rss_bytes":1048576}`)
			time.Sleep(500 * time.Millisecond)
			p.Stop()
			if got := out.String(); !strings.Contains(got, "1.0 MiB") || !strings.Contains(got, "/1000") || strings.Contains(got, "\n") {
				t.Errorf("color %v: %q", color, got)
			}
			if got := strings.Contains(out.String(), "\x1b[36m"); got != color {
				t.Errorf("painted %v, want %v: %q", got, color, out.String())
			}
		})
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	run := syncrun.Record{
		Status: syncrun.Partial, Mode: "full", DurationMS: 4890, PoolsScanned: 132967, PoolsMatched: 512, TokensNew: 500,
		TokensUnwritten: 3, WriteBatches: 20, BytesRead: 12 << 20, UpstreamRequests: 133, UpstreamRetries: 2,
		PeakRSSBytes: 20 << 20, Error: "something", Products: []syncrun.ProductRecord{{Product: "dlmm", Status: syncrun.Failed, Error: "why"}},
		Watch: &syncrun.Watch{Looks: 11, Published: 9, TokensUpdated: 23, Requests: 1040, WriteUnits: 310, Ended: "the next tick is due"},
	}
	var b strings.Builder
	report.Summary(&b, run, report.Sandbox{ColdStart: 12 * time.Millisecond, MemoryMB: 128}, false)
	for _, want := range []string{
		"partial  full sync in 4.9 s", "something", "132,967 scanned, 512 ours", "27,191 pools/s", "500 new",
		"3 NOT written", "20 batches", "12.0 MiB in 133 requests, 2 retries", "20.0 MiB at most of 128 MB", "512 MB, 25 times", "12 ms", "failed", ": why",
		"11 looks, 9 boards, 23 updated, 1,040 requests, 310 write units; the next tick is due",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "\x1b") {
		t.Errorf("colours that nobody asked for in %q", b.String())
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1329670: "1,329,670", -1000: "-1,000"} {
		if got := report.Count(n); got != want {
			t.Errorf("Count(%d) is %s, want %s", n, got, want)
		}
	}
}
