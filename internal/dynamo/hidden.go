package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/token"
)

// What the operator has hidden is an item a mint of the sync table. Until a run has published a board without it, the
// manifest's item names it too: so readers know with their next look.
const (
	hiddenKey    = "HIDDEN" // the partition; mints are the sort keys
	attrReason   = "reason"
	attrHiddenAt = "hidden_at" // Unix milliseconds
	attrHidden   = "hidden"    // of the manifest's item: mints, a string set
)

// Hidden returns the mints that the operator has hidden. It may lag behind by a moment.
func (s *SyncTable) Hidden(ctx context.Context) (map[string]bool, error) {
	hidden := map[string]bool{}
	for after := ""; ; {
		page, more, err := s.hidden(ctx, after, 0)
		if err != nil {
			return nil, err
		}
		for _, h := range page {
			hidden[h.Mint], after = true, h.Mint
		}
		if !more {
			return hidden, nil
		}
	}
}

// hidden reads what is hidden behind a mint, at most limit, as many as an answer holds when it is 0.
func (s *SyncTable) hidden(ctx context.Context, after string, limit int) (page []token.Hiding, more bool, err error) {
	in := &dynamodb.QueryInput{
		TableName: s.tableName(), KeyConditionExpression: aws.String("#pk = :key"),
		ExpressionAttributeNames:  map[string]string{"#pk": attrPK},
		ExpressionAttributeValues: item{":key": text(hiddenKey)},
	}
	if limit > 0 {
		in.Limit = aws.Int32(int32(limit))
	}
	if after != "" {
		in.ExclusiveStartKey = hiddenItem(after)
	}
	out, err := s.api.Query(ctx, in)
	if err != nil {
		return nil, false, fmt.Errorf("reading what is hidden: %w", err)
	}
	for _, it := range out.Items {
		page = append(page, parseHiding(it))
	}
	return page, len(out.LastEvaluatedKey) > 0, nil
}

func hiddenItem(mint string) item { return item{attrPK: text(hiddenKey), attrSK: text(mint)} }

func parseHiding(it item) token.Hiding {
	return token.Hiding{Mint: it.getText(attrSK), Reason: it.getText(attrReason), At: time.UnixMilli(it.getInteger(attrHiddenAt)).UTC()}
}

// A Hider is the operator's hand: it hides and shows tokens.
type Hider struct {
	sync  *SyncTable
	api   API
	board string
}

// NewHider hides what the board of a table lists, and keeps it in the sync table.
func NewHider(api API, sync, board string) *Hider {
	return &Hider{sync: NewSyncTable(api, sync), api: api, board: board}
}

// Hide hides a token, known or not. Of one that is hidden already only the reason changes.
func (h *Hider) Hide(ctx context.Context, mint, reason string) (token.Hiding, error) {
	out, err := h.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: h.sync.tableName(), Key: hiddenItem(mint),
		UpdateExpression:          aws.String("SET #reason = :reason, #at = if_not_exists(#at, :now)"),
		ExpressionAttributeNames:  map[string]string{"#reason": attrReason, "#at": attrHiddenAt},
		ExpressionAttributeValues: item{":reason": text(reason), ":now": millis(time.Now())},
		ReturnValues:              types.ReturnValueAllNew,
	})
	if err != nil {
		return token.Hiding{}, fmt.Errorf("hiding %s: %w", mint, err)
	}
	return parseHiding(out.Attributes), h.tellReaders(ctx, "ADD", mint)
}

// Show undoes Hide. It returns what was hidden; the zero value when nothing was.
func (h *Hider) Show(ctx context.Context, mint string) (was token.Hiding, err error) {
	out, err := h.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: h.sync.tableName(), Key: hiddenItem(mint), ReturnValues: types.ReturnValueAllOld,
	})
	if err != nil {
		return was, fmt.Errorf("showing %s: %w", mint, err)
	}
	if len(out.Attributes) > 0 {
		was = parseHiding(out.Attributes)
	}
	return was, h.tellReaders(ctx, "DELETE", mint)
}

// Hidden returns what is hidden, in the order of mints, at most limit behind the mint after, and whether there is more.
func (h *Hider) Hidden(ctx context.Context, after string, limit int) ([]token.Hiding, bool, error) {
	return h.sync.hidden(ctx, after, limit)
}

// tellReaders adds a mint to those that the manifest's item names, or takes it from them. Before the first board there is
// nobody to be told.
func (h *Hider) tellReaders(ctx context.Context, action, mint string) error {
	_, err := h.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &h.board, Key: boardItem(manifestKey),
		UpdateExpression:          aws.String(action + " #hidden :mint"),
		ConditionExpression:       aws.String("attribute_exists(#pk)"),
		ExpressionAttributeNames:  map[string]string{"#hidden": attrHidden, "#pk": attrPK},
		ExpressionAttributeValues: item{":mint": texts([]string{mint})},
	})
	if _, missing := errors.AsType[*types.ConditionalCheckFailedException](err); err != nil && !missing {
		return fmt.Errorf("telling readers of %s: %w", mint, err)
	}
	return nil
}
