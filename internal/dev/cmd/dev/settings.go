package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tokensync/internal/apigw"
	"tokensync/internal/config"
	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/products"
	"tokensync/internal/token"
)

const (
	// A key, whose tokens are found on the chain, and a name that pools carry.
	defaultLaunchpadID = meteoratest.IncidentKey + "," + meteoratest.DefaultLaunchpad
	defaultPools       = meteoratest.DefaultPools
	defaultPort        = 3000
	defaultSyncEvery   = time.Minute
	defaultFullEvery   = 10 * time.Minute // an hour in the template: too long to watch
	minSyncEvery       = time.Second
	defaultWatch       = 5
	maxWatch           = 60
	maxPort            = 65535
)

// settings are the knobs of the command.
type settings struct {
	pools        int
	curves       int // tokens on the fake chain
	products     []string
	launchpadID  string
	adminToken   string // the operator's; made at random when empty
	port         int
	portIsSet    bool
	live         bool
	faults       bool
	history      bool // begin with a made-up week
	ignoreFilter bool
	syncEvery    time.Duration // from one sync to the next, a refresh or a full one
	fullEvery    time.Duration
	watch        int // seconds; 0 is never
	noColor      bool
	// Of doctor only.
	fake      bool                // examine the fakes
	dialect   meteoratest.Dialect // of the fake Meteora's lists
	node      rpctest.Kind        // of the fake node; "" is one that has nothing but the launchpad's accounts
	rpcURL    string
	userAgent string
	json      bool
	mints     []string          // of the first tokens on the fake chain
	tables    dynamotest.Tables // names; unique ones when empty
	// functions are variables that the functions get unchanged.
	functions map[string]string
}

// passedOn are variables of this process that the functions get too, if set.
var passedOn = append(upstreams(), "LOG_LEVEL")

// upstreams returns the variables that lead to another Meteora.
func upstreams() (names []string) {
	for _, api := range products.APIs {
		names = append(names, api.Variable)
	}
	return names
}

// fromLive are those that they get when they read the real Meteora.
var fromLive = []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}

// lookup is os.LookupEnv.
type lookup func(name string) (string, bool)

// readSettings reads the knobs. Its error names the variable and the value that make no sense.
func readSettings(env lookup) (settings, error) {
	s := settings{launchpadID: defaultLaunchpadID, functions: map[string]string{}}
	if id, ok := env("LAUNCHPAD_ID"); ok {
		s.launchpadID = id // also when it is empty: that is what the guard is for
	}
	s.rpcURL, _ = env("SOLANA_RPC_URL")
	agent, _ := env(config.UserAgent)
	s.userAgent = cmp.Or(agent, "tokensync/"+config.Version)
	noColor, _ := env("NO_COLOR")
	s.noColor = noColor != ""
	_, s.portIsSet = nonEmpty(env, "PORT")
	for _, read := range []func() error{
		func() (err error) { s.pools, err = number(env, "POOLS", defaultPools, 1<<31-1); return },
		func() (err error) { s.curves, err = number(env, "CURVES", rpctest.DefaultTokens, 1<<20); return },
		func() (err error) { s.port, err = number(env, "PORT", defaultPort, maxPort); return },
		func() (err error) { s.watch, err = number(env, "WATCH", defaultWatch, maxWatch); return },
		func() (err error) { s.products, err = chosen(env); return },
		func() (err error) { s.adminToken, err = adminToken(env); return },
		func() (err error) { s.live, err = toggle(env, "LIVE", false); return },
		func() (err error) { s.faults, err = toggle(env, "FAULTS", false); return },
		func() (err error) { s.history, err = toggle(env, "HISTORY", false); return },
		// On by default: a server that ignores its filter is what the incident was.
		func() (err error) { s.ignoreFilter, err = toggle(env, "IGNORE_FILTER", true); return },
		func() (err error) { s.fake, err = toggle(env, "FAKE", false); return },
		func() (err error) { s.dialect, err = oneOf(env, "DIALECT", dialects); return },
		func() (err error) { kind, err := oneOf(env, "NODE", rpctest.Kinds()); s.node = kind; return err },
		func() (err error) { s.syncEvery, err = duration(env, "SYNC_EVERY", defaultSyncEvery); return },
		func() (err error) { s.fullEvery, err = duration(env, "FULL_EVERY", defaultFullEvery); return },
	} {
		if err := read(); err != nil {
			return settings{}, err
		}
	}
	s.passOn(env)
	return s, nil
}

func (s *settings) passOn(env lookup) {
	names := passedOn
	if s.live {
		names = slices.Concat(passedOn, fromLive)
	}
	for _, name := range names {
		if value, ok := nonEmpty(env, name); ok {
			s.functions[name] = value
		}
	}
}

func nonEmpty(env lookup, name string) (string, bool) {
	value, _ := env(name)
	return value, value != ""
}

// adminToken returns the operator's token; a short one would be refused.
func adminToken(env lookup) (string, error) {
	value, ok := nonEmpty(env, "ADMIN_TOKEN")
	if ok && len(value) < apigw.MinToken {
		return "", fmt.Errorf("ADMIN_TOKEN=%q is shorter than %d characters", value, apigw.MinToken)
	}
	return value, nil
}

func number(env lookup, name string, fallback, most int) (int, error) {
	value, ok := nonEmpty(env, name)
	if !ok {
		return fallback, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > most {
		return 0, fmt.Errorf("%s=%q is not a number from 0 to %d", name, value, most)
	}
	return n, nil
}

// dialects are those of the fake Meteora.
var dialects = []meteoratest.Dialect{meteoratest.Commas, meteoratest.Pipes, meteoratest.Single}

// oneOf reads one of some words, "" when it is not set.
func oneOf[T ~string](env lookup, name string, words []T) (T, error) {
	value, ok := nonEmpty(env, name)
	if ok && !slices.Contains(words, T(value)) {
		return "", fmt.Errorf("%s=%q is not one of %v", name, value, words)
	}
	return T(value), nil
}

// listed returns words as the help shows them.
func listed[T ~string](words []T) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(words), "[]"), " ", ", ")
}

func toggle(env lookup, name string, fallback bool) (bool, error) {
	value, ok := nonEmpty(env, name)
	if !ok {
		return fallback, nil
	}
	if value != "0" && value != "1" {
		return false, fmt.Errorf("%s=%q is neither 0 nor 1", name, value)
	}
	return value == "1", nil
}

func duration(env lookup, name string, fallback time.Duration) (time.Duration, error) {
	value, ok := nonEmpty(env, name)
	if !ok {
		return fallback, nil
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < minSyncEvery {
		return 0, fmt.Errorf("%s=%q is not a duration of %v or more, such as 60s", name, value, minSyncEvery)
	}
	return d, nil
}

// chosen returns the products, which default to what the template does.
func chosen(env lookup) ([]string, error) {
	value, ok := nonEmpty(env, "PRODUCTS")
	if !ok {
		return []string{"dlmm", "dbc"}, nil
	}
	list := strings.Split(value, ",")
	for i, product := range list {
		list[i] = strings.TrimSpace(product)
		if !slices.Contains(token.Products, token.Product(list[i])) {
			return nil, fmt.Errorf("PRODUCTS=%q: %q is not one of %v", value, list[i], token.Products)
		}
	}
	return list, nil
}
