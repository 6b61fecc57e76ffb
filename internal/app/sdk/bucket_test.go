package sdk

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// TestThrottledCallsAreTriedForEver: the SDK's bucket of 500 retry tokens, five to ten a retry, ends no run. Every call gets
// all of its attempts, however many were throttled before it.
func TestThrottledCallsAreTriedForEver(t *testing.T) {
	t.Parallel()
	const calls, attempts = 60, 4
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slower"}`)
	}))
	defer server.Close()
	config := Config(func(name string) string { return map[string]string{"AWS_REGION": "us-east-1"}[name] }, Patience{attempts, time.Minute})
	quick := func(o *dynamodb.Options) {
		o.BaseEndpoint = aws.String(server.URL)
		o.Retryer = withoutPause{config.Retryer().(aws.RetryerV2)}
	}
	db := dynamodb.NewFromConfig(config, quick)
	for n := range calls {
		_, err := db.GetItem(t.Context(), &dynamodb.GetItemInput{
			TableName: aws.String("sync"), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "LEASE"}},
		})
		var throttled *types.ProvisionedThroughputExceededException
		if !errors.As(err, &throttled) || asked.Load() != int64((n+1)*attempts) {
			t.Fatalf("call %d: %d requests in all, error %v", n, asked.Load(), err)
		}
	}
}

// withoutPause is a retryer that does not wait.
type withoutPause struct{ aws.RetryerV2 }

func (withoutPause) RetryDelay(int, error) (time.Duration, error) { return 0, nil }
