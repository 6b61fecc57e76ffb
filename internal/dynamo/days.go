package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/ledger"
	"tokensync/internal/token"
)

const (
	dayKey  = "DAY" // the sort key is the launchpad's ID, which holds no space, and after a space the date
	attrDay = "day" // packed, so that it takes one write unit
)

// SaveDay stores a day of a launchpad's ledger, for ever.
func (s *SyncTable) SaveDay(ctx context.Context, id token.LaunchpadID, day *ledger.Day) error {
	var e encoder
	packed, err := e.pack(day)
	if err != nil {
		return fmt.Errorf("encoding day %s of the ledger: %w", day.Date, err)
	}
	it := item{attrPK: text(dayKey), attrSK: daySortKey(id, day.Date)}
	it.bytes(attrDay, packed)
	if _, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: s.tableName(), Item: it}); err != nil {
		return fmt.Errorf("storing day %s of the ledger: %w", day.Date, err)
	}
	return nil
}

func daySortKey(id token.LaunchpadID, date string) types.AttributeValue {
	return text(string(id) + " " + date)
}

// LastDay returns the newest day of a launchpad's ledger; ok is false when there is none.
func (s *SyncTable) LastDay(ctx context.Context, id token.LaunchpadID) (day ledger.Day, ok bool, err error) {
	query := s.daysBetween(id, "", lastDate)
	query.ScanIndexForward, query.Limit = aws.Bool(false), aws.Int32(1)
	out, err := s.api.Query(ctx, query)
	if err != nil {
		return ledger.Day{}, false, fmt.Errorf("reading the ledger of %s: %w", id, err)
	}
	for _, it := range out.Items {
		day, err = unmarshalDay(it)
		return day, err == nil, err
	}
	return ledger.Day{}, false, nil
}

// lastDate comes after every date.
const lastDate = "~"

// Days reads a launchpad's days between two dates, both included, in their order. One that cannot be read is left out.
func (s *SyncTable) Days(ctx context.Context, id token.LaunchpadID, from, to string) ([]ledger.Day, error) {
	var days []ledger.Day
	for query := s.daysBetween(id, from, to); ; {
		out, err := s.api.Query(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("reading the ledger of %s: %w", id, err)
		}
		for _, it := range out.Items {
			if day, err := unmarshalDay(it); err == nil {
				days = append(days, day)
			}
		}
		if query.ExclusiveStartKey = out.LastEvaluatedKey; len(out.LastEvaluatedKey) == 0 {
			return days, nil
		}
	}
}

func (s *SyncTable) daysBetween(id token.LaunchpadID, from, to string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: s.tableName(), KeyConditionExpression: aws.String("#pk = :key AND #sk BETWEEN :from AND :to"),
		ExpressionAttributeNames:  map[string]string{"#pk": attrPK, "#sk": attrSK},
		ExpressionAttributeValues: item{":key": text(dayKey), ":from": daySortKey(id, from), ":to": daySortKey(id, to)},
	}
}

func unmarshalDay(it item) (day ledger.Day, err error) {
	if err = unpack(it.getBytes(attrDay), &day); err != nil {
		return ledger.Day{}, fmt.Errorf("day %s of the ledger: %w", it.getText(attrSK), err)
	}
	return day, nil
}
