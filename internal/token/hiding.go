package token

import "time"

// A Hiding is why the operator took a token out of the lists, and when.
type Hiding struct {
	Mint   string
	Reason string
	At     time.Time
}
