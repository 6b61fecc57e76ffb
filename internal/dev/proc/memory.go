package proc

import (
	"strconv"
	"syscall"

	"tokensync/internal/observe"
)

// PeakRSS returns the child's largest resident set so far in bytes, or 0 where the system does not tell. That of a child
// that is gone can be larger, for it includes the time before its exec.
func (p *Process) PeakRSS() int64 {
	state := p.State()
	if state == nil {
		return observe.PeakRSS(strconv.Itoa(p.PID()))
	}
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		return observe.MaxRSS(usage)
	}
	return 0
}
