package upstream

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/syncrun"
)

// serve starts a server and returns what asks it.
func serve(t *testing.T, handler http.HandlerFunc) (url string, fetch *Fetcher) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	transport := NewTransport(1)
	t.Cleanup(transport.CloseIdleConnections)
	return server.URL, &Fetcher{HTTP: &http.Client{Transport: transport}, Stats: new(syncrun.Counts), Agent: "tokensync/test"}
}

// quick asks as often as a scan does, without waiting for it.
func quick() *Retrier {
	return NewRetrier(Retry{Attempts: 5, Budget: 100, Base: time.Nanosecond, Max: time.Nanosecond, Patience: time.Second})
}

// get asks until it has an answer, or none is worth waiting for.
func get(ctx context.Context, retry *Retrier, fetch *Fetcher, url string, limit int64) (body string, err error) {
	err = retry.Do(ctx, fetch.Stats, func(ctx context.Context) error {
		b, err := fetch.Get(ctx, url, limit)
		if err != nil {
			return err
		}
		defer b.Close()
		text, err := io.ReadAll(b)
		body = string(text)
		return err
	})
	return body, err
}

const cloudflarePage = `<!DOCTYPE html><html><head><title>Access denied</title></head><body>
<h1><span class="cf-error-type" data-translate="error">Error</span>
<span class="cf-error-code">1020</span></h1></body></html>`

// TestAnswers holds what is made of each answer that is given for good: how often it is asked for, whether it is a refusal,
// and what its error says.
func TestAnswers(t *testing.T) {
	t.Parallel()
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	const refusal = `may refuse the user agent "tokensync/test", or the network address`
	tests := map[string]struct {
		status   int
		header   http.Header
		body     string
		requests int64
		refused  bool
		says     []string
	}{
		"bad request":           {400, nil, "no such\x00 field", 1, false, []string{"answered 400 Bad Request: no such field"}},
		"gone":                  {404, nil, "", 1, false, []string{"answered 404 Not Found"}},
		"request timeout":       {408, nil, "", 5, false, []string{"408"}},
		"too many":              {429, nil, "", 5, false, []string{"429"}},
		"too many, for long":    {429, header("Retry-After", "3600"), "", 1, false, []string{"429"}},
		"broken":                {500, nil, "", 5, false, []string{"500"}},
		"Cloudflare, no origin": {520, nil, "", 5, false, []string{"answered 520"}},
		"521":                   {521, nil, "", 5, false, []string{"answered 521"}},
		"522":                   {522, nil, "", 5, false, []string{"answered 522"}},
		"523":                   {523, nil, "", 5, false, []string{"answered 523"}},
		"524":                   {524, nil, "error code: 524", 5, false, []string{"answered 524"}},
		"forbidden":             {403, nil, "", 3, true, []string{"403 Forbidden", refusal}},
		"agent blocked":         {403, nil, "error code: 1010", 3, true, []string{"403 Forbidden, Cloudflare error 1010", refusal}},
		"slowed down":           {429, header("Retry-After", "3600"), "error code: 1015", 3, true, []string{"Cloudflare error 1015"}},
		"a page of Cloudflare":  {403, header("Content-Type", "text/html"), cloudflarePage, 3, true, []string{"Cloudflare error 1020"}},
		"a challenge":           {503, header("Cf-Mitigated", "challenge"), "<html>", 3, true, []string{"Cloudflare challenge", refusal}},
		"a challenge with 200":  {200, header("Cf-Mitigated", "challenge"), "<html>", 3, true, []string{"Cloudflare challenge"}},
		"a number in JSON":      {500, nil, `{"message":"1010 errors"}`, 5, false, []string{"500"}},
		"HTML":                  {200, header("Content-Type", "text/html; charset=utf-8"), "<html>", 2, false, []string{"text/html, not JSON"}},
		"another encoding":      {200, header("Content-Encoding", "br"), "x", 2, false, []string{`content encoding is "br"`}},
		"too long":              {200, nil, strings.Repeat("x", 2000), 5, false, []string{"more than 1000 bytes"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, fetch := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				for name := range test.header {
					w.Header().Set(name, test.header.Get(name))
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			_, err := get(t.Context(), quick(), fetch, url, 1000)
			refused, ok := errors.AsType[*RefusedError](err)
			if ok != test.refused || fetch.Stats.Requests.Load() != test.requests || fetch.Stats.Retries.Load() != test.requests-1 {
				t.Errorf("%d requests, %d retries, error %v", fetch.Stats.Requests.Load(), fetch.Stats.Retries.Load(), err)
			}
			for _, text := range test.says {
				if !strings.Contains(fmt.Sprint(err), text) {
					t.Errorf("error %q lacks %q", err, text)
				}
			}
			if strings.Contains(fmt.Sprint(err), "127.0.0.1") {
				t.Errorf("error %q shows the URL", err)
			}
			if status, ok := errors.AsType[*StatusError](err); test.refused && (!ok || status.Code != test.status || refused.Agent != "tokensync/test") {
				t.Errorf("a refusal is not a StatusError of %d: %v", test.status, err)
			}
			if throttled := test.status == 429; throttled != (fetch.Stats.Throttle.Load() == test.requests) {
				t.Errorf("%d of %d answers were counted as throttles", fetch.Stats.Throttle.Load(), test.requests)
			}
		})
	}
}

// TestPostsForbidden: what an RPC node forbids is what was asked, not who asks.
func TestPostsForbidden(t *testing.T) {
	t.Parallel()
	url, fetch := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	err := quick().Do(t.Context(), fetch.Stats, func(ctx context.Context) error {
		_, err := fetch.Post(ctx, url, []byte("{}"), 1000)
		return err
	})
	if _, refused := errors.AsType[*RefusedError](err); refused || fetch.Stats.Requests.Load() != 1 {
		t.Errorf("%d requests, error %v", fetch.Stats.Requests.Load(), err)
	}
}

// TestAskingAgain mends what a second request can mend.
func TestAskingAgain(t *testing.T) {
	t.Parallel()
	tests := map[string]http.HandlerFunc{
		"a cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"data":`)
		},
		"a reset": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = conn.(*net.TCPConn).SetLinger(0)
				_ = conn.Close()
			}
		},
		"a refusal that passes": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"a wait": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", time.Now().Add(-time.Second).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusServiceUnavailable)
		},
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := true
			url, fetch := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if first {
					first = false
					fault(w, r)
					return
				}
				_, _ = io.WriteString(w, `{"user_agent":"`+r.UserAgent()+`"}`)
			})
			body, err := get(t.Context(), quick(), fetch, url, 1000)
			if body != `{"user_agent":"tokensync/test"}` || err != nil || fetch.Stats.Retries.Load() != 1 {
				t.Errorf("body %q after %d retries, error %v", body, fetch.Stats.Retries.Load(), err)
			}
		})
	}
}

