package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// StatusError is an answer other than 200.
type StatusError struct {
	Code       int
	RetryAfter time.Duration // what the server asked for; 0 when it did not
	Detail     string        // the start of the body, cleaned
}

func (e *StatusError) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("answered %d %s", e.Code, http.StatusText(e.Code))
	}
	return fmt.Sprintf("answered %d %s: %s", e.Code, http.StatusText(e.Code), e.Detail)
}

// Timeouts of one request. A body may take as long as it likes while bytes keep coming.
const (
	dialTimeout   = 5 * time.Second
	headerTimeout = 15 * time.Second
	idleTimeout   = 10 * time.Second // the longest pause inside a body
)

// errIdle says that a body stopped coming.
var errIdle = fmt.Errorf("no byte for %v", idleTimeout)

// NewTransport speaks HTTP/1.1 only: HTTP/2 costs some 5 MiB and wins nothing for a few streams to one host.
func NewTransport(conns int) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: headerTimeout,
		MaxIdleConnsPerHost:   conns,
		MaxConnsPerHost:       conns,
		IdleConnTimeout:       30 * time.Second,
		DisableCompression:    true, // we ask for gzip and count what comes over the wire
		Protocols:             protocols,
	}
}

// ErrMalformed is wrapped by every error about a body that is not the JSON it should be: cut off, not JSON at all,
// something behind its end. Asking again may help.
var ErrMalformed = errors.New("malformed answer")

// Malformed is an ErrMalformed that says what is wrong.
func Malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// A Body is a response's JSON, decompressed and bounded. Close it on every path.
type Body struct {
	io.Reader
	close func()
}

// Close ends the request, read to its end or not.
func (b *Body) Close() { b.close() }

// A Fetcher makes single requests, one after the other, and keeps what they can share. HTTP and Stats have to be set.
type Fetcher struct {
	HTTP  *http.Client
	Stats *syncrun.Counts
	unzip GzipReader // used by one body at a time
}

// Get asks for url. Everything that the server says is bounded: the wait for it, its pauses, its size to limit.
func (f *Fetcher) Get(ctx context.Context, url string, limit int64) (*Body, error) {
	return f.do(ctx, http.MethodGet, url, nil, limit)
}

// Post sends JSON to url; the answer is bounded as Get's is.
func (f *Fetcher) Post(ctx context.Context, url string, json []byte, limit int64) (*Body, error) {
	return f.do(ctx, http.MethodPost, url, json, limit)
}

func (f *Fetcher) do(ctx context.Context, method, url string, json []byte, limit int64) (*Body, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(json))
	if err != nil {
		cancel(nil)
		return nil, fmt.Errorf("building the request: %w", err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", "tokensync")
	f.Stats.Requests.Add(1)
	resp, err := f.HTTP.Do(req)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	watch := watchIdle(ctx, cancel, resp.Body, &f.Stats.Bytes)
	stop := func() { watch.stop(); cancel(nil); _ = resp.Body.Close() }
	r, err := f.open(resp, watch)
	if err != nil {
		stop()
		return nil, err
	}
	return &Body{Reader: &limitReader{r: r, left: limit, limit: limit}, close: stop}, nil
}

func (f *Fetcher) open(resp *http.Response, raw io.Reader) (io.Reader, error) {
	if resp.StatusCode != http.StatusOK {
		return nil, statusError(resp, raw)
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind == "text/html" {
		return nil, Malformed("content type is text/html, not JSON")
	}
	switch encoding := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
		return raw, nil
	case "gzip", "x-gzip":
		f.unzip.Reset(raw)
		return &f.unzip, nil
	default:
		return nil, Malformed("content encoding is %.40q", encoding)
	}
}

const maxDetail = 512

func statusError(resp *http.Response, raw io.Reader) error {
	detail, _ := io.ReadAll(io.LimitReader(raw, maxDetail))
	return &StatusError{
		Code:       resp.StatusCode,
		RetryAfter: retryAfter(resp.Header.Get("Retry-After"), time.Now()),
		Detail:     token.CleanName(string(detail)),
	}
}

// retryAfter reads both forms of the header: seconds, and an HTTP date. What it cannot read asks for nothing.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// limitReader is an error, not an end, past its limit.
type limitReader struct {
	r           io.Reader
	left, limit int64
}

func (l *limitReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, Malformed("body has more than %d bytes", l.limit)
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	return n, err
}

// WithoutURL drops the URL that net/http puts before its errors: it is long, and may hold a key.
func WithoutURL(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	return err
}
