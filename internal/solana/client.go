package solana

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"tokensync/internal/syncrun"
	"tokensync/internal/upstream"
)

// Rates are requests a second. A zero field means that of FreePlan.
type Rates struct {
	RPC   float64 // everything that is not one of the others
	Scans float64 // getProgramAccounts and getProgramAccountsV2
	DAS   float64 // getAsset and its like
}

// FreePlan is what Helius allows in its free plan (March 2026).
var FreePlan = Rates{RPC: 10, Scans: 5, DAS: 2}

// burst is how many requests may be made at once.
const burst = 5

// Bounds on one answer, decompressed.
const (
	maxPageBody     = 256 << 20
	maxAccountsBody = 1 << 30 // getProgramAccounts has no pages: a million sliced accounts
)

// scanHeaderTimeout is how long a node may think before it answers a scan: the public one was seen to take 100 seconds.
const scanHeaderTimeout = 2 * time.Minute

// ErrURL is returned when the RPC URL is invalid. Its text never includes the URL.
var ErrURL = errors.New("the Solana RPC URL is not an http or https URL")

// Options set up a Client. Only URL must be given.
type Options struct {
	URL   string
	Rates Rates
	Retry upstream.Retry // upstream.DefaultRetry when zero
	Log   *slog.Logger   // gets what nodes say, without secrets, at the debug level; nil discards it
}

// Client asks one RPC node. It is safe for concurrent use; its URL leaves it in requests only.
type Client struct {
	url     string
	http    *http.Client
	scans   *http.Client // waits longer
	limits  map[class]*rate.Limiter
	retry   upstream.Retry
	secrets secrets
	log     *slog.Logger
}

// NewClient checks the URL; nothing is asked yet.
func NewClient(o Options) (*Client, error) {
	u, err := upstream.ParseURL(o.URL)
	if err != nil {
		return nil, ErrURL // without the URL
	}
	if o.Retry == (upstream.Retry{}) {
		o.Retry = upstream.DefaultRetry
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	slow := upstream.NewTransport(1)
	slow.ResponseHeaderTimeout = scanHeaderTimeout
	return &Client{
		url: o.URL, retry: o.Retry, secrets: newSecrets(o.URL, u), log: o.Log,
		limits: map[class]*rate.Limiter{
			classRPC:  limiter(o.Rates.RPC, FreePlan.RPC),
			classScan: limiter(o.Rates.Scans, FreePlan.Scans),
			classDAS:  limiter(o.Rates.DAS, FreePlan.DAS),
		},
		http: newHTTP(upstream.NewTransport(1)), scans: newHTTP(slow),
	}, nil
}

func limiter(perSecond, otherwise float64) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(cmp.Or(perSecond, otherwise)), burst)
}

func newHTTP(transport *http.Transport) *http.Client {
	return &http.Client{
		Transport: transport,
		// A redirect would take the key in the URL elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ID tells nodes apart without showing their URLs.
func (c *Client) ID() string {
	sum := sha256.Sum256([]byte("tokensync " + c.url))
	return hex.EncodeToString(sum[:6])
}

// Close drops idle connections.
func (c *Client) Close() {
	c.http.CloseIdleConnections()
	c.scans.CloseIdleConnections()
}

// A Session is one run's questions to a node: it has its own budget of retries, remembers what the node refused, and
// reuses its buffers. It is for one goroutine.
type Session struct {
	client  *Client
	stats   *syncrun.Counts
	fetch   upstream.Fetcher
	retry   *upstream.Retrier
	answer  answer
	refused map[string]bool // methods that the node does not do
	invalid map[string]int  // how often in a row it called a method's request invalid
}

// NewSession starts a session that counts into stats.
func (c *Client) NewSession(stats *syncrun.Counts) *Session {
	return &Session{
		client: c, stats: stats, fetch: upstream.Fetcher{Stats: stats}, retry: upstream.NewRetrier(c.retry),
		refused: map[string]bool{}, invalid: map[string]int{},
	}
}

// call asks method and hands its result to read, again from the start when an answer broke off. Its errors hold no word
// of the node's; they are RPCError, upstream.StatusError, upstream.ErrMalformed and those of net and context.
func (s *Session) call(ctx context.Context, method string, params any, limit int64, read func(*answer) error) error {
	request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": requestID, "method": method, "params": params})
	if err != nil {
		return fmt.Errorf("encoding %s: %w", method, err)
	}
	err = s.retry.Do(ctx, s.stats, func(ctx context.Context) error {
		return s.judge(ctx, method, s.try(ctx, method, request, limit, read))
	})
	if err != nil {
		return fmt.Errorf("%s: %w", method, inOwnWords(err))
	}
	return nil
}

// judge makes an error final that the node has given twice in a row, remembers what the node does not do, and logs what it
// wrote.
func (s *Session) judge(ctx context.Context, method string, err error) error {
	rpc, ok := errors.AsType[*RPCError](err)
	if ok && rpc.reason == invalid {
		if s.invalid[method]++; s.invalid[method] >= 2 {
			rpc.reason = never
		}
	} else {
		s.invalid[method] = 0
	}
	if refused(err) {
		s.refused[method] = true
	}
	if err != nil {
		s.report(ctx, method, err)
	}
	if method == methodScan {
		return bounded(err)
	}
	return err
}

// report logs what the node wrote.
func (s *Session) report(ctx context.Context, method string, err error) {
	detail := err.Error()
	if _, ok := errors.AsType[*RPCError](err); ok {
		detail += ": " + s.answer.message
	}
	s.client.log.DebugContext(ctx, "the node did not answer as asked", "method", method, "detail", s.client.secrets.conceal(detail))
}

func (s *Session) try(ctx context.Context, method string, request []byte, limit int64, read func(*answer) error) error {
	class := classOf(method)
	if err := s.client.limits[class].Wait(ctx); err != nil {
		return fmt.Errorf("waiting for the rate limit: %w", err)
	}
	s.fetch.HTTP = s.client.http
	if class == classScan {
		s.fetch.HTTP = s.client.scans
	}
	s.stats.Called(method, credits(method))
	body, err := s.fetch.Post(ctx, s.client.url, request, limit)
	if err != nil {
		return upstream.WithoutURL(err)
	}
	defer body.Close()
	s.answer.reset(body, method)
	if err := s.answer.read(read); err != nil {
		return asMalformed(err)
	}
	return ctx.Err()
}

// boundedError is an error that is worth a number of attempts.
type boundedError struct {
	error
	attempts int
}

// Unwrap returns the error itself.
func (e *boundedError) Unwrap() error { return e.error }

// Attempts implements upstream.Bounded.
func (e *boundedError) Attempts() int { return e.attempts }

// bounded bounds the attempts at an answer of getProgramAccounts. One that came too late or cut off will do so again, for
// it is as large again; there may be pages.
func bounded(err error) error {
	switch {
	case isTimeout(err):
		return &boundedError{err, 1}
	case errors.Is(err, upstream.ErrMalformed):
		return &boundedError{err, 2}
	}
	return err
}

// isTimeout reports whether a node was too slow to begin its answer. The same question would take as long again.
func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// asMalformed gives what the JSON decoder says of a body that was cut off its class.
func asMalformed(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, upstream.ErrMalformed) {
		return malformed("the body ends early")
	}
	return err
}
