package ingest

import "time"

// A Wait is a wait, for the tests outside.
type Wait = wait

// Next returns the wait after another failure.
func (w wait) Next(uri string, now time.Time, err error) wait { return w.next(uri, now, err) }

// Over reports whether uri may be asked for.
func (w wait) Over(uri string, now time.Time) bool { return w.over(uri, now) }
