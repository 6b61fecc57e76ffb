// Command sync-tokens is the Lambda that syncs a launchpad's tokens from Meteora into DynamoDB.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"tokensync/internal/app/syncing"
)

func main() {
	lambda.Start(syncing.New())
}
