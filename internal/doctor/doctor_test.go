package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/doctor"
	"tokensync/internal/products"
	"tokensync/internal/solana"
	"tokensync/internal/token"
)

// verdicts are those that are not doctor.Works, by what was checked.
type verdicts map[string]doctor.Verdict

// odd returns r's, and fails for a check that does not say what follows, or names no fact.
func odd(t *testing.T, r doctor.Report) verdicts {
	t.Helper()
	found := verdicts{}
	for _, c := range r.Checks {
		if c.Verdict != doctor.Works {
			found[c.What] = c.Verdict
		}
		if (c.Verdict == doctor.Costs || c.Verdict == doctor.Fails) && (c.Follows == "" || c.Seen == "" || c.Expected == "") {
			t.Errorf("%+v does not say enough", c)
		}
		if c.Verdict == doctor.Works && c.Follows != "" {
			t.Errorf("%+v works, and something follows", c)
		}
	}
	return found
}

// on gives the first product's every request f that ask is true for.
func on(f meteoratest.Fault, ask func(meteoratest.Request) bool) meteoratest.FaultFunc {
	return func(r meteoratest.Request) *meteoratest.Fault {
		if ask(r) {
			return &f
		}
		return nil
	}
}

func filtered(r meteoratest.Request) bool { return r.HTTP.URL.Query().Has("filter_by") }
func byPath(r meteoratest.Request) bool   { return strings.HasPrefix(r.Path, "/pools/") }
func newestFirst(r meteoratest.Request) bool {
	return strings.HasSuffix(r.HTTP.URL.Query().Get("sort_by"), ":desc")
}
func all(meteoratest.Request) bool { return true }

const (
	costs, fails, unasked = doctor.Costs, doctor.Fails, doctor.Unasked
)

