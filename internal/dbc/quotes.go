package dbc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// How long what is known of quotes is cached.
const (
	keepQuote  = 30 * 24 * time.Hour // its decimals never change, its symbol seldom
	retryQuote = time.Minute         // a quote without a symbol may get one
	keepPrice  = time.Hour           // stands in while Meteora cannot be asked
)

// A quote is a mint that curves are priced in: any mint, one that was launched here too.
type quote struct {
	Symbol   string
	Decimals token.Number // "" is unknown
}

func (q quote) units() units {
	n, err := strconv.ParseUint(string(q.Decimals), 10, 8)
	return units{uint8(n), err == nil}
}

// knownQuotes need no look-up.
var knownQuotes = map[solana.Key]quote{
	solana.MustKey(token.SOL):  {"SOL", "9"},
	solana.MustKey(token.USDC): {"USDC", "6"},
	solana.MustKey(token.USDT): {"USDT", "6"},
}

// quoteKey names a mint's entry as a quote. As a token the same mint has another entry, for other questions are asked.
func quoteKey(mint solana.Key) string { return "DBC-QUOTE-" + quoteFormat + "#" + mint.String() }

var quoteFormat = formatOf[quote]()

// expectQuote notes that mint is a quote, for learnQuotes.
func (s *scan) expectQuote(mint solana.Key) {
	if _, ok := s.quotes[mint]; ok {
		return
	}
	s.quotes[mint] = knownQuotes[mint]
	if s.quotes[mint].Decimals == "" {
		s.newQuotes = append(s.newQuotes, mint)
	}
}

// learnQuotes finds the decimals and symbols of quotes that are not known yet, in the cache or on the chain.
func (s *scan) learnQuotes() error {
	mints := s.newQuotes
	s.newQuotes = nil
	missing, err := recall(s, mints, quoteKey, func(mint solana.Key, q quote) { s.quotes[mint] = q })
	if err != nil {
		return err
	}
	return s.readQuotes(missing)
}

// readQuotes reads quotes from the chain into the cache. One whose mint is not there yet is asked for again by every run.
func (s *scan) readQuotes(mints []solana.Key) error {
	var lookups []lookup
	for _, mint := range mints {
		lookups = append(lookups, lookup{mint: mint, inMetaplex: true, inMint: true})
	}
	read, err := s.readMints(lookups)
	if err != nil {
		return err
	}
	named, nameless := map[string]any{}, map[string]any{}
	for _, mint := range mints {
		q := quote{read[mint].Symbol, read[mint].Decimals}
		s.quotes[mint] = q
		switch {
		case q.Decimals == "":
		case q.Symbol == "":
			nameless[quoteKey(mint)] = q
		default:
			named[quoteKey(mint)] = q
		}
	}
	if err := s.keep(named, keepQuote); err != nil {
		return err
	}
	return s.keep(nameless, retryQuote)
}

// FirstQuote asks several for a price and takes the first that is known. It fails only where none is known and one could
// not be asked.
type FirstQuote []Quotes

// QuotePrice returns what mint is worth in US dollars; "" is unknown.
func (f FirstQuote) QuotePrice(ctx context.Context, mint string, stats *syncrun.Counts) (token.Number, error) {
	var errs []error
	for _, quotes := range f {
		p, err := quotes.QuotePrice(ctx, mint, stats)
		if p != "" && err == nil {
			return p, nil
		}
		errs = append(errs, err)
	}
	return "", errors.Join(errs...)
}

func priceKey(mint solana.Key) string { return "DBC-PRICE#" + mint.String() }

// quotePrice returns what a quote is worth in US dollars, asked for once a run: Meteora's word, else that of the curve on which
// the quote was launched. Where there is neither, the last price stands in for an hour; after that it is unknown, and
// where Meteora could not be asked the run is told.
func (s *scan) quotePrice(mint solana.Key) token.Number {
	if p, ok := s.prices[mint]; ok {
		return p
	}
	p, err := s.source.Quotes.QuotePrice(s.ctx, mint.String(), s.stats)
	if p == "" || err != nil {
		p = s.launchedPrice(mint)
	}
	if p != "" {
		if err := s.keep(map[string]any{priceKey(mint): p}, keepPrice); err != nil {
			s.note(err)
		}
	} else if p = s.lastPrice(mint); p == "" && err != nil {
		s.note(fmt.Errorf("price of quote %s: %w", mint, err))
	}
	s.prices[mint] = p
	return p
}

// launchedPrice returns what a quote that was launched here is worth: by its curve, else by the pool that it graduated into.
func (s *scan) launchedPrice(mint solana.Key) token.Number {
	if s.launchedUSD[mint] == "" {
		s.flushGraduates()
	}
	return s.launchedUSD[mint]
}

// learnPrice remembers what a launched token is worth if it is a quote too.
func (s *scan) learnPrice(mint solana.Key, usd token.Number) {
	if _, isQuote := s.quotes[mint]; isQuote && usd.Known() {
		s.launchedUSD[mint] = usd
	}
}

func (s *scan) lastPrice(mint solana.Key) (p token.Number) {
	kept, err := s.cached([]string{priceKey(mint)})
	if err != nil || json.Unmarshal([]byte(kept[priceKey(mint)]), &p) != nil {
		return ""
	}
	return p
}
