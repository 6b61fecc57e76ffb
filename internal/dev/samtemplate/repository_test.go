package samtemplate_test

import (
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/samtemplate"
)

const ourTemplate = "../../../template.yaml"

func loadOurs(t *testing.T, parameters map[string]string) *samtemplate.Template {
	t.Helper()
	if parameters == nil {
		parameters = map[string]string{}
	}
	if _, ok := parameters["LaunchpadId"]; !ok {
		parameters["LaunchpadId"] = "pump.fun"
	}
	got, err := samtemplate.Load(ourTemplate, samtemplate.Options{Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOurTokensTable(t *testing.T) {
	t.Parallel()
	table, err := loadOurs(t, nil).Table("TokensTable")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]samtemplate.Key{{Name: "mint", Type: "HASH"}}, table.Keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	got, carried := map[string]string{}, 0
	for _, index := range table.Indexes {
		if index.Keys[0] != (samtemplate.Key{Name: "listing", Type: "HASH"}) {
			t.Errorf("%s has partition key %v", index.Name, index.Keys[0])
		}
		if !slices.Contains(index.NonKeyAttributes, "summary") || slices.Contains(index.NonKeyAttributes, "pools") {
			t.Errorf("%s carries %v, want the summary and not the pools", index.Name, index.NonKeyAttributes)
		}
		carried += len(index.NonKeyAttributes)
		got[index.Name] = index.Keys[1].Name
	}
	want := map[string]string{
		"by-created": "created_at", "by-volume": "volume_24h_usd", "by-tvl": "tvl_usd",
		"by-market-cap": "market_cap_usd", "by-progress": "curve_progress", "by-symbol": "symbol_key",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("indexes (-want +got):\n%s", diff)
	}
	if carried > 100 { // DynamoDB's limit for all indexes of a table together
		t.Errorf("the indexes carry %d attributes, want at most 100", carried)
	}
	if !table.PITR || table.BillingMode != "PAY_PER_REQUEST" {
		t.Errorf("PITR %v, billing %s", table.PITR, table.BillingMode)
	}
}

func TestOurSyncTable(t *testing.T) {
	t.Parallel()
	table, err := loadOurs(t, nil).Table("SyncTable")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]samtemplate.Key{{Name: "pk", Type: "HASH"}, {Name: "sk", Type: "RANGE"}}, table.Keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if table.TTLAttribute != "expires_at" {
		t.Errorf("TTL on %q", table.TTLAttribute)
	}
}

func TestOurSyncFunction(t *testing.T) {
	t.Parallel()
	f, err := loadOurs(t, nil).Function("sync-tokens")
	if err != nil {
		t.Fatal(err)
	}
	if f.Runtime != "provided.al2023" || f.Handler != "bootstrap" || f.BuildMethod != "makefile" || f.CodeURI != "." {
		t.Errorf("runtime %s, handler %s, build method %s, code %s", f.Runtime, f.Handler, f.BuildMethod, f.CodeURI)
	}
	if f.Timeout < 2*time.Minute || f.Timeout > 5*time.Minute {
		t.Errorf("timeout %v", f.Timeout)
	}
	want := []samtemplate.Schedule{
		{ID: "Refresh", Expression: "rate(1 minute)", Input: event(t, "sync-refresh.json"), OmitName: true},
		{ID: "FullSync", Expression: "rate(1 hour)", Input: event(t, "sync-full.json"), OmitName: true},
	}
	if diff := cmp.Diff(want, f.Schedules); diff != "" {
		t.Errorf("schedules (-want +got):\n%s", diff)
	}
	for _, name := range []string{
		"TOKENS_TABLE", "SYNC_TABLE", "LAUNCHPAD_ID_PARAMETER", "METEORA_PRODUCTS",
		"METEORA_DLMM_URL", "METEORA_DAMM_V2_URL", "METEORA_DAMM_V1_URL", "LOG_LEVEL",
	} {
		if f.Environment[name] == "" {
			t.Errorf("%s is not set", name)
		}
	}
}

func event(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../../events/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// TestOurMemoryLimits ties GOMEMLIMIT to MemorySize: too high and a warm sandbox is killed, too low and it only collects garbage.
func TestOurMemoryLimits(t *testing.T) {
	t.Parallel()
	for _, f := range loadOurs(t, nil).Functions {
		limit, ok := strings.CutSuffix(f.Environment["GOMEMLIMIT"], "MiB")
		mib, err := strconv.Atoi(limit)
		if share := float64(mib) / float64(f.MemoryMB); !ok || err != nil || math.Abs(share-0.85) > 0.02 {
			t.Errorf("%s: GOMEMLIMIT %q of %d MB, want about 85 %%", f.LogicalID, f.Environment["GOMEMLIMIT"], f.MemoryMB)
		}
	}
}

func TestOurStatementsAreExact(t *testing.T) {
	t.Parallel()
	for _, f := range loadOurs(t, map[string]string{"SolanaRpcUrlParameter": "/solana/rpc", "AdminTokenParameter": "/admin"}).Functions {
		if len(f.Statements) == 0 && f.Name != "dashboard" { // which calls nothing
			t.Errorf("%s has no statement", f.LogicalID)
		}
		for _, s := range f.Statements {
			if joined := strings.Join(append(s.Actions, s.Resources...), " "); strings.Contains(joined, "*") {
				t.Errorf("%s, statement %s: a star in %s", f.LogicalID, s.Sid, joined)
			}
			isIndex := func(resource string) bool { return strings.Contains(resource, "/index/by-") }
			if len(s.Resources) != 1 && !slices.ContainsFunc(s.Resources, isIndex) {
				t.Errorf("%s, statement %s: resources %v, want one, or indexes of one table", f.LogicalID, s.Sid, s.Resources)
			}
		}
	}
}

func TestOurProductionCannotLoseItsTables(t *testing.T) {
	t.Parallel()
	for environment, want := range map[string]bool{"dev": false, "staging": false, "prod": true} {
		for _, table := range loadOurs(t, map[string]string{"Environment": environment}).Tables {
			if table.DeletionProtection != want {
				t.Errorf("%s: deletion protection of %s is %v", environment, table.LogicalID, table.DeletionProtection)
			}
		}
	}
}

func TestOurLaunchpadIDPattern(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V": true, "pump.fun": true, "met-dbc,pump.fun": true,
		strings.Repeat("x", 64): true, strings.Repeat("x", 65): false,
		"": false, " ": false, "a b": false, "a,": false, ",a": false, "a,,b": false, "a, b": false, "a\n": false, "a\tb": false,
		"claimer:56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V,creator:56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V": true,
		"!#$%&*+-./0:=?@Z": true, `\^_az|~`: true,
		`"a"`: false, "'a'": false, "`a`": false, `["a","b"]`: false, `{"id":"a"}`: false, "a;b": false, "(a)": false,
		"\ufeffa": false, "a\u200b": false, "<no value>": false, "<none>": false, ",": false, "“a”": false,
	}
	for id, want := range tests {
		_, err := samtemplate.Load(ourTemplate, samtemplate.Options{Parameters: map[string]string{"LaunchpadId": id}})
		if (err == nil) != want {
			t.Errorf("LaunchpadId %q: %v", id, err)
		}
	}
	t.Run("stored in SSM", func(t *testing.T) {
		t.Parallel()
		want := []samtemplate.SSMParameter{{
			LogicalID: "LaunchpadIdParameter", Name: "/tokensync-local/launchpad-id", Type: "StringList", Value: "a,b",
		}}
		if diff := cmp.Diff(want, loadOurs(t, map[string]string{"LaunchpadId": "a,b"}).SSMParameters); diff != "" {
			t.Errorf("parameters (-want +got):\n%s", diff)
		}
	})
}
