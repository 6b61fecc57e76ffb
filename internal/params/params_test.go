package params_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"context"

	"tokensync/internal/dev/ssmtest"
	"tokensync/internal/params"
	"tokensync/internal/token"
)

func start(t *testing.T) (*ssmtest.Server, *ssm.Client) {
	t.Helper()
	server, err := ssmtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server, ssm.New(ssm.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL()), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	})
}

func TestLaunchpadIDs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		set  *ssmtest.Parameter
		want string // joined by spaces
		err  string
	}{
		{"String", &ssmtest.Parameter{Type: "String", Value: "pump.fun"}, "pump.fun", ""},
		{"StringList", &ssmtest.Parameter{Type: "StringList", Value: "a,b"}, "a b", ""},
		{"SecureString", &ssmtest.Parameter{Type: "SecureString", Value: "secret"}, "secret", ""},
		{"missing", nil, "", "does not exist"},
		{"empty", &ssmtest.Parameter{Type: "String"}, "", "no launchpad ID"},
		{"blank", &ssmtest.Parameter{Type: "String", Value: "  "}, "", "no launchpad ID"},
		{"malformed", &ssmtest.Parameter{Type: "String", Value: "a b"}, "", "white space"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, client := start(t)
			if tt.set != nil {
				server.Set("/pad/id", *tt.set)
			}
			ids, err := params.New(client, "/pad/id", time.Minute).LaunchpadIDs(t.Context())
			var got []string
			for _, id := range ids {
				got = append(got, string(id))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %q", got)
			}
			if (err == nil) != (tt.err == "") || err != nil && (!strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), "/pad/id")) {
				t.Errorf("error is %v, want one with %q that names the parameter", err, tt.err)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	server.Set("/p", ssmtest.Parameter{Type: "String", Value: "one"})
	p := params.New(client, "/p", 0) // every call asks
	get := func() (string, error) { return p.Value(t.Context()) }
	if v, err := get(); v != "one" || err != nil {
		t.Fatalf("%q, %v", v, err)
	}
	server.Set("/p", ssmtest.Parameter{Type: "String", Value: "two"})
	if v, err := get(); v != "two" || err != nil {
		t.Errorf("a change is not picked up: %q, %v", v, err)
	}
	server.SetFault(ssmtest.Fault{Status: 500})
	if v, err := get(); v != "two" || err != nil {
		t.Errorf("the stale value is not kept: %q, %v", v, err)
	}
	if _, err := params.New(client, "/p", 0).Value(t.Context()); err == nil || errors.Is(err, params.ErrNotFound) {
		t.Errorf("without a value to keep: %v", err)
	}
	server.SetFault(ssmtest.Fault{})
	server.Delete("/p")
	if v, err := get(); !errors.Is(err, params.ErrNotFound) {
		t.Errorf("a deleted parameter: %q, %v", v, err)
	}
}

// countingAPI answers without a network, for the clock of synctest.
type countingAPI struct{ calls int }

func (c *countingAPI) GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	c.calls++
	out := &ssm.GetParameterOutput{}
	return out, errors.New("not now")
}

func TestTTL(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	server.Set("/p", ssmtest.Parameter{Type: "String", Value: string(token.LaunchpadID("x"))})
	p := params.New(client, "/p", time.Hour)
	for range 5 {
		if _, err := p.Value(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if server.Requests() != 1 {
		t.Errorf("SSM saw %d requests within the TTL", server.Requests())
	}
	synctest.Test(t, func(t *testing.T) {
		api := &countingAPI{}
		p := params.New(api, "/p", time.Minute)
		for range 3 {
			if _, err := p.Value(t.Context()); err == nil {
				t.Error("a failure was cached as a value")
			}
			time.Sleep(2 * time.Minute)
		}
		if api.calls != 3 {
			t.Errorf("%d calls", api.calls)
		}
	})
}
