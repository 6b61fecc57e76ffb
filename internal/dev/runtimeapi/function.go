// Package runtimeapi runs a function's real binary behind the Lambda Runtime API, in sandboxes that take one invocation at a time, as Lambda does.
package runtimeapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"
)

const (
	// MaxPayload is Lambda's limit for the payload and the response of a synchronous invocation.
	MaxPayload = 6291556
	// initTimeout is Lambda's limit for the init phase.
	initTimeout = 10 * time.Second
	stopGrace   = 2 * time.Second
	// staleRetries is how often a sandbox that ended between two invocations is replaced silently.
	staleRetries = 3
)

// Config describes one function.
type Config struct {
	// Name and Binary, a path, are required.
	Name   string
	Binary string
	// Handler is the value of _HANDLER; bootstrap when empty.
	Handler string
	// Env holds the function's own variables, which override Lambda's except the reserved ones.
	Env map[string]string
	// MemoryMB and Timeout default to 128 and 3 s.
	MemoryMB int
	Timeout  time.Duration
	// Concurrency is the largest number of sandboxes, 1 by default. Further invocations wait.
	Concurrency int
	// Region and AccountID default to us-east-1 and 000000000000.
	Region, AccountID string
	// Log, if not nil, is called with each line that the function writes, one at a time.
	Log func(line string)
}

// Result is an invocation that Lambda would have answered with status 200.
type Result struct {
	RequestID string
	// Payload is the function's response, or its report of Error.
	Payload []byte
	// Error is non-nil if the function returned an error, panicked, crashed or took too long.
	Error    *FunctionError
	Duration time.Duration
	// ColdStart is the time from exec to the first request for work, or 0 if the sandbox was warm.
	ColdStart time.Duration
	// PeakRSS is the sandbox's largest resident set so far in bytes, or 0 where the system does not tell.
	PeakRSS int64
	// CPU is the user and system time of the sandbox since its exec, or 0 where the system does not tell.
	CPU time.Duration
}

// FunctionError is a function's failure as Lambda reports it.
type FunctionError struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// ErrClosed is returned by Invoke after Close.
var ErrClosed = errors.New("the function was closed")

// Function is a deployed function. It is safe for concurrent use.
type Function struct {
	config Config
	idle   chan *sandbox
	slots  chan struct{}
	closed chan struct{}
	once   sync.Once

	mu     sync.Mutex
	all    map[*sandbox]bool
	active sync.WaitGroup
	log    sync.Mutex
}

// New returns a function that has not started: its first invocation is the cold start.
func New(c Config) (*Function, error) {
	if c.Name == "" || c.Binary == "" {
		return nil, errors.New("a function needs a name and a binary")
	}
	c.Handler = cmp.Or(c.Handler, "bootstrap")
	c.MemoryMB = cmp.Or(c.MemoryMB, 128)
	c.Timeout = cmp.Or(c.Timeout, 3*time.Second)
	c.Concurrency = cmp.Or(c.Concurrency, 1)
	c.Region = cmp.Or(c.Region, "us-east-1")
	c.AccountID = cmp.Or(c.AccountID, "000000000000")
	f := &Function{
		config: c, closed: make(chan struct{}), all: map[*sandbox]bool{},
		idle: make(chan *sandbox, c.Concurrency), slots: make(chan struct{}, c.Concurrency),
	}
	for range c.Concurrency {
		f.slots <- struct{}{}
	}
	return f, nil
}

// ARN returns the function's ARN.
func (f *Function) ARN() string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", f.config.Region, f.config.AccountID, f.config.Name)
}

// Invoke runs the function once and waits for its response. It returns an error if the payload is too large, the binary
// cannot be started, ctx ends or the function is closed. A function that fails is not an error but a Result with Error set.
func (f *Function) Invoke(ctx context.Context, payload []byte) (Result, error) {
	if len(payload) > MaxPayload {
		return Result{}, fmt.Errorf("%d bytes are more than the %d of a request payload", len(payload), MaxPayload)
	}
	if !json.Valid(payload) {
		return Result{}, errors.New("the payload is not JSON")
	}
	if !f.enter() {
		return Result{}, ErrClosed
	}
	defer f.active.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { // Close ends what is under way
		select {
		case <-f.closed:
			cancel(ErrClosed)
		case <-ctx.Done():
		}
	}()
	for range staleRetries {
		result, err := f.invokeOnce(ctx, payload)
		if !errors.Is(err, errStale) {
			return result, err
		}
	}
	return Result{}, fmt.Errorf("invoke %s: %w", f.config.Name, errStale)
}

func (f *Function) enter() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.closed:
		return false
	default:
		f.active.Add(1)
		return true
	}
}

func (f *Function) invokeOnce(ctx context.Context, payload []byte) (Result, error) {
	s, err := f.acquire(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("invoke %s: %w", f.config.Name, err)
	}
	coldStart, failure, err := s.ensureReady(ctx)
	if err != nil || failure != nil {
		f.discard(s)
		return Result{Error: failure, Payload: failure.payload(), ColdStart: coldStart, PeakRSS: s.peakRSS()}, err
	}
	result, err := s.invoke(ctx, payload)
	result.ColdStart = coldStart
	if err != nil || s.ended() || result.Error != nil && result.Error.fatal() {
		f.discard(s)
	} else {
		f.idle <- s
	}
	return result, err
}

// acquire returns a warm sandbox, or starts one while there are fewer than allowed.
func (f *Function) acquire(ctx context.Context) (*sandbox, error) {
	select {
	case s := <-f.idle:
		return s, nil
	default:
	}
	select {
	case s := <-f.idle:
		return s, nil
	case <-f.slots:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	s, err := startSandbox(ctx, f.config, f.emit)
	if err != nil {
		f.slots <- struct{}{}
		return nil, err
	}
	f.mu.Lock()
	f.all[s] = true
	f.mu.Unlock()
	return s, nil
}

// discard ends the sandbox and makes room for another.
func (f *Function) discard(s *sandbox) {
	s.kill()
	f.mu.Lock()
	delete(f.all, s)
	f.mu.Unlock()
	f.slots <- struct{}{}
}

func (f *Function) emit(line string) {
	f.log.Lock()
	defer f.log.Unlock()
	if f.config.Log != nil {
		f.config.Log(line)
	}
}

// Signal sends sig to every sandbox, as a host that shuts down does.
func (f *Function) Signal(sig syscall.Signal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.all {
		s.process.Signal(sig)
	}
}

// Close ends running invocations with ErrClosed, then the sandboxes, which are killed if they do not end when asked to.
func (f *Function) Close() error {
	f.once.Do(func() {
		f.mu.Lock()
		close(f.closed)
		f.mu.Unlock()
	})
	f.active.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.all {
		s.stop(stopGrace)
		delete(f.all, s)
	}
	return nil
}
