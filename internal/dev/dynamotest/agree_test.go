//go:build dynamodblocal

package dynamotest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/workspace"
)

// difference is what the two engines answer to the same request, and why no code of ours depends on it.
type difference struct{ ours, theirs, reason string }

// differences are all that there are. The local engine is ours, DynamoDB Local theirs.
var differences = map[string]difference{
	"a start key of another list": {
		ours:   `{"ConsumedCapacity":null,"Count":0,"Items":[],"LastEvaluatedKey":null,"ScannedCount":0,"ResultMetadata":{}}`,
		theirs: "ValidationException",
		reason: "a start key is built from the query's own launchpad, and a cursor is bound to its query: there is never another list's",
	},
	"numbers as they come back": {
		ours:   `{"Value":[{"Value":"1.5"},{"Value":"0"},{"Value":"100"},{"Value":"0.000000000001"},{"Value":"12345678901234567890.123456789012345678"},{"Value":"100000000000000000000"}]}`,
		theirs: `{"Value":[{"Value":"1.50"},{"Value":"-0"},{"Value":"1e2"},{"Value":"0.000000000001"},{"Value":"12345678901234567890.123456789012345678"},{"Value":"1e20"}]}`,
		reason: "the same numbers, spelled differently: tokens are stored in our own spelling, inside one attribute",
	},
}

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

// listed returns an item that the index by-launchpad shows.
func listed(mint, created string) item {
	return item{"mint": text(mint), "listing": text("pad"), "first_seen_at": number(created)}
}

// probe asks an engine something about new tables and says what came of it.
type probe func(context.Context, *dynamodb.Client, dynamotest.Tables) (any, error)

