package dynamo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/catalog"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// index is one of the tokens table's indexes: its name and its sort key.
type index struct{ name, key string }

var indexes = map[catalog.Sort]index{
	catalog.SortCreated:   {attrIndexCreated, attrCreatedAt},
	catalog.SortVolume:    {"by-volume", attrVolume},
	catalog.SortTVL:       {"by-tvl", attrTVL},
	catalog.SortMarketCap: {"by-market-cap", attrMarketCap},
	catalog.SortProgress:  {"by-progress", attrProgress},
	catalog.SortSymbol:    {"by-symbol", attrSymbolKey},
}

// A page of one stage is searched for in larger and larger stretches of the index: some 9,000 tokens in all, 800 read
// units at the worst, and no longer than leaves a client with an answer in time.
const (
	maxStageReads = 8
	stageGrowth   = 4
	stageShare    = 3 // of the request's time, one part in so many
)

// stageDeadline is when the search for a stage ends; never when ctx has no deadline.
func stageDeadline(ctx context.Context) time.Time {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Now().Add(time.Hour)
	}
	return time.Now().Add(time.Until(deadline) / stageShare)
}

// Page reads one stretch of an index with a single Query. It asks for a row more than the limit, so that the last page
// knows that it is the last. With a stage it queries until the page is full, the reads or the time are used up.
func (s *TokensTable) Page(ctx context.Context, p catalog.Page) (rows []catalog.Row, rest *catalog.Position, err error) {
	index := indexes[p.Sort]
	query := s.pageQuery(p, index)
	rows = make([]catalog.Row, 0, p.Limit+1)
	until := stageDeadline(ctx)
	for reads := 1; ; reads++ {
		out, err := s.api.Query(ctx, query)
		if err != nil {
			return nil, nil, fmt.Errorf("index %s: %w", index.name, err)
		}
		for _, it := range out.Items {
			rows = append(rows, row(it, index.key))
		}
		switch {
		case len(rows) > p.Limit:
			last := &rows[p.Limit-1]
			return rows[:p.Limit], &catalog.Position{Key: last.Key, Mint: last.Mint}, nil
		case len(out.LastEvaluatedKey) == 0:
			return rows, nil, nil
		case p.Stage == "" || reads == maxStageReads || time.Now().After(until): // a page ends at 1 MB too
			last := row(out.LastEvaluatedKey, index.key)
			return rows, &catalog.Position{Key: last.Key, Mint: last.Mint}, nil
		}
		query.ExclusiveStartKey = out.LastEvaluatedKey
		query.Limit = aws.Int32(stageGrowth * *query.Limit)
	}
}

func (s *TokensTable) pageQuery(p catalog.Page, index index) *dynamodb.QueryInput {
	query := &dynamodb.QueryInput{
		TableName: &s.table, IndexName: &index.name,
		KeyConditionExpression:    aws.String("#listing = :id"),
		ProjectionExpression:      aws.String("#mint,#key,#summary"),
		ExpressionAttributeNames:  map[string]string{"#listing": attrListing, "#mint": attrMint, "#key": index.key, "#summary": attrSummary},
		ExpressionAttributeValues: item{":id": text(string(p.Launchpad))},
		ScanIndexForward:          aws.Bool(!p.Descending),
		Limit:                     aws.Int32(int32(p.Limit) + 1),
	}
	if p.Prefix != "" {
		query.KeyConditionExpression = aws.String("#listing = :id AND begins_with(#key, :prefix)")
		query.ExpressionAttributeValues[":prefix"] = text(p.Prefix)
	}
	if p.Stage != "" {
		query.FilterExpression = aws.String("#stage = :stage")
		query.ExpressionAttributeNames["#stage"] = attrStage
		query.ExpressionAttributeValues[":stage"] = text(string(p.Stage))
		query.Limit = aws.Int32(stageGrowth * *query.Limit)
	}
	if p.After != nil {
		query.ExclusiveStartKey = item{
			attrListing: text(string(p.Launchpad)), attrMint: text(p.After.Mint), index.key: keyValue(p.Sort, p.After.Key),
		}
	}
	return query
}

