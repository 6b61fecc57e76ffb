package config

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/token"
)

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

func TestLoadSyncDefaults(t *testing.T) {
	t.Parallel()
	got, err := LoadSync(env("TOKENS_TABLE", "tokens", "SYNC_TABLE", "sync", "BOARD_TABLE", "board", "LAUNCHPAD_ID_PARAMETER", "/id", "SYNC_INTERVAL", "1m"))
	if err != nil {
		t.Fatal(err)
	}
	want := Sync{
		TokensTable: "tokens", SyncTable: "sync", BoardTable: "board", LaunchpadIDParameter: "/id", LogLevel: slog.LevelInfo,
		Products: []token.Product{token.DLMM, token.DBC}, Quotes: token.NewQuoteMints(),
		URLs: map[token.Product]string{
			token.DLMM: "https://dlmm.datapi.meteora.ag", token.DAMMv2: "https://damm-v2.datapi.meteora.ag",
			token.DAMMv1: "https://damm-api.meteora.ag", token.DBCList: "https://dbc.datapi.meteora.ag",
		},
		UserAgent: "tokensync/" + Version, SyncInterval: time.Minute,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoadSyncEverySetting(t *testing.T) {
	t.Parallel()
	got, err := LoadSync(env("TOKENS_TABLE", "t", "SYNC_TABLE", "s", "BOARD_TABLE", "b", "LAUNCHPAD_ID_PARAMETER", "/id", "SYNC_INTERVAL", "2m", "WATCH_INTERVAL", "5s",
		"METEORA_PRODUCTS", " damm-v1, dlmm,dlmm,", "METEORA_DBC_URL", "https://dbc.example", "METEORA_USER_AGENT", "curl/8.0", "METEORA_DLMM_URL", "http://127.0.0.1:1/dlmm", "LOG_LEVEL", "debug",
		"QUOTE_MINTS", token.USDC+",7qNoXXPbgkqyiNGrY7sQughsZgpDB57MHdHjzoNnSDUH", "SOLANA_RPC_URL_PARAMETER", "/rpc", "LISTING_RULES_PARAMETER", "/rules",
		"METADATA_GATEWAYS", "https://a.example/ipfs, https://b.example/ipfs/", "ARWEAVE_GATEWAYS", "https://ar.example", "METADATA_HOSTS", "a.example=127.0.0.1:1,b.example=[::1]:2",
		"SOLANA_RPC_RATE", "50", "SOLANA_SCAN_RATE", "0.5", "SOLANA_DAS_RATE", "10", "WALK_REQUESTS", "900", "WALK_TIME", "90s", "CURVES_PER_RUN", "50000", "CURVES_KEPT", "40000"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]token.Product{token.DAMMv1, token.DLMM}, got.Products); diff != "" {
		t.Error(diff)
	}
	if got.URLs[token.DLMM] != "http://127.0.0.1:1/dlmm" || got.LogLevel != slog.LevelDebug || got.SolanaRPCParameter != "/rpc" || got.ListingRulesParameter != "/rules" {
		t.Errorf("%+v", got)
	}
	if !slices.Equal(got.IPFS, []string{"https://a.example/ipfs/", "https://b.example/ipfs/"}) || !slices.Equal(got.Arweave, []string{"https://ar.example/"}) ||
		!maps.Equal(got.Hosts, map[string]string{"a.example": "127.0.0.1:1", "b.example": "[::1]:2"}) {
		t.Errorf("%+v", got)
	}
	if got.SyncInterval != 2*time.Minute || got.WatchInterval != 5*time.Second {
		t.Errorf("%+v", got)
	}
	chain := Chain{RPCRate: 50, ScanRate: 0.5, DASRate: 10, WalkRequests: 900, WalkTime: 90 * time.Second, CurvesPerRun: 50_000, CurvesKept: 40_000}
	if diff := cmp.Diff(chain, got.Chain); diff != "" {
		t.Error(diff)
	}
	if got.URLs[token.DBCList] != "https://dbc.example" || got.UserAgent != "curl/8.0" {
		t.Errorf("%+v", got)
	}
	if len(got.Quotes) != 4 || !got.Quotes["7qNoXXPbgkqyiNGrY7sQughsZgpDB57MHdHjzoNnSDUH"] || !got.Quotes[token.SOL] {
		t.Errorf("quote mints %v", got.Quotes)
	}
}

func TestLoadSyncReportsEveryErrorAtOnce(t *testing.T) {
	t.Parallel()
	_, err := LoadSync(env("SYNC_TABLE", " ", "METEORA_PRODUCTS", "dlmm,raydium", "METEORA_DAMM_V1_URL", "damm.example",
		"QUOTE_MINTS", "SOL", "LOG_LEVEL", "loud", "WATCH_INTERVAL", "5ms", "METEORA_USER_AGENT", "token\nsync",
		"METADATA_GATEWAYS", "http://a.example/ipfs/", "ARWEAVE_GATEWAYS", "ar.example", "METADATA_HOSTS", "a.example=10.0.0.1:443,b.example",
		"SOLANA_RPC_RATE", "NaN", "SOLANA_SCAN_RATE", "-1", "SOLANA_DAS_RATE", "1e9", "WALK_REQUESTS", "4.5", "WALK_TIME", "120", "CURVES_PER_RUN", "-1", "CURVES_KEPT", "2000000"))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"TOKENS_TABLE: is not set", "SYNC_TABLE: is not set", "BOARD_TABLE: is not set", "LAUNCHPAD_ID_PARAMETER: is not set", `METEORA_PRODUCTS: "raydium"`,
		"SYNC_INTERVAL: is not set", `WATCH_INTERVAL: "5ms" is neither 0s nor a duration of 1s or more`, `METEORA_DAMM_V1_URL: "damm.example"`, `QUOTE_MINTS: "SOL"`, `LOG_LEVEL: "loud"`, `METEORA_USER_AGENT: "token\nsync"`,
		`METADATA_GATEWAYS: "http://a.example/ipfs/"`, `ARWEAVE_GATEWAYS: "ar.example"`, `METADATA_HOSTS: "a.example=10.0.0.1:443"`, `METADATA_HOSTS: "b.example"`,
		`SOLANA_RPC_RATE: "NaN"`, `SOLANA_SCAN_RATE: "-1"`, `SOLANA_DAS_RATE: "1e9"`, `WALK_REQUESTS: "4.5"`, `WALK_TIME: "120"`, `CURVES_PER_RUN: "-1"`, `CURVES_KEPT: "2000000"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
	if _, err := LoadSync(env("TOKENS_TABLE", "t", "SYNC_TABLE", "s", "BOARD_TABLE", "b", "LAUNCHPAD_ID_PARAMETER", "/id", "SYNC_INTERVAL", "1m", "METEORA_PRODUCTS", ", ,")); err == nil || !strings.Contains(err.Error(), "METEORA_PRODUCTS: names no product") {
		t.Errorf("error is %v", err)
	}
}