// TestMeteora breaks the fake in one thing after another: that is what is found, and nothing else.
func TestMeteora(t *testing.T) {
	t.Parallel()
	notLetIn := verdicts{"let in": fails, "page_size": unasked, "orders": unasked, "last page": unasked, "look-ups": unasked, "fields": unasked}
	tests := map[string]struct {
		product string
		change  func(*meteoratest.Config)
		want    verdicts
		holds   bool
		says    string // in what was seen, or what follows
	}{
		"dlmm":            {meteoratest.DLMM, nil, verdicts{}, true, "[a,b] works; [a|b] finds nothing; a works; /a works"},
		"damm-v2":         {meteoratest.DAMMv2, nil, verdicts{}, true, "of moonyard:"},
		"dbc-list":        {meteoratest.DBCList, nil, verdicts{"newest first": costs, "longest URL": unasked, "rate": costs}, true, "ignored"},
		"damm-v1":         {meteoratest.DAMMv1, nil, verdicts{"launchpad filter": costs}, true, "seconds"},
		"damm-v1 filters": {meteoratest.DAMMv1, func(c *meteoratest.Config) { c.LaunchpadFilter = true }, verdicts{}, true, "it filters"},
		"pipes":           {meteoratest.DLMM, func(c *meteoratest.Config) { c.Dialect = meteoratest.Pipes }, verdicts{}, true, "[a,b] finds nothing; [a|b] works"},
		"single values": {
			meteoratest.DLMM, func(c *meteoratest.Config) { c.Dialect = meteoratest.Single },
			verdicts{"by pool_address": costs, "by token_x": costs, "by token_y": costs, "longest URL": unasked},
			true, "in turns",
		},
		"no filter works": {
			meteoratest.DLMM, faulty(on(meteoratest.Fault{Empty: true}, filtered)),
			verdicts{"by pool_address": costs, "by token_x": fails, "by token_y": fails, "longest URL": unasked},
			false, "/a works",
		},
		"no way to ask for one": {
			meteoratest.DLMM, faulty(meteoratest.FirstOf(on(meteoratest.Fault{Empty: true}, filtered), on(meteoratest.Fault{Status: 404}, byPath))),
			verdicts{"by pool_address": fails, "by token_x": fails, "by token_y": fails, "longest URL": unasked, "one pool": costs},
			false, "no token is ever delisted",
		},
		"no agent":  {meteoratest.DLMM, faulty(on(meteoratest.Cloudflare(1010), all)), notLetIn, false, "METEORA_USER_AGENT"},
		"challenge": {meteoratest.DLMM, faulty(on(meteoratest.Challenge(), all)), notLetIn, false, "Cloudflare challenge"},
		"down":      {meteoratest.DLMM, faulty(on(meteoratest.Fault{Status: 503}, all)), notLetIn, false, "503"},
		"HTML":      {meteoratest.DLMM, faulty(on(meteoratest.Fault{Status: 200, ContentType: "text/html", Body: "<html>"}, all)), notLetIn, false, "text/html"},
		"page_size of its own": {
			meteoratest.DLMM, faulty(on(meteoratest.Fault{PageSize: 10}, func(r meteoratest.Request) bool { return !filtered(r) })),
			verdicts{"page_size": fails},
			false, "page_size 10",
		},
		"the same page for ever": {meteoratest.DAMMv1, faulty(on(meteoratest.Fault{SamePage: true}, all)), verdicts{"pages": fails, "launchpad filter": costs}, false, "the same again"},
		"descending is refused":  {meteoratest.DLMM, faulty(on(meteoratest.Fault{Status: 400}, newestFirst)), verdicts{"newest first": costs}, true, "400"},
		"deep pages are refused": {meteoratest.DLMM, faulty(meteoratest.Beyond(meteoratest.DLMM, 2, meteoratest.Fault{Status: 400})), verdicts{"last page": costs}, true, "from the newest pool on"},
		"deep pages are empty":   {meteoratest.DLMM, faulty(meteoratest.Beyond(meteoratest.DLMM, 2, meteoratest.Fault{Empty: true})), verdicts{"last page": costs}, true, "0 rows"},
		"long URLs are refused":  {meteoratest.DLMM, func(c *meteoratest.Config) { c.MaxURL = 3000 }, verdicts{"longest URL": costs}, true, "50 addresses"},
		"no gzip":                {meteoratest.DLMM, faulty(on(meteoratest.Fault{Encoding: "identity"}, all)), verdicts{"compression": costs}, true, "identity"},
		"no rate headers":        {meteoratest.DLMM, func(c *meteoratest.Config) { c.Quota = map[string]meteoratest.Quota{meteoratest.DLMM: {}} }, verdicts{"rate": costs}, true, "30 requests"},
		"a slip":                 {meteoratest.DLMM, faulty(meteoratest.Times(2, on(meteoratest.Fault{Status: 503}, all))), verdicts{}, true, ""},
	}
	for _, api := range products.APIs {
		if test := tests[string(api.Product)]; test.product != string(api.Product) {
			t.Errorf("%s is not examined", api.Product)
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := meteoratest.Config{Pools: 2600, Ours: 100}
			if test.change != nil {
				test.change(&config)
			}
			server := meteoratest.New(config)
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { server.Close() })
			product := token.Product(test.product)
			r, err := doctor.Examine(t.Context(), doctor.Options{
				URLs: map[token.Product]string{product: server.URL(test.product)}, Products: []token.Product{product}, UserAgent: "tokensync/test",
				Launchpads: []token.LaunchpadID{"moonyard"},
			})
			if err != nil {
				t.Fatal(err)
			}
			test.want["getMultipleAccounts"] = unasked // there is no node
			for _, what := range afterNode {
				test.want[what] = unasked
			}
			if diff := cmp.Diff(test.want, odd(t, r)); diff != "" || r.Holds != test.holds {
				t.Errorf("holds %v, verdicts (-want +got):\n%s", r.Holds, diff)
			}
			if text := printed(t, &r); !strings.Contains(text, test.says) || strings.Contains(text, "never seen before") {
				t.Errorf("it does not say %q, or takes fields for new ones:\n%s", test.says, text)
			}
		})
	}
}

// afterNode is what a node is asked once it has answered.
var afterNode = []string{"getProgramAccounts", "getProgramAccountsV2", "changedSinceSlot", "getBlockTime", "getSignaturesForAddress", "getTransaction"}

func faulty(f meteoratest.FaultFunc) func(*meteoratest.Config) {
	return func(c *meteoratest.Config) { c.Fault = f }
}

func printed(t *testing.T, r *doctor.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Print(&b, false); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "\x1b") {
		t.Error("there are colours in what is piped")
	}
	return b.String()
}

const rpcKey = "an-api-key-of-ours"

