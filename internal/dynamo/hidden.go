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
		page, more, err := s.HiddenPage(ctx, after, 0)
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

// HiddenPage returns what is hidden, in the order of mints, beginning after a mint, at most limit, as many as an answer holds when
// it is 0, and whether there is more.
func (s *SyncTable) HiddenPage(ctx context.Context, after string, limit int) (page []token.Hiding, more bool, err error) {
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

// Hide keeps that the operator has hidden a token. Of one that is hidden already only the reason changes.
func (s *SyncTable) Hide(ctx context.Context, mint, reason string) (token.Hiding, error) {
	out, err := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: s.tableName(), Key: hiddenItem(mint),
		UpdateExpression:          aws.String("SET #reason = :reason, #at = if_not_exists(#at, :now)"),
		ExpressionAttributeNames:  map[string]string{"#reason": attrReason, "#at": attrHiddenAt},
		ExpressionAttributeValues: item{":reason": text(reason), ":now": millis(time.Now())},
		ReturnValues:              types.ReturnValueAllNew,
	})
	if err != nil {
		return token.Hiding{}, fmt.Errorf("hiding %s: %w", mint, err)
	}
	return parseHiding(out.Attributes), nil
}

// Show forgets that a token was hidden. It returns what was kept of it, the zero value when nothing was.
func (s *SyncTable) Show(ctx context.Context, mint string) (token.Hiding, error) {
	out, err := s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: s.tableName(), Key: hiddenItem(mint), ReturnValues: types.ReturnValueAllOld,
	})
	if err != nil || len(out.Attributes) == 0 {
		return token.Hiding{}, wrap(err, "showing %s", mint)
	}
	return parseHiding(out.Attributes), nil
}

// Veil keeps a token out of the lists of the published board, and Unveil takes that back. Before the first board there is
// nothing to be kept out of.
func (b *BoardTable) Veil(ctx context.Context, mint string) error {
	return b.updateVeil(ctx, "ADD #hidden :mint", mint)
}

// Unveil undoes Veil.
func (b *BoardTable) Unveil(ctx context.Context, mint string) error {
	return b.updateVeil(ctx, "DELETE #hidden :mint", mint)
}

func (b *BoardTable) updateVeil(ctx context.Context, expression, mint string) error {
	_, err := b.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &b.table, Key: boardItem(manifestKey),
		UpdateExpression:          &expression,
		ConditionExpression:       aws.String("attribute_exists(#pk)"),
		ExpressionAttributeNames:  map[string]string{"#hidden": attrHidden, "#pk": attrPK},
		ExpressionAttributeValues: item{":mint": texts([]string{mint})},
	})
	if _, missing := errors.AsType[*types.ConditionalCheckFailedException](err); missing {
		return nil
	}
	return wrap(err, "telling readers of %s", mint)
}

// A Hider hides tokens and shows them again, for the operator.
type Hider struct {
	sync  *SyncTable
	board *BoardTable
}

// NewHider hides what the board of a table lists, and keeps it in the sync table.
func NewHider(api API, sync, board string) *Hider {
	return &Hider{sync: NewSyncTable(api, sync), board: NewBoardTable(api, board)}
}

// Hide hides a token, known or not: when it returns nil, readers' next look shows that.
func (h *Hider) Hide(ctx context.Context, mint, reason string) (token.Hiding, error) {
	hiding, err := h.sync.Hide(ctx, mint, reason)
	if err != nil {
		return hiding, err
	}
	return hiding, h.board.Veil(ctx, mint)
}

// Show undoes Hide. It returns what was hidden, the zero value when nothing was.
func (h *Hider) Show(ctx context.Context, mint string) (token.Hiding, error) {
	was, err := h.sync.Show(ctx, mint)
	if err != nil {
		return was, err
	}
	return was, h.board.Unveil(ctx, mint)
}

// Hidden returns what is hidden, in the order of mints, at most limit after a mint, and whether there is more.
func (h *Hider) Hidden(ctx context.Context, after string, limit int) ([]token.Hiding, bool, error) {
	return h.sync.HiddenPage(ctx, after, limit)
}

// wrap says of an error what was being done; nil stays nil.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}
