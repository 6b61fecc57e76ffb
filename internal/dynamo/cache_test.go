package dynamo_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dynamo"
)

// halving leaves the second half of every first batch unprocessed.
type halving struct {
	*dynamodb.Client
	reads, writes int
}

func (h *halving) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	h.reads++
	for table, request := range in.RequestItems {
		if half := len(request.Keys) / 2; half > 0 && h.reads%2 == 1 {
			rest := types.KeysAndAttributes{Keys: request.Keys[half:]}
			request.Keys = request.Keys[:half]
			in.RequestItems[table] = request
			out, err := h.Client.BatchGetItem(ctx, in, o...)
			if err == nil {
				out.UnprocessedKeys = map[string]types.KeysAndAttributes{table: rest}
			}
			return out, err
		}
	}
	return h.Client.BatchGetItem(ctx, in, o...)
}

func (h *halving) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	h.writes++
	for table, requests := range in.RequestItems {
		if half := len(requests) / 2; half > 0 && h.writes%2 == 1 {
			in.RequestItems[table] = requests[:half]
			out, err := h.Client.BatchWriteItem(ctx, in, o...)
			if err == nil {
				out.UnprocessedItems = map[string][]types.WriteRequest{table: requests[half:]}
			}
			return out, err
		}
	}
	return h.Client.BatchWriteItem(ctx, in, o...)
}

func TestCache(t *testing.T) {
	t.Parallel()
	engine, err := dynamotest.Start(t.Context(), dynamotest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	tables := engine.TablesFor(t)
	cache := dynamo.NewCache(dynamo.NewSyncTable(&halving{Client: engine.Client()}, tables.Sync))
	entries := map[string]string{}
	keys := []string{"missing", "old"}
	for i := range 250 {
		key := fmt.Sprint("key ", i)
		entries[key] = fmt.Sprint("value ", i)
		keys = append(keys, key, key) // one key twice fails a whole batch at DynamoDB
	}
	if err := cache.Put(t.Context(), entries, 0); err != nil {
		t.Fatal(err)
	}
	if err := cache.Put(t.Context(), map[string]string{"old": "x"}, time.Nanosecond); err != nil {
		t.Fatal(err)
	}
	got, err := cache.Get(t.Context(), keys)
	if diff := cmp.Diff(entries, got); err != nil || diff != "" {
		t.Errorf("error %v, entries (-want +got):\n%s", err, diff)
	}
	if got, err := cache.Get(t.Context(), nil); err != nil || len(got) > 0 {
		t.Errorf("Get of nothing: %v, %v", got, err)
	}
}
