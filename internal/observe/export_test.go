package observe

import (
	"io"
	"log/slog"
)

// NewTestLogger has starts of its own.
func NewTestLogger(w io.Writer, level slog.Level) *slog.Logger {
	return newLogger(w, level, new(starts))
}

// NewTestMetrics has starts of its own.
func NewTestMetrics(w io.Writer, getenv func(string) string) *Metrics {
	m := NewMetrics(w, getenv)
	m.starts = new(starts)
	return m
}
