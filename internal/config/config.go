// Package config turns a function's environment into typed settings and reports every bad one at once.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"tokensync/internal/products"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// Names of the environment variables, as template.yaml sets them. Those of Meteora's URLs are in package products.
const (
	TokensTable          = "TOKENS_TABLE"
	SyncTable            = "SYNC_TABLE"
	BoardTable           = "BOARD_TABLE"
	LaunchpadIDParameter = "LAUNCHPAD_ID_PARAMETER"
	MeteoraProducts      = "METEORA_PRODUCTS"
	UserAgent            = "METEORA_USER_AGENT"
	QuoteMints           = "QUOTE_MINTS"
	SolanaRPCParameter   = "SOLANA_RPC_URL_PARAMETER"
	SolanaRPCRate        = "SOLANA_RPC_RATE" // requests a second, decimals allowed, as of the next two
	SolanaScanRate       = "SOLANA_SCAN_RATE"
	SolanaDASRate        = "SOLANA_DAS_RATE"
	WalkRequests         = "WALK_REQUESTS"
	WalkTime             = "WALK_TIME"
	CurvesPerRun         = "CURVES_PER_RUN"
	CurvesKept           = "CURVES_KEPT"
	MetadataGateways     = "METADATA_GATEWAYS"
	ArweaveGateways      = "ARWEAVE_GATEWAYS"
	MetadataHosts        = "METADATA_HOSTS" // for local runs
	ListingRules         = "LISTING_RULES_PARAMETER"
	SyncInterval         = "SYNC_INTERVAL"
	WatchInterval        = "WATCH_INTERVAL"
	LogLevel             = "LOG_LEVEL"
)

// Version is this program's, as its requests to Meteora name it.
const Version = "1.0.0"

// Sync is what sync-tokens needs.
type Sync struct {
	TokensTable, SyncTable string
	BoardTable             string
	LaunchpadIDParameter   string
	SolanaRPCParameter     string // "" when the launchpad reads no chain
	Chain                  Chain
	ListingRulesParameter  string // "" when every token is the launchpad's own
	Products               []token.Product
	URLs                   map[token.Product]string // of each product that is read over HTTP
	UserAgent              string
	IPFS, Arweave          []string          // gateways in the order in which they are tried; none for the usual ones
	Hosts                  map[string]string // addresses of hosts of metadata, instead of the public Internet; nil for that
	Quotes                 token.QuoteMints
	SyncInterval           time.Duration // from one refresh to the next
	WatchInterval          time.Duration // between two looks of a refresh at the curves; 0 is never
	LogLevel               slog.Level
}

// Chain bounds what is asked of the RPC node. A zero field leaves it to the packages that ask: solana.Rates, dbc.Limits.
type Chain struct {
	RPCRate, ScanRate, DASRate float64 // requests a second
	WalkRequests               int     // in one run
	WalkTime                   time.Duration
	CurvesPerRun, CurvesKept   int
}

// LoadSync reads the environment through getenv. Its error lists every setting that is missing or bad.
func LoadSync(getenv func(string) string) (Sync, error) {
	r := reader{getenv: getenv}
	s := Sync{
		TokensTable:           r.required(TokensTable),
		SyncTable:             r.required(SyncTable),
		BoardTable:            r.required(BoardTable),
		LaunchpadIDParameter:  r.required(LaunchpadIDParameter),
		SolanaRPCParameter:    r.optional(SolanaRPCParameter, ""),
		Chain:                 r.chain(),
		ListingRulesParameter: r.optional(ListingRules, ""),
		Products:              r.products(),
		Quotes:                r.quotes(),
		URLs:                  r.urls(),
		UserAgent:             r.userAgent(),
		IPFS:                  r.gateways(MetadataGateways),
		Arweave:               r.gateways(ArweaveGateways),
		Hosts:                 r.hosts(MetadataHosts),
		SyncInterval:          r.needInterval(),
		WatchInterval:         r.watch(),
		LogLevel:              r.level(),
	}
	return s, errors.Join(r.errs...)
}

// A reader collects errors, so that all of them can be corrected at once.
type reader struct {
	getenv func(string) string
	errs   []error
}

func (r *reader) fail(name, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s: %s", name, fmt.Sprintf(format, args...)))
}

func (r *reader) optional(name, fallback string) string {
	if v := strings.TrimSpace(r.getenv(name)); v != "" {
		return v
	}
	return fallback
}

func (r *reader) required(name string) string {
	v := r.optional(name, "")
	if v == "" {
		r.fail(name, "is not set")
	}
	return v
}

