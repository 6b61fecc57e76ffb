package dbc

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"tokensync/internal/solana"
	"tokensync/internal/token"
)

// maxConfigs bounds the configs of one fee claimer: 100,000 take some 12 MB, and anyone can make more in its name.
const maxConfigs = 100_000

// errTooManyConfigs means that the rest of a fee claimer's configs were left out.
var errTooManyConfigs = errors.New("too many configs")

// A claim is a key that a launchpad's pools have at a place of theirs.
type claim struct {
	key  solana.Key
	at   int // poolConfigAt or poolCreatorAt
	rank int // a pool that several claims have belongs to the one of the lowest rank
	id   token.LaunchpadID
}

// match is what the pools of c have in common.
func (c *claim) match() solana.Match { return solana.Match{Offset: c.at, Bytes: c.key[:]} }

// claims finds what the pools of ids are known by. Where a config cannot be found, its pools are looked for all the
// same: the chain has the last word. Pools whose quote everybody knows come first, for they may price another's quote.
func (s *scan) claims(ids []token.LaunchpadID) ([]claim, error) {
	var claims []claim
	for _, id := range ids {
		found, err := s.claimsOf(id)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			if _, ok := s.ranks[c.key]; !ok {
				c.rank = len(claims)
				s.ranks[c.key] = c.rank
				claims = append(claims, c)
			}
		}
	}
	if err := s.learnQuotes(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(claims, func(a, b claim) int { return s.quoteDepth(&a) - s.quoteDepth(&b) })
	return claims, nil
}

// quoteDepth is 0 for a claim whose quote has a price of its own, and 1 for one whose quote may need another curve's.
func (s *scan) quoteDepth(c *claim) int {
	if config := s.configs[c.key]; config != nil && knownQuotes[config.QuoteMint].Decimals != "" {
		return 0
	}
	return 1
}

func (s *scan) claimsOf(id token.LaunchpadID) ([]claim, error) {
	how, text := id.Claim()
	if how == token.ByName {
		return nil, nil
	}
	key, err := solana.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("launchpad ID %q: %w", id, err)
	}
	switch how {
	case token.ByCreator:
		return []claim{{key: key, at: poolCreatorAt, id: id}}, nil
	case token.ByClaimer:
		return s.claimedBy(key, id)
	}
	return []claim{{key: key, at: poolConfigAt, id: id}}, s.loadConfigs([]solana.Key{key})
}

// owned returns those of pools that belong to c before all other claims: a token that is found in several ways counts
// once. It leaves pools as they are.
func (s *scan) owned(c *claim, pools []pool) []pool {
	others := func(p pool) bool { return s.rankOf(&p) < c.rank }
	if !slices.ContainsFunc(pools, others) {
		return pools
	}
	return slices.DeleteFunc(slices.Clone(pools), others)
}

// rankOf is the lowest rank of the claims that p meets.
func (s *scan) rankOf(p *pool) int {
	lowest := math.MaxInt
	for _, key := range [...]solana.Key{p.config, p.creator} {
		if rank, ok := s.ranks[key]; ok {
			lowest = min(lowest, rank)
		}
	}
	return lowest
}

// configKey names a config's entry in the cache. It tells the fields that are kept, so that a field that is added is
// never read as 0 from an old entry.
func configKey(key solana.Key) string { return "DBC-CONFIG-" + configFormat + "#" + key.String() }

var configFormat = formatOf[config]()

// loadConfigs reads configs, each once a run, from the cache or the chain. What is no config stays unknown, and is looked
// for again in the next run.
func (s *scan) loadConfigs(keys []solana.Key) error {
	keys = slices.DeleteFunc(keys, func(k solana.Key) bool { _, ok := s.configs[k]; return ok })
	if len(keys) == 0 {
		return nil
	}
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = configKey(k)
	}
	kept, err := s.source.Cache.Get(s.ctx, names)
	if err != nil {
		return fmt.Errorf("reading the cache: %w", err)
	}
	var missing []solana.Key
	for i, k := range keys {
		var c config
		if json.Unmarshal([]byte(kept[names[i]]), &c) != nil {
			missing = append(missing, k)
			continue
		}
		s.know(k, c)
	}
	return s.loadFromChain(missing)
}

