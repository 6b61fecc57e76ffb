// Command list-sync-runs is the Lambda that answers the operator's list of runs.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"tokensync/internal/app"
)

func main() {
	lambda.Start(app.ListSyncRuns())
}
