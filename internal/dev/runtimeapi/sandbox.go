package runtimeapi

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"tokensync/internal/dev/proc"
	"tokensync/internal/dev/serve"
)

// errStale reports a sandbox that ended before it took the invocation, which another one can take.
var errStale = errors.New("the sandbox ended before it took the invocation")

// sandbox is one child process with a Runtime API of its own.
type sandbox struct {
	config  Config
	process *proc.Process
	output  *proc.Lines
	server  *serve.Server
	started time.Time

	// work hands an invocation to the child's next poll.
	work chan *invocation
	// ready receives the time of the first poll, initFailed what the child reported instead.
	ready      chan time.Time
	initFailed chan *FunctionError

	mu      sync.Mutex
	polled  bool
	current *invocation
}

// invocation is one event on its way through a sandbox.
type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	outcome  chan outcome // holds the first answer
}

type outcome struct {
	payload []byte
	failure *FunctionError
}

func startSandbox(ctx context.Context, c Config, emit func(string)) (*sandbox, error) {
	s := &sandbox{
		config: c, output: proc.NewLines(emit),
		work: make(chan *invocation), ready: make(chan time.Time, 1), initFailed: make(chan *FunctionError, 1),
	}
	var err error
	if s.server, err = serve.Start(ctx, serve.Local, s.routes()); err != nil {
		return nil, fmt.Errorf("serve the Runtime API: %w", err)
	}
	cmd := exec.Command(c.Binary)
	cmd.Env, cmd.Dir = c.environment(s.server.Host()), filepath.Dir(c.Binary)
	cmd.Stdout, cmd.Stderr = s.output, s.output
	s.started = time.Now()
	if s.process, err = proc.Start(cmd); err != nil {
		s.closeServer()
		return nil, err
	}
	return s, nil
}

// ensureReady waits for the first poll of a new sandbox; a warm one is ready at once.
func (s *sandbox) ensureReady(ctx context.Context) (time.Duration, *FunctionError, error) {
	if s.warm() {
		return 0, nil, nil
	}
	timeout := time.NewTimer(initTimeout)
	defer timeout.Stop()
	select {
	case at := <-s.ready:
		return at.Sub(s.started), nil, nil
	case failure := <-s.initFailed:
		return 0, failure, nil
	case <-s.process.Done():
		select { // it may have said why before it ended
		case failure := <-s.initFailed:
			return 0, failure, nil
		default:
			return 0, s.exitError(""), nil
		}
	case <-timeout.C:
		return 0, &FunctionError{Type: "Sandbox.Timedout", Message: fmt.Sprintf("Init timed out after %.2f seconds", initTimeout.Seconds())}, nil
	case <-ctx.Done():
		return 0, nil, context.Cause(ctx)
	}
}

// warm reports whether the sandbox was waited for before.
func (s *sandbox) warm() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.polled && len(s.ready) == 0
}

func (s *sandbox) invoke(ctx context.Context, payload []byte) (Result, error) {
	begin := time.Now()
	inv := &invocation{
		id: requestID(), payload: payload, deadline: begin.Add(s.config.Timeout),
		outcome: make(chan outcome, 1),
	}
	select {
	case s.work <- inv:
	case <-s.process.Done():
		return Result{}, errStale
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	}
	answer, err := s.await(ctx, inv)
	if err != nil {
		return Result{}, err
	}
	return Result{
		RequestID: inv.id, Payload: answer.payload, Error: answer.failure,
		Duration: time.Since(begin), PeakRSS: s.peakRSS(), CPU: s.process.CPU(),
	}, nil
}

func (s *sandbox) await(ctx context.Context, inv *invocation) (outcome, error) {
	timeout := time.NewTimer(time.Until(inv.deadline))
	defer timeout.Stop()
	var failure *FunctionError
	select {
	case answer := <-inv.outcome:
		return answer, nil
	case <-s.process.Done():
		select { // it may have answered before it ended
		case answer := <-inv.outcome:
			return answer, nil
		default:
			failure = s.exitError(inv.id)
		}
	case <-timeout.C:
		failure = &FunctionError{
			Type:    "Sandbox.Timedout",
			Message: fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", inv.id, s.config.Timeout.Seconds()),
		}
	case <-ctx.Done():
		return outcome{}, context.Cause(ctx)
	}
	return outcome{payload: failure.payload(), failure: failure}, nil
}

// exitError returns what Lambda reports of a child that ended without an answer.
func (s *sandbox) exitError(id string) *FunctionError {
	message := "Runtime exited without providing a reason"
	if err := s.process.Err(); err != nil {
		message = "Runtime exited with error: " + err.Error()
	}
	if id != "" {
		message = "RequestId: " + id + " Error: " + message
	}
	return &FunctionError{Type: "Runtime.ExitError", Message: message}
}

func (s *sandbox) peakRSS() int64 { return s.process.PeakRSS() }

func (s *sandbox) ended() bool {
	select {
	case <-s.process.Done():
		return true
	default:
		return false
	}
}

func (s *sandbox) stop(grace time.Duration) {
	s.process.Stop(grace)
	s.closeServer()
}

func (s *sandbox) kill() {
	s.process.Kill()
	s.closeServer()
}

func (s *sandbox) closeServer() {
	_ = s.server.Close()
	_ = s.output.Close()
}

// fatal reports whether the sandbox cannot be used again.
func (e *FunctionError) fatal() bool {
	return e.Type == "Sandbox.Timedout" || strings.HasPrefix(e.Type, "Runtime.Exit")
}

func (e *FunctionError) payload() []byte {
	if e == nil {
		return nil
	}
	data, _ := json.Marshal(e) // two texts always marshal
	return data
}

// requestID returns a random UUID.
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
