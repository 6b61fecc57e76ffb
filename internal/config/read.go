package config

import (
	"errors"
	"log/slog"
	"time"
)

// Names of the variables that only the read functions know. All have defaults.
const (
	CacheMaxAge      = "CACHE_MAX_AGE"                // how long clients may use an answer, in whole seconds
	CacheStale       = "CACHE_STALE_WHILE_REVALIDATE" // and how much longer while they ask again
	CacheMemory      = "CACHE_MEMORY"                 // how long a warm function uses an answer; 0 turns that off
	CacheMemoryBytes = "CACHE_MEMORY_BYTES"           // how much of them it keeps
)

// Read is what the functions behind the API need. Cache settings that are not set are those of the fallback.
type Read struct {
	TokensTable, SyncTable, BoardTable string
	LaunchpadIDParameter               string
	SyncInterval                       time.Duration
	Cache                              Cache
	LogLevel                           slog.Level
}

// Cache is how long responses may be used again, and how many bytes of them a function keeps.
type Cache struct {
	MaxAge, StaleWhileRevalidate, Memory time.Duration
	MemoryBytes                          int
}

// LoadRead reads the environment through getenv. Only the variables in required must be set. Its error lists every
// setting that is missing or bad.
func LoadRead(getenv func(string) string, fallback Cache, required ...string) (Read, error) {
	r := reader{getenv: getenv}
	for _, name := range required {
		r.required(name)
	}
	s := Read{
		TokensTable:          r.optional(TokensTable, ""),
		SyncTable:            r.optional(SyncTable, ""),
		BoardTable:           r.optional(BoardTable, ""),
		LaunchpadIDParameter: r.optional(LaunchpadIDParameter, ""),
		SyncInterval:         r.interval(),
		Cache: Cache{
			MaxAge:               r.duration(CacheMaxAge, fallback.MaxAge, maxCached),
			StaleWhileRevalidate: r.duration(CacheStale, fallback.StaleWhileRevalidate, maxCached),
			Memory:               r.duration(CacheMemory, fallback.Memory, maxCached),
			MemoryBytes:          r.count(CacheMemoryBytes, fallback.MemoryBytes, maxCacheBytes),
		},
		LogLevel: r.level(),
	}
	return s, errors.Join(r.errs...)
}

// maxCached bounds how long an answer may be used.
const maxCached = 24 * time.Hour

// duration reads a time of 0 to most, such as 15s.
func (r *reader) duration(name string, fallback, most time.Duration) time.Duration {
	v := r.optional(name, fallback.String())
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 || d > most {
		r.fail(name, "%q is not a duration from 0s to %v, such as 15s", v, most)
	}
	return d
}

// maxCacheBytes leaves room in the smallest function.
const maxCacheBytes = 64 << 20
