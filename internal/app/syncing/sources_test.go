package syncing

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"tokensync/internal/config"
	"tokensync/internal/dbc"
	"tokensync/internal/dev/samtemplate"
	"tokensync/internal/ingest"
	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
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
			client, err := newNode(test.store, test.parameter, solana.Rates{}, nil).client(t.Context())
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
	n := newNode(store{value: "http://rpc.example/key\n"}, "/rpc", solana.Rates{}, nil)
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

// TestTemplateKeepsToTheFreePlan holds the template's defaults to those of the code, and sees that what is set arrives.
func TestTemplateKeepsToTheFreePlan(t *testing.T) {
	t.Parallel()
	free := dbc.Limits{Requests: dbc.DefaultLimits.Requests, Time: dbc.DefaultLimits.Time, Kept: dbc.DefaultLimits.Kept}
	tests := map[string]struct {
		parameters map[string]string
		rates      solana.Rates
		limits     dbc.Limits
	}{
		"as it stands": {nil, solana.FreePlan, free},
		"all set": {
			map[string]string{
				"SolanaRpcRate": "200", "SolanaScanRate": "50.5", "SolanaDasRate": "0.1", "WalkRequests": "2000", "WalkSeconds": "60",
				"CurvesPerRun": "60000", "CurvesKept": "30000",
			},
			solana.Rates{RPC: 200, Scans: 50.5, DAS: 0.1},
			dbc.Limits{Requests: 2000, Time: time.Minute, Pools: 60_000, Kept: 30_000},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			template, err := samtemplate.Load("../../../template.yaml", samtemplate.Options{Parameters: test.parameters})
			if err != nil {
				t.Fatal(err)
			}
			function, err := template.Function("sync-tokens")
			if err != nil {
				t.Fatal(err)
			}
			settings, err := config.LoadSync(func(name string) string { return function.Environment[name] })
			if err != nil {
				t.Fatal(err)
			}
			node := newNode(store{}, "/rpc", rates(settings.Chain), nil)
			sources, _, err := newSources(settings, node, nil)
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(sources, func(s ingest.Source) bool { return s.Product() == token.DBC })
			if curves := sources[at].(*dbc.Source); curves.Limits != test.limits || node.rates != test.rates {
				t.Errorf("limits %+v, rates %+v", curves.Limits, node.rates)
			}
		})
	}
}