// probes are the edges of every operation that the functions use.
var probes = map[string]probe{
	"an item above 400 KB": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return put(ctx, db, t.Tokens, item{"mint": text("m"), "x": text(strings.Repeat("x", 400<<10))})
	},
	"an item of almost 400 KB": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return put(ctx, db, t.Tokens, item{"mint": text("m"), "x": text(strings.Repeat("x", 400<<10-100))})
	},
	"a batch of 26": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return writeBatch(ctx, db, t.Tokens, 26, func(i int) item { return item{"mint": text(fmt.Sprint(i))} })
	},
	"a key twice in a batch": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return writeBatch(ctx, db, t.Tokens, 2, func(int) item { return item{"mint": text("m")} })
	},
	"the largest batch": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		large := text(strings.Repeat("x", 399<<10))
		return writeBatch(ctx, db, t.Tokens, 25, func(i int) item { return item{"mint": text(fmt.Sprint(i)), "x": large} })
	},
	"one bad item in a batch": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return writeBatch(ctx, db, t.Tokens, 3, func(i int) item {
			return item{"mint": text(fmt.Sprint(i)), "x": text(strings.Repeat("x", i*(300<<10)))}
		})
	},
	"an empty batch": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return writeBatch(ctx, db, t.Tokens, 0, nil)
	},
	"101 keys to get": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return getBatch(ctx, db, t.Tokens, 101, func(i int) string { return fmt.Sprint(i) })
	},
	"a key twice to get": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return getBatch(ctx, db, t.Tokens, 2, func(int) string { return "m" })
	},
	"keys to get that are not there": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return getBatch(ctx, db, t.Tokens, 2, func(i int) string { return fmt.Sprint(i) })
	},
	"an empty key": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return put(ctx, db, t.Tokens, item{"mint": text("")})
	},
	"an empty key of an index": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return put(ctx, db, t.Tokens, item{"mint": text("m"), "listing": text("pad"), "symbol_key": text("")})
	},
	"an index's key of another type": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return put(ctx, db, t.Tokens, item{"mint": text("m"), "listing": text("pad"), "first_seen_at": text("1")})
	},
	"an empty text": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return stored(ctx, db, t.Tokens, text(""))
	},
	"a key of 2,049 bytes": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return put(ctx, db, t.Tokens, item{"mint": text(strings.Repeat("m", 2049))})
	},
	"numbers as they come back": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		var list types.AttributeValueMemberL
		for _, n := range []string{"1.50", "-0", "1e2", "0.000000000001", "12345678901234567890.123456789012345678", "1e20"} {
			list.Value = append(list.Value, number(n))
		}
		return stored(ctx, db, t.Tokens, &list)
	},
	"the smallest number":  keep(number("1e-130")),
	"the largest number":   keep(number("9.9e125")),
	"39 digits":            keep(number("123456789012345678901234567890123456789")),
	"a number above 1e126": keep(number("1e126")),
	"not a number":         keep(number("NaN")),
	"a list's order": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return order(ctx, db, t.Tokens, "-1e125", "-2", "-1.5", "0", "0.1", "9", "10", "100", "1e20")
	},
	"a page that is just full": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		if _, err := order(ctx, db, t.Tokens, "1", "2"); err != nil {
			return nil, err
		}
		out, err := db.Query(ctx, queryListed(t.Tokens, 2))
		if err != nil {
			return nil, err
		}
		return len(out.LastEvaluatedKey) > 0, nil
	},
	"a start key without the index's keys": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		query := queryListed(t.Tokens, 2)
		query.ExclusiveStartKey = item{"mint": text("m")}
		return db.Query(ctx, query)
	},
	"a start key of another list": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		query := queryListed(t.Tokens, 2)
		query.ExclusiveStartKey = item{"mint": text("m"), "listing": text("other"), "first_seen_at": number("1")}
		return db.Query(ctx, query)
	},
	"a consistent read of an index": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		query := queryListed(t.Tokens, 2)
		query.ConsistentRead = aws.Bool(true)
		return db.Query(ctx, query)
	},
	"an item without the index's key": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		if _, err := put(ctx, db, t.Tokens, item{"mint": text("m"), "listing": text("pad")}); err != nil {
			return nil, err
		}
		return order(ctx, db, t.Tokens, "1")
	},
	"symbols by their start": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		for i, symbol := range []string{"a", "ab", "b", "é", "🌊", "ab🌊"} {
			it := item{"mint": text(fmt.Sprint(i)), "listing": text("pad"), "symbol_key": text(symbol)}
			if _, err := put(ctx, db, t.Tokens, it); err != nil {
				return nil, err
			}
		}
		query := queryListed(t.Tokens, 10)
		query.IndexName = aws.String("by-symbol")
		query.KeyConditionExpression = aws.String("listing = :id AND begins_with(symbol_key, :s)")
		query.ExpressionAttributeValues[":s"] = text("a")
		out, err := db.Query(ctx, query)
		if err != nil {
			return nil, err
		}
		return attributes(out.Items, "symbol_key"), nil
	},
	"a reserved word": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.Tokens, Key: item{"mint": text("m")}, ProjectionExpression: aws.String("status")})
	},
	"a name that is not used": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return db.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: &t.Tokens, Key: item{"mint": text("m")}, ProjectionExpression: aws.String("#a"),
			ExpressionAttributeNames: map[string]string{"#a": "a", "#b": "b"},
		})
	},
	"a condition that fails": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return db.UpdateItem(ctx, lease(t.Sync, "attribute_exists(pk)"))
	},
	"a counter that begins": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		out, err := db.UpdateItem(ctx, lease(t.Sync, "attribute_not_exists(pk)"))
		if err != nil {
			return nil, err
		}
		return attributes([]item{out.Attributes}, "generation"), nil
	},
	"an item that is not there": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		out, err := db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.Tokens, Key: item{"mint": text("m")}})
		if err != nil {
			return nil, err
		}
		return len(out.Item), nil
	},
	"a table that is not there": func(ctx context.Context, db *dynamodb.Client, _ dynamotest.Tables) (any, error) {
		return put(ctx, db, "nowhere", item{"mint": text("m")})
	},
	"an index that is not there": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		query := queryListed(t.Tokens, 2)
		query.IndexName = aws.String("by-nothing")
		return db.Query(ctx, query)
	},
	"a scan in falling order": func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		if _, err := order(ctx, db, t.Tokens, "1", "2", "3"); err != nil {
			return nil, err
		}
		query := queryListed(t.Tokens, 2)
		query.ScanIndexForward = aws.Bool(false)
		out, err := db.Query(ctx, query)
		if err != nil {
			return nil, err
		}
		return attributes(out.Items, "first_seen_at"), nil
	},
}

func put(ctx context.Context, db *dynamodb.Client, table string, it item) (any, error) {
	_, err := db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: it})
	return "stored", err
}

func keep(value types.AttributeValue) probe {
	return func(ctx context.Context, db *dynamodb.Client, t dynamotest.Tables) (any, error) {
		return stored(ctx, db, t.Tokens, value)
	}
}

