package dbc

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"tokensync/internal/solana"
	"tokensync/internal/token"
)

// How long things are cached.
const (
	forever       = 0
	keepMetadata  = 30 * 24 * time.Hour // a name may change, though few do
	retryMetadata = time.Hour           // a token without a name may get one
	keepPrice     = time.Hour           // stands in while Meteora cannot be asked
)

// A lookup is a mint of which accounts beside the pool are read.
type lookup struct {
	mint       solana.Key
	inMetaplex bool // its name is in a metadata account
	inMint     bool // its name or its supply is in the mint itself
}

func metadataKey(mint solana.Key) string { return "DBC-META#" + mint.String() }

// metadata returns what is known of the pools' mints: from the last run, the cache, else from the chain.
func (s *scan) metadata(pools []pool) (map[solana.Key]metadata, error) {
	found := make(map[solana.Key]metadata, len(pools))
	var lookups []lookup
	for i := range pools {
		p := &pools[i]
		c := s.claimOf(p)
		if s.last != nil {
			if m, ok := s.last.names[p.mint]; ok {
				found[p.mint] = m
				continue
			}
		}
		lookups = append(lookups, lookup{mint: p.mint, inMetaplex: !p.isToken2022, inMint: p.isToken2022 || !c.config.knowsSupply()})
	}
	more, err := s.lookUp(lookups)
	maps.Copy(found, more)
	if !s.now.isTooLarge() {
		maps.Copy(s.now.names, found)
	}
	return found, err
}

func (s *scan) lookUp(lookups []lookup) (map[solana.Key]metadata, error) {
	if len(lookups) == 0 {
		return nil, nil
	}
	names := make([]string, len(lookups))
	for i, l := range lookups {
		names[i] = metadataKey(l.mint)
	}
	kept, err := s.source.Cache.Get(s.ctx, names)
	if err != nil {
		return nil, fmt.Errorf("reading the cache: %w", err)
	}
	found := make(map[solana.Key]metadata, len(lookups))
	var missing []lookup
	for i, l := range lookups {
		var m metadata
		if json.Unmarshal([]byte(kept[names[i]]), &m) != nil {
			missing = append(missing, l)
			continue
		}
		found[l.mint] = m
	}
	if len(missing) == 0 {
		return found, nil
	}
	return found, s.lookUpOnChain(missing, found)
}

// lookUpOnChain reads the accounts of lookups into found, and into the cache.
func (s *scan) lookUpOnChain(lookups []lookup, found map[solana.Key]metadata) error {
	keys := make([]solana.Key, 0, 2*len(lookups))
	mints := make([]solana.Key, 0, 2*len(lookups)) // whose account each of keys is
	for _, l := range lookups {
		if address, err := metadataAddress(l.mint); l.inMetaplex && err == nil {
			keys, mints = append(keys, address), append(mints, l.mint)
		}
		if l.inMint {
			keys, mints = append(keys, l.mint), append(mints, l.mint)
		}
	}
	damaged := map[solana.Key]bool{}
	err := s.session.Accounts(s.ctx, keys, metadataSlice, func(i int, a *solana.Account) {
		mint := mints[i]
		m := found[mint]
		if keys[i] == mint {
			damaged[keys[i]] = !m.readMint(a, mint)
		} else {
			damaged[keys[i]] = !m.readMetaplex(a, mint)
		}
		found[mint] = m
	})
	if err != nil {
		return fmt.Errorf("names of %d tokens: %w", len(lookups), err)
	}
	for _, isDamaged := range damaged {
		if isDamaged {
			s.stats.Invalid.Add(1)
		}
	}
	return s.keepMetadata(lookups, found)
}

func (s *scan) keepMetadata(lookups []lookup, found map[solana.Key]metadata) error {
	named, nameless := map[string]any{}, map[string]any{}
	for _, l := range lookups {
		m := found[l.mint]
		if m.Name == "" && m.Symbol == "" {
			nameless[metadataKey(l.mint)] = m
		} else {
			named[metadataKey(l.mint)] = m
		}
	}
	if err := s.keep(named, keepMetadata); err != nil {
		return err
	}
	return s.keep(nameless, retryMetadata)
}

// keep puts values into the cache as JSON.
func (s *scan) keep(values map[string]any, ttl time.Duration) error {
	if len(values) == 0 {
		return nil
	}
	entries := make(map[string]string, len(values))
	for name, v := range values {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("encoding %s: %w", name, err)
		}
		entries[name] = string(b)
	}
	if err := s.source.Cache.Put(s.ctx, entries, ttl); err != nil {
		return fmt.Errorf("writing the cache: %w", err)
	}
	return nil
}

// knownQuotes need no look-up.
var knownQuotes = map[string]metadata{
	token.SOL:  {Symbol: "SOL", Decimals: "9"},
	token.USDC: {Symbol: "USDC", Decimals: "6"},
	token.USDT: {Symbol: "USDT", Decimals: "6"},
}

// describeQuote fills in what a config does not say of its quote.
func (s *scan) describeQuote(c *config) error {
	m, ok := knownQuotes[c.QuoteMint.String()]
	if !ok {
		found, err := s.lookUp([]lookup{{mint: c.QuoteMint, inMetaplex: true, inMint: true}})
		if err != nil {
			return err
		}
		m = found[c.QuoteMint]
	}
	c.QuoteDecimals, c.QuoteSymbol = m.Decimals, m.Symbol
	return nil
}

// quotePrice is what a quote is worth in US dollars, asked for once a run. When Meteora cannot be asked, the last price
// stands in for an hour; after that it is unknown, and the run is told.
func (s *scan) quotePrice(mint solana.Key) token.Number {
	if p, ok := s.prices[mint]; ok {
		return p
	}
	name := "DBC-QUOTE#" + mint.String()
	p, err := s.source.Quotes.QuotePrice(s.ctx, mint.String(), s.stats)
	if err != nil {
		p = s.lastPrice(s.ctx, name)
		if p == "" {
			s.note(fmt.Errorf("price of quote %s: %w", mint, err))
		}
	} else if p != "" {
		if err := s.keep(map[string]any{name: p}, keepPrice); err != nil {
			s.note(err)
		}
	}
	s.prices[mint] = p
	return p
}

func (s *scan) lastPrice(ctx context.Context, name string) (p token.Number) {
	kept, err := s.source.Cache.Get(ctx, []string{name})
	if err != nil || json.Unmarshal([]byte(kept[name]), &p) != nil {
		return ""
	}
	return p
}
