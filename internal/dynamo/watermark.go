package dynamo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

const (
	watermarkKey   = "WATERMARK"
	fullDueKey     = "full-due" // beside the products' names
	attrNewest     = "newest"   // Unix milliseconds
	attrAt         = "at"       // Unix milliseconds
	attrLaunchpads = "launchpads"
	attrDue        = "due"
)

// Watermarks reads how far each product has been read, and whether a full scan is due that could not run.
func (s *SyncTable) Watermarks(ctx context.Context) (marks []syncrun.Watermark, fullDue bool, err error) {
	keys := []map[string]types.AttributeValue{watermarkItem(fullDueKey)}
	for _, product := range token.Products {
		keys = append(keys, watermarkItem(string(product)))
	}
	items, err := batchGet(ctx, s.api, s.table, types.KeysAndAttributes{Keys: keys, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, false, fmt.Errorf("reading the watermarks: %w", err)
	}
	for _, it := range items {
		if it.getText(attrSK) == fullDueKey {
			fullDue = it.getFlag(attrDue) == token.Yes
			continue
		}
		marks = append(marks, unmarshalWatermark(it))
	}
	return marks, fullDue, nil
}

func unmarshalWatermark(it item) syncrun.Watermark {
	m := syncrun.Watermark{
		Product: token.Product(it.getText(attrSK)), Newest: it.getInteger(attrNewest),
		At: time.UnixMilli(it.getInteger(attrAt)),
	}
	for id := range strings.SplitSeq(it.getText(attrLaunchpads), ",") { // no ID has a comma
		m.Launchpads = append(m.Launchpads, token.LaunchpadID(id))
	}
	return m
}

// SaveWatermark stores how far a product has been read.
func (s *SyncTable) SaveWatermark(ctx context.Context, m syncrun.Watermark) error {
	ids := make([]string, len(m.Launchpads))
	for i, id := range m.Launchpads {
		ids[i] = string(id)
	}
	it := watermarkItem(string(m.Product))
	it.time(attrNewest, m.Newest)
	it.integer(attrAt, m.At.UnixMilli())
	it.text(attrLaunchpads, strings.Join(ids, ","))
	if _, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: s.tableName(), Item: it}); err != nil {
		return fmt.Errorf("storing the watermark of %s: %w", m.Product, err)
	}
	return nil
}

// SetFullDue asks the next refresh for a full scan, or takes that back.
func (s *SyncTable) SetFullDue(ctx context.Context, due bool) error {
	it := watermarkItem(fullDueKey)
	it.flag(attrDue, token.FlagOf(due))
	_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: s.tableName(), Item: it})
	if err != nil {
		return fmt.Errorf("storing that a full scan is due: %w", err)
	}
	return nil
}

func watermarkItem(sk string) item { return item{attrPK: text(watermarkKey), attrSK: text(sk)} }
