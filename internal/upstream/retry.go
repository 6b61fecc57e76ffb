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

// A Retrier spends one scan's budget. It is for many goroutines.
type Retrier struct {
	Retry
	left atomic.Int64
}

// NewRetrier starts with the whole budget.
func NewRetrier(r Retry) *Retrier {
	t := &Retrier{Retry: r}
	t.left.Store(int64(r.Budget))
	return t
}

// Pause waits before another attempt after err, the attempt'th failure in a row. It answers false when there should
// be none: err is final, the attempts or the budget are used up, or the deadline would pass during the wait.
func (r *Retrier) Pause(ctx context.Context, attempt int, err error) bool {
	if !worthRetrying(err) || attempt >= r.Attempts || r.left.Add(-1) < 0 {
		return false
	}
	wait := rand.N(min(r.Base<<(attempt-1), r.Max) + 1) // full jitter
	var status *StatusError
	if errors.As(err, &status) && status.RetryAfter > 0 {
		if status.RetryAfter > r.Patience {
			return false
		}
		wait = status.RetryAfter + rand.N(r.Base+1) // not all at once
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return false
	}
	select {
	case <-time.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}

// Retryable is an error that knows whether asking again may help.
type Retryable interface{ Retryable() bool }

// worthRetrying says whether asking again may help: the server is busy or broken, the line was, or the body was.
func worthRetrying(err error) bool {
	if status, ok := errors.AsType[*StatusError](err); ok {
		return status.Code == http.StatusTooManyRequests || status.Code == http.StatusRequestTimeout || status.Code >= 500
	}
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

func isNetTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

func isNetError(err error) bool {
	var ne net.Error
	return errors.As(err, &ne)
}
