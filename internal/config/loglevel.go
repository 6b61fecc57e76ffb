package config

import (
	"errors"
	"log/slog"
)

// LoadLogLevel reads LOG_LEVEL alone, info when it is missing or, with an error that says so, bad.
func LoadLogLevel(getenv func(string) string) (slog.Level, error) {
	r := reader{getenv: getenv}
	level := r.level()
	return level, errors.Join(r.errs...)
}