// TestDoEnds holds what ends the attempts but the server.
func TestDoEnds(t *testing.T) {
	t.Parallel()
	busy := &StatusError{Code: http.StatusServiceUnavailable}
	t.Run("the budget of a whole scan", func(t *testing.T) {
		t.Parallel()
		retry, stats, tries := quick(), new(syncrun.Counts), 0
		retry.left.Store(6)
		for range 3 { // 5 attempts, then 3, then 1
			_ = retry.Do(t.Context(), stats, func(context.Context) error { tries++; return busy })
		}
		if tries != 9 || stats.Retries.Load() != 6 {
			t.Errorf("%d tries, %d retries", tries, stats.Retries.Load())
		}
	})
	t.Run("an error of nobody's", func(t *testing.T) {
		t.Parallel()
		tries, unknown := 0, errors.New("unknown")
		err := quick().Do(t.Context(), new(syncrun.Counts), func(context.Context) error { tries++; return unknown })
		if tries != 1 || !errors.Is(err, unknown) {
			t.Errorf("%d tries, error %v", tries, err)
		}
	})
	t.Run("a deadline that comes during the wait", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			retry, began := NewRetrier(DefaultRetry), time.Now()
			err := retry.Do(ctx, new(syncrun.Counts), func(context.Context) error {
				return &StatusError{Code: http.StatusServiceUnavailable, RetryAfter: 10 * time.Second}
			})
			if !strings.Contains(fmt.Sprint(err), "503") || time.Since(began) != 0 {
				t.Errorf("after %v: error %v", time.Since(began), err)
			}
		})
	})
	t.Run("the context", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(3*time.Second, cancel)
			began := time.Now()
			err := NewRetrier(DefaultRetry).Do(ctx, new(syncrun.Counts), func(context.Context) error {
				return &StatusError{Code: http.StatusServiceUnavailable, RetryAfter: 10 * time.Second}
			})
			if err == nil || time.Since(began) != 3*time.Second {
				t.Errorf("after %v: error %v", time.Since(began), err)
			}
		})
	})
}

