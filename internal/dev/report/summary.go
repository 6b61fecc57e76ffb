package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"tokensync/internal/dynamo"
	"tokensync/internal/syncrun"
)

// oldHeapLimit is the heap at which the back end of the incident died, in bytes.
const oldHeapLimit = 512 << 20

// Sandbox is what the run looked like from the outside.
type Sandbox struct {
	ColdStart time.Duration // 0 if it was warm
	PeakRSS   int64         // bytes
	MemoryMB  int
}

// Summary writes a run for a person.
func Summary(w io.Writer, run syncrun.Record, sandbox Sandbox, color bool) {
	seconds := float64(run.DurationMS) / 1000
	rate := int64(0)
	if seconds > 0 {
		rate = int64(float64(run.PoolsScanned) / seconds)
	}
	row := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(w, "  %-9s %s\n", name, fmt.Sprintf(format, args...))
	}
	_, _ = fmt.Fprintf(w, "\n%s  %s sync in %.1f s\n", status(run.Status, color), run.Mode, seconds)
	if run.Error != "" {
		row("error", "%s", run.Error)
	}
	row("pools", "%s scanned, %s ours, %s invalid (%s pools/s)", Count(run.PoolsScanned), Count(run.PoolsMatched), Count(run.PoolsInvalid), Count(rate))
	row("tokens", "%s new, %s updated, %s unchanged, %s delisted%s", Count(int64(run.TokensNew)), Count(int64(run.TokensUpdated)),
		Count(int64(run.TokensUnchanged)), Count(int64(run.TokensDelisted)), unwritten(run.TokensUnwritten))
	row("written", "%s batches of up to %d items", Count(int64(run.WriteBatches)), dynamo.MaxBatchWriteItems)
	row("read", "%s in %s requests, %s retries", Bytes(run.BytesRead), Count(run.UpstreamRequests), Count(run.UpstreamRetries))
	if watch := run.Watch; watch != nil {
		row("watch", "%s looks, %s boards, %s updated, %s requests, %s write units; %s%s", Count(int64(watch.Looks)), Count(int64(watch.Published)),
			Count(int64(watch.TokensUpdated)), Count(watch.Requests), Count(watch.WriteUnits), watch.Ended, after(": ", watch.Error))
	}
	row("memory", "%s", memory(run, sandbox))
	if sandbox.ColdStart > 0 {
		row("cold", "%d ms to the first event", sandbox.ColdStart.Milliseconds())
	}
	for _, p := range run.Products {
		if len(run.Products) > 1 || p.Error != "" {
			row(string(p.Product), "%s, %s scanned, %s ours%s", p.Status, Count(p.PoolsScanned), Count(p.PoolsMatched), after(": ", p.Error))
		}
	}
}

func memory(run syncrun.Record, sandbox Sandbox) string {
	peak := max(run.PeakRSSBytes, sandbox.PeakRSS)
	text := Bytes(peak) + " at most"
	if sandbox.MemoryMB > 0 {
		text += fmt.Sprintf(" of %d MB", sandbox.MemoryMB)
	}
	if peak > 0 && peak < oldHeapLimit {
		text += fmt.Sprintf("; the old back end died at 512 MB, %d times that", oldHeapLimit/peak)
	}
	return text
}

func unwritten(n int) string {
	if n == 0 {
		return ""
	}
	return ", " + Count(int64(n)) + " NOT written"
}

func after(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + text
}

func status(s syncrun.Status, color bool) string {
	if !color {
		return string(s)
	}
	code := map[syncrun.Status]string{syncrun.Succeeded: "32", syncrun.Failed: "31"}[s]
	if code == "" {
		code = "33"
	}
	return "\x1b[1;" + code + "m" + string(s) + "\x1b[0m"
}

// Count formats a number with grouped digits: 132,967.
func Count(n int64) string {
	if n < 0 {
		return "-" + Count(-n)
	}
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// Bytes formats a size in binary units: 21.4 MiB.
func Bytes(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
