// Command list-tokens is the Lambda that answers lists of tokens, search, and tokens by mint.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"tokensync/internal/app"
)

func main() {
	lambda.Start(app.ListTokens())
}
