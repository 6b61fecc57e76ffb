package apigw_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"tokensync/internal/apigw"
)

func TestAuthorizer(t *testing.T) {
	t.Parallel()
	const secret = "s3cret-of-the-operator-and-of-none" // 34 characters
	for name, tt := range map[string]struct {
		token   string // in SSM
		header  string // its name
		value   string
		allowed bool
	}{
		"right":                {secret, "authorization", "Bearer " + secret, true},
		"header in capitals":   {secret, "Authorization", "Bearer " + secret, true},
		"scheme in lower case": {secret, "authorization", "bearer " + secret, true},
		"a line feed in SSM":   {secret + "\n", "authorization", "Bearer " + secret, true},
		"wrong":                {secret, "authorization", "Bearer " + secret + "x", false},
		"the beginning":        {secret, "authorization", "Bearer " + secret[:5], false},
		"no scheme":            {secret, "authorization", secret, false},
		"another scheme":       {secret, "authorization", "Basic " + secret, false},
		"empty":                {secret, "authorization", "Bearer ", false},
		"another header":       {secret, "x-token", "Bearer " + secret, false},
		"no token set":         {"", "authorization", "Bearer ", false},
		"a blank token":        {" \n", "authorization", "Bearer  \n", false},
		"a token of 32":        {secret[:32], "authorization", "Bearer " + secret[:32], true},
		"a token of 31":        {secret[:31], "authorization", "Bearer " + secret[:31], false},
		"31 and a line feed":   {secret[:31] + "\n", "authorization", "Bearer " + secret[:31], false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			refused := 0
			authorize := apigw.NewAuthorizer(func(context.Context) (string, error) { return tt.token, nil },
				func(context.Context) { refused++ }, slog.New(slog.NewJSONHandler(&log, nil)))
			got, err := authorize(t.Context(), events.APIGatewayV2CustomAuthorizerV2Request{Headers: map[string]string{tt.header: tt.value}})
			if err != nil || got.IsAuthorized != tt.allowed {
				t.Errorf("%v, %v", got.IsAuthorized, err)
			}
			// A wrong token is somebody's attempt; a missing one is the operator's own fault.
			if set := len(strings.TrimSpace(tt.token)) >= apigw.MinToken; (refused == 1) != (set && !tt.allowed) {
				t.Errorf("%d refusals are counted", refused)
			}
			if strings.Contains(log.String(), secret[:5]) {
				t.Errorf("the token is in the log: %s", log.String())
			}
		})
	}
}

// TestAuthorizerSpellings are ways to write what is almost the operator's token: none of them is.
func TestAuthorizerSpellings(t *testing.T) {
	t.Parallel()
	const secret = "s3cret-of-the-operator-and-of-none"
	authorize := newAuthorizer(secret, nil)
	for _, value := range []string{
		"", " ", "Bearer", "Bearer ", "Bearer  ", "bearer\t", "Bearer null", "Bearer undefined", "Bearer *", "Bearer %",
		secret, " " + secret, "Token " + secret, "Basic " + secret, "Digest " + secret, "Bearer:" + secret, "Bearer=" + secret, "Bearer" + secret,
		"Bearer " + secret + secret, "Bearer " + secret[1:], "Bearer " + secret[:33], "Bearer " + strings.ToUpper(secret), "Bearer \"" + secret + "\"",
		"Bearer " + secret + "\x00", "Bearer \x00" + secret, "Bearer " + secret + ",", "Bearer x, Bearer " + secret, "Bearer " + secret + ";", "Bearer " + secret + " x",
		"Bearer \u200b" + secret, "Bearer " + strings.ReplaceAll(secret, "-", "%2D"), "Ｂearer " + secret, "Bearer " + strings.Repeat("x", 1<<20),
	} {
		if got, err := authorize(t.Context(), events.APIGatewayV2CustomAuthorizerV2Request{Headers: map[string]string{"authorization": value}}); err != nil || got.IsAuthorized {
			t.Errorf("%.60q: %v, %v", value, got.IsAuthorized, err)
		}
	}
}

// newAuthorizer returns an authorizer whose token, or whose error, SSM has.
func newAuthorizer(token string, err error) apigw.Authorizer {
	return apigw.NewAuthorizer(func(context.Context) (string, error) { return token, err },
		func(context.Context) {}, slog.New(slog.DiscardHandler))
}

// TestAuthorizerIdentitySource is what API Gateway passes beside the headers; a header wins.
func TestAuthorizerIdentitySource(t *testing.T) {
	t.Parallel()
	const secret = "a-secret-of-thirty-two-characters"
	authorize := newAuthorizer(secret, nil)
	for name, tt := range map[string]struct {
		event   events.APIGatewayV2CustomAuthorizerV2Request
		allowed bool
	}{
		"alone":        {events.APIGatewayV2CustomAuthorizerV2Request{IdentitySource: []string{"Bearer " + secret}}, true},
		"two of them":  {events.APIGatewayV2CustomAuthorizerV2Request{IdentitySource: []string{"Bearer " + secret, "x"}}, false},
		"wrong header": {events.APIGatewayV2CustomAuthorizerV2Request{IdentitySource: []string{"Bearer " + secret}, Headers: map[string]string{"authorization": "Bearer x"}}, false},
		"nothing":      {events.APIGatewayV2CustomAuthorizerV2Request{}, false},
	} {
		if got, err := authorize(t.Context(), tt.event); err != nil || got.IsAuthorized != tt.allowed {
			t.Errorf("%s: %v, %v", name, got.IsAuthorized, err)
		}
	}
}

// TestAuthorizerWithoutSSM refuses with an error: API Gateway answers 500 and does not keep it.
func TestAuthorizerWithoutSSM(t *testing.T) {
	t.Parallel()
	down := errors.New("SSM parameter /admin: timeout")
	authorize := newAuthorizer("", down)
	if got, err := authorize(t.Context(), events.APIGatewayV2CustomAuthorizerV2Request{}); !errors.Is(err, down) || got.IsAuthorized {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAuthorizerEvents(t *testing.T) {
	t.Parallel()
	authorize := newAuthorizer("local-operator-token-of-the-stack", nil)
	for name, allowed := range map[string]bool{"authorizer": true, "authorizer-wrong-token": false} {
		text, err := os.ReadFile("../../events/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var event events.APIGatewayV2CustomAuthorizerV2Request
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatal(err)
		}
		if got, err := authorize(t.Context(), event); err != nil || got.IsAuthorized != allowed {
			t.Errorf("%s: %v, %v", name, got.IsAuthorized, err)
		}
	}
}
