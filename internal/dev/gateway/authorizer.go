package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Authorizer is a Lambda authorizer with payload 2.0 and simple responses.
type Authorizer struct {
	Function Invoker
	Headers  []string      // the identity source: a request without one of them gets a 401, and the function is not asked
	TTL      time.Duration // how long a verdict on the same values is kept; 0 asks each time

	mu    sync.Mutex
	known map[string]verdict
}

type verdict struct {
	allowed bool
	until   time.Time
}

// refuse responds for API Gateway if a request may not go on, and reports whether it did.
func (a *Authorizer) refuse(w http.ResponseWriter, r *http.Request, route *route, parameters map[string]string) bool {
	identity := make([]string, len(a.Headers))
	for i, name := range a.Headers {
		if identity[i] = strings.Join(r.Header.Values(name), ","); identity[i] == "" {
			message(w, http.StatusUnauthorized, "Unauthorized")
			return true
		}
	}
	allowed, err := a.ask(r, route, parameters, identity)
	switch {
	case err != nil:
		message(w, http.StatusInternalServerError, "Internal Server Error")
	case !allowed:
		message(w, http.StatusForbidden, "Forbidden")
	}
	return err != nil || !allowed
}

// ask returns the known verdict, or else the function's. API Gateway keeps verdicts for all routes together.
func (a *Authorizer) ask(r *http.Request, route *route, parameters map[string]string, identity []string) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := strings.Join(identity, "\x00")
	if v, ok := a.known[key]; ok && time.Now().Before(v.until) {
		return v.allowed, nil
	}
	allowed, err := a.invoke(r, route, parameters, identity)
	if err == nil && a.TTL > 0 {
		if a.known == nil {
			a.known = map[string]verdict{}
		}
		a.known[key] = verdict{allowed, time.Now().Add(a.TTL)}
	}
	return allowed, err
}

func (a *Authorizer) invoke(r *http.Request, route *route, parameters map[string]string, identity []string) (bool, error) {
	request := newEvent(r, route, parameters, nil, time.Now())
	event, err := json.Marshal(events.APIGatewayV2CustomAuthorizerV2Request{
		Version: "2.0", Type: "REQUEST", RouteArn: "arn:aws:execute-api:us-east-1:" + accountID + ":" + apiID + "/$default/" + strings.Replace(route.key(), " ", "", 1),
		IdentitySource: identity, RouteKey: request.RouteKey, RawPath: request.RawPath, RawQueryString: request.RawQueryString,
		Cookies: request.Cookies, Headers: request.Headers, QueryStringParameters: request.QueryStringParameters,
		RequestContext: request.RequestContext, PathParameters: request.PathParameters,
	})
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), integrationTimeout)
	defer cancel()
	result, err := a.Function.Invoke(ctx, event)
	if err == nil && result.Error != nil {
		err = result.Error
	}
	if err != nil {
		return false, err
	}
	var answer events.APIGatewayV2CustomAuthorizerSimpleResponse
	err = json.Unmarshal(result.Payload, &answer)
	return answer.IsAuthorized, err
}
