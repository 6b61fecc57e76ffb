// Command function does what its event asks for; the tests of the Runtime API run it.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do    string `json:"do"`
	Name  string `json:"name"`
	Bytes int    `json:"bytes"`
	MS    int    `json:"ms"`
}

var calls int

func handle(ctx context.Context, e event) (any, error) {
	calls++
	fmt.Println("call", calls, e.Do)
	switch e.Do {
	case "fail":
		return nil, errors.New("no luck")
	case "panic":
		panic("oh dear")
	case "crash":
		os.Exit(3)
	case "sleep":
		time.Sleep(time.Duration(e.MS) * time.Millisecond)
	case "large":
		return strings.Repeat("x", e.Bytes), nil
	case "env":
		return os.Environ(), nil
	}
	deadline, _ := ctx.Deadline()
	lc, _ := lambdacontext.FromContext(ctx)
	return map[string]any{
		"calls": calls, "left_ms": time.Until(deadline).Milliseconds(), "pid": os.Getpid(),
		"request_id": lc.AwsRequestID, "arn": lc.InvokedFunctionArn, "trace": os.Getenv("_X_AMZN_TRACE_ID"),
	}, nil
}

func main() {
	switch os.Getenv("AT_START") {
	case "init error":
		body := []byte(`{"errorMessage":"bad settings","errorType":"Config.Invalid"}`)
		_, _ = http.Post("http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/init/error", "application/json", bytes.NewReader(body))
		os.Exit(1)
	case "exit":
		fmt.Fprintln(os.Stderr, "cannot start")
		os.Exit(2)
	}
	lambda.Start(handle)
}
