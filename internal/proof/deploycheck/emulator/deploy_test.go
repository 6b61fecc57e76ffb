//go:build emulator

package emulator

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
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

// TestNewStack deploys with the defaults, changes a parameter, which must reach the functions that callers call, and tears
// down: what is left is the operator's own.
func TestNewStack(t *testing.T) {
	c, template := start(t), ""
	c.put(t, types.ParameterTypeStringList, launchpads, ourID)
	template = c.derive(t, "template.yaml")
	c.guided(t, template)
	if found := c.left(t, "tokensync"); len(found) != len(listings) {
		t.Fatalf("the stack shows in %v alone: %s", found, c.ask(t, listings["log groups"]))
	}
	was := c.versions(t, "tokensync")
	if was["GetStatsFunction"].Environment.Variables["CACHE_MAX_AGE"] != "15s" {
		t.Errorf("GetStatsFunction has %v", was["GetStatsFunction"])
	}
	c.deploy(t, template, "default", "CacheMaxAge=31")
	is := c.versions(t, "tokensync")
	for id, function := range is {
		maxAge, ok := function.Environment.Variables["CACHE_MAX_AGE"]
		if ok && maxAge != "31s" {
			t.Errorf("%s: callers get CACHE_MAX_AGE %s", id, maxAge)
		}
		if moved := function.Version != was[id].Version; moved != ok {
			t.Errorf("%s: version %s became %s", id, was[id].Version, function.Version)
		}
	}
	if output, err := c.delete(t, "tokensync"); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if found := c.left(t, "tokensync"); len(found) > 0 {
		t.Errorf("what is left shows in %v", found)
	}
	if got := c.value(t, launchpads); got != ourID {
		t.Errorf("the operator's launchpad ID is %q", got)
	}
}

// TestProduction deploys with every option of production. The emulator deletes what is protected too: whether the tables are
// is all that shows here.
func TestProduction(t *testing.T) {
	c := start(t)
	c.put(t, types.ParameterTypeStringList, "/prod/launchpads", ourID)
	template := c.derive(t, "template.yaml")
	c.deploy(t, template, "prod", "Environment=prod", "LaunchpadIdParameter=/prod/launchpads", "SolanaRpcUrlParameter=/prod/rpc",
		"AdminTokenParameter=/prod/token", "ListingRulesParameter=/prod/rules", "AlarmEmail=operator@example.com", "ScanDammV2=true",
		"SyncSchedule=5m", "DetailedMetrics=true", "Tracing=Active", "DeletionProtection=true")
	for prefix, want := range map[string]bool{"TokensTable": true, "SyncTable": true, "BoardTable": false} {
		table := c.table(t, "tokensync-prod-"+prefix)
		out, err := c.dynamoDB.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
		if err != nil || aws.ToBool(out.Table.DeletionProtectionEnabled) != want {
			t.Errorf("%s: protected %v, error %v", prefix, out.Table.DeletionProtectionEnabled, err)
		}
	}
	if output, err := c.delete(t, "tokensync-prod"); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if found := c.left(t, "tokensync-prod"); len(found) > 0 {
		t.Errorf("what is left shows in %v", found)
	}
}

// TestUpgrade takes a stack of the last release the first steps to this one, as docs/deploy.md has it: one index a deploy, and
// no item and no launchpad ID is lost. That CloudFormation does every step is repotest's to say: the emulator would do more.
func TestUpgrade(t *testing.T) {
	c := start(t)
	c.put(t, types.ParameterTypeStringList, launchpads, ourID)
	c.deploy(t, c.derive(t, released), "default", "LaunchpadId="+ourID)
	if c.value(t, "/tokensync/launchpad-id") != ourID {
		t.Fatal("the last release has no launchpad ID")
	}
	table := c.table(t, "tokensync-TokensTable")
	item := map[string]dynamotypes.AttributeValue{
		"mint": &dynamotypes.AttributeValueMemberS{Value: "mint"}, "listing": &dynamotypes.AttributeValueMemberS{Value: ourID},
		"first_seen_at": &dynamotypes.AttributeValueMemberN{Value: "1700000000000"},
	}
	if _, err := c.dynamoDB.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
		t.Fatal(err)
	}
	old := []string{"by-created", "by-volume", "by-tvl", "by-market-cap", "by-progress", "by-symbol"}
	template := c.derive(t, "template.yaml")
	for left := len(old); left >= len(old)-1; left-- {
		c.deploy(t, template, "default", "OldTokenIndexes="+strconv.Itoa(left))
		want := slices.Sorted(slices.Values(append(slices.Clone(old[:left]), "by-launchpad")))
		if got := c.indexes(t, table); !slices.Equal(got, want) {
			t.Errorf("OldTokenIndexes=%d: indexes %v, want %v", left, got, want)
		}
	}
	if now := c.table(t, "tokensync-TokensTable"); now != table {
		t.Errorf("the table %s became %s", table, now)
	}
	got, err := c.dynamoDB.Query(t.Context(), &dynamodb.QueryInput{
		TableName: &table, IndexName: new("by-launchpad"), KeyConditionExpression: new("listing = :l"),
		ExpressionAttributeValues: map[string]dynamotypes.AttributeValue{":l": item["listing"]},
	})
	if err != nil || len(got.Items) != 1 {
		t.Errorf("%d items of the last release are in the new index, error %v", len(got.Items), err)
	}
	if old, own := c.value(t, "/tokensync/launchpad-id"), c.value(t, launchpads); old != "" || own != ourID {
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