// TestNode examines every kind of node, and breaks one in one thing after another.
func TestNode(t *testing.T) {
	t.Parallel()
	const id = rpctest.DefaultLaunchpad

	tests := map[string]struct {
		node  rpctest.Node
		fault rpctest.FaultFunc
		ids   []token.LaunchpadID
		want  verdicts
		holds bool
		says  string
	}{
		"return-counting": {rpctest.Node{Kind: rpctest.ReturnCounting, Strangers: 60_000}, nil, nil, verdicts{}, true, "quotes: SOL"},
		"scan-counting": {rpctest.Node{Kind: rpctest.ScanCounting, Strangers: 120_000}, nil, nil, verdicts{
			"getProgramAccounts": costs, "getProgramAccountsV2": costs, "changedSinceSlot": costs,
		}, true, "too large for this method"},
		"wrapped":   {rpctest.Node{Kind: rpctest.Wrapped}, nil, nil, verdicts{}, true, "getProgramAccountsV2"},
		"cursor":    {rpctest.Node{Kind: rpctest.Cursor}, nil, nil, verdicts{}, true, "getProgramAccountsV2"},
		"plain":     {rpctest.Node{Kind: rpctest.Plain}, nil, nil, verdicts{"getProgramAccountsV2": costs, "changedSinceSlot": costs}, true, "the node does not do this"},
		"a creator": {rpctest.Node{}, nil, []token.LaunchpadID{"creator:" + id, id}, verdicts{}, true, "2 keys"},
		"refused":   {rpctest.Node{}, rpctest.Always(rpctest.Fault{Status: 403, Body: "no"}), nil, afterwards(verdicts{"getMultipleAccounts": fails}), false, "does not take the key"},
		"unpaid":    {rpctest.Node{}, rpctest.Always(rpctest.PaymentRequired), nil, afterwards(verdicts{"getMultipleAccounts": fails}), false, "plan"},
		"no scans": {rpctest.Node{}, rpctest.FirstOf(rpctest.OnMethod("getProgramAccounts", rpctest.TooManyAccounts), rpctest.OnMethod("getProgramAccountsV2", rpctest.PlanCap)), nil, verdicts{
			"getProgramAccounts": costs, "getProgramAccountsV2": costs, "a way to curves": fails, "curves": costs, "scans against accounts": unasked,
			"changedSinceSlot": costs, "getSignaturesForAddress": unasked, "getTransaction": unasked,
		}, false, "the plan of the node's provider"},
		"behind":         {rpctest.Node{Behind: 100_000}, nil, nil, verdicts{"scans against accounts": costs}, true, "read again by address"},
		"empty":          {rpctest.Node{}, rpctest.OnMethod("getProgramAccounts", rpctest.Fault{Empty: true}), nil, verdicts{"a way to curves": costs}, true, "getProgramAccounts: 0"},
		"no block times": {rpctest.Node{}, rpctest.OnMethod("getBlockTime", rpctest.Fault{Code: -32601, Message: "no"}), nil, verdicts{"getBlockTime": costs}, true, "estimates"},
		"no history": {rpctest.Node{}, rpctest.OnMethod("getSignaturesForAddress", rpctest.Fault{Code: -32601, Message: "no"}), nil, verdicts{
			"getSignaturesForAddress": costs, "getTransaction": unasked,
		}, true, "transactions of their config"},
		"no config": {rpctest.Node{}, nil, []token.LaunchpadID{token.USDC}, verdicts{
			"configs": fails, "curves": costs, "scans against accounts": unasked, "getSignaturesForAddress": unasked, "getTransaction": unasked,
		}, false, "is the launchpad ID right?"},
		"a claimer": {rpctest.Node{}, nil, []token.LaunchpadID{"claimer:" + id}, verdicts{}, true, "3 keys"},
		"a name":    {rpctest.Node{}, nil, []token.LaunchpadID{"moonyard"}, verdicts{"configs": unasked}, true, "found by keys only"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chain := rpctest.New(rpctest.Config{Tokens: 60, Key: rpcKey, Node: test.node, Fault: test.fault})
			if test.node.Behind > 0 {
				chain.Tick()
			}
			server, err := rpctest.Start(chain)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { server.Close() })
			client, err := solana.NewClient(solana.Options{URL: server.URL(), Rates: solana.Rates{RPC: 1000, Scans: 1000}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.Close)
			if test.ids == nil {
				test.ids = []token.LaunchpadID{id}
			}
			r, err := doctor.Examine(t.Context(), doctor.Options{
				Products: []token.Product{token.DBC}, Launchpads: test.ids,
				Node: func(context.Context) (*solana.Client, error) { return client, nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, odd(t, r)); diff != "" || r.Holds != test.holds {
				t.Errorf("holds %v, verdicts (-want +got):\n%s", r.Holds, diff)
			}
			text := printed(t, &r)
			if !strings.Contains(text, test.says) {
				t.Errorf("it does not say %q:\n%s", test.says, text)
			}
			if b, _ := json.Marshal(r); strings.Contains(text+string(b), rpcKey) || strings.Contains(text, server.URL()) {
				t.Errorf("it shows the node's key or address:\n%s", text)
			}
		})
	}
}

func afterwards(v verdicts) verdicts {
	for _, what := range afterNode {
		v[what] = unasked
	}
	return v
}
