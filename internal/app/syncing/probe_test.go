package syncing

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"

	"tokensync/internal/config"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/doctor"
	"tokensync/internal/ingest"
	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// TestProbe runs the event of events/ with a report, logs it without the node's key, and starts no run.
func TestProbe(t *testing.T) {
	t.Parallel()
	const key = "an-api-key-of-ours"
	server := meteoratest.New(meteoratest.Config{Pools: 1200, Ours: 10})
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	chain, err := rpctest.Start(rpctest.New(rpctest.Config{Tokens: 20, Key: key}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { chain.Close() })
	var log bytes.Buffer
	runs := 0
	handle := handler(
		func(context.Context, ingest.Event) (syncrun.Record, error) {
			runs++
			return syncrun.Record{RunID: "r"}, nil
		},
		&prober{
			settings: config.Sync{
				URLs: map[token.Product]string{token.DLMM: server.URL(meteoratest.DLMM)}, UserAgent: "tokensync/test", Products: []token.Product{token.DLMM, token.DBC},
			},
			node: newNode(store{value: chain.URL()}, "/rpc", solana.Rates{}, slog.New(slog.DiscardHandler)),
			launchpads: func(context.Context) ([]token.LaunchpadID, error) {
				return []token.LaunchpadID{rpctest.DefaultLaunchpad}, nil
			},
			log: slog.New(slog.NewJSONHandler(&log, nil)),
		},
	)
	result, err := handle(t.Context(), eventOf(t, "sync-probe"))
	report, ok := result.(doctor.Report)
	if err != nil || !ok || !report.Holds || len(report.Checks) < 20 || runs != 0 {
		t.Errorf("%d runs, error %v, %+v", runs, err, result)
	}
	if text := log.String(); !strings.Contains(text, `"checks":[{"of":"dlmm"`) || strings.Contains(text, key) {
		t.Errorf("logged %s", text)
	}
	if result, err := handle(t.Context(), eventOf(t, "sync-refresh")); err != nil || result.(syncrun.Record).RunID != "r" || runs != 1 {
		t.Errorf("%d runs, error %v, %+v", runs, err, result)
	}
}

func eventOf(t *testing.T, name string) (event ingest.Event) {
	t.Helper()
	b, err := os.ReadFile("../../../events/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(b, &event)
	}
	if err != nil {
		t.Fatal(err)
	}
	return event
}
