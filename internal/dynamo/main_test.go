package dynamo

import (
	"context"
	"log"
	"os"
	"testing"

	"tokensync/internal/dev/dynamotest"
)

var engine *dynamotest.Engine

func TestMain(m *testing.M) {
	var err error
	if engine, err = dynamotest.Start(context.Background(), dynamotest.Options{}); err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	if err := engine.Close(); err != nil {
		log.Fatal(err)
	}
	os.Exit(code)
}
