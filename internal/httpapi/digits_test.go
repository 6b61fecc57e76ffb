package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tokensync/internal/dev/apitest"
	"tokensync/internal/token"
)

// TestDigitForDigit follows odd values through the table and back, in a list, by mint, and as a token with its pools.
func TestDigitForDigit(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	const name = "👩‍🚀 rocket <script> \"🌕\""
	odd := token.Merge([]token.Pool{{
		Address: apitest.Mint(1000), Product: token.DAMMv2, Launchpad: apitest.First, Name: name + "-SOL",
		Base: token.Asset{
			Mint: apitest.Mint(1), Name: name, Symbol: "🚀", PriceUSD: "0.000000000001", TotalSupply: "18446744073709551615",
			MarketCapUSD: "18446744073709552000", Holders: "1022", Decimals: "9",
		},
		Price: "0.0000000000013", TVLUSD: "12345678901234567890.123456789012345678", APR: "1.844e25", FeePct: "2", Fees24hUSD: "0",
	}})
	fill(t, b, []token.Token{odd})
	c := newAPI(t, b, uncached)
	list := []string{
		`"price_usd":0.000000000001,`, `"total_supply":18446744073709551615,`, `"market_cap_usd":18446744073709552000,`,
		`"tvl_usd":12345678901234567890.123456789012345678,`, `"fees_24h_usd":0,`, `"volume_24h_usd":null,`,
		`"curve_progress":null,`, `"created_at":null,`,
	}
	pools := []string{`"price":0.0000000000013,`, `"apr":1.844e25,`, `"fee_pct":2,`, `"tags":[]`}
	for target, want := range map[string][]string{
		"/v1/tokens": list, "/v1/tokens?sort=market_cap": list, "/v1/tokens?mints=" + odd.Mint: list,
		"/v1/tokens/" + odd.Mint: append(pools, list...),
	} {
		response := c.get(target)
		body := readAll(t, response)
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", target, response.StatusCode)
		}
		for _, text := range want {
			if !strings.Contains(body, text) {
				t.Errorf("%s has no %s: %s", target, text, body)
			}
		}
		var found struct{ Name string }
		inner := strings.TrimPrefix(body, `{"data":[`)
		if err := json.NewDecoder(strings.NewReader(inner)).Decode(&found); err != nil || found.Name != name {
			t.Errorf("%s: name %q, %v", target, found.Name, err)
		}
	}
}

// TestEveryFieldIsInTheSpec finds fields that are answered and not described, and those of rows that are not promised.
func TestEveryFieldIsInTheSpec(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	fill(t, b, apitest.Tokens(1, apitest.First))
	c := newAPI(t, b, uncached)
	schemas := loadSpec(t).Components.Schemas
	fields := func(target, schema string, unwrap func(map[string]any) map[string]any) {
		var body map[string]any
		if err := json.Unmarshal([]byte(readAll(t, c.get(target))), &body); err != nil {
			t.Fatal(err)
		}
		for name := range unwrap(body) {
			if schemas[schema].Value.Properties[name] == nil {
				t.Errorf("%s: field %s is not in schema %s", target, name, schema)
			}
			if schema == "Token" && !slices.Contains(schemas[schema].Value.Required, name) {
				t.Errorf("%s: field %s is always there, and not required in schema %s", target, name, schema)
			}
		}
	}
	self := func(m map[string]any) map[string]any { return m }
	first := func(name string) func(map[string]any) map[string]any {
		return func(m map[string]any) map[string]any { return m[name].([]any)[0].(map[string]any) }
	}
	fields("/v1/tokens", "TokenList", self)
	fields("/v1/tokens", "Token", first("data"))
	fields("/v1/tokens/"+apitest.Mint(0), "Pool", first("pools"))
	fields("/v1/stats", "Stats", self)
	fields("/v1/health", "Health", self)
	fields("/v1/tokens?x=1", "Problem", self)
}
