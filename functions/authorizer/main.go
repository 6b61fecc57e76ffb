// Command authorizer is the Lambda that API Gateway asks whether a request comes from the operator.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"tokensync/internal/app/authorizer"
)

func main() {
	lambda.Start(authorizer.New())
}
