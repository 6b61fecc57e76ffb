package solana

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"golang.org/x/time/rate"

	"tokensync/internal/syncrun"
	"tokensync/internal/upstream"
)

// defaultRate is what small plans of RPC providers allow in requests a second, and defaultBurst how many at once.
const (
	defaultRate  = 10
	defaultBurst = 5
)

// Bounds on one answer, decompressed.
const (
	maxPageBody     = 256 << 20
	maxAccountsBody = 1 << 30 // getProgramAccounts has no pages: a million sliced accounts
)

// ErrURL means that the RPC URL is none. It does not show it.
var ErrURL = errors.New("the Solana RPC URL is not an http or https URL")

// Options set up a Client. Only URL has to be given.
type Options struct {
	URL   string
	Rate  float64        // requests a second
	Retry upstream.Retry // upstream.DefaultRetry when zero
}

// Client asks one RPC node. It is for many goroutines; its URL never leaves it but in requests.
type Client struct {
	url     string
	http    *http.Client
	limit   *rate.Limiter
	retry   upstream.Retry
	secrets secrets
}

// NewClient checks the URL; nothing is asked yet.
func NewClient(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, ErrURL
	}
	if o.Rate == 0 {
		o.Rate = defaultRate
	}
	if o.Retry == (upstream.Retry{}) {
		o.Retry = upstream.DefaultRetry
	}
	return &Client{
		url: o.URL, retry: o.Retry, secrets: newSecrets(o.URL, u),
		limit: rate.NewLimiter(rate.Limit(o.Rate), defaultBurst),
		http: &http.Client{
			Transport: upstream.NewTransport(1),
			// A redirect would take the key in the URL elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// A Session is one scan: it has its own budget of retries, remembers what the node refused, and reuses its buffers. It
// is for one goroutine.
type Session struct {
	client  *Client
	stats   *syncrun.Counts
	fetch   upstream.Fetcher
	retry   *upstream.Retrier
	answer  answer
	noPages bool // the node does not know getProgramAccountsV2
}

// NewSession starts a scan that counts into stats.
func (c *Client) NewSession(stats *syncrun.Counts) *Session {
	return &Session{
		client: c, stats: stats, fetch: upstream.Fetcher{HTTP: c.http, Stats: stats},
		retry: upstream.NewRetrier(c.retry),
	}
}

// RPCError is what the node answered instead of a result.
type RPCError struct {
	Code    int64
	Message string // cleaned
}

func (e *RPCError) Error() string { return fmt.Sprintf("RPC error %d: %s", e.Code, e.Message) }

// Codes of errors that pass (Solana: rpc-client-api/src/custom_error.rs; the last two are providers' own).
const (
	codeInternal       = -32603
	codeNodeUnhealthy  = -32005
	codeNoSlotYet      = -32004
	codeStatusNotYet   = -32014
	codeMinContextSlot = -32016
	codeTooMany        = -32429
	codeTooManyHTTP    = http.StatusTooManyRequests
)

// Retryable says whether asking again may help.
func (e *RPCError) Retryable() bool {
	switch e.Code {
	case codeInternal, codeNodeUnhealthy, codeNoSlotYet, codeStatusNotYet, codeMinContextSlot:
		return true
	}
	return e.throttled()
}

func (e *RPCError) throttled() bool { return e.Code == codeTooMany || e.Code == codeTooManyHTTP }

// call asks method and hands its result to read, again from the start when an answer broke off. Its errors never show
// the URL; they are RPCError, upstream.StatusError, upstream.ErrMalformed and those of net and context.
func (s *Session) call(ctx context.Context, method string, params []any, limit int64, read func(*answer) error) error {
	request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return fmt.Errorf("encoding %s: %w", method, err)
	}
	for attempt := 1; ; attempt++ {
		err := s.try(ctx, request, limit, read)
		if err == nil {
			return nil
		}
		if isThrottle(err) {
			s.stats.Throttle.Add(1)
		}
		if !s.retry.Pause(ctx, attempt, err) {
			return fmt.Errorf("%s: %w", method, s.client.secrets.conceal(err))
		}
		s.stats.Retries.Add(1)
	}
}

func (s *Session) try(ctx context.Context, request []byte, limit int64, read func(*answer) error) error {
	if err := s.client.limit.Wait(ctx); err != nil {
		return fmt.Errorf("waiting for the rate limit: %w", err)
	}
	body, err := s.fetch.Post(ctx, s.client.url, request, limit)
	if err != nil {
		return err
	}
	defer body.Close()
	s.answer.reset(body)
	if err := s.answer.read(read); err != nil {
		return asMalformed(err)
	}
	return ctx.Err()
}

func isThrottle(err error) bool {
	var status *upstream.StatusError
	var rpc *RPCError
	return errors.As(err, &status) && status.Code == http.StatusTooManyRequests || errors.As(err, &rpc) && rpc.throttled()
}

// refused says whether the node will not do what was asked, however often: it does not know the method, or the plan
// does not have it.
func refused(err error) bool {
	if status, ok := errors.AsType[*upstream.StatusError](err); ok {
		return status.Code >= 400 && status.Code < 500 &&
			status.Code != http.StatusTooManyRequests && status.Code != http.StatusRequestTimeout
	}
	var rpc *RPCError
	return errors.As(err, &rpc) && !rpc.Retryable()
}

// asMalformed gives what the JSON decoder says of a body that was cut off its class.
func asMalformed(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, upstream.ErrMalformed) {
		return upstream.Malformed("body ends early: %v", err)
	}
	return err
}
