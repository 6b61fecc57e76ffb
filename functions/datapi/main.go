// Command datapi is the Lambda that serves what fun-launch asks of its data API.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"tokensync/internal/app"
)

func main() {
	lambda.Start(app.DataAPI())
}
