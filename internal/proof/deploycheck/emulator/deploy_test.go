//go:build emulator

package emulator

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

const (
	launchpads = "/tokensync/launchpads"
	ourID      = "56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V"
	// released is the template of the last release, as it was.
	released = "internal/proof/deploycheck/testdata/template-1.0.0.yaml"
)

// TestNewStack is a new user: it types what docs/deploy.md tells to for a first time, then what an operator does day by day, and at
// last tears down. A changed parameter reaches the functions that callers call, and what is left is the operator's own.
func TestNewStack(t *testing.T) {
	t.Parallel()
	s := newSite(t, start(t))
	s.run(t, "aws ssm put-parameter --type StringList", s.answers(t, map[string]string{
		"SolanaRpcUrlParameter": "/tokensync/solana-rpc-url", "AdminTokenParameter": "/tokensync/admin-token",
	}))
	if found := s.left(t, "tokensync"); len(found) != len(listings) {
		t.Fatalf("the stack shows in %v alone: %s", found, s.ask(t, listings["log groups"]))
	}
	if own := s.file(t, "samconfig.mine.toml"); !strings.Contains(own, "AdminTokenParameter=") || own == s.file(t, "samconfig.toml") {
		t.Errorf("the answers are not in the operator's own file:\n%s", own)
	}
	if token := s.value(t, "/tokensync/admin-token"); len(token) < 32 || s.value(t, launchpads) != ourID {
		t.Errorf("the launchpad ID is %q, the operator's token %q", s.value(t, launchpads), token)
	}
	was := s.versions(t, "tokensync")
	s.operate(t)
	if now := s.versions(t, "tokensync"); !reflect.DeepEqual(now, was) {
		t.Errorf("nothing has changed, and callers get %v instead of %v", now, was)
	}
	s.changeParameter(t, was)
	s.tearDown(t)
}

// operate runs what leaves the stack as it is.
func (s *site) operate(t *testing.T) {
	t.Helper()
	s.run(t, "sam remote invoke", "")
	if urls := s.file(t, "curled"); !healthURL.MatchString(urls) {
		t.Errorf("the health is asked for at %q", urls)
	}
	s.run(t, "aws ssm put-parameter --overwrite", "")
	if got := s.value(t, launchpads); got != "pump.fun,met-dbc" {
		t.Errorf("the operator's launchpad ID is %q", got)
	}
	s.run(t, "sam build && sam deploy --config-file", "")
	s.run(t, "git pull && sam build && sam deploy", "")
	s.run(t, "aws cloudformation deploy --region us-east-1 --stack-name tokensync-front", "")
}

var healthURL = regexp.MustCompile(`^https://\w+\.execute-api\.us-east-1\.amazonaws\.com/v1/health\n$`)

// changeParameter deploys a change of a setting alone.
func (s *site) changeParameter(t *testing.T, was map[string]version) {
	t.Helper()
	if was["GetStatsFunction"].Environment.Variables["CACHE_MAX_AGE"] != "15s" {
		t.Errorf("GetStatsFunction has %v", was["GetStatsFunction"])
	}
	s.shell(t, "sam deploy --config-file samconfig.mine.toml --parameter-overrides CacheMaxAge=31", "y\n")
	is := s.versions(t, "tokensync")
	for id, function := range is {
		maxAge, ok := function.Environment.Variables["CACHE_MAX_AGE"]
		if ok && maxAge != "31s" {
			t.Errorf("%s: callers get CACHE_MAX_AGE %s", id, maxAge)
		}
		if moved := function.Version != was[id].Version; moved != ok {
			t.Errorf("%s: version %s became %s", id, was[id].Version, function.Version)
		}
	}
}

// tearDown removes the stack, and then what is the operator's own.
func (s *site) tearDown(t *testing.T) {
	t.Helper()
	s.run(t, "sam deploy --config-file samconfig.mine.toml --parameter-overrides DeletionProtection", "y\n")
	s.run(t, "sam delete", "y\ny\n")
	if found := s.left(t, "tokensync"); len(found) > 0 {
		t.Errorf("what is left shows in %v", found)
	}
	if got := s.value(t, launchpads); got != "pump.fun,met-dbc" {
		t.Errorf("the operator's launchpad ID is %q", got)
	}
	s.run(t, "aws ssm delete-parameters", "")
	for _, name := range []string{launchpads, "/tokensync/solana-rpc-url", "/tokensync/admin-token"} {
		if s.value(t, name) != "" {
			t.Errorf("%s is left", name)
		}
	}
}

// TestProduction deploys staging with what it offers, and production with every option beside it. The emulator deletes what is
// protected too: whether the tables are is all that shows here.
func TestProduction(t *testing.T) {
	t.Parallel()
	s := newSite(t, start(t))
	s.shell(t, "cp samconfig.toml samconfig.mine.toml && sam build", "")
	s.run(t, "sam deploy --guided --config-file samconfig.mine.toml --config-env staging", s.answers(t, nil))
	s.put(t, types.ParameterTypeStringList, "/prod/launchpads", ourID)
	s.shell(t, "sam deploy --config-file samconfig.mine.toml --config-env prod --parameter-overrides Environment=prod "+
		"LaunchpadIdParameter=/prod/launchpads SolanaRpcUrlParameter=/prod/rpc AdminTokenParameter=/prod/token ListingRulesParameter=/prod/rules "+
		"AlarmEmail=operator@example.com ScanDammV2=true SyncSchedule=5m DetailedMetrics=true Tracing=Active DeletionProtection=true", "y\n")
	for prefix, want := range map[string]bool{"TokensTable": true, "SyncTable": true, "BoardTable": false} {
		table := s.table(t, "tokensync-prod-"+prefix)
		out, err := s.dynamoDB.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
		if err != nil || aws.ToBool(out.Table.DeletionProtectionEnabled) != want {
			t.Errorf("%s: protected %v, error %v", prefix, out.Table.DeletionProtectionEnabled, err)
		}
	}
	s.shell(t, "sam delete --config-file samconfig.mine.toml --config-env prod --no-prompts", "")
	if found := s.left(t, "tokensync-prod"); len(found) > 0 {
		t.Errorf("what is left of production shows in %v", found)
	}
	if found := s.left(t, "tokensync-staging"); len(found) != len(listings) {
		t.Errorf("staging shows in %v alone", found)
	}
}

