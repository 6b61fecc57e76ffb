package apigw

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// An Authorizer reports whether a request may go on: API Gateway makes a 403 of no, and a 500 of an error.
type Authorizer func(context.Context, events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error)

// MinToken is the least number of characters of an operator's token: a shorter one could be guessed.
const MinToken = 32

// NewAuthorizer lets those through who send "Authorization: Bearer" with the operator's token, in a time that tells nothing
// of it. While there is no token, or one that is too short, nobody gets through. refused is called for each token that is
// wrong. Nothing of what was sent is logged.
func NewAuthorizer(token func(context.Context) (string, error), refused func(context.Context), log *slog.Logger) Authorizer {
	return func(ctx context.Context, r events.APIGatewayV2CustomAuthorizerV2Request) (answer events.APIGatewayV2CustomAuthorizerSimpleResponse, err error) {
		want, err := token(ctx)
		if err != nil {
			log.ErrorContext(ctx, "the operator's token cannot be read", "error", err.Error())
			return answer, err
		}
		if want = strings.TrimSpace(want); len(want) < MinToken {
			log.WarnContext(ctx, "the operator's token is missing or too short: everybody is refused", "least", MinToken)
			return answer, nil
		}
		answer.IsAuthorized = sameSecret(bearer(r), want)
		log.InfoContext(ctx, "operator", "authorized", answer.IsAuthorized, "source_ip", r.RequestContext.HTTP.SourceIP)
		if !answer.IsAuthorized {
			refused(ctx)
		}
		return answer, nil
	}
}

// sameSecret compares hashes, so that not even the length shows.
func sameSecret(got, want string) bool {
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// bearer returns the token that a request carries, or "". The identity source is the Authorization header once more.
func bearer(r events.APIGatewayV2CustomAuthorizerV2Request) string {
	values := r.IdentitySource
	for name, value := range r.Headers {
		if strings.EqualFold(name, "Authorization") {
			values = []string{value}
		}
	}
	if len(values) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