func keyValue(sort catalog.Sort, key string) types.AttributeValue {
	if sort == catalog.SortSymbol {
		return text(key)
	}
	return &types.AttributeValueMemberN{Value: key}
}

func row(it item, key string) catalog.Row {
	r := catalog.Row{Mint: it.getText(attrMint), Summary: it.getText(attrSummary), Key: it.getText(key)}
	if r.Key == "" {
		r.Key = string(it.getNumber(key))
	}
	return r
}

// Rows reads tokens by distinct mints, at most 100, in no order. The answer may lag behind the table by a moment.
func (s *TokensTable) Rows(ctx context.Context, mints []string) ([]catalog.Row, error) {
	if len(mints) == 0 {
		return nil, nil
	}
	items, err := s.batchGet(ctx, mints, types.KeysAndAttributes{
		ProjectionExpression:     aws.String("#mint,#summary"),
		ExpressionAttributeNames: map[string]string{"#mint": attrMint, "#summary": attrSummary},
	})
	if err != nil {
		return nil, fmt.Errorf("%d tokens: %w", len(mints), err)
	}
	rows := make([]catalog.Row, 0, len(items))
	for _, it := range items {
		rows = append(rows, row(it, ""))
	}
	return rows, nil
}

// Token reads one token with its pools; false when it is not stored. It may lag behind the table by a moment.
func (s *TokensTable) Token(ctx context.Context, mint string) (catalog.Detail, bool, error) {
	out, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: item{attrMint: text(mint)},
		ProjectionExpression: aws.String("#mint,#summary,#status,#launchpad,#stage,#pools"),
		ExpressionAttributeNames: map[string]string{
			"#mint": attrMint, "#summary": attrSummary, "#status": attrStatus, "#launchpad": attrLaunchpad, "#stage": attrStage, "#pools": attrPools,
		},
	})
	if err != nil {
		return catalog.Detail{}, false, fmt.Errorf("token %s: %w", mint, err)
	}
	it := item(out.Item)
	if len(it) == 0 {
		return catalog.Detail{}, false, nil
	}
	return catalog.Detail{
		Summary: it.getText(attrSummary), Status: token.Status(it.getText(attrStatus)),
		Launchpad: token.LaunchpadID(it.getText(attrLaunchpad)), Stage: token.Stage(it.getText(attrStage)), Pools: unmarshalPools(it),
	}, true, nil
}

// Ping reads a token that cannot exist.
func (s *TokensTable) Ping(ctx context.Context) error {
	_, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: item{attrMint: text("-")}, ProjectionExpression: aws.String(attrMint),
	})
	return err
}

// Synced reads the stats item; the zero value when no sync has written it yet.
func (s *SyncTable) Synced(ctx context.Context) (catalog.Synced, error) {
	out, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: s.tableName(), Key: item{attrPK: text(statsKey), attrSK: text(statsKey)},
	})
	if err != nil || len(out.Item) == 0 {
		return catalog.Synced{}, err
	}
	it := item(out.Item)
	synced := catalog.Synced{At: time.UnixMilli(it.getInteger(attrSyncedAt)).UTC()}
	if err := json.Unmarshal([]byte(it.getText(attrRecord)), &synced.Stats); err != nil {
		return catalog.Synced{}, fmt.Errorf("the stats item: %w", err)
	}
	return synced, nil
}

// Runs reads the newest run records, at most limit.
func (s *SyncTable) Runs(ctx context.Context, limit int) ([]syncrun.Record, error) {
	items, err := s.partition(ctx, runKey, limit)
	if err != nil {
		return nil, err
	}
	runs := make([]syncrun.Record, len(items))
	for i, it := range items {
		if err := json.Unmarshal([]byte(item(it).getText(attrRecord)), &runs[i]); err != nil {
			return nil, fmt.Errorf("run %s: %w", item(it).getText(attrSK), err)
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
