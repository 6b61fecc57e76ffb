package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of /proc/<pid>/stat: USER_HZ is 100 on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// Own returns the user and system time that this process has used so far.
func Own() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // it fails for an unknown who alone
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// CPU returns the user and system time that the child has used so far, or 0 where the system does not tell.
func (p *Process) CPU() time.Duration {
	if state := p.State(); state != nil {
		return state.UserTime() + state.SystemTime()
	}
	if used := ofThreads(p.PID()); used > 0 {
		return used
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
	if err != nil {
		return 0
	}
	return cpuOf(string(data))
}

// ofThreads returns what a process's threads have used, to the nanosecond, or 0 where the kernel does not tell. Go's threads stay.
func ofThreads(pid int) (used time.Duration) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid)) // the pattern is valid
	for _, thread := range threads {
		if data, err := os.ReadFile(thread); err == nil {
			running, _, _ := strings.Cut(string(data), " ")
			nanoseconds, _ := strconv.ParseInt(running, 10, 64)
			used += time.Duration(nanoseconds)
		}
	}
	return used
}

// cpuOf sums utime and stime, fields 14 and 15. The second field is a name that may hold anything, brackets too.
func cpuOf(stat string) time.Duration {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const utime, stime = 14 - 3, 15 - 3 // what follows the name begins with field 3
	if len(fields) <= stime {
		return 0
	}
	user, _ := strconv.ParseInt(fields[utime], 10, 64)
	system, _ := strconv.ParseInt(fields[stime], 10, 64)
	return time.Duration(user+system) * clockTick
}