// list splits a comma-separated value and drops blanks.
func (r *reader) list(name, fallback string) []string {
	var items []string
	for item := range strings.SplitSeq(r.optional(name, fallback), ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// Bounds on what may be set of Chain: no provider sells more requests, and no run takes longer or holds more curves.
const (
	maxRate     = 10_000
	maxRequests = 100_000
	maxWalk     = 15 * time.Minute
	maxCurves   = 1_000_000
)

func (r *reader) chain() Chain {
	return Chain{
		RPCRate:      r.rate(SolanaRPCRate),
		ScanRate:     r.rate(SolanaScanRate),
		DASRate:      r.rate(SolanaDASRate),
		WalkRequests: r.count(WalkRequests, 0, maxRequests),
		WalkTime:     r.duration(WalkTime, 0, maxWalk),
		CurvesPerRun: r.count(CurvesPerRun, 0, maxCurves),
		CurvesKept:   r.count(CurvesKept, 0, maxCurves),
	}
}

// rate reads requests a second; 0 when it is not set.
func (r *reader) rate(name string) float64 {
	v := r.optional(name, "0")
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f >= 0 && f <= maxRate) { // NaN is neither
		r.fail(name, "%q is not a number of requests a second from 0 to %d", v, maxRate)
		return 0
	}
	return f
}

func (r *reader) count(name string, fallback, most int) int {
	v := r.optional(name, strconv.Itoa(fallback))
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > most {
		r.fail(name, "%q is not a number from 0 to %d", v, most)
	}
	return n
}

func (r *reader) products() []token.Product {
	var products []token.Product
	for _, name := range r.list(MeteoraProducts, "dlmm,dbc") {
		p := token.Product(name)
		switch {
		case !slices.Contains(token.Products, p):
			r.fail(MeteoraProducts, "%q is not a product; those are %v", name, token.Products)
		case !slices.Contains(products, p):
			products = append(products, p)
		}
	}
	if len(products) == 0 && len(r.errs) == 0 {
		r.fail(MeteoraProducts, "names no product")
	}
	return products
}

func (r *reader) quotes() token.QuoteMints {
	mints := r.list(QuoteMints, "")
	for _, mint := range mints {
		if !token.IsPublicKey(mint) {
			r.fail(QuoteMints, "%q is not a mint", mint)
		}
	}
	return token.NewQuoteMints(mints...)
}

// urls reads the base URL of every product, chosen or not: dbc asks some of them for what the chain does not say.
func (r *reader) urls() map[token.Product]string {
	urls := make(map[token.Product]string, len(products.APIs))
	for _, api := range products.APIs {
		urls[api.Product] = r.url(api.Variable, api.URL)
	}
	return urls
}

func (r *reader) url(name, fallback string) string {
	v := r.optional(name, fallback)
	if _, err := upstream.ParseURL(v); err != nil {
		r.fail(name, "%v", err)
	}
	return v
}

// gateways reads what is put before a content's path.
func (r *reader) gateways(name string) []string {
	list := r.list(name, "")
	for i, v := range list {
		u, err := upstream.ParseURL(v)
		if err != nil || u.Scheme != "https" || u.RawQuery != "" {
			r.fail(name, "%q is not an https URL to put a content's path behind", v)
		}
		list[i] = strings.TrimSuffix(v, "/") + "/"
	}
	return list
}

// hosts reads pairs such as meta.example=127.0.0.1:8443. Only this machine can stand for a host.
func (r *reader) hosts(name string) map[string]string {
	var hosts map[string]string
	for _, pair := range r.list(name, "") {
		host, address, _ := strings.Cut(pair, "=")
		ip, err := netip.ParseAddrPort(address)
		if host == "" || err != nil || !ip.Addr().IsLoopback() {
			r.fail(name, "%q is not a host and an address of this machine, such as meta.example=127.0.0.1:8443", pair)
			continue
		}
		if hosts == nil {
			hosts = map[string]string{}
		}
		hosts[host] = address
	}
	return hosts
}

// userAgent reads what requests to Meteora call themselves. One that no header can carry would fail every request.
func (r *reader) userAgent() string {
	v := r.optional(UserAgent, "tokensync/"+Version)
	if strings.ContainsFunc(v, func(c rune) bool { return c < ' ' || c > '~' }) {
		r.fail(UserAgent, "%q has characters other than printable ASCII", v)
	}
	return v
}

func (r *reader) level() slog.Level {
	var level slog.Level
	v := r.optional(LogLevel, "info")
	if err := level.UnmarshalText([]byte(v)); err != nil {
		r.fail(LogLevel, "%q is not debug, info, warn or error", v)
	}
	return level
}

// minWatch keeps a typing error from asking the node hundreds of times a second.
const minWatch = time.Second

func (r *reader) watch() time.Duration {
	v := r.optional(WatchInterval, "0s")
	d, err := time.ParseDuration(v)
	if err != nil || d != 0 && d < minWatch {
		r.fail(WatchInterval, "%q is neither 0s nor a duration of %v or more, such as 5s", v, minWatch)
	}
	return d
}

// needInterval returns the interval of a function that would go wrong with another than its schedule's.
func (r *reader) needInterval() time.Duration {
	if r.required(SyncInterval) == "" {
		return 0
	}
	return r.interval()
}

// defaultSyncInterval is the template's shortest schedule.
const defaultSyncInterval = time.Minute

func (r *reader) interval() time.Duration {
	v := r.optional(SyncInterval, defaultSyncInterval.String())
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		r.fail(SyncInterval, "%q is not a duration such as 1m", v)
	}
	return d
}
