package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// Runs reads the newest run records, at most limit.
func (s *SyncTable) Runs(ctx context.Context, limit int) ([]syncrun.Record, error) {
	items, err := s.partition(ctx, runKey, limit)
	if err != nil {
		return nil, err
	}
	runs := make([]syncrun.Record, len(items))
	for i, it := range items {
		if runs[i], err = unmarshalRun(it); err != nil {
			return nil, err
		}
	}
	return runs, nil
}

// Breakers reads the state of every product's circuit breaker that was ever stored.
func (s *SyncTable) Breakers(ctx context.Context) ([]syncrun.Breaker, error) {
	items, err := s.partition(ctx, breakerKey, len(token.Products))
	if err != nil {
		return nil, err
	}
	breakers := make([]syncrun.Breaker, len(items))
	for i, it := range items {
		breakers[i] = unmarshalBreaker(it, token.Product(item(it).getText(attrSK)))
	}
	return breakers, nil
}

// partition reads the last limit items under one partition key, in falling order of their sort keys.
func (s *SyncTable) partition(ctx context.Context, key string, limit int) ([]map[string]types.AttributeValue, error) {
	out, err := s.api.Query(ctx, &dynamodb.QueryInput{
		TableName: s.tableName(), KeyConditionExpression: aws.String("#pk = :key"),
		ExpressionAttributeNames:  map[string]string{"#pk": attrPK},
		ExpressionAttributeValues: item{":key": text(key)},
		ScanIndexForward:          aws.Bool(false),
		Limit:                     aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, fmt.Errorf("partition %s: %w", key, err)
	}
	return out.Items, nil
}
