package upstream

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"

	"tokensync/internal/syncrun"
)

// Retry bounds how often a scan asks again.
type Retry struct {
	Attempts int           // requests for one page, the first among them
	Budget   int           // retries of a whole scan
	Base     time.Duration // the longest first pause; it doubles
	Max      time.Duration // the longest pause that the jitter may make
	Patience time.Duration // the longest Retry-After that is waited for; a longer one ends the attempts
}

// DefaultRetry waits about 9 seconds in all for a page, 18 at most, and never longer than the run's deadline allows.
var DefaultRetry = Retry{
	Attempts: 8, Budget: 200, Base: 250 * time.Millisecond, Max: 5 * time.Second, Patience: time.Minute,
}

// A Retrier spends one scan's budget of retries. It is safe for concurrent use.
type Retrier struct {
	Retry
	left atomic.Int64
}

// NewRetrier returns a Retrier with the whole budget of r.
func NewRetrier(r Retry) *Retrier {
	t := &Retrier{Retry: r}
	t.left.Store(int64(r.Budget))
	return t
}

// Do calls try until it succeeds, or until asking again is not worth it: then it returns try's last error, without the
// URL that net/http puts before it. It counts retries and throttles into stats.
func (r *Retrier) Do(ctx context.Context, stats *syncrun.Counts, try func(context.Context) error) error {
	wasUnwanted := false
	for attempt := 1; ; attempt++ {
		err := try(ctx)
		if err == nil {
			return nil
		}
		unwanted := IsUnwanted(err)
		if unwanted && wasUnwanted {
			return err
		}
		wasUnwanted = unwanted
		if isThrottle(err) {
			stats.Throttle.Add(1)
		}
		if !r.pause(ctx, attempt, err) {
			return WithoutURL(err)
		}
		stats.Retries.Add(1)
	}
}

// pause waits before another attempt after err, the attempt'th failure in a row. It returns false when there should be
// no other: err is final, the attempts or the budget are used up, or the deadline would pass during the wait.
func (r *Retrier) pause(ctx context.Context, attempt int, err error) bool {
	if !worthRetrying(err) || attempt >= r.attempts(err) || r.left.Add(-1) < 0 {
		return false
	}
	wait, ok := r.wait(attempt, err)
	if !ok {
		return false
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return false
	}
	return sleep(ctx, wait) == nil
}

func (r *Retrier) attempts(err error) int {
	var bound Bounded
	if errors.As(err, &bound) {
		return min(r.Attempts, bound.Attempts())
	}
	return r.Attempts
}

// wait returns how long to pause after an attempt; ok is false when the server wants more patience than there is. A
// wall's Retry-After is not a promise to let anybody in.
func (r *Retrier) wait(attempt int, err error) (wait time.Duration, ok bool) {
	jitter := rand.N(min(r.Base<<(attempt-1), r.Max) + 1) // full jitter
	status, isStatus := errors.AsType[*StatusError](err)
	_, refused := errors.AsType[*RefusedError](err)
	if !isStatus || refused || status.RetryAfter <= 0 {
		return jitter, true
	}
	return status.RetryAfter + rand.N(r.Base+1), status.RetryAfter <= r.Patience // not all at once
}

// sleep waits for d, or until ctx ends: then it returns why.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Retryable is an error that knows whether asking again may help.
type Retryable interface{ Retryable() bool }

// Throttled is an error that knows whether it is the server's way of saying "too many requests".
type Throttled interface{ Throttled() bool }

// Bounded is an error that knows how many attempts it is worth.
type Bounded interface{ Attempts() int }

func isThrottle(err error) bool {
	var verdict Throttled
	return errors.As(err, &verdict) && verdict.Throttled()
}

// worthRetrying reports whether asking again may help: the server is busy or broken, the line was, or the body was.
func worthRetrying(err error) bool {
	var verdict Retryable
	if errors.As(err, &verdict) {
		return verdict.Retryable()
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) && !isNetTimeout(err) {
		return false
	}
	return errors.Is(err, ErrMalformed) || errors.Is(err, errIdle) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || isNetError(err)
}

// Retryable reports whether the status passes: the server is busy, or broken, or what stands before it is (Cloudflare's
// 520 to 524).
func (e *StatusError) Retryable() bool {
	return e.Throttled() || e.Code == http.StatusRequestTimeout || e.Code >= http.StatusInternalServerError
}

// Throttled reports whether the server said "too many requests".
func (e *StatusError) Throttled() bool { return e.Code == http.StatusTooManyRequests }

func isNetTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

func isNetError(err error) bool {
	var ne net.Error
	return errors.As(err, &ne)
}
