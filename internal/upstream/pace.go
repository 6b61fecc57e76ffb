package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tokensync/internal/syncrun"
)

// margin keeps evenly spaced requests below a limit although the network pushes some of them together.
const margin = 0.9

// maxReset is the longest wait for a window that is believed; the longest window that anybody has guessed is a minute.
const maxReset = time.Minute

// A Pace spaces the requests to one server: by the limit that its documentation names, and by what its answers say
// (x-ratelimit-limit, -remaining, -reset). It is safe for concurrent use.
type Pace struct {
	limit *rate.Limiter

	mu     sync.Mutex
	quota  int64         // requests a window; 0 is unknown
	left   int64         // of this window's requests, those that were not made yet; only while until lies ahead
	reset  int64         // the server's name of this window: when it ends, in Unix seconds
	until  time.Time     // the same on our clock
	window time.Duration // how long it is; 0 until two resets were seen
	waited bool          // for a window to end
}

// NewPace spaces requests to stay below a documented limit.
func NewPace(perSecond float64) *Pace {
	return &Pace{limit: rate.NewLimiter(rate.Limit(perSecond*margin), 1)}
}

// ErrNoTime is returned when the deadline comes before the next request may be made.
var ErrNoTime = errors.New("no time left for another request")

// Wait returns when the next request may be made. It fails when ctx ends, and with ErrNoTime when ctx would end before.
func (p *Pace) Wait(ctx context.Context) error {
	for {
		if err := p.limit.Wait(ctx); err != nil {
			return waiting(ctx, err)
		}
		wait := p.take(time.Now())
		if wait <= 0 {
			return nil
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
			return waiting(ctx, fmt.Errorf("the server's window ends in %v", wait))
		}
		if err := sleep(ctx, wait); err != nil {
			return waiting(ctx, err)
		}
	}
}

// waiting describes why a wait failed: if not for the end of ctx, for its being too near.
func waiting(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", ErrNoTime, err)
	}
	return fmt.Errorf("waiting for the rate limit: %w", err)
}

// take books one request, or returns how long there is none left.
func (p *Pace) take(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reset == 0 || !now.Before(p.until) {
		return 0 // of a window that has begun anew the next answer tells
	}
	if p.left <= 0 {
		p.waited = true
		return p.until.Sub(now)
	}
	p.left--
	return 0
}

// observe learns from the headers of an answer. A refusal for asking too often that names no time of its own stands
// until the window ends.
func (p *Pace) observe(resp *http.Response, now time.Time) {
	w := readWindow(resp.Header, now)
	if resp.StatusCode == http.StatusTooManyRequests && resp.Header.Get("Retry-After") == "" {
		w.remaining = 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.limit > 0 {
		p.quota = w.limit
	}
	switch {
	case w.reset == 0 || w.reset < p.reset || w.remaining < 0: // the answer says too little, or comes late
		return
	case w.reset == p.reset:
		p.left = min(p.left, w.remaining) // requests under way are in ours, not yet in the server's
	default:
		p.learn(w, now)
		p.left = w.remaining
	}
	p.reset, p.until = w.reset, now.Add(w.wait)
}

// learn takes the time between the ends of two windows for their length, if they followed each other, and spreads the
// requests over it when that is slower than what is documented.
func (p *Pace) learn(w window, now time.Time) {
	const silence = time.Second // after a longer one a window may have passed unseen
	if p.reset == 0 || p.quota == 0 || now.After(p.until.Add(silence)) {
		return
	}
	length := time.Duration(w.reset-p.reset) * time.Second
	if p.window != 0 && length >= p.window {
		return
	}
	p.window = length
	p.limit.SetLimit(min(p.limit.Limit(), rate.Limit(float64(p.quota)/length.Seconds()*margin)))
}

// Note records what the server was seen to allow.
func (p *Pace) Note(stats *syncrun.Counts) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.quota == 0:
		return
	case p.window == 0:
		stats.Note(fmt.Sprintf("the server allows %d requests a window of unknown length", p.quota))
	default:
		stats.Note(fmt.Sprintf("the server allows %d requests in %v", p.quota, p.window))
	}
	if p.waited {
		stats.Note("requests waited for the server's window to end")
		p.waited = false
	}
}

// A window is what one answer says of the requests that are allowed.
type window struct {
	limit, remaining int64
	reset            int64         // Unix seconds; 0 when the answer does not say
	wait             time.Duration // until then
}

// readWindow reads x-ratelimit-*, leniently: the reset as Unix seconds or milliseconds, or as seconds from now. The
// server's own Date counts, where it has one: its clock need not be ours. An end that is too far off is not believed.
func readWindow(h http.Header, now time.Time) window {
	w := window{limit: readInteger(h, "X-Ratelimit-Limit"), remaining: readInteger(h, "X-Ratelimit-Remaining")}
	reset := readInteger(h, "X-Ratelimit-Reset")
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	const year, milliseconds = 366 * 24 * 60 * 60, 1e11
	switch {
	case reset < 0:
		return w
	case reset < year:
		reset += now.Unix()
	case reset > milliseconds:
		reset /= 1000
	}
	if wait := time.Unix(reset, 0).Sub(now); wait > 0 && wait <= maxReset {
		w.reset, w.wait = reset, wait
	}
	return w
}

// readInteger reads the number that a header starts with ("300", "300, 300;w=10"), -1 when there is none.
func readInteger(h http.Header, name string) int64 {
	text, _, _ := strings.Cut(h.Get(name), ",")
	text, _, _ = strings.Cut(text, ";")
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}
