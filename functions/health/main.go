// Command health is the Lambda that reports whether reads and syncs work, and serves the API's description.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"tokensync/internal/app/health"
)

func main() {
	lambda.Start(health.New())
}
