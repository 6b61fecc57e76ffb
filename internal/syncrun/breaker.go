package syncrun

import (
	"time"

	"tokensync/internal/token"
)

// Breaker keeps runs from asking a product that is down. It outlives the function that opened it.
type Breaker struct {
	Product  token.Product
	Failures int           // runs in a row in which the product delivered nothing
	CoolDown time.Duration // how long it stays open this time; 0 when it is closed
	RetryAt  time.Time     // when the next probe may be made
	Version  int64         // counts changes, so that two runs cannot overwrite each other's
}

// BreakerState names what a breaker does.
type BreakerState string

// The states of a breaker. A half-open one lets a single probe through.
const (
	BreakerClosed   BreakerState = "closed"
	BreakerOpen     BreakerState = "open"
	BreakerHalfOpen BreakerState = "half-open"
)

// State returns what the breaker does at a moment: an open one is half-open once its cool-down is over.
func (b Breaker) State(now time.Time) BreakerState {
	switch {
	case b.CoolDown == 0:
		return BreakerClosed
	case now.Before(b.RetryAt):
		return BreakerOpen
	}
	return BreakerHalfOpen
}