// stored returns how a value comes back.
func stored(ctx context.Context, db *dynamodb.Client, table string, value types.AttributeValue) (any, error) {
	if _, err := put(ctx, db, table, item{"mint": text("m"), "x": value}); err != nil {
		return nil, err
	}
	out, err := db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: item{"mint": text("m")}})
	if err != nil {
		return nil, err
	}
	return out.Item["x"], nil
}

func writeBatch(ctx context.Context, db *dynamodb.Client, table string, n int, make func(int) item) (any, error) {
	requests := []types.WriteRequest{}
	for i := range n {
		requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: make(i)}})
	}
	out, err := db.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: requests}})
	if err != nil {
		return nil, err
	}
	return len(out.UnprocessedItems), nil
}

func getBatch(ctx context.Context, db *dynamodb.Client, table string, n int, key func(int) string) (any, error) {
	var keys []item
	for i := range n {
		keys = append(keys, item{"mint": text(key(i))})
	}
	out, err := db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{table: {Keys: keys}}})
	if err != nil {
		return nil, err
	}
	return len(out.Responses[table]), nil
}

// order stores tokens and reads their values back as the index has them.
func order(ctx context.Context, db *dynamodb.Client, table string, created ...string) (any, error) {
	for i := range created {
		i = len(created) - 1 - i
		if _, err := put(ctx, db, table, listed(fmt.Sprint(i), created[i])); err != nil {
			return nil, err
		}
	}
	out, err := db.Query(ctx, queryListed(table, 100))
	if err != nil {
		return nil, err
	}
	return attributes(out.Items, "first_seen_at"), nil
}

func queryListed(table string, limit int32) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: &table, IndexName: aws.String("by-launchpad"), Limit: &limit,
		KeyConditionExpression: aws.String("listing = :id"), ExpressionAttributeValues: item{":id": text("pad")},
	}
}

func lease(table, condition string) *dynamodb.UpdateItemInput {
	return &dynamodb.UpdateItemInput{
		TableName: &table, Key: item{"pk": text("LEASE"), "sk": text("LEASE")}, UpdateExpression: aws.String("ADD generation :one"),
		ConditionExpression: &condition, ExpressionAttributeValues: item{":one": number("1")}, ReturnValues: types.ReturnValueAllNew,
	}
}

func attributes(items []item, name string) []types.AttributeValue {
	out := []types.AttributeValue{}
	for _, it := range items {
		out = append(out, it[name])
	}
	return out
}

// answer returns a probe's outcome as text: an error's code, or what was read.
func answer(ctx context.Context, t *testing.T, e *dynamotest.Engine, ask probe) string {
	t.Helper()
	tables, err := e.NewTables(ctx)
	if err != nil {
		t.Fatal(err)
	}
	value, err := ask(ctx, e.Client(), tables)
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		return api.ErrorCode()
	case err != nil:
		return err.Error()
	}
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestEnginesAgree asks both engines the same. A difference that is not listed is a bug of one of them, and of ours if the
// code depends on it.
func TestEnginesAgree(t *testing.T) {
	theirs, err := dynamotest.Start(t.Context(), dynamotest.Options{Endpoint: os.Getenv("DYNAMODB_ENDPOINT")})
	if err != nil || os.Getenv("DYNAMODB_ENDPOINT") == "" {
		t.Fatalf("there is no DynamoDB Local (%v): use make test-dynamodb-local", err)
	}
	t.Cleanup(func() { _ = theirs.Close() })
	root, err := workspace.Find()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := root.Engine()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DYNAMODB_ENDPOINT", "")
	ours, err := dynamotest.Start(t.Context(), dynamotest.Options{Binary: binary})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ours.Close() })
	for name, ask := range probes {
		t.Run(name, func(t *testing.T) {
			got := difference{ours: answer(t.Context(), t, ours, ask), theirs: answer(t.Context(), t, theirs, ask)}
			want, known := differences[name]
			want.reason = ""
			switch {
			case !known && got.ours != got.theirs:
				t.Errorf("the local engine answers %s, DynamoDB Local %s", got.ours, got.theirs)
			case known && got != want:
				t.Errorf("answers %+v, listed as %+v", got, want)
			}
		})
	}
	for name := range differences {
		if probes[name] == nil {
			t.Errorf("nothing asks about %q", name)
		}
	}
}
