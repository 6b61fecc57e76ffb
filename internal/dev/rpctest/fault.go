package rpctest

import (
	"io"
	"net/http"
	"time"

	"tokensync/internal/dev/serve"
)

// Request is what a FaultFunc decides by.
type Request struct {
	Method string
	N      int // its number among the requests of its method, from 1
	HTTP   *http.Request
}

// FaultFunc picks a request's fault; nil means a proper answer. It must be safe for concurrent use.
type FaultFunc func(Request) *Fault

// Cut is how a body breaks at Fault.After.
type Cut int

// The ways in which a body breaks.
const (
	NoCut    Cut = iota
	Reset        // the connection is reset
	Truncate     // the body ends, as if complete
)

// An End is how the pages of a walk end.
type End int

// The ends.
const (
	EndNull    End = iota // the last page has no key
	KeyStays              // the last page has a key, which leads to an empty page without one
	KeyRepeats            // the last page has a key, which leads to an empty page that has it again
	Circle                // the keys are A, B, A, …
	NoKey                 // no page has a key, although there is more
)

// Fault is one misbehaviour; its fields combine. The zero value is a proper answer.
type Fault struct {
	Delay time.Duration   // before the headers
	Gate  <-chan struct{} // the headers wait until it is closed, or the client has gone

	// With Status, the answer is this status and Body.
	Status     int
	RetryAfter string
	Body       string

	// With Code, the answer is a JSON-RPC error of status 200.
	Code    int
	Message string

	Cut      Cut
	After    int64           // JSON bytes before the cut; past the body's end nothing happens
	BodyGate <-chan struct{} // the body waits at After until it is closed

	WrongID  bool   // the answer is to another request
	NoOwner  bool   // accounts have no owner
	Empty    bool   // no accounts, and no key
	Foreign  int    // pools of other configs that come first, whatever the filters
	SlotBack uint64 // how much lower the context's slot is
	End      End
}

// SetFault replaces Config.Fault; nil switches faults off.
func (c *Chain) SetFault(f FaultFunc) {
	if f == nil {
		f = func(Request) *Fault { return nil }
	}
	c.fault.Store(&f)
}

func (c *Chain) faultFor(r Request) *Fault {
	if f := (*c.fault.Load())(r); f != nil {
		return f
	}
	return &Fault{}
}

// Always gives every request f.
func Always(f Fault) FaultFunc { return func(Request) *Fault { return &f } }

// OnMethod gives f to every request of a method.
func OnMethod(method string, f Fault) FaultFunc {
	return func(r Request) *Fault {
		if r.Method == method {
			return &f
		}
		return nil
	}
}

// OnRequest gives f to the n-th request of a method, counted from 1 since the last ResetMeter.
func OnRequest(method string, n int, f Fault) FaultFunc {
	return func(r Request) *Fault {
		if r.Method == method && r.N == n {
			return &f
		}
		return nil
	}
}

// Times lets f misbehave n times, then no more.
func Times(n int, f FaultFunc) FaultFunc { return serve.Times(n, f) }

// FirstOf returns the fault of the first function that has one.
func FirstOf(fs ...FaultFunc) FaultFunc { return serve.FirstOf(fs...) }

// hold waits as the fault says, and reports whether the client is still there.
func (f *Fault) hold(r *http.Request) bool {
	var delay <-chan time.Time
	if f.Delay > 0 {
		delay = time.After(f.Delay)
	}
	return wait(r, f.Gate) && wait(r, delay)
}

// wait waits for gate, if there is one, and reports whether the client is still there.
func wait[T any](r *http.Request, gate <-chan T) bool {
	if gate == nil {
		return true
	}
	select {
	case <-gate:
		return true
	case <-r.Context().Done():
		return false
	}
}

// instead writes the answer that takes the place of a proper one, if there is one.
func (f *Fault) instead(w http.ResponseWriter) bool {
	if f.Status == 0 {
		return false
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	http.Error(w, f.Body, f.Status)
	return true
}

// A breaking writer breaks the body as its fault says. flush sends what was written before.
type breaking struct {
	to    io.Writer
	fault *Fault
	http  *http.Request
	flush func()
	left  int64 // bytes before the break
	past  bool
}

// Write passes p on, up to the break and, where the body goes on, after it.
func (b *breaking) Write(p []byte) (int, error) {
	switch f := b.fault; {
	case b.past && f.Cut == Truncate:
		return len(p), nil
	case b.past || f.Cut == NoCut && f.BodyGate == nil:
		return b.to.Write(p)
	case int64(len(p)) <= b.left:
		b.left -= int64(len(p))
		return b.to.Write(p)
	}
	n, err := b.to.Write(p[:b.left])
	if err != nil {
		return n, err
	}
	b.past = true
	b.flush()
	if !wait(b.http, b.fault.BodyGate) || b.fault.Cut == Reset {
		panic(http.ErrAbortHandler)
	}
	m, err := b.Write(p[b.left:])
	return n + m, err
}
