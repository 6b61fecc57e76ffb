package proc

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// PeakRSS is the child's largest resident set so far in bytes, 0 where the system does not tell.
func (p *Process) PeakRSS() int64 {
	if state := p.State(); state != nil {
		return maxRSS(state)
	}
	return peakOf(p.PID())
}

// peakOf reads VmHWM, which unlike getrusage starts afresh at exec.
func peakOf(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// maxRSS is for a child that is gone. It can be larger than VmHWM was, for it includes the time before exec.
func maxRSS(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss // bytes there, KiB elsewhere
	}
	return usage.Maxrss << 10
}
