package syncrun

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// Counts is what one product's part of a run saw. It is safe for concurrent use; its zero value is ready.
type Counts struct {
	Scanned  atomic.Int64 // pools read, ours or not, each page once
	Invalid  atomic.Int64 // pools skipped: no address or mint, or too large to be one
	Bytes    atomic.Int64 // body bytes as they came over the wire
	Requests atomic.Int64
	Retries  atomic.Int64 // of Requests, those made again after a fault
	Throttle atomic.Int64 // answers that said "too many requests"
	Matched  atomic.Int64 // pools that are ours
	Asked    atomic.Int64 // pools asked for by address
	Found    atomic.Int64 // of Asked, those that came back
	Unique   atomic.Int64 // distinct addresses that a full scan read
	Total    atomic.Int64 // pools that the server says there are; 0 is unknown
	Newest   atomic.Int64 // when the newest pool of all was created, in Unix milliseconds; 0 when nobody looked

	mu      sync.Mutex
	notes   []string
	rpc     map[string]int64
	credits int64
}

// Called counts a request to an RPC node, by its method, and the credits that it costs.
func (s *Counts) Called(method string, credits int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rpc == nil {
		s.rpc = map[string]int64{}
	}
	s.rpc[method]++
	s.credits += credits
}

// RPC returns the requests to an RPC node by method, nil if there were none, and the credits that they cost in all.
func (s *Counts) RPC() (requests map[string]int64, credits int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.rpc), s.credits
}

// Note records how the product was read, or what was odd about it, for people: each text once.
func (s *Counts) Note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.notes, text) {
		s.notes = append(s.notes, text)
	}
}

// Notes returns what was noted, in order.
func (s *Counts) Notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notes)
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
