package dynamo

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/token"
)

// storedAttributes is what a sync reads back of a token. The index by-created carries all of them.
var storedAttributes = []string{
	attrMint, attrHash, attrStatus, attrStage, attrTVL, attrVolume, attrFees, attrCreatedAt, attrFirstSeenAt,
	attrPoolKeys,
}

// project asks for storedAttributes, and the pools if they are wanted.
func project(pools bool) (names map[string]string, expression *string) {
	attributes := storedAttributes
	if pools {
		attributes = append(slices.Clone(attributes), attrPools)
	}
	names = make(map[string]string, len(attributes))
	for _, a := range attributes {
		names["#"+a] = a
	}
	return names, aws.String("#" + strings.Join(attributes, ",#"))
}

func unmarshalStored(it item) token.Stored {
	s := token.Stored{
		Mint: it.getText(attrMint), Hash: it.getText(attrHash), Status: token.Status(it.getText(attrStatus)),
		Stage: token.Stage(it.getText(attrStage)), TVLUSD: it.getAmount(attrTVL), Volume24h: it.getAmount(attrVolume),
		Fees24h: it.getNumber(attrFees), CreatedAt: max(0, it.getInteger(attrCreatedAt)),
		FirstSeenAt: it.getInteger(attrFirstSeenAt), Known: unmarshalKeys(it.getText(attrPoolKeys)),
	}
	if len(it.getList(attrPools)) > 0 {
		s.Pools = unmarshalPools(it)
	}
	return s
}

// getAmount is getNumber for a sort key, where unknown is stored as lowest.
func (it item) getAmount(name string) token.Number {
	if n := it.getNumber(name); n != lowest {
		return n
	}
	return ""
}

// Listed streams the tokens in a launchpad's lists, without their pools, a query page at a time. It reads an index, which
// may lag behind the table by a moment. The pair with an error is the last.
func (s *TokensTable) Listed(ctx context.Context, id token.LaunchpadID) iter.Seq2[token.Stored, error] {
	return func(yield func(token.Stored, error) bool) {
		names, projection := project(false)
		names["#listing"] = attrListing
		query := &dynamodb.QueryInput{
			TableName: &s.table, IndexName: aws.String(attrIndexCreated),
			KeyConditionExpression:    aws.String("#listing = :id"),
			ExpressionAttributeNames:  names,
			ExpressionAttributeValues: item{":id": text(string(id))},
			ProjectionExpression:      projection,
		}
		for {
			out, err := s.api.Query(ctx, query)
			if err != nil {
				yield(token.Stored{}, fmt.Errorf("reading the tokens of %s: %w", id, err))
				return
			}
			for _, it := range out.Items {
				if !yield(unmarshalStored(it), nil) {
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

// Get reads tokens by their mints, consistently, at most 100 a request; mints that are not stored are left out. With
// pools, each comes with its pools. The pair with an error is the last.
func (s *TokensTable) Get(ctx context.Context, mints []string, pools bool) iter.Seq2[token.Stored, error] {
	return func(yield func(token.Stored, error) bool) {
		for chunk := range slices.Chunk(mints, maxBatchGetKeys) {
			names, projection := project(pools)
			items, err := s.batchGet(ctx, chunk, types.KeysAndAttributes{
				ConsistentRead: aws.Bool(true), ExpressionAttributeNames: names, ProjectionExpression: projection,
			})
			if err != nil {
				yield(token.Stored{}, fmt.Errorf("reading %d tokens: %w", len(chunk), err))
				return
			}
			for _, it := range items {
				if !yield(unmarshalStored(it), nil) {
					return
				}
			}
		}
	}
}

// batchGet reads up to 100 distinct mints the way request says.
func (s *TokensTable) batchGet(ctx context.Context, mints []string, request types.KeysAndAttributes) ([]item, error) {
	for _, mint := range mints {
		request.Keys = append(request.Keys, item{attrMint: text(mint)})
	}
	return batchGet(ctx, s.api, s.table, request)
}
