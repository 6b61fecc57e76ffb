// Package products lists the pool programs that Meteora answers for over HTTP: where each is asked, how fast it may be,
// and in what shapes it answers.
package products

import "tokensync/internal/token"

// Shape is how an answer with many pools is laid out.
type Shape int

// The shapes of answers.
const (
	Pages       Shape = iota // GET /pools: pages counted from 1, in an envelope that repeats what was asked
	SearchPages              // GET /pools/search: pages counted from 0, of which the first empty one is the end
	Array                    // GET /pools: one array, however many pools there are
)

// API is one product's Data API.
type API struct {
	Product  token.Product
	Variable string  // the environment variable that replaces URL
	URL      string  // Meteora's public host
	Rate     float64 // documented limit, in requests a second
	List     Shape   // how all pools are listed
	ByKey    Shape   // how the pools with some addresses are answered
	Filters  bool    // takes filter_by, so that pools can be asked for by mint
	Curves   bool    // lists curves, which the chain tells: no known one is looked up here
}

// APIs has every API, in the order of token.Products. A new one is an entry here, a row format in package meteora, and
// its variable in template.yaml.
var APIs = []API{
	{
		Product: token.DLMM, Variable: "METEORA_DLMM_URL", URL: "https://dlmm.datapi.meteora.ag",
		Rate: 30, List: Pages, ByKey: Pages, Filters: true,
	},
	{
		Product: token.DAMMv2, Variable: "METEORA_DAMM_V2_URL", URL: "https://damm-v2.datapi.meteora.ag",
		Rate: 10, List: Pages, ByKey: Pages, Filters: true,
	},
	{
		Product: token.DAMMv1, Variable: "METEORA_DAMM_V1_URL", URL: "https://damm-api.meteora.ag",
		Rate: 10, List: SearchPages, ByKey: Array,
	},
	{
		// Undocumented. Its rate is a guess at the least of the others'; nobody saw it take a filter.
		Product: token.DBCList, Variable: "METEORA_DBC_URL", URL: "https://dbc.datapi.meteora.ag",
		Rate: 10, List: Pages, ByKey: Pages, Curves: true,
	},
}

// Of returns the API of a product; ok is false for one that is not read over HTTP.
func Of(p token.Product) (api API, ok bool) {
	for _, api := range APIs {
		if api.Product == p {
			return api, true
		}
	}
	return API{}, false
}
