package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

const (
	breakerKey   = "BREAKER"
	attrFailures = "failures"
	attrCoolDown = "cool_down_ms"
	attrRetryAt  = "retry_at" // Unix milliseconds
	attrVersion  = "version"
	attrPhase    = "state" // for people; half-open follows from retry_at
)

// Breaker reads a product's breaker; one that was never stored is closed.
func (s *SyncTable) Breaker(ctx context.Context, product token.Product) (syncrun.Breaker, error) {
	out, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: s.tableName(), Key: breakerItem(product), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return syncrun.Breaker{}, fmt.Errorf("reading the breaker of %s: %w", product, err)
	}
	return unmarshalBreaker(out.Item, product), nil
}

func unmarshalBreaker(it item, product token.Product) syncrun.Breaker {
	b := syncrun.Breaker{
		Product: product, Failures: int(it.getInteger(attrFailures)), Version: it.getInteger(attrVersion),
		CoolDown: time.Duration(it.getInteger(attrCoolDown)) * time.Millisecond,
	}
	if at := it.getInteger(attrRetryAt); at > 0 {
		b.RetryAt = time.UnixMilli(at)
	}
	return b
}

// SaveBreaker stores after if the table still holds before. When another run was faster, its state stays.
func (s *SyncTable) SaveBreaker(ctx context.Context, before, after syncrun.Breaker) error {
	it := breakerItem(after.Product)
	it.integer(attrFailures, int64(after.Failures))
	it.integer(attrVersion, before.Version+1)
	it.integer(attrCoolDown, after.CoolDown.Milliseconds())
	it.text(attrPhase, string(after.State(time.Now())))
	if !after.RetryAt.IsZero() {
		it.time(attrRetryAt, after.RetryAt.UnixMilli())
	}
	_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: s.tableName(), Item: it,
		ConditionExpression:       aws.String("attribute_not_exists(#version) OR #version = :version"),
		ExpressionAttributeNames:  map[string]string{"#version": attrVersion},
		ExpressionAttributeValues: item{":version": integer(before.Version)},
	})
	var faster *types.ConditionalCheckFailedException
	if err != nil && !errors.As(err, &faster) {
		return fmt.Errorf("storing the breaker of %s: %w", after.Product, err)
	}
	return nil
}

func breakerItem(product token.Product) item {
	return item{attrPK: text(breakerKey), attrSK: text(string(product))}
}
