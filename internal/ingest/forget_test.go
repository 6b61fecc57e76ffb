package ingest_test

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// forget deletes an item of the sync table, or without a partition key one of the board.
func (w *world) forget(pk, sk string) {
	in := &dynamodb.DeleteItemInput{TableName: &w.tables.Board, Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: sk}}}
	if pk != "" {
		in.TableName = &w.tables.Sync
		in.Key["pk"], in.Key["sk"] = &types.AttributeValueMemberS{Value: pk}, &types.AttributeValueMemberS{Value: sk}
	}
	if _, err := engine.Client().DeleteItem(w.t.Context(), in); err != nil {
		w.t.Fatal(err)
	}
}