// TestRefusedForGood: a client that is not let in is told so within five seconds, at the pauses of a deployed one.
func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			_ = NewRetrier(DefaultRetry).Do(t.Context(), new(syncrun.Counts), func(context.Context) error {
				return &RefusedError{StatusError: StatusError{Code: http.StatusForbidden, RetryAfter: time.Minute}}
			})
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 2, 5, 18, 48, 1, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                                 0,
		"7":                                7 * time.Second,
		"-7":                               0,
		"1.5":                              0,
		"soon":                             0,
		"99999999999999":                   0,
		"Thu, 05 Feb 2026 18:48:31 GMT":    30 * time.Second,
		"Thu, 05 Feb 2026 18:47:31 GMT":    0,
		"Thursday, 05-Feb-26 18:48:11 GMT": 10 * time.Second,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q is %v, want %v", value, got, want)
		}
	}
}

// TestReadWindow reads the headers in every spelling, and believes none that is out of bounds.
func TestReadWindow(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 2, 5, 18, 48, 1, 500, time.UTC)
	epoch := now.Unix()
	tests := map[string]struct {
		limit, remaining, reset, date string
		want                          window
	}{
		"nothing":             {"", "", "", "", window{-1, -1, 0, 0}},
		"as seen":             {"300", "299", fmt.Sprint(epoch + 10), "", window{300, 299, epoch + 10, 10*time.Second - 500}},
		"a clock of its own":  {"300", "0", fmt.Sprint(epoch + 3610), "Thu, 05 Feb 2026 19:48:01 GMT", window{300, 0, epoch + 3610, 10 * time.Second}},
		"milliseconds":        {"300", "1", fmt.Sprint((epoch + 10) * 1000), "", window{300, 1, epoch + 10, 10*time.Second - 500}},
		"seconds from now":    {"300", "1", "10", "", window{300, 1, epoch + 10, 10*time.Second - 500}},
		"several windows":     {"300, 300;w=10", "12;w=10", "10", "", window{300, 12, epoch + 10, 10*time.Second - 500}},
		"no numbers":          {"many", "some", "later", "", window{-1, -1, 0, 0}},
		"below zero":          {"-300", "-1", "-10", "", window{-1, -1, 0, 0}},
		"in the past":         {"300", "0", fmt.Sprint(epoch - 1), "", window{300, 0, 0, 0}},
		"an hour ahead":       {"300", "0", fmt.Sprint(epoch + 3600), "", window{300, 0, 0, 0}},
		"larger than numbers": {"300", "0", "99999999999999999999", "", window{300, 0, 0, 0}},
		"remaining is left":   {"300", "", "10", "", window{300, -1, epoch + 10, 10*time.Second - 500}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			for name, value := range map[string]string{
				"X-Ratelimit-Limit": test.limit, "x-ratelimit-remaining": test.remaining, "X-RateLimit-Reset": test.reset, "Date": test.date,
			} {
				if value != "" {
					h.Set(name, value)
				}
			}
			if diff := cmp.Diff(test.want, readWindow(h, now), cmp.AllowUnexported(window{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPaceLearns takes a window's length from two that follow each other, and from no others.
func TestPaceLearns(t *testing.T) {
	t.Parallel()
	type answer struct{ at, reset, remaining int64 } // seconds since the start
	tests := map[string]struct {
		answers []answer
		window  time.Duration
		rate    float64
	}{
		"one window":                {[]answer{{1, 10, 299}, {9, 10, 200}}, 0, 27},
		"ten seconds":               {[]answer{{1, 10, 299}, {10, 20, 299}}, 10 * time.Second, 27},
		"a minute is slower":        {[]answer{{1, 60, 299}, {60, 120, 299}}, time.Minute, 4.5},
		"a window passed unseen":    {[]answer{{1, 10, 299}, {15, 20, 299}}, 0, 27},
		"the shortest counts":       {[]answer{{1, 50, 299}, {50, 100, 299}, {100, 130, 299}}, 30 * time.Second, 5.4},
		"one that moves all along":  {[]answer{{1, 61, 299}, {2, 62, 298}, {3, 63, 297}}, time.Second, 27},
		"a late answer of the last": {[]answer{{1, 10, 5}, {9, 20, 299}, {9, 10, 0}}, 10 * time.Second, 27},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Date(2026, 2, 5, 18, 48, 0, 0, time.UTC)
			p := NewPace(30)
			for _, a := range test.answers {
				h := http.Header{}
				h.Set("X-Ratelimit-Limit", "300")
				h.Set("X-Ratelimit-Remaining", fmt.Sprint(a.remaining))
				h.Set("X-Ratelimit-Reset", fmt.Sprint(start.Unix()+a.reset))
				p.observe(&http.Response{StatusCode: http.StatusOK, Header: h}, start.Add(time.Duration(a.at)*time.Second))
			}
			if got := float64(p.limit.Limit()); p.window != test.window || got < test.rate-1e-6 || got > test.rate+1e-6 {
				t.Errorf("window %v at %v requests a second", p.window, got)
			}
			if p.left == 0 {
				t.Error("a late answer ended the window")
			}
		})
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"https://dlmm.datapi.meteora.ag": true, "http://127.0.0.1:1/dlmm": true,
		"": false, "dlmm.example": false, "ftp://x": false, "http://": false, ":": false, "https:/x": false,
	} {
		u, err := ParseURL(text)
		if (err == nil) != ok || ok && u.String() != text || !ok && !strings.Contains(err.Error(), fmt.Sprintf("%q", text)) {
			t.Errorf("%q: %v, error %v", text, u, err)
		}
	}
}

func TestWithoutURL(t *testing.T) {
	t.Parallel()
	gone, fetch := serve(t, nil)
	fetch.HTTP.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no route")
	}
	if _, err := get(t.Context(), quick(), fetch, gone, 1); err == nil || strings.Contains(err.Error(), gone) {
		t.Errorf("error %v", err)
	}
	inner := errors.New("connection refused")
	if err := WithoutURL(&url.Error{Op: "Get", URL: "https://key@node", Err: inner}); !errors.Is(err, inner) || strings.Contains(err.Error(), "key") {
		t.Errorf("error %v", err)
	}
	if err := WithoutURL(inner); !errors.Is(err, inner) {
		t.Errorf("error %v", err)
	}
}

// FuzzReadWindow holds that no header makes a client wait for long, or for a time that has passed.
func FuzzReadWindow(f *testing.F) {
	f.Add("300", "0", "1770000000", "Thu, 05 Feb 2026 18:48:01 GMT")
	f.Add("300, 300;w=10", "", "10", "")
	f.Fuzz(func(t *testing.T, limit, remaining, reset, date string) {
		h := http.Header{"X-Ratelimit-Limit": {limit}, "X-Ratelimit-Remaining": {remaining}, "X-Ratelimit-Reset": {reset}, "Date": {date}}
		w := readWindow(h, time.Unix(1_770_000_000, 0))
		if w.wait < 0 || w.wait > maxReset || w.reset < 0 || (w.reset == 0) != (w.wait == 0) || w.limit < -1 || w.remaining < -1 {
			t.Errorf("%+v", w)
		}
	})
}

// TestUnwantedInARow: a page of HTML between other faults ends nothing.
func TestUnwantedInARow(t *testing.T) {
	t.Parallel()
	n := 0
	url, fetch := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n++; n == 4 {
			_, _ = io.WriteString(w, "{}")
		} else if n%2 == 0 {
			w.WriteHeader(http.StatusBadGateway)
		} else {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>busy")
		}
	})
	if body, err := get(t.Context(), quick(), fetch, url, 1000); err != nil || body != "{}" {
		t.Errorf("%q, error %v after %d requests", body, err, n)
	}
}

