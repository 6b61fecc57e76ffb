package samtemplate_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/samtemplate"
	"tokensync/internal/products"
	"tokensync/internal/token"
)

const ourTemplate = "../../../template.yaml"

func loadOurs(t *testing.T, parameters map[string]string) *samtemplate.Template {
	t.Helper()
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
	want := []samtemplate.Index{{
		Name: "by-launchpad", Keys: []samtemplate.Key{{Name: "listing", Type: "HASH"}, {Name: "first_seen_at", Type: "RANGE"}},
		Projection: "KEYS_ONLY",
	}}
	if diff := cmp.Diff(want, table.Indexes); diff != "" {
		t.Errorf("indexes (-want +got):\n%s", diff)
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

// TestOurBoardTable: what readers read expires by itself and needs no recovery, as a run builds it anew.
func TestOurBoardTable(t *testing.T) {
	t.Parallel()
	table, err := loadOurs(t, nil).Table("BoardTable")
	if err != nil {
		t.Fatal(err)
	}
	want := samtemplate.Table{
		LogicalID: "BoardTable", Name: "tokensync-local-BoardTable", BillingMode: "PAY_PER_REQUEST", TTLAttribute: "expires_at",
		Attributes: []samtemplate.Attribute{{Name: "pk", Type: "S"}}, Keys: []samtemplate.Key{{Name: "pk", Type: "HASH"}},
	}
	if diff := cmp.Diff(want, table); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
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
		"TOKENS_TABLE", "BOARD_TABLE", "SYNC_TABLE", "LAUNCHPAD_ID_PARAMETER", "METEORA_PRODUCTS", "SYNC_INTERVAL", "WATCH_INTERVAL", "LOG_LEVEL",
	} {
		if f.Environment[name] == "" {
			t.Errorf("%s is not set", name)
		}
	}
}

// TestOurProducts: each can be chosen, and asked at Meteora's address, or at the one where sam local finds its fake.
func TestOurProducts(t *testing.T) {
	t.Parallel()
	f, err := loadOurs(t, nil).Function("sync-tokens")
	if err != nil {
		t.Fatal(err)
	}
	local := event(t, "env.json")
	for _, api := range products.APIs {
		if got := f.Environment[api.Variable]; got != api.URL {
			t.Errorf("%s is %q, want %s", api.Variable, got, api.URL)
		}
		if fake := fmt.Sprintf("%q: \"http://host.docker.internal:8002/%s\"", api.Variable, api.Product); !strings.Contains(local, fake) {
			t.Errorf("events/env.json has no %s", fake)
		}
	}
	for _, product := range token.Products {
		choice := map[string]string{"MeteoraProducts": string(product)}
		if product == token.DAMMv2 {
			choice = map[string]string{"ScanDammV2": "true", "SyncSchedule": "5m"}
		}
		if _, err := samtemplate.Load(ourTemplate, samtemplate.Options{Parameters: choice}); err != nil {
			t.Errorf("%s cannot be chosen: %v", product, err)
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

// TestOurAccessLogIsJSON fills in what API Gateway would: its texts of errors are in quotes.
func TestOurAccessLogIsJSON(t *testing.T) {
	t.Parallel()
	resources, err := loadOurs(t, nil).Resources()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(resources, func(r samtemplate.Resource) bool { return r.LogicalID == "ReadApi" })
	format := resources[i].Properties["AccessLogSettings"].(map[string]any)["Format"].(string)
	var line map[string]string
	filled := regexp.MustCompile(`\$context\.[A-Za-z.]+`).ReplaceAllString(format, "Not Found")
	if err := json.Unmarshal([]byte(filled), &line); err != nil || strings.Contains(format, "\n") {
		t.Errorf("%v: %s", err, format)
	}
	for _, name := range []string{"error", "authorizer_error", "function_error", "status", "route"} {
		if line[name] == "" {
			t.Errorf("an access-log line has no %s: %s", name, format)
		}
	}
}

// TestOurProcessors: what reads runs on one of Go's processors as long as it has less than one of Lambda's.
func TestOurProcessors(t *testing.T) {
	t.Parallel()
	const wholeCore = 1769 // MB
	for _, f := range loadOurs(t, nil).Functions {
		want := "1"
		if f.Name == "sync-tokens" || f.MemoryMB >= wholeCore {
			want = ""
		}
		if got := f.Environment["GOMAXPROCS"]; got != want {
			t.Errorf("%s: GOMAXPROCS %q with %d MB, want %q", f.Name, got, f.MemoryMB, want)
		}
	}
}

// TestOurMemoryLimits ties GOMEMLIMIT to MemorySize: too high and a warm sandbox is killed, too low and it only collects garbage.
func TestOurMemoryLimits(t *testing.T) {
	t.Parallel()
	for _, memory := range []string{"128", "256", "512", "1024"} {
		for _, f := range loadOurs(t, map[string]string{"SyncMemory": memory}).Functions {
			limit, ok := strings.CutSuffix(f.Environment["GOMEMLIMIT"], "MiB")
			mib, err := strconv.Atoi(limit)
			if share := float64(mib) / float64(f.MemoryMB); !ok || err != nil || math.Abs(share-0.85) > 0.02 {
				t.Errorf("%s: GOMEMLIMIT %q of %d MB, want about 85 %%", f.LogicalID, f.Environment["GOMEMLIMIT"], f.MemoryMB)
			}
			if f.Name == "sync-tokens" && strconv.Itoa(f.MemoryMB) != memory {
				t.Errorf("the sync has %d MB, want %s", f.MemoryMB, memory)
			}
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

// TestOurTablesCanBeProtected: the durable ones, by a parameter of its own, as a first deploy that fails cannot take back
// what is protected.
func TestOurTablesCanBeProtected(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"false": false, "true": true} {
		for _, table := range loadOurs(t, map[string]string{"Environment": "prod", "DeletionProtection": value}).Tables {
			if durable := table.LogicalID != "BoardTable"; table.DeletionProtection != (want && durable) {
				t.Errorf("DeletionProtection=%s: that of %s is %v", value, table.LogicalID, table.DeletionProtection)
			}
		}
	}
}

// TestOurScheduleIsOneKnob: expression, alarms and functions agree on every value that it may have.
func TestOurScheduleIsOneKnob(t *testing.T) {
	t.Parallel()
	for knob, want := range map[string][2]string{
		"1m": {"rate(1 minute)", "60"}, "2m": {"rate(2 minutes)", "120"}, "5m": {"rate(5 minutes)", "300"},
		"15m": {"rate(15 minutes)", "900"}, "1h": {"rate(1 hour)", "3600"},
	} {
		template := loadOurs(t, map[string]string{"SyncSchedule": knob})
		resources, err := template.Resources()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(resources, func(r samtemplate.Resource) bool { return r.LogicalID == "NoSuccessAlarm" })
		got := [2]string{"", resources[i].Properties["Period"].(string)}
		for _, f := range template.Functions {
			if interval, ok := f.Environment["SYNC_INTERVAL"]; ok && interval != knob {
				t.Errorf("%s: SYNC_INTERVAL of %s is %s", knob, f.LogicalID, interval)
			}
			if len(f.Schedules) > 0 {
				got[0] = f.Schedules[0].Expression
			}
		}
		if got != want {
			t.Errorf("%s: %v, want %v", knob, got, want)
		}
	}
}

// TestOurNoSuccessAlarmRingsUntilThereIsOne: runs that do not start at all report nothing.
func TestOurNoSuccessAlarmRingsUntilThereIsOne(t *testing.T) {
	t.Parallel()
	resources, err := loadOurs(t, nil).Resources()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(resources, func(r samtemplate.Resource) bool { return r.LogicalID == "NoSuccessAlarm" })
	if p := resources[i].Properties; p["TreatMissingData"] != "breaching" || fmt.Sprint(p["EvaluationPeriods"]) != "3" {
		t.Errorf("missing data are %v for %v periods", p["TreatMissingData"], p["EvaluationPeriods"])
	}
}

// TestOurDammV2NeedsTime: a full scan of it takes minutes, so that a schedule of one minute is refused at deploy.
func TestOurDammV2NeedsTime(t *testing.T) {
	t.Parallel()
	for knob, want := range map[string]bool{"1m": false, "2m": false, "5m": true, "15m": true, "1h": true} {
		template, err := samtemplate.Load(ourTemplate, samtemplate.Options{
			Parameters: map[string]string{"ScanDammV2": "true", "SyncSchedule": knob},
		})
		if (err == nil) != want {
			t.Errorf("SyncSchedule %s: %v", knob, err)
		}
		if err != nil {
			continue
		}
		f, err := template.Function("sync-tokens")
		if products := f.Environment["METEORA_PRODUCTS"]; err != nil || products != "dlmm,dbc,damm-v2" {
			t.Errorf("products %s, error %v", products, err)
		}
	}
}

// TestOurWatch: it must be over with the function, and a full run must be able to begin meanwhile.
func TestOurWatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		seconds, schedule, reserved string
		want                        string // WATCH_INTERVAL; "" is refused
	}{
		{"0", "1h", "1", "0s"},
		{"5", "1m", "0", "5s"},
		{"60", "5m", "0", "60s"},
		{"5", "15m", "0", ""},
		{"5", "1h", "0", ""},
		{"5", "1m", "1", ""},
	} {
		template, err := samtemplate.Load(ourTemplate, samtemplate.Options{Parameters: map[string]string{
			"WatchSeconds": tt.seconds, "SyncSchedule": tt.schedule, "SyncReservedConcurrency": tt.reserved,
		}})
		if (err == nil) != (tt.want != "") {
			t.Errorf("%+v: %v", tt, err)
		}
		if err != nil {
			continue
		}
		f, err := template.Function("sync-tokens")
		if got := f.Environment["WATCH_INTERVAL"]; err != nil || got != tt.want || f.Environment["SYNC_INTERVAL"] != tt.schedule {
			t.Errorf("%+v: %s every %s, error %v", tt, got, f.Environment["SYNC_INTERVAL"], err)
		}
	}
}

// TestOurLaunchpadIDIsTheOperators: the stack has only the name of the SSM parameter, so that no deploy resets its value.
func TestOurLaunchpadIDIsTheOperators(t *testing.T) {
	t.Parallel()
	template := loadOurs(t, map[string]string{"LaunchpadIdParameter": "/mine/id"})
	resources, err := template.Resources()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range resources {
		if r.Type == "AWS::SSM::Parameter" {
			t.Errorf("the stack creates %s", r.LogicalID)
		}
	}
	named := 0
	for _, f := range template.Functions {
		if name, ok := f.Environment["LAUNCHPAD_ID_PARAMETER"]; ok && name == "/mine/id" {
			named++
		}
	}
	if named < 2 {
		t.Errorf("%d functions have the parameter's name", named)
	}
	for _, name := range []string{"", "id", "/" + strings.Repeat("x", 64), "/a b"} {
		if _, err := samtemplate.Load(ourTemplate, samtemplate.Options{Parameters: map[string]string{"LaunchpadIdParameter": name}}); err == nil {
			t.Errorf("LaunchpadIdParameter may be %q", name)
		}
	}
}

// TestOurCORS: the front end of another origin posts JSON, after a preflight that its browser keeps for an hour.
func TestOurCORS(t *testing.T) {
	t.Parallel()
	want := samtemplate.CORS{
		Origins: []string{"https://a.example", "https://b.example"}, Methods: []string{"GET", "POST"},
		Headers: []string{"if-none-match", "content-type"}, Expose: []string{"etag", "retry-after"}, MaxAge: time.Hour,
	}
	got := loadOurs(t, map[string]string{"CorsAllowedOrigins": "https://a.example,https://b.example"}).CORS
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CORS (-want +got):\n%s", diff)
	}
	if origins := loadOurs(t, nil).CORS.Origins; !slices.Equal(origins, []string{"*"}) {
		t.Errorf("origins by default: %q", origins)
	}
}
