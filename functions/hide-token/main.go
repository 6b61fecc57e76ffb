// Command hide-token is the Lambda through which the operator hides tokens and shows them again.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"tokensync/internal/app"
)

func main() {
	lambda.Start(app.HideToken())
}