// TestByteOrderMark may stand before an answer, whole or in part, compressed or not.
func TestByteOrderMark(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"\ufeff{}": "{}", "\ufeff": "", "\xef\xbb": "\xef\xbb", "\xef": "\xef", "": "", "{}": "{}", "{": "{", "\ufeff\ufeff[]": "\ufeff[]", "[\ufeff]": "[\ufeff]",
	} {
		for _, zip := range []bool{false, true} {
			url, fetch := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if !zip {
					_, _ = io.WriteString(w, body)
					return
				}
				w.Header().Set("Content-Encoding", "gzip")
				z := gzip.NewWriter(w)
				_, _ = io.WriteString(z, body)
				_ = z.Close()
			})
			if got, err := get(t.Context(), quick(), fetch, url, 1000); err != nil || got != want {
				t.Errorf("%q: %q, error %v", body, got, err)
			}
		}
	}
}

// TestGzipOfNothing: a body of millions of empty gzip members is as long as any other.
func TestGzipOfNothing(t *testing.T) {
	t.Parallel()
	var member bytes.Buffer
	_ = gzip.NewWriter(&member).Close()
	sent := 0
	url, fetch := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		many := bytes.Repeat(member.Bytes(), 1000)
		for range 8000 {
			n, err := w.Write(many)
			if sent += n; err != nil {
				return
			}
		}
	})
	retry := quick()
	retry.Attempts = 1
	if body, err := get(t.Context(), retry, fetch, url, 1<<20); !errors.Is(err, ErrMalformed) || body != "" || sent > 8<<20 {
		t.Errorf("%d bytes, error %v after %d bytes of 8 million members", len(body), err, sent)
	}
}
