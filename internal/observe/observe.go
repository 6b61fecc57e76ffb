// Package observe is what the functions tell of themselves: JSON logs and memory figures.
package observe

import (
	"log/slog"
	"os"
)

// NewLogger writes JSON lines to standard output, as Lambda's JSON log format expects them.
func NewLogger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{Level: level}))
}
