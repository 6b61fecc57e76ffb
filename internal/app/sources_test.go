package app

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
)

// store is a Parameter Store with one parameter.
type store struct {
	value string
	err   error
}

func (s store) GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	if s.err != nil {
		return nil, s.err
	}
	return &ssm.GetParameterOutput{Parameter: &types.Parameter{Value: &s.value}}, nil
}

func TestNodeWithoutURL(t *testing.T) {
	t.Parallel()
	denied := errors.New("access denied")
	tests := map[string]struct {
		parameter string
		store     store
		err       error
		says      string
	}{
		"no parameter named":   {"", store{}, syncrun.ErrUnconfigured, "SOLANA_RPC_URL_PARAMETER is not set"},
		"parameter is missing": {"/rpc", store{err: &types.ParameterNotFound{}}, syncrun.ErrUnconfigured, "SSM parameter /rpc: does not exist"},
		"parameter is empty":   {"/rpc", store{value: " \n"}, syncrun.ErrUnconfigured, "SSM parameter /rpc is empty"},
		"no URL":               {"/rpc", store{value: "secret"}, solana.ErrURL, "SSM parameter /rpc: the Solana RPC URL is not"},
		"SSM refuses":          {"/rpc", store{err: denied}, denied, "access denied"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := newNode(test.store, test.parameter, nil).client(t.Context())
			if client != nil || !errors.Is(err, test.err) || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("error %v", err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("%v shows the value", err)
			}
			if errors.Is(err, syncrun.ErrUnconfigured) != errors.Is(test.err, syncrun.ErrUnconfigured) {
				t.Errorf("%v is taken for a choice", err)
			}
		})
	}
}

func TestNodeIsKeptWhileItsURLStays(t *testing.T) {
	t.Parallel()
	n := newNode(store{value: "http://rpc.example/key\n"}, "/rpc", nil)
	first, err := n.client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := n.client(t.Context()); again != first || err != nil {
		t.Errorf("another client, error %v", err)
	}
	if other, err := n.at("http://rpc.example/other"); other == first || err != nil {
		t.Errorf("the same client for another URL, error %v", err)
	}
}
