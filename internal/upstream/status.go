package upstream

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tokensync/internal/token"
)

// StatusError is an answer other than 200.
type StatusError struct {
	Code       int
	RetryAfter time.Duration // what the server asked for; 0 when it did not
	Detail     string        // the start of the body, cleaned
}

func (e *StatusError) Error() string {
	text := strings.TrimSpace(fmt.Sprintf("answered %d %s", e.Code, http.StatusText(e.Code)))
	if e.Detail == "" {
		return text
	}
	return text + ": " + e.Detail
}

// RefusedError is the answer of a server, or of the wall before it, that does not let this client in: a 403, or a page of
// Cloudflare's. Asking again seldom helps.
type RefusedError struct {
	StatusError
	Wall  string // "Cloudflare error 1010", "Cloudflare challenge"; "" when no wall was recognized
	Agent string // the user agent that was refused
}

// Error names what a person can do something about.
func (e *RefusedError) Error() string {
	by := strings.TrimSpace(fmt.Sprintf("%d %s", e.Code, http.StatusText(e.Code)))
	if e.Wall != "" {
		by += ", " + e.Wall
	}
	return fmt.Sprintf("the server does not let this client in (%s): it may refuse the user agent %q,"+
		" or the network address that requests leave from", by, e.Agent)
}

// Unwrap makes a refusal a StatusError as well.
func (e *RefusedError) Unwrap() error { return &e.StatusError }

// Retryable reports that asking again may help: some challenges pass.
func (e *RefusedError) Retryable() bool { return true }

// maxRefusals is how many requests for one page may meet a RefusedError: a wall that lets nobody in stays up.
const maxRefusals = 3

// Attempts bounds the requests for one page.
func (e *RefusedError) Attempts() int { return maxRefusals }

// maxDetail bounds, in bytes, what is kept of the body of an error, and maxWall how far a wall's number is looked for.
const (
	maxDetail = 512
	maxWall   = 16 << 10
)

// statusError reads the answer to a request that failed.
func statusError(resp *http.Response, raw io.Reader) error {
	body, _ := io.ReadAll(io.LimitReader(raw, maxWall))
	status := StatusError{
		Code:       resp.StatusCode,
		RetryAfter: retryAfter(resp.Header.Get("Retry-After"), time.Now()),
		Detail:     token.CleanName(string(body[:min(len(body), maxDetail)])),
	}
	wall := wallOf(resp, body)
	forbidden := resp.StatusCode == http.StatusForbidden && resp.Request.Method == http.MethodGet // of a POST, what it asked for
	if wall == "" && !forbidden {
		return &status
	}
	return &RefusedError{StatusError: status, Wall: wall, Agent: resp.Request.UserAgent()}
}

// mitigated is the header in which Cloudflare says what it did instead of passing a request on.
const mitigated = "Cf-Mitigated"

// cloudflareError finds the number of Cloudflare's pages for clients that it blocks (1010, by their looks; 1020, by a
// rule) or slows down (1015), as text or as HTML spells it.
var cloudflareError = regexp.MustCompile(`(?i)error(?: code)?:?\s*(?:</?span[^>]*>\s*)*(1010|1015|1020)\b`)

// wallOf names the wall that an answer comes from, "" when it is the server's own.
func wallOf(resp *http.Response, body []byte) string {
	if number := cloudflareError.FindSubmatch(body); number != nil {
		return "Cloudflare error " + string(number[1])
	}
	if kind := resp.Header.Get(mitigated); kind != "" {
		return "Cloudflare " + token.CleanSymbol(kind)
	}
	return ""
}

// retryAfter reads both forms of the header: seconds, and an HTTP date. What cannot be read asks for nothing.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
