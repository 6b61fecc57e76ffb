// Package config turns a function's environment into typed settings and reports every bad one at once.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"tokensync/internal/token"
)

// Names of the environment variables, as template.yaml sets them.
const (
	TokensTable          = "TOKENS_TABLE"
	SyncTable            = "SYNC_TABLE"
	BoardTable           = "BOARD_TABLE"
	LaunchpadIDParameter = "LAUNCHPAD_ID_PARAMETER"
	MeteoraProducts      = "METEORA_PRODUCTS"
	DLMMURL              = "METEORA_DLMM_URL"
	DAMMv2URL            = "METEORA_DAMM_V2_URL"
	DAMMv1URL            = "METEORA_DAMM_V1_URL"
	QuoteMints           = "QUOTE_MINTS"
	SolanaRPCParameter   = "SOLANA_RPC_URL_PARAMETER"
	SyncInterval         = "SYNC_INTERVAL"
	LogLevel             = "LOG_LEVEL"
)

// publicURLs are Meteora's public hosts.
var publicURLs = map[token.Product]string{
	token.DLMM:   "https://dlmm.datapi.meteora.ag",
	token.DAMMv2: "https://damm-v2.datapi.meteora.ag",
	token.DAMMv1: "https://damm-api.meteora.ag",
}

// Sync is what sync-tokens needs.
type Sync struct {
	TokensTable, SyncTable string
	BoardTable             string
	LaunchpadIDParameter   string
	SolanaRPCParameter     string // "" when the launchpad reads no chain
	Products               []token.Product
	URLs                   map[token.Product]string
	Quotes                 token.QuoteMints
	LogLevel               slog.Level
}

// LoadSync reads the environment through getenv. Its error lists every setting that is missing or bad.
func LoadSync(getenv func(string) string) (Sync, error) {
	r := reader{getenv: getenv}
	s := Sync{
		TokensTable:          r.required(TokensTable),
		SyncTable:            r.required(SyncTable),
		BoardTable:           r.required(BoardTable),
		LaunchpadIDParameter: r.required(LaunchpadIDParameter),
		SolanaRPCParameter:   r.optional(SolanaRPCParameter, ""),
		Products:             r.products(),
		Quotes:               r.quotes(),
		URLs:                 r.urls(),
		LogLevel:             r.level(),
	}
	return s, errors.Join(r.errs...)
}

// reader collects errors so that all of them can be mended in one go.
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

func (r *reader) products() []token.Product {
	var products []token.Product
	for _, name := range r.list(MeteoraProducts, "dlmm,dbc") {
		p := token.Product(name)
		switch {
		case !slices.Contains(token.Products, p):
			r.fail(MeteoraProducts, "%q is none of dlmm, damm-v2, damm-v1, dbc", name)
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

func (r *reader) urls() map[token.Product]string {
	return map[token.Product]string{
		token.DLMM:   r.url(DLMMURL, publicURLs[token.DLMM]),
		token.DAMMv2: r.url(DAMMv2URL, publicURLs[token.DAMMv2]),
		token.DAMMv1: r.url(DAMMv1URL, publicURLs[token.DAMMv1]),
	}
}

func (r *reader) url(name, fallback string) string {
	v := r.optional(name, fallback)
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		r.fail(name, "%q is not an http or https URL", v)
	}
	return v
}

func (r *reader) level() slog.Level {
	var level slog.Level
	v := r.optional(LogLevel, "info")
	if err := level.UnmarshalText([]byte(v)); err != nil {
		r.fail(LogLevel, "%q is none of debug, info, warn, error", v)
	}
	return level
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
