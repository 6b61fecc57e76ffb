package sdk

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// TestAnswersThatBreakOff are asked for again, wherever they do.
func TestAnswersThatBreakOff(t *testing.T) {
	t.Parallel()
	const answer = `{"Item":{"pk":{"S":"LEASE"}}}`
	for n := range len(answer) {
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.Header().Set("Content-Length", "29")
			if asked++; asked == 1 {
				_, _ = io.WriteString(w, answer[:n])
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
			_, _ = io.WriteString(w, answer)
		}))
		config := Config(func(name string) string { return map[string]string{"AWS_REGION": "us-east-1"}[name] }, Patience{2, time.Minute})
		db := dynamodb.NewFromConfig(config, func(o *dynamodb.Options) { o.BaseEndpoint = aws.String(server.URL) })
		out, err := db.GetItem(t.Context(), &dynamodb.GetItemInput{
			TableName: aws.String("sync"), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "LEASE"}},
		})
		if err != nil || len(out.Item) != 1 || asked != 2 {
			t.Errorf("cut after %d bytes: asked %d times, %v", n, asked, err)
		}
		server.Close()
	}
}
