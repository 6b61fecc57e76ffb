// Command get-token is the Lambda that answers one token with its pools.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"tokensync/internal/app"
)

func main() {
	lambda.Start(app.GetToken())
}
