package dynamotest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/dev/samtemplate"
	"tokensync/internal/dev/workspace"
)

const activeTimeout = 30 * time.Second

// Tables are the names of the tables made for one test.
type Tables struct{ Tokens, Sync, Board string }

// UniqueNames returns names that no other test has.
func UniqueNames() Tables {
	suffix := strings.ToLower(rand.Text()[:10])
	return Tables{Tokens: "tokens-" + suffix, Sync: "sync-" + suffix, Board: "board-" + suffix}
}

// ByLogicalID returns the names as samtemplate.Options takes them.
func (t Tables) ByLogicalID() map[string]string {
	return map[string]string{"TokensTable": t.Tokens, "SyncTable": t.Sync, "BoardTable": t.Board}
}

// NewTables creates the tables of template.yaml under names of their own, so that any number of tests share an engine.
func (e *Engine) NewTables(ctx context.Context) (Tables, error) {
	root, err := workspace.Find()
	if err != nil {
		return Tables{}, err
	}
	names := UniqueNames()
	template, err := samtemplate.Load(root.Template(), samtemplate.Options{Names: names.ByLogicalID()})
	if err != nil {
		return Tables{}, err
	}
	return names, e.CreateTables(ctx, template.Tables)
}

// TablesFor is NewTables for a test or benchmark, which it fails when there are none.
func (e *Engine) TablesFor(tb interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
},
) Tables {
	tb.Helper()
	tables, err := e.NewTables(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return tables
}

// CreateTables creates the tables as the template describes them and waits until they can be used.
func (e *Engine) CreateTables(ctx context.Context, tables []samtemplate.Table) error {
	for _, table := range tables {
		if err := e.createTable(ctx, table); err != nil {
			return fmt.Errorf("create table %s (%s): %w", table.LogicalID, table.Name, err)
		}
	}
	return nil
}

func (e *Engine) createTable(ctx context.Context, table samtemplate.Table) error {
	var exists *types.ResourceInUseException // names are unique: it is the SDK's own second attempt after a lost answer
	if _, err := e.client.CreateTable(ctx, createInput(table)); err != nil && !errors.As(err, &exists) {
		return err
	}
	e.mu.Lock()
	e.created = append(e.created, table.Name)
	e.mu.Unlock()
	waiter := dynamodb.NewTableExistsWaiter(e.client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, 200*time.Millisecond
	})
	if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &table.Name}, activeTimeout); err != nil {
		return err
	}
	if table.TTLAttribute == "" {
		return nil
	}
	_, err := e.client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               &table.Name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &table.TTLAttribute, Enabled: aws.Bool(true)},
	})
	if err != nil && strings.Contains(err.Error(), "already enabled") { // likewise
		return nil
	}
	return err
}

func createInput(table samtemplate.Table) *dynamodb.CreateTableInput {
	input := &dynamodb.CreateTableInput{
		TableName:   &table.Name,
		BillingMode: types.BillingMode(table.BillingMode),
		KeySchema:   keySchema(table.Keys),
	}
	for _, a := range table.Attributes {
		input.AttributeDefinitions = append(input.AttributeDefinitions, types.AttributeDefinition{
			AttributeName: aws.String(a.Name), AttributeType: types.ScalarAttributeType(a.Type),
		})
	}
	for _, index := range table.Indexes {
		input.GlobalSecondaryIndexes = append(input.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(index.Name), KeySchema: keySchema(index.Keys),
			Projection: &types.Projection{
				ProjectionType: types.ProjectionType(index.Projection), NonKeyAttributes: index.NonKeyAttributes,
			},
		})
	}
	return input
}

func keySchema(keys []samtemplate.Key) []types.KeySchemaElement {
	out := make([]types.KeySchemaElement, 0, len(keys))
	for _, key := range keys {
		out = append(out, types.KeySchemaElement{AttributeName: aws.String(key.Name), KeyType: types.KeyType(key.Type)})
	}
	return out
}