func (s *scan) loadFromChain(keys []solana.Key) error {
	entries := map[string]any{}
	err := s.session.Accounts(s.ctx, keys, solana.Slice{Length: configSliceEnd}, func(i int, a *solana.Account) {
		if c, err := decodeAnyConfig(a); err == nil {
			s.know(keys[i], c)
			entries[configKey(keys[i])] = c
		}
	})
	if err != nil {
		return fmt.Errorf("%d configs: %w", len(keys), err)
	}
	return s.keep(entries, forever)
}

// know remembers a config. Those with equal terms, of which a platform makes thousands, share one in memory.
func (s *scan) know(key solana.Key, c config) {
	shared, ok := s.terms[c]
	if !ok {
		shared = &c
		s.terms[c] = shared
		s.expectQuote(c.QuoteMint)
		s.checkConfig(key, shared)
	}
	s.configs[key] = shared
}

// claimedBy finds every config whose fee claimer is key. A refresh asks only for those written since the last run, and
// leaves out those on which the last full run found no pool.
func (s *scan) claimedBy(key solana.Key, id token.LaunchpadID) ([]claim, error) {
	known := map[solana.Key]*config{}
	since := int64(0)
	var claims []claim
	if s.last != nil {
		since = s.last.slot
		for config, terms := range s.last.claimed[key] {
			s.know(config, *terms)
			known[config] = s.configs[config]
			if s.last.hasPools(config) {
				claims = append(claims, claim{key: config, at: poolConfigAt, id: id})
			}
		}
	}
	s.now.claimed[key] = known
	for _, k := range configKinds {
		found, err := s.readClaimed(k, key, since, known)
		if err != nil {
			return nil, err
		}
		for _, config := range found {
			claims = append(claims, claim{key: config, at: poolConfigAt, id: id})
		}
	}
	return claims, nil
}

// readClaimed reads into known the configs of one kind whose fee claimer is key, and that were written since a slot. It
// returns those that were not known.
func (s *scan) readClaimed(k kind, key solana.Key, since int64, known map[solana.Key]*config) ([]solana.Key, error) {
	query := solana.Query{
		Program: program, Slice: solana.Slice{Length: configSliceEnd}, ChangedSince: since,
		Matches: []solana.Match{{Offset: 0, Bytes: k.discriminator[:]}, {Offset: configFeeClaimerAt, Bytes: key[:]}},
	}
	page := &configPage{kind: k, claimer: key}
	var found []solana.Key
	for err := range s.session.ProgramAccounts(s.ctx, query, page) {
		if err != nil {
			return nil, fmt.Errorf("configs of fee claimer %s: %w", key, err)
		}
		s.unreadable(page.faults)
		for _, c := range page.configs {
			if _, ok := known[c.key]; ok {
				continue
			}
			if len(known) == maxConfigs {
				s.note(fmt.Errorf("fee claimer %s: %w: all but %d were left out", key, errTooManyConfigs, maxConfigs))
				return found, nil
			}
			s.know(c.key, c.config)
			known[c.key] = s.configs[c.key]
			found = append(found, c.key)
		}
	}
	return found, nil
}

// A configPage gathers the configs of one answer.
type configPage struct {
	kind    kind
	claimer solana.Key
	configs []foundConfig
	faults  faults
}

type foundConfig struct {
	key    solana.Key
	config config
}

// Reset empties the page.
func (p *configPage) Reset() { p.configs, p.faults = p.configs[:0], p.faults[:0] }

// Add decodes a config; what is unreadable is counted.
func (p *configPage) Add(a *solana.Account) {
	c, err := decodeConfig(a, p.kind)
	if err == nil && keyAt(a.Data, configFeeClaimerAt) != p.claimer {
		err = errStray
	}
	if err != nil {
		p.faults = append(p.faults, fault{a.Key, err})
		return
	}
	p.configs = append(p.configs, foundConfig{a.Key, c})
}