// TestUpgrade takes a stack of the last release all the way to this one, as docs/deploy.md has it: one index a deploy, and no item
// and no launchpad ID is lost. That CloudFormation does every step is repotest's to say: the emulator would do more.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	s := newSite(t, start(t))
	s.put(t, types.ParameterTypeStringList, launchpads, ourID)
	s.shell(t, "cp samconfig.toml samconfig.mine.toml && sam build && derive "+released, "")
	s.shell(t, `sam deploy --config-file "$PWD/samconfig.mine.toml" --template-file `+released+" --parameter-overrides LaunchpadId="+ourID, "y\n")
	if s.value(t, "/tokensync/launchpad-id") != ourID {
		t.Fatal("the last release has no launchpad ID")
	}
	table := s.table(t, "tokensync-TokensTable")
	item := map[string]dynamotypes.AttributeValue{
		"mint": &dynamotypes.AttributeValueMemberS{Value: "mint"}, "listing": &dynamotypes.AttributeValueMemberS{Value: ourID},
		"first_seen_at": &dynamotypes.AttributeValueMemberN{Value: "1700000000000"},
	}
	if _, err := s.dynamoDB.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
		t.Fatal(err)
	}
	s.run(t, "sam deploy --config-file samconfig.mine.toml --parameter-overrides OldTokenIndexes=6", "y\n")
	old := []string{"by-created", "by-launchpad", "by-market-cap", "by-progress", "by-symbol", "by-tvl", "by-volume"}
	if got := s.indexes(t, table); !slices.Equal(got, old) {
		t.Errorf("OldTokenIndexes=6: indexes %v, want %v", got, old)
	}
	s.run(t, "for left in", "")
	if got := s.indexes(t, table); !slices.Equal(got, []string{"by-launchpad"}) {
		t.Errorf("the indexes in the end are %v", got)
	}
	if now := s.table(t, "tokensync-TokensTable"); now != table {
		t.Errorf("the table %s became %s", table, now)
	}
	got, err := s.dynamoDB.Query(t.Context(), &dynamodb.QueryInput{
		TableName: &table, IndexName: new("by-launchpad"), KeyConditionExpression: new("listing = :l"),
		ExpressionAttributeValues: map[string]dynamotypes.AttributeValue{":l": item["listing"]},
	})
	if err != nil || len(got.Items) != 1 {
		t.Errorf("%d items of the last release are in the new index, error %v", len(got.Items), err)
	}
	if old, own := s.value(t, "/tokensync/launchpad-id"), s.value(t, launchpads); old != "" || own != ourID {
		t.Errorf("the stack's own launchpad ID is %q, the operator's %q", old, own)
	}
}

// version is a function as its callers get it.
type version struct {
	Version     string
	Environment struct{ Variables map[string]string }
}

// versions returns what the aliases of a stack's functions lead to, by logical ID.
func (c *cloud) versions(t *testing.T, stack string) map[string]version {
	t.Helper()
	var all struct {
		Functions []struct{ FunctionName string }
	}
	c.read(t, listings["functions"], &all)
	out := map[string]version{}
	for _, f := range all.Functions {
		id, _, _ := strings.Cut(strings.TrimPrefix(f.FunctionName, stack+"-"), "-")
		if id == "SyncTokensFunction" { // which has no alias
			continue
		}
		var v version
		c.read(t, query{service: "lambda", path: "2015-03-31/functions/" + f.FunctionName + "/configuration?Qualifier=live"}, &v)
		out[id] = v
	}
	if len(out) < 7 {
		t.Fatalf("functions %v", slices.Sorted(maps.Keys(out)))
	}
	return out
}

// read decodes a response.
func (c *cloud) read(t *testing.T, q query, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(c.ask(t, q)), into); err != nil {
		t.Fatal(err)
	}
}

// table returns the name of the table that begins with prefix.
func (c *cloud) table(t *testing.T, prefix string) string {
	t.Helper()
	var all struct{ TableNames []string }
	c.read(t, listings["tables"], &all)
	i := slices.IndexFunc(all.TableNames, func(name string) bool { return strings.HasPrefix(name, prefix) })
	if i < 0 {
		t.Fatalf("no %s among %v", prefix, all.TableNames)
	}
	return all.TableNames[i]
}

// indexes returns the names of a table's indexes, sorted.
func (c *cloud) indexes(t *testing.T, table string) []string {
	t.Helper()
	out, err := c.dynamoDB.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, index := range out.Table.GlobalSecondaryIndexes {
		names = append(names, *index.IndexName)
	}
	slices.Sort(names)
	return names
}
