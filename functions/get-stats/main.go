// Command get-stats is the Lambda that answers the sums over all listed tokens.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"tokensync/internal/app"
)

func main() {
	lambda.Start(app.GetStats())
}
