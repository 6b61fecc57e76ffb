// Package httpapi is the read API over net/http: routes, strict parameters, problem+json, caching, openapi.yaml.
package httpapi

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"tokensync/internal/catalog"
)

// A Route is one operation of openapi.yaml.
type Route struct {
	Method string   // GET when empty
	Path   string   // of net/http's pattern syntax
	Query  []string // parameters that may be given, each at most once
	handle func(*API, *http.Request, params) (answer, error)
	fresh  bool // never from a cache
	brief  bool // from a cache for a second at most
}

// A Function is one Lambda of the API. A binary that names one function links what its routes need, and no other's: what
// it can ask of AWS can be read off it.
type Function struct {
	Name   string // as functions/ names it
	Routes []Route
}

// The functions that serve the API.
var (
	ListTokens = Function{"list-tokens", []Route{
		{
			Path: "/v1/tokens", handle: (*API).listTokens,
			Query: []string{"sort", "order", "limit", "cursor", "launchpad", "stage", "creator", "config", "q", "mints"},
		},
		{Path: "/v1/changes", handle: (*API).changes, Query: []string{"since"}, brief: true},
	}}
	GetToken = Function{"get-token", []Route{
		{Path: "/v1/tokens/{mint}", handle: (*API).getToken},
		{Path: "/v1/tokens/{mint}/history", handle: (*API).tokenHistory, Query: []string{"range"}},
		{Path: "/v1/creators/{creator}/fees", handle: (*API).creatorFees},
	}}
	GetStats = Function{"get-stats", []Route{
		{Path: "/v1/stats", handle: (*API).getStats},
		{Path: "/v1/days", handle: (*API).days, Query: []string{"from", "to", "launchpad"}},
	}}
	// ListSyncRuns is the operator's: API Gateway's authorizer stands before it.
	ListSyncRuns = Function{"list-sync-runs", []Route{
		{Path: "/v1/sync-runs", Query: []string{"limit"}, handle: (*API).listSyncRuns, fresh: true},
		{Path: "/v1/operator/stats", handle: (*API).operatorStats, fresh: true},
		{Path: "/v1/unapproved", Query: []string{"limit", "cursor"}, handle: (*API).listUnapproved, fresh: true},
		{Path: "/v1/revenue", Query: []string{"config", "limit"}, handle: (*API).revenue, fresh: true},
	}}
	// HideToken is the operator's too, and the only one that writes.
	HideToken = Function{"hide-token", []Route{
		{Path: "/v1/hidden", Query: []string{"limit", "cursor"}, handle: (*API).listHidden, fresh: true},
		{Path: "/v1/hidden/{mint}", Method: http.MethodPut, handle: (*API).hide, fresh: true},
		{Path: "/v1/hidden/{mint}", Method: http.MethodDelete, handle: (*API).show, fresh: true},
	}}
	// DataAPI is for the launchpad's front end: see package datapi.
	DataAPI = Function{"datapi", []Route{
		{Path: "/datapi/v1/pools/gems", Method: http.MethodPost, handle: (*API).gems},
		{Path: "/datapi/v1/pools", handle: (*API).cards, Query: []string{"assetIds"}},
		{Path: "/datapi/v1/holders/{mint}", handle: (*API).holders},
		{
			Path: "/datapi/v2/charts/{mint}", handle: (*API).chart,
			Query: []string{"interval", "baseAsset", "from", "to", "candles", "type"},
		},
		{
			Path: "/datapi/v1/txs/{mint}", handle: (*API).transactions,
			Query: []string{"limit", "offset", "offsetTs", "fromTs", "toTs", "traderAddress"},
		},
		{Path: "/datapi/v1/assets/{mint}/description", handle: (*API).description},
	}}
	Health = Function{"health", []Route{
		{Path: "/v1/health", handle: (*API).health, fresh: true},
		{Path: "/v1/openapi.json", handle: (*API).openAPI},
	}}
)

// Functions returns the whole API.
func Functions() []Function {
	return []Function{ListTokens, GetToken, GetStats, ListSyncRuns, HideToken, DataAPI, Health}
}

// Caching is how long a response may be used again.
type Caching struct {
	MaxAge               time.Duration // by a client, without asking
	StaleWhileRevalidate time.Duration // by a client that asks in the background
	Memory               time.Duration // by this process; 0 turns its cache off
	MemoryBytes          int           // bound of this process's cache
}

// DefaultCaching fits data that is synced every few minutes.
var DefaultCaching = Caching{
	MaxAge: 15 * time.Second, StaleWhileRevalidate: time.Minute, Memory: 10 * time.Second, MemoryBytes: 2 << 20,
}

// briefly is how long a response to a brief route may be used again.
const briefly = time.Second

// requestTimeout leaves a client with an answer within two seconds when the tables give none.
const requestTimeout = 1700 * time.Millisecond

// API serves the routes of some functions, or of all.
type API struct {
	catalog *catalog.Catalog
	log     *slog.Logger
	caching Caching
	cache   *cache
}

// New makes the API. The catalog's parts that the served routes do not need may be nil.
func New(c *catalog.Catalog, caching Caching, log *slog.Logger) *API {
	return &API{catalog: c, log: log, caching: caching, cache: newCache(caching.MemoryBytes)}
}

// Handler serves the functions' routes. Everything that it answers is JSON, and errors are application/problem+json, for
// unknown paths and methods too.
func (a *API) Handler(functions ...Function) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", a.wrap(notFound))
	methods := map[string][]string{}
	for _, function := range functions {
		for i := range function.Routes {
			route := &function.Routes[i]
			method := cmp.Or(route.Method, http.MethodGet)
			methods[route.Path] = append(methods[route.Path], method)
			mux.Handle(method+" "+route.Path, a.wrap(func(w http.ResponseWriter, r *http.Request) error {
				return a.serve(w, r, route)
			}))
		}
	}
	for path, taken := range methods {
		mux.Handle(path, a.wrap(wrongMethod(taken)))
	}
	return withoutRedirects(mux)
}

// withoutRedirects keeps ServeMux from redirecting unclean paths: they are unknown paths here.
func withoutRedirects(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isClean(r.URL.Path) {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = "/", ""
		}
		mux.ServeHTTP(w, r)
	})
}

// serve answers one request of a route.
func (a *API) serve(w http.ResponseWriter, r *http.Request, route *Route) error {
	p, err := parseQuery(r.URL.RawQuery, route.Query)
	if err != nil {
		return err
	}
	if route.Method == http.MethodPost || route.Method == http.MethodPut {
		if p[posted], err = readBody(w, r); err != nil {
			return err
		}
	}
	produce := func() (*entry, error) {
		// Another request may wait for this answer: it does not end with the one that asked first.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), requestTimeout)
		defer cancel()
		answer, err := route.handle(a, r.WithContext(ctx), p)
		if err != nil {
			return nil, err
		}
		return newEntry(answer), nil
	}
	if route.fresh {
		e, err := produce()
		if err == nil {
			writeFresh(w, e)
		}
		return err
	}
	caching := a.caching
	if route.brief {
		caching.MaxAge, caching.StaleWhileRevalidate, caching.Memory = briefly, 0, min(briefly, caching.Memory)
	}
	e, err := a.cache.get(r.URL.Path+"?"+p.canonical(), caching.Memory, produce)
	switch {
	case err != nil:
		return err
	case route.Method == http.MethodPost: // whose answers only this process may keep
		r.Header.Del("If-None-Match")
		e.write(w, r, noStore)
	default:
		e.write(w, r, caching.header())
	}
	return nil
}
