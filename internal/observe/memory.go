package observe

import (
	"bytes"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"sync"
	"syscall"
)

// Memory samples how much memory this process has used at most. It is safe for concurrent use; the zero value is ready to use.
type Memory struct {
	mu   sync.Mutex
	heap int64
}

// Peak returns the most that was resident, and the largest heap of live and not yet collected objects that any call has
// seen, both in bytes. The resident peak is the kernel's, since the process started.
func (m *Memory) Peak() (rss, heap int64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	m.mu.Lock()
	defer m.mu.Unlock()
	if sample[0].Value.Kind() == metrics.KindUint64 {
		m.heap = max(m.heap, int64(sample[0].Value.Uint64()))
	}
	return peakRSS(), m.heap
}

// peakRSS prefers /proc: on Linux, getrusage also counts the process that started this one.
func peakRSS() int64 {
	if peak := PeakRSS("self"); peak > 0 {
		return peak
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return MaxRSS(&usage)
}

// PeakRSS returns the largest resident set of a running process since its exec, in bytes; process is its folder in /proc.
// It returns 0 where the system does not tell.
func PeakRSS(process string) int64 {
	status, err := os.ReadFile("/proc/" + process + "/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			kb, _ := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))), 10, 64)
			return kb << 10
		}
	}
	return 0
}

// MaxRSS returns the largest resident set that getrusage tells, in bytes.
func MaxRSS(usage *syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" {
		return usage.Maxrss // bytes there, KiB elsewhere
	}
	return usage.Maxrss << 10
}
