package dynamo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const (
	cacheKey  = "CACHE"
	attrValue = "value"
)

// Cache keeps short texts in the sync table, each an item of its own, read a hundred at a time.
type Cache struct{ sync *SyncTable }

// NewCache keeps its items in the sync table.
func NewCache(sync *SyncTable) *Cache { return &Cache{sync: sync} }

// Get returns what is kept under keys; others, and what has expired, are left out. It may lag behind by a moment.
func (c *Cache) Get(ctx context.Context, keys []string) (map[string]string, error) {
	found := make(map[string]string, len(keys))
	for chunk := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(keys))), maxBatchGetKeys) {
		if err := c.get(ctx, chunk, found); err != nil {
			return nil, fmt.Errorf("reading %d cached items: %w", len(chunk), err)
		}
	}
	return found, nil
}

func (c *Cache) get(ctx context.Context, keys []string, found map[string]string) error {
	var request types.KeysAndAttributes
	for _, key := range keys {
		request.Keys = append(request.Keys, cacheItem(key))
	}
	items, err := batchGet(ctx, c.sync.api, c.sync.table, request)
	if err != nil {
		return err
	}
	now := time.Now().Unix()
	for _, it := range items {
		if until := it.getInteger(attrExpiresAt); until == 0 || until > now { // the table's TTL may be days late
			found[it.getText(attrSK)] = it.getText(attrValue)
		}
	}
	return nil
}

// Put keeps entries for ttl; 0 means for ever.
func (c *Cache) Put(ctx context.Context, entries map[string]string, ttl time.Duration) error {
	for keys := range slices.Chunk(slices.Sorted(maps.Keys(entries)), MaxBatchWriteItems) {
		batch := make([]types.WriteRequest, len(keys))
		for i, key := range keys {
			it := cacheItem(key)
			it.text(attrValue, entries[key])
			if ttl > 0 {
				it.integer(attrExpiresAt, time.Now().Add(ttl).Unix())
			}
			batch[i].PutRequest = &types.PutRequest{Item: it}
		}
		if err := c.put(ctx, batch); err != nil {
			return fmt.Errorf("caching %d items: %w", len(keys), err)
		}
	}
	return nil
}

func (c *Cache) put(ctx context.Context, batch []types.WriteRequest) error {
	for attempt := 0; len(batch) > 0; attempt++ {
		if err := pause(ctx, attempt); err != nil {
			return err
		}
		out, err := c.sync.api.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{c.sync.table: batch},
		})
		if err != nil {
			return err
		}
		batch = out.UnprocessedItems[c.sync.table]
	}
	return nil
}

// cacheItem puts every key into a partition of its own, so that no partition is hot.
func cacheItem(key string) item { return item{attrPK: text(cacheKey + "#" + key), attrSK: text(key)} }
