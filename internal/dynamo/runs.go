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
	attrRecord    = "record"     // packed, so that it takes one write unit

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
	var e encoder
	packed, err := e.pack(run)
	if err != nil {
		return fmt.Errorf("encoding the run's record: %w", err)
	}
	it.bytes(attrRecord, packed)
	if _, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: s.tableName(), Item: it}); err != nil {
		return fmt.Errorf("storing the run's record: %w", err)
	}
	return nil
}

// unmarshalRun reads a record, of the version before too, which stored plain JSON.
func unmarshalRun(it item) (run syncrun.Record, err error) {
	if packed := it.getBytes(attrRecord); packed != nil {
		err = unpack(packed, &run)
	} else {
		err = json.Unmarshal([]byte(it.getText(attrRecord)), &run)
	}
	if err != nil {
		return run, fmt.Errorf("run %s: %w", it.getText(attrSK), err)
	}
	return run, nil
}
