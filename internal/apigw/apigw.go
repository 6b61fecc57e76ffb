// Package apigw turns API Gateway's HTTP API events (payload 2.0) into net/http requests and answers back.
package apigw

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// Handler handles one event.
type Handler func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// New serves events with h. A panic that h lets through and an event that is no request become an answer of their own,
// from onPanic and with status 400, and never a function error, which a client would see without any body of ours.
func New(h http.Handler, onPanic http.Handler, log *slog.Logger) Handler {
	return func(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		r, err := NewRequest(ctx, &event)
		if err != nil {
			log.WarnContext(ctx, "not a request", "error", err.Error(), "gateway_request_id", event.RequestContext.RequestID)
			return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusBadRequest}, nil
		}
		return serve(h, onPanic, log, r), nil
	}
}

func serve(h, onPanic http.Handler, log *slog.Logger, r *http.Request) (answer events.APIGatewayV2HTTPResponse) {
	defer func() {
		if v := recover(); v != nil {
			log.ErrorContext(r.Context(), "panic", "value", fmt.Sprint(v), "path", r.URL.Path, "stack", string(debug.Stack()))
			w := newRecorder()
			onPanic.ServeHTTP(w, r)
			answer = w.response()
		}
	}()
	w := newRecorder()
	h.ServeHTTP(w, r)
	return w.response()
}

// NewRequest returns event as net/http would have read it from the wire. The query comes from rawQueryString: the parsed map
// joins repeated parameters by commas.
func NewRequest(ctx context.Context, event *events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body := []byte(event.Body)
	if event.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(event.Body); err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
	}
	if event.RequestContext.HTTP.Method == "" {
		return nil, fmt.Errorf("the event has no method: it is not an HTTP API event of version 2.0")
	}
	u := &url.URL{Path: pathOf(event), RawQuery: event.RawQueryString}
	r := &http.Request{
		Method: event.RequestContext.HTTP.Method, URL: u, RequestURI: u.RequestURI(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: headerOf(event), Host: event.RequestContext.DomainName,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		RemoteAddr: event.RequestContext.HTTP.SourceIP,
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
		r.Header.Del("Host")
	}
	return r.WithContext(ctx), nil
}

// pathOf returns the path without the stage, which a stage that is not $default puts in front, and unescaped in case the
// gateway has not done so.
func pathOf(event *events.APIGatewayV2HTTPRequest) string {
	path := event.RawPath
	if stage := event.RequestContext.Stage; stage != "" && stage != "$default" {
		if rest, ok := strings.CutPrefix(path, "/"+stage); ok && (rest == "" || rest[0] == '/') {
			path = rest
		}
	}
	if plain, err := url.PathUnescape(path); err == nil {
		path = plain
	}
	if path == "" {
		return "/"
	}
	return path
}

func headerOf(event *events.APIGatewayV2HTTPRequest) http.Header {
	h := make(http.Header, len(event.Headers)+1)
	for name, value := range event.Headers {
		h.Set(name, value) // several values are one line already, joined by commas
	}
	if len(event.Cookies) > 0 {
		h.Set("Cookie", strings.Join(event.Cookies, "; "))
	}
	return h
}

// recorder is an http.ResponseWriter that keeps the answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	sent   http.Header // as it was at WriteHeader
}

func newRecorder() *recorder { return &recorder{header: http.Header{}} }

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *recorder) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

// response returns payload 2.0: one line a header, cookies apart, and base64 for what is not text.
func (w *recorder) response() events.APIGatewayV2HTTPResponse {
	w.WriteHeader(http.StatusOK)
	out := events.APIGatewayV2HTTPResponse{StatusCode: w.status, Headers: map[string]string{}}
	for name, values := range w.sent {
		if name == "Set-Cookie" {
			out.Cookies = values
			continue
		}
		out.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if w.sent.Get("Content-Encoding") != "" || !utf8.Valid(w.body.Bytes()) {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(w.body.Bytes()), true
		return out
	}
	out.Body = w.body.String()
	return out
}
