package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tokensync/internal/syncrun"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const (
	leaseKey       = "LEASE"
	attrOwner      = "owner"
	attrUntil      = "until"      // Unix milliseconds
	attrGeneration = "generation" // counts every change of hands
)

// Lease keeps two runs apart. It is an item of the sync table that the holder's death frees by itself.
type Lease struct {
	sync       *SyncTable
	owner      string
	generation int64
}

// Acquire takes the lease for owner until a moment, or returns syncrun.ErrLeaseHeld. An older holder that still runs
// finds out at its next Hold.
func (s *SyncTable) Acquire(ctx context.Context, owner string, until time.Time) (*Lease, error) {
	out, err := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: s.tableName(), Key: leaseItem(),
		UpdateExpression:         aws.String("SET #owner = :owner, #until = :until ADD #generation :one"),
		ConditionExpression:      aws.String("attribute_not_exists(#until) OR #until < :now"),
		ExpressionAttributeNames: map[string]string{"#owner": attrOwner, "#until": attrUntil, "#generation": attrGeneration},
		ExpressionAttributeValues: item{
			":owner": text(owner), ":until": millis(until), ":now": millis(time.Now()), ":one": integer(1),
		},
		ReturnValues: types.ReturnValueAllNew,
	})
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return nil, syncrun.ErrLeaseHeld
	}
	if err != nil {
		return nil, fmt.Errorf("taking the lease: %w", err)
	}
	return &Lease{sync: s, owner: owner, generation: item(out.Attributes).getInteger(attrGeneration)}, nil
}

// Generation grows with every change of hands.
func (l *Lease) Generation() int64 { return l.generation }

// Hold returns nil while the lease is still ours, syncrun.ErrLeaseHeld when it is not.
func (l *Lease) Hold(ctx context.Context) error {
	out, err := l.sync.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: l.sync.tableName(), Key: leaseItem(), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return fmt.Errorf("checking the lease: %w", err)
	}
	it := item(out.Item)
	if it.getText(attrOwner) != l.owner || it.getInteger(attrGeneration) != l.generation {
		return syncrun.ErrLeaseHeld
	}
	return nil
}

// Shorten lets the lease run out at a moment, or returns syncrun.ErrLeaseHeld.
func (l *Lease) Shorten(ctx context.Context, until time.Time) error {
	err := l.setUntil(ctx, until.UnixMilli())
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return syncrun.ErrLeaseHeld
	}
	if err != nil {
		return fmt.Errorf("shortening the lease: %w", err)
	}
	return nil
}

// Release frees the lease if it is still ours.
func (l *Lease) Release(ctx context.Context) error {
	err := l.setUntil(ctx, 0)
	if _, lost := errors.AsType[*types.ConditionalCheckFailedException](err); err != nil && !lost {
		return fmt.Errorf("releasing the lease: %w", err)
	}
	return nil
}

// setUntil changes when the lease runs out, as long as it is ours.
func (l *Lease) setUntil(ctx context.Context, until int64) error {
	_, err := l.sync.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: l.sync.tableName(), Key: leaseItem(),
		UpdateExpression:    aws.String("SET #until = :until"),
		ConditionExpression: aws.String("#owner = :owner AND #generation = :generation"),
		ExpressionAttributeNames: map[string]string{
			"#owner": attrOwner, "#until": attrUntil, "#generation": attrGeneration,
		},
		ExpressionAttributeValues: item{
			":owner": text(l.owner), ":generation": integer(l.generation), ":until": integer(until),
		},
	})
	return err
}

func leaseItem() item { return item{attrPK: text(leaseKey), attrSK: text(leaseKey)} }

func millis(t time.Time) types.AttributeValue { return integer(t.UnixMilli()) }
