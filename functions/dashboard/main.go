// Command dashboard is the Lambda that serves the operator's page.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"tokensync/internal/app"
)

func main() {
	lambda.Start(app.Dashboard())
}
