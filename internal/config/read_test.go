package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/config"
)

var fallback = config.Cache{MaxAge: 15 * time.Second, StaleWhileRevalidate: time.Minute, Memory: 10 * time.Second, MemoryBytes: 1 << 20}

func TestLoadRead(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"TOKENS_TABLE": "tokens", "SYNC_INTERVAL": "5m", "CACHE_MAX_AGE": "30s", "CACHE_MEMORY": "0s", "LOG_LEVEL": "warn",
	}
	got, err := config.LoadRead(func(name string) string { return env[name] }, fallback, config.TokensTable)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Read{
		TokensTable: "tokens", SyncInterval: 5 * time.Minute, LogLevel: 4,
		Cache: config.Cache{MaxAge: 30 * time.Second, StaleWhileRevalidate: time.Minute, MemoryBytes: 1 << 20},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestLoadReadReportsEveryBadSetting(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"SYNC_INTERVAL": "-1m", "CACHE_MAX_AGE": "15", "CACHE_STALE_WHILE_REVALIDATE": "48h", "CACHE_MEMORY": "-1s",
		"CACHE_MEMORY_BYTES": "1GB", "LOG_LEVEL": "loud",
	}
	_, err := config.LoadRead(func(name string) string { return env[name] }, fallback, config.TokensTable, config.SyncTable)
	if err == nil {
		t.Fatal("no error")
	}
	for name := range env {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in %v", name, err)
		}
	}
	for _, name := range []string{"TOKENS_TABLE", "SYNC_TABLE"} {
		if !strings.Contains(err.Error(), name+": is not set") {
			t.Errorf("%s is not named in %v", name, err)
		}
	}
}
