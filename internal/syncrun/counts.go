package syncrun

import "sync/atomic"

// Counts counts what one scan of one product saw. Its methods are for many goroutines; the zero value is ready.
type Counts struct {
	Scanned  atomic.Int64 // pools read, ours or not, each page once
	Invalid  atomic.Int64 // pools skipped: no address or mint, or too large to be one
	Bytes    atomic.Int64 // body bytes as they came over the wire
	Requests atomic.Int64
	Retries  atomic.Int64 // of Requests, those made again after a fault
	Throttle atomic.Int64 // answers that said "too many requests"
	Matched  atomic.Int64 // pools that are ours
	Newest   atomic.Int64 // when the newest pool of all was created, in Unix milliseconds; 0 when nobody looked
}

// Created notes that there is a pool created at a moment, in Unix milliseconds.
func (s *Counts) Created(at int64) {
	for {
		newest := s.Newest.Load()
		if at <= newest || s.Newest.CompareAndSwap(newest, at) {
			return
		}
	}
}
