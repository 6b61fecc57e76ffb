package dynamo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tokensync/internal/syncrun"
)

// Keys and attributes of the sync table.
const (
	attrPK        = "pk"
	attrSK        = "sk"
	attrExpiresAt = "expires_at" // Unix seconds, the table's TTL
	attrRecord    = "record"     // JSON

	runKey = "RUN"
)

// keepRuns is how long run records stay.
const keepRuns = 30 * 24 * time.Hour

// SaveRun stores a run's record for 30 days, under its start time so that the newest come first.
func (s *SyncTable) SaveRun(ctx context.Context, run syncrun.Record) error {
	started := run.StartedAt.UTC().Format("2006-01-02T15:04:05.000Z")
	it := item{attrPK: text(runKey), attrSK: text(started + "#" + run.RunID)}
	it.text("status", string(run.Status))
	it.integer(attrExpiresAt, run.StartedAt.Add(keepRuns).Unix())
	return s.put(ctx, it, run)
}

func (s *SyncTable) put(ctx context.Context, it item, record any) error {
	b, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("encoding a %T: %w", record, err)
	}
	it[attrRecord] = text(string(b))
	if _, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: s.tableName(), Item: it}); err != nil {
		return fmt.Errorf("storing a %T: %w", record, err)
	}
	return nil
}
