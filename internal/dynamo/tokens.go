package dynamo

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/token"
)

// indexByLaunchpad holds the keys of the tokens in the lists.
const indexByLaunchpad = "by-launchpad"

// Listed streams the mints in a launchpad's lists, a query page at a time. It reads an index, which may lag behind the
// table by a moment. The pair with an error is the last.
func (s *TokensTable) Listed(ctx context.Context, id token.LaunchpadID) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		query := &dynamodb.QueryInput{
			TableName: &s.table, IndexName: aws.String(indexByLaunchpad),
			KeyConditionExpression:    aws.String("#listing = :id"),
			ExpressionAttributeNames:  map[string]string{"#listing": attrListing, "#mint": attrMint},
			ExpressionAttributeValues: item{":id": text(string(id))},
			ProjectionExpression:      aws.String("#mint"),
		}
		for {
			out, err := s.api.Query(ctx, query)
			if err != nil {
				yield("", fmt.Errorf("reading the mints of %s: %w", id, err))
				return
			}
			for _, it := range out.Items {
				if !yield(item(it).getText(attrMint), nil) {
					return
				}
			}
			if len(out.LastEvaluatedKey) == 0 {
				return
			}
			query.ExclusiveStartKey = out.LastEvaluatedKey
		}
	}
}

// Get reads tokens by their mints, consistently unless s is Lagging, at most 100 a request; mints that are not stored are left out. An item
// that cannot be read is a token with its mint, and first_seen_at if it has that, and nothing else. The pair with an error
// is the last.
func (s *TokensTable) Get(ctx context.Context, mints []string) iter.Seq2[token.Token, error] {
	return func(yield func(token.Token, error) bool) {
		for chunk := range slices.Chunk(mints, maxBatchGetKeys) {
			request := types.KeysAndAttributes{ConsistentRead: aws.Bool(!s.lagging)}
			for _, mint := range chunk {
				request.Keys = append(request.Keys, item{attrMint: text(mint)})
			}
			items, err := batchGet(ctx, s.api, s.table, request)
			if err != nil {
				yield(token.Token{}, fmt.Errorf("reading %d tokens: %w", len(chunk), err))
				return
			}
			for _, it := range items {
				if !yield(salvage(it), nil) {
					return
				}
			}
		}
	}
}

// salvage decodes an item, or takes from it what must not be lost.
func salvage(it item) token.Token {
	t, err := decode(it)
	if err != nil {
		return token.Token{Mint: it.getText(attrMint), FirstSeenAt: it.getInteger(attrFirstSeenAt)}
	}
	return t
}

// Token reads one token with its pools, listed or not; false when it is not stored. It may lag behind the table by a
// moment.
func (s *TokensTable) Token(ctx context.Context, mint string) (token.Token, bool, error) {
	out, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: item{attrMint: text(mint)}})
	if err != nil || len(out.Item) == 0 {
		return token.Token{}, false, err
	}
	t, err := decode(out.Item)
	return t, err == nil, err
}

// Ping reads a token that cannot exist.
func (s *TokensTable) Ping(ctx context.Context) error {
	_, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: item{attrMint: text("-")}, ProjectionExpression: aws.String(attrMint),
	})
	return err
}
