package meteoratest

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Stats counts what one product was asked and what it answered.
type Stats struct {
	Requests      int
	Statuses      map[int]int // by status, of finished answers
	WireBytes     int64       // body bytes as sent, compressed or not
	PeakPerSecond int         // most requests within any one second, refused ones included
}

// Stats returns a product's counters; it panics for a name that is not a product's.
func (s *Server) Stats(product string) Stats {
	m := s.product(product).meter
	m.mu.Lock()
	defer m.mu.Unlock()
	st := m.stats
	st.Statuses = maps.Clone(st.Statuses)
	return st
}

// Quota is what the rate headers report: at most Limit requests in each Window.
type Quota struct {
	Limit  int
	Window time.Duration
}

// meter counts a product's requests and holds them to its rate and its quota. Its zero value has no limit.
type meter struct {
	rate  float64 // requests a second; 0 or less: no limit
	quota Quota   // a limit of 0: none, and no headers

	mu     sync.Mutex
	stats  Stats
	recent []time.Time // arrivals of the last second, oldest first
	due    time.Time   // when the next request would come at an even pace
	reset  time.Time   // when the quota's window ends
	used   int         // requests in the window
}

// arrive counts a request, returns its number from 1, and reports whether rate and quota allow it. It writes the rate headers.
func (m *meter) arrive(now time.Time, h http.Header) (n int, allowed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.Requests++
	old := 0
	for old < len(m.recent) && now.Sub(m.recent[old]) >= time.Second {
		old++
	}
	m.recent = append(m.recent[:copy(m.recent, m.recent[old:])], now)
	m.stats.PeakPerSecond = max(m.stats.PeakPerSecond, len(m.recent))
	within := m.withinQuota(now, h)
	return m.stats.Requests, m.withinRate(now) && within
}

// withinQuota counts by windows that follow one another, each from its first request on.
func (m *meter) withinQuota(now time.Time, h http.Header) bool {
	if m.quota.Limit <= 0 {
		return true
	}
	if !now.Before(m.reset) {
		m.reset, m.used = now.Add(m.quota.Window), 0
	}
	m.used++
	h.Set("X-Ratelimit-Limit", strconv.Itoa(m.quota.Limit))
	h.Set("X-Ratelimit-Remaining", strconv.Itoa(max(0, m.quota.Limit-m.used)))
	h.Set("X-Ratelimit-Reset", strconv.FormatInt(m.reset.Add(time.Second-1).Unix(), 10)) // whole seconds, never too early
	return m.used <= m.quota.Limit
}

// withinRate keeps a token bucket as the time at which the next request is due (GCRA): a request may come half a second
// early, so that late packets and pauses do not put a steady client in the wrong.
func (m *meter) withinRate(now time.Time) bool {
	if m.rate <= 0 {
		return true
	}
	if m.due.Before(now) {
		m.due = now
	}
	if m.due.Sub(now) > time.Second/2 {
		return false
	}
	m.due = m.due.Add(time.Duration(float64(time.Second) / m.rate))
	return true
}

// leave counts an answer.
func (m *meter) leave(rec *recorder) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stats.Statuses == nil {
		m.stats.Statuses = map[int]int{}
	}
	m.stats.Statuses[rec.status]++
	m.stats.WireBytes += rec.bytes
}

// recorder notes an answer's status and size.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController flush and hijack.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
