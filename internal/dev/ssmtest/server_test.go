package ssmtest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"tokensync/internal/dev/ssmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T) (*ssmtest.Server, *ssm.Client) {
	t.Helper()
	server, err := ssmtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	client := ssm.New(ssm.Options{
		BaseEndpoint: aws.String(server.URL()), Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		HTTPClient:  &http.Client{Transport: transport},
	})
	return server, client
}

func get(ctx context.Context, client *ssm.Client, name string, decrypt bool) (*types.Parameter, error) {
	out, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: &decrypt})
	if err != nil {
		return nil, err
	}
	return out.Parameter, nil
}

func TestGetParameter(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	server.Set("/id", ssmtest.Parameter{Type: ssmtest.StringList, Value: "a,b"})
	server.Set("/secret", ssmtest.Parameter{Type: ssmtest.SecureString, Value: "s"})
	server.Set("/empty", ssmtest.Parameter{Type: ssmtest.String})
	tests := []struct {
		name      string
		decrypt   bool
		wantType  types.ParameterType
		wantValue string
	}{
		{"/id", false, types.ParameterTypeStringList, "a,b"},
		{"arn:aws:ssm:us-east-1:000000000000:parameter/id", false, types.ParameterTypeStringList, "a,b"},
		{"/secret", true, types.ParameterTypeSecureString, "s"},
		{"/empty", false, types.ParameterTypeString, ""},
	}
	for _, test := range tests {
		got, err := get(t.Context(), client, test.name, test.decrypt)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if got.Type != test.wantType || *got.Value != test.wantValue || got.Version != 1 {
			t.Errorf("%s: %s %q version %d", test.name, got.Type, *got.Value, got.Version)
		}
	}
	if got, err := get(t.Context(), client, "/secret", false); err != nil || *got.Value == "s" {
		t.Errorf("a secret came undecrypted and readable: %v", err)
	}
}

func TestChangesAreSeen(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	var missing *types.ParameterNotFound
	if _, err := get(t.Context(), client, "/id", false); !errors.As(err, &missing) {
		t.Errorf("error %v, want ParameterNotFound", err)
	}
	for version, value := range []string{"a", "b"} {
		server.Set("/id", ssmtest.Parameter{Type: ssmtest.String, Value: value})
		got, err := get(t.Context(), client, "/id", false)
		if err != nil || *got.Value != value || got.Version != int64(version+1) {
			t.Errorf("%+v, %v; want %s", got, err, value)
		}
	}
	server.Delete("/id")
	if _, err := get(t.Context(), client, "/id", false); !errors.As(err, &missing) {
		t.Errorf("error %v, want ParameterNotFound", err)
	}
	if server.Requests() != 4 {
		t.Errorf("%d requests counted, want 4", server.Requests())
	}
}

func TestGetParameters(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	server.Set("/a", ssmtest.Parameter{Type: ssmtest.String, Value: "1"})
	out, err := client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/a", "/b"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Parameters) != 1 || *out.Parameters[0].Value != "1" {
		t.Errorf("parameters %+v", out.Parameters)
	}
	if diff := cmp.Diff([]string{"/b"}, out.InvalidParameters); diff != "" {
		t.Errorf("invalid parameters (-want +got):\n%s", diff)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	server.Set("/a", ssmtest.Parameter{Type: ssmtest.String, Value: "1"})
	for fault, want := range map[ssmtest.Fault]string{
		{Status: 400}: "ThrottlingException",
		{Status: 503}: "InternalServerError",
		{Status: 400, Type: "AccessDeniedException"}: "AccessDeniedException",
	} {
		server.SetFault(fault)
		var failure smithy.APIError
		if _, err := get(t.Context(), client, "/a", false); !errors.As(err, &failure) || failure.ErrorCode() != want {
			t.Errorf("%+v: error %v, want %s", fault, err, want)
		}
	}
	server.SetFault(ssmtest.Fault{Delay: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := get(ctx, client, "/a", false); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("delayed: error %v, want a deadline", err)
	}
	server.SetFault(ssmtest.Fault{})
	if _, err := get(t.Context(), client, "/a", false); err != nil {
		t.Errorf("after the faults: %v", err)
	}
}
