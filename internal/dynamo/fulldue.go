package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tokensync/internal/token"
)

const (
	fullDueKey = "FULL-DUE"
	attrDue    = "due"
)

// FullDue reports whether a full scan is due that could not run.
func (s *SyncTable) FullDue(ctx context.Context) (bool, error) {
	out, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: s.tableName(), Key: fullDueItem(), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return false, fmt.Errorf("reading whether a full scan is due: %w", err)
	}
	return item(out.Item).getFlag(attrDue) == token.Yes, nil
}

// SetFullDue asks the next refresh for a full scan, or takes that back.
func (s *SyncTable) SetFullDue(ctx context.Context, due bool) error {
	it := fullDueItem()
	it.flag(attrDue, token.FlagOf(due))
	_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: s.tableName(), Item: it})
	if err != nil {
		return fmt.Errorf("storing that a full scan is due: %w", err)
	}
	return nil
}

func fullDueItem() item { return item{attrPK: text(fullDueKey), attrSK: text(fullDueKey)} }
