package upstream

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tokensync/internal/syncrun"
)

// Timeouts of one request. A body may take as long as it likes while bytes keep coming.
const (
	dialTimeout   = 5 * time.Second
	headerTimeout = 15 * time.Second
	idleTimeout   = 10 * time.Second // the longest pause inside a body
)

// slack is how much longer than its content a body may be on the wire: what does not compress grows a little.
const slack = 64 << 10

// errIdle means that a body stopped coming.
var errIdle = fmt.Errorf("no byte for %v", idleTimeout)

// NewTransport returns a transport with at most conns connections to a host that speaks HTTP/1.1 only: HTTP/2 costs some 5 MiB
// and wins nothing for a few streams.
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

// ErrMalformed is wrapped by every error about a body that is not the JSON it should be: it is cut off, not JSON at all,
// or goes on after its end. Asking again may help.
var ErrMalformed = errors.New("malformed answer")

// Malformed returns an ErrMalformed that says what is wrong.
func Malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// UnwantedError is an answer in a form that was not asked for. It wraps ErrMalformed. Twice in a row, it is what the server
// always sends.
type UnwantedError struct{ form string }

func (e *UnwantedError) Error() string { return ErrMalformed.Error() + ": " + e.form }

// Unwrap returns ErrMalformed.
func (e *UnwantedError) Unwrap() error { return ErrMalformed }

// IsUnwanted reports whether err holds an UnwantedError.
func IsUnwanted(err error) bool {
	_, ok := errors.AsType[*UnwantedError](err)
	return ok
}

// A Body is a response's JSON, decompressed and bounded. Close it on every path.
type Body struct {
	io.Reader
	close func()
}

// Close ends the request, read to its end or not.
func (b *Body) Close() { b.close() }

// A Fetcher makes single requests, one after the other, and keeps what they can share. HTTP and Stats must be set.
type Fetcher struct {
	HTTP  *http.Client
	Stats *syncrun.Counts
	Pace  *Pace      // waited for before each request; nil does not wait
	Agent string     // the user agent; "tokensync" when empty
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
	if f.Pace != nil {
		if err := f.Pace.Wait(ctx); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	resp, err := f.send(ctx, method, url, json)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	watch := watchIdle(ctx, cancel, resp.Body, &f.Stats.Bytes)
	stop := func() { watch.stop(); cancel(nil); _ = resp.Body.Close() }
	r, err := f.open(resp, &limitReader{r: watch, left: limit + slack, limit: limit}) // of gzip that unfolds to nothing, too
	if err != nil {
		stop()
		return nil, err
	}
	return &Body{Reader: &markReader{r: &limitReader{r: r, left: limit, limit: limit}}, close: stop}, nil
}

func (f *Fetcher) send(ctx context.Context, method, url string, json []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(json))
	if err != nil {
		return nil, fmt.Errorf("building the request: %w", err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", cmp.Or(f.Agent, "tokensync"))
	f.Stats.Requests.Add(1)
	resp, err := f.HTTP.Do(req)
	if err == nil && f.Pace != nil {
		f.Pace.observe(resp, time.Now())
	}
	return resp, err
}

// open returns the body of an answer as it was before it was compressed.
func (f *Fetcher) open(resp *http.Response, raw io.Reader) (io.Reader, error) {
	if resp.StatusCode != http.StatusOK || resp.Header.Get(mitigated) != "" {
		return nil, statusError(resp, raw)
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind == "text/html" {
		return nil, &UnwantedError{"content type is text/html, not JSON"}
	}
	switch encoding := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
		return raw, nil
	case "gzip", "x-gzip":
		f.unzip.Reset(raw)
		return &f.unzip, nil
	default:
		return nil, &UnwantedError{fmt.Sprintf("content encoding is %.40q", encoding)}
	}
}

// byteOrderMark may stand before JSON, where a reader may ignore it (RFC 8259, section 8.1).
const byteOrderMark = "\ufeff"

// A markReader leaves out a byte order mark at the beginning.
type markReader struct {
	r     io.Reader
	begun bool
	head  [len(byteOrderMark)]byte
	left  []byte // of head
}

func (m *markReader) Read(p []byte) (int, error) {
	if !m.begun {
		m.begun = true
		n, err := io.ReadFull(m.r, m.head[:])
		if n == 0 {
			return 0, err
		}
		if m.left = m.head[:n]; string(m.left) == byteOrderMark {
			m.left = nil
		}
	}
	if len(m.left) > 0 {
		n := copy(p, m.left)
		m.left = m.left[n:]
		return n, nil
	}
	return m.r.Read(p) // says again what ended a short beginning
}

// A limitReader fails past its limit, where io.LimitReader would end.
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
