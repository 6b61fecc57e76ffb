package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"tokensync/internal/dev/gateway"
	"tokensync/internal/dev/runtimeapi"
)

// judge is an authorizer's function: it lets one value through and counts how often it is asked.
type judge struct {
	asked int
	event events.APIGatewayV2CustomAuthorizerV2Request
	err   error
}

func (j *judge) Invoke(_ context.Context, payload []byte) (runtimeapi.Result, error) {
	j.asked++
	if err := json.Unmarshal(payload, &j.event); err != nil {
		return runtimeapi.Result{}, err
	}
	answer, err := json.Marshal(map[string]bool{"isAuthorized": j.event.Headers["authorization"] == "Bearer right"})
	return runtimeapi.Result{Payload: answer}, errors.Join(err, j.err)
}

func TestAuthorizer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := &judge{}
		g, err := gateway.New([]gateway.Route{{
			Method: "GET", Path: "/runs", Function: &function{payload: `{"statusCode":204}`},
			Authorizer: &gateway.Authorizer{Function: j, Headers: []string{"Authorization"}, TTL: time.Minute},
		}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		ask := func(token string) int {
			r := httptest.NewRequest("GET", "/runs", nil)
			if token != "" {
				r.Header.Set("Authorization", token)
			}
			w := httptest.NewRecorder()
			g.ServeHTTP(w, r)
			return w.Code
		}
		for i, step := range []struct {
			token         string
			status, asked int // so far
		}{
			{"", 401, 0}, {"Bearer wrong", 403, 1}, {"Bearer right", 204, 2}, {"Bearer wrong", 403, 2}, {"Bearer right", 204, 2},
		} {
			if got := ask(step.token); got != step.status || j.asked != step.asked {
				t.Errorf("step %d: status %d, asked %d times", i, got, j.asked)
			}
		}
		if j.event.RouteKey != "GET /runs" || j.event.Type != "REQUEST" || len(j.event.IdentitySource) != 1 {
			t.Errorf("%+v", j.event)
		}
		time.Sleep(time.Minute)
		j.err = errors.New("crashed")
		if got := ask("Bearer right"); got != 500 || j.asked != 3 {
			t.Errorf("a failing authorizer: status %d, asked %d times", got, j.asked)
		}
		j.err = nil
		if got := ask("Bearer right"); got != 204 {
			t.Errorf("a failure was kept: status %d", got)
		}
	})
}
