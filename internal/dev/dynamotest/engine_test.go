package dynamotest_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/samtemplate"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func start(t *testing.T) *dynamotest.Engine {
	t.Helper()
	e, err := dynamotest.Start(t.Context(), dynamotest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func TestTablesComeFromTheTemplate(t *testing.T) {
	t.Parallel()
	e := start(t)
	names := e.TablesFor(t)
	got, err := e.Client().DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &names.Tokens})
	if err != nil {
		t.Fatal(err)
	}
	template, err := samtemplate.Load("../../../template.yaml", samtemplate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	table, err := template.Table("TokensTable")
	if err != nil {
		t.Fatal(err)
	}
	byName := cmpopts.SortSlices(func(a, b samtemplate.Index) bool { return a.Name < b.Name })
	if diff := cmp.Diff(table.Indexes, describedIndexes(got.Table), byName, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("indexes (-template +engine):\n%s", diff)
	}
	ttl, err := e.Client().DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: &names.Sync})
	if err != nil {
		t.Fatal(err)
	}
	if d := ttl.TimeToLiveDescription; d.AttributeName == nil || *d.AttributeName != "expires_at" {
		t.Errorf("TTL %+v, want expires_at", d)
	}
}

func describedIndexes(table *types.TableDescription) []samtemplate.Index {
	var out []samtemplate.Index
	for _, index := range table.GlobalSecondaryIndexes {
		i := samtemplate.Index{
			Name: *index.IndexName, Projection: string(index.Projection.ProjectionType),
			NonKeyAttributes: index.Projection.NonKeyAttributes,
		}
		for _, key := range index.KeySchema {
			i.Keys = append(i.Keys, samtemplate.Key{Name: *key.AttributeName, Type: string(key.KeyType)})
		}
		out = append(out, i)
	}
	return out
}

func TestManyTestsShareAnEngine(t *testing.T) {
	t.Parallel()
	e := start(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			names, err := e.NewTables(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			item := map[string]types.AttributeValue{"mint": &types.AttributeValueMemberS{Value: "m"}}
			if _, err := e.Client().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &names.Tokens, Item: item}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestEnginesStartSideBySide(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 3 {
		seen[start(t).Endpoint()] = true
	}
	if len(seen) != 3 && os.Getenv("DYNAMODB_ENDPOINT") == "" {
		t.Errorf("endpoints %v, want three", seen)
	}
}

func TestMissingBinary(t *testing.T) {
	t.Parallel()
	if _, err := dynamotest.Start(t.Context(), dynamotest.Options{Binary: "/nowhere/dynoxide"}); err == nil {
		t.Error("no error")
	}
}

func TestUnreachableEndpoint(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := dynamotest.Start(ctx, dynamotest.Options{Endpoint: "http://127.0.0.1:1"})
	if err == nil || !strings.Contains(err.Error(), "http://127.0.0.1:1") {
		t.Errorf("error %v, want one that names the endpoint", err)
	}
}

func TestCloseEndsTheProcess(t *testing.T) {
	t.Parallel()
	e := start(t)
	pid := dynamotest.PID(e)
	if pid == 0 {
		return // someone else's engine
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err == nil {
		t.Errorf("process %d is still there", pid)
	}
}
