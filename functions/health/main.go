// Command health is the Lambda that answers whether reads and syncs work, and the API's description.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"tokensync/internal/app"
)

func main() {
	lambda.Start(app.Health())
}
