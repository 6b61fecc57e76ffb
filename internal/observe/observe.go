// Package observe is what the functions tell of themselves: JSON logs, metrics and memory figures.
package observe

import (
	"context"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"sync/atomic"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// NewLogger writes JSON lines to standard output, as Lambda's JSON log format expects them. Each line has the version,
// and within an invocation the request's ID and whether it is the process's first.
func NewLogger(level slog.Level) *slog.Logger {
	return newLogger(os.Stdout, level, &process)
}

func newLogger(w io.Writer, level slog.Level, starts *starts) *slog.Logger {
	lines := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	return slog.New(handler{lines, starts}).With("version", Version())
}

// handler adds what the context knows.
type handler struct {
	slog.Handler
	starts *starts
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if id := requestID(ctx); id != "" {
		r = r.Clone() // its attributes may be shared
		r.AddAttrs(slog.String("request_id", id), slog.Bool("cold_start", h.starts.cold(ctx)))
	}
	return h.Handler.Handle(ctx, r)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.starts}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.starts}
}

// requestID returns Lambda's ID of the invocation, "" outside of one.
func requestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}

// process is this process's starts.
var process starts

// starts remembers which request was the first: the one that waited for the cold start.
type starts struct {
	first atomic.Pointer[string]
}

// cold reports whether ctx belongs to the first request.
func (s *starts) cold(ctx context.Context) bool {
	id := requestID(ctx)
	if id == "" {
		return false
	}
	s.first.CompareAndSwap(nil, &id)
	return *s.first.Load() == id
}

// version is set by the linker: make build VERSION=… does it.
var version string

// Version tells builds apart: what the linker was told, else the commit that the build knows of, else what Lambda calls
// the function's version. A version in the binary makes every function change with every release, so none is the default.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				return setting.Value
			}
		}
	}
	if v := os.Getenv("AWS_LAMBDA_FUNCTION_VERSION"); v != "" {
		return v
	}
	return "unknown"
}
