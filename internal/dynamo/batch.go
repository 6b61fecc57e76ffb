package dynamo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// An outcome is what became of a batch, beside what was written.
type outcome struct {
	again   []write // those left unprocessed, or all when the request failed
	refused []write // those that DynamoDB finds fault with
	err     error
}

// writeBatch asks once for at most 25 items. One bad item fails all 25: it is searched for in halves.
func (s *TokensTable) writeBatch(ctx context.Context, batch []write) outcome {
	out, err := s.api.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
		RequestItems: map[string][]types.WriteRequest{s.table: requests(batch)},
	})
	switch {
	case isRefusal(err) && len(batch) > 1:
		half := len(batch) / 2
		a, b := s.writeBatch(ctx, batch[:half:half]), s.writeBatch(ctx, batch[half:])
		return outcome{append(a.again, b.again...), append(a.refused, b.refused...), errors.Join(a.err, b.err)}
	case isRefusal(err):
		return outcome{refused: batch, err: fmt.Errorf("writing token %s: %w", batch[0].mint, err)}
	case err != nil:
		return outcome{again: batch, err: fmt.Errorf("writing %d tokens: %w", len(batch), err)}
	}
	return outcome{again: stillLeft(batch, out.UnprocessedItems[s.table])}
}

// isRefusal reports whether DynamoDB found fault with the request itself: an item too large, a value out of range.
func isRefusal(err error) bool {
	var answer *awshttp.ResponseError
	var missing *types.ResourceNotFoundException
	if isThrottle(err) || errors.As(err, &missing) {
		return false
	}
	return errors.As(err, &answer) && (isValidation(err) || answer.HTTPStatusCode() == http.StatusRequestEntityTooLarge)
}

func isValidation(err error) bool {
	var api interface{ ErrorCode() string }
	return errors.As(err, &api) && api.ErrorCode() == "ValidationException"
}

// isThrottle reports whether DynamoDB wants to be asked more slowly.
func isThrottle(err error) bool {
	return retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}.IsErrorThrottle(err) == aws.TrueTernary
}

func requests(batch []write) []types.WriteRequest {
	puts := make([]types.WriteRequest, len(batch))
	for i := range batch {
		puts[i].PutRequest = &types.PutRequest{Item: batch[i].item}
	}
	return puts
}

func stillLeft(batch []write, unprocessed []types.WriteRequest) []write {
	mints := make(map[string]bool, len(unprocessed))
	for _, r := range unprocessed {
		if r.PutRequest != nil {
			mints[item(r.PutRequest.Item).getText(attrMint)] = true
		}
	}
	var left []write
	for _, w := range batch {
		if mints[w.mint] {
			left = append(left, w)
		}
	}
	return left
}

// Pauses before unprocessed keys or items are tried again.
const (
	firstPause = 50 * time.Millisecond
	maxPause   = 3 * time.Second
)

// backOff returns how long to wait after a number of tries, with full jitter.
func backOff(tries int) time.Duration { return rand.N(min(firstPause<<min(tries-1, 10), maxPause)) }

// pause waits before a further attempt. When ctx would end during the wait, it returns at once.
func pause(ctx context.Context, attempt int) error {
	if attempt == 0 {
		return ctx.Err()
	}
	wait := backOff(attempt)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return context.DeadlineExceeded
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
