package dynamotest_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/dev/dynamotest"
)

// TestMeter counts as DynamoDB documents it: a write unit for each KB begun, in the table and in each index whose item
// changes, two where an index key does; a read unit for 4 KB, half of it when it need not be consistent.
func TestMeter(t *testing.T) {
	t.Parallel()
	engine := start(t)
	tables := engine.TablesFor(t)
	meter, err := dynamotest.StartMeter(t.Context(), engine.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	defer meter.Close()
	db := dynamodb.New(engine.Client().Options(), func(o *dynamodb.Options) { o.BaseEndpoint = aws.String(meter.URL()) })
	token := func(seen string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{
			"mint": &types.AttributeValueMemberS{Value: "m"}, "listing": &types.AttributeValueMemberS{Value: "l"},
			"first_seen_at": &types.AttributeValueMemberN{Value: seen},
			"pools":         &types.AttributeValueMemberS{Value: strings.Repeat("x", 2500)}, // in no index
		}
	}
	put := func(seen string) {
		t.Helper()
		batch := map[string][]types.WriteRequest{tables.Tokens: {{PutRequest: &types.PutRequest{Item: token(seen)}}}}
		if _, err := db.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: batch}); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		name string
		do   func()
		want dynamotest.Units
	}{
		{"new", func() { put("1") }, dynamotest.Units{Write: 3 + 1}},
		{"another key", func() { put("2") }, dynamotest.Units{Write: 3 + 2}},
		{"as it was", func() { put("2") }, dynamotest.Units{Write: 3}},
		{"a consistent read", func() {
			key := map[string]types.AttributeValue{"mint": token("")["mint"]}
			if _, err := db.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &tables.Tokens, Key: key, ConsistentRead: aws.Bool(true)}); err != nil {
				t.Fatal(err)
			}
		}, dynamotest.Units{Read: 1}},
		{"a query", func() {
			if _, err := db.Query(t.Context(), &dynamodb.QueryInput{
				TableName: &tables.Tokens, IndexName: aws.String("by-launchpad"), KeyConditionExpression: aws.String("listing = :l"),
				ExpressionAttributeValues: map[string]types.AttributeValue{":l": token("")["listing"]},
			}); err != nil {
				t.Fatal(err)
			}
		}, dynamotest.Units{Read: 0.5}},
	} {
		step.do()
		if got := meter.Take(); got != step.want {
			t.Errorf("%s: %+v, want %+v", step.name, got, step.want)
		}
	}
}
