package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// API is the part of the DynamoDB client that is used.
type API interface {
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	BatchWriteItem(context.Context, *dynamodb.BatchWriteItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
}

// Limits of DynamoDB's operations.
const (
	MaxBatchWriteItems = 25  // BatchWriteItem
	maxBatchGetKeys    = 100 // BatchGetItem
)

// TokensTable is the tokens table.
type TokensTable struct {
	api     API
	table   string
	lagging bool // reads need not be consistent
}

// NewTokensTable names the tokens table.
func NewTokensTable(api API, table string) *TokensTable { return &TokensTable{api: api, table: table} }

// Lagging returns s for readers, who may see it as it was a moment ago, for half the price.
func (s *TokensTable) Lagging() *TokensTable {
	return &TokensTable{api: s.api, table: s.table, lagging: true}
}

// SyncTable is the sync table: run records, the lease, breakers and the stats item.
type SyncTable struct {
	api   API
	table string
}

// NewSyncTable names the sync table.
func NewSyncTable(api API, table string) *SyncTable { return &SyncTable{api: api, table: table} }

func (s *SyncTable) tableName() *string { return aws.String(s.table) }

// batchGet reads up to 100 distinct keys the way request says, again and again until none is left unprocessed.
func batchGet(ctx context.Context, api API, table string, request types.KeysAndAttributes) ([]item, error) {
	var items []item
	for attempt := 0; len(request.Keys) > 0; attempt++ {
		if err := pause(ctx, attempt); err != nil {
			return nil, err
		}
		out, err := api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{table: request},
		})
		if err != nil {
			return nil, err
		}
		for _, it := range out.Responses[table] {
			items = append(items, it)
		}
		request.Keys = out.UnprocessedKeys[table].Keys
	}
	return items, nil
}
