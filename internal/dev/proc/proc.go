// Package proc runs child processes that never outlive this one.
package proc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// pipeGrace is how long a dead child's output pipes may stay open, held by a grandchild.
const pipeGrace = time.Second

// Process is a child process with a process group of its own.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	once sync.Once
	err  error
}

// Start starts the command in a process group of its own, so that Ctrl-C reaches only this process, which then stops its
// children in order.
func Start(cmd *exec.Cmd) (*Process, error) {
	cmd.SysProcAttr = attributes()
	cmd.WaitDelay = pipeGrace
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// moment is the pause between two looks at whether a child listens, and the time that one needs to end whose port is taken.
const moment = 10 * time.Millisecond

// Await returns nil once the child listens at address, which no other process may have taken first: then the child ends
// within a moment, and Await returns how.
func (p *Process) Await(ctx context.Context, address string) error {
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		select {
		case <-p.done:
			return fmt.Errorf("it ended at once: %w", cmp.Or(p.err, errors.New("exit status 0")))
		case <-ctx.Done():
			return fmt.Errorf("wait until it listens: %w", context.Cause(ctx))
		case <-time.After(moment):
			if err == nil {
				return nil
			}
		}
	}
}

// PID returns the child's process ID.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done returns a channel that is closed when the child has ended and its output has been read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err returns how the child ended, nil for exit status 0. It must not be called before Done is closed.
func (p *Process) Err() error { return p.err }

// State returns the state of the ended child, or nil before Done is closed.
func (p *Process) State() *os.ProcessState {
	select {
	case <-p.done:
		return p.cmd.ProcessState
	default:
		return nil
	}
}

// Stop asks the child to end, kills its group after grace, and returns when it is gone.
func (p *Process) Stop(grace time.Duration) {
	p.once.Do(func() {
		p.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(grace):
		}
	})
	p.Kill()
}

// Kill ends the child's whole group at once and returns when the child is gone.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.done
}

// Signal sends s to the child's whole group.
func (p *Process) Signal(s syscall.Signal) {
	if err := syscall.Kill(-p.PID(), s); err != nil && !errors.Is(err, syscall.ESRCH) {
		_ = p.cmd.Process.Signal(s) // a group that may not be signalled still has its leader
	}
}
