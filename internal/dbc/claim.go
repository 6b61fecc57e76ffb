package dbc

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"tokensync/internal/solana"
	"tokensync/internal/token"
)

// errTooManyConfigs means that the rest of a fee claimer's configs were left out.
var errTooManyConfigs = errors.New("too many configs")

// A claim is a key that a launchpad's pools have at a place of theirs.
type claim struct {
	key  solana.Key
	at   int // poolConfigAt or poolCreatorAt
	rank int // a pool that several claims have belongs to the one of the lowest rank
	id   token.LaunchpadID
}

// claims finds what the pools of ids are known by. Where a config cannot be found, its pools are looked for all the
// same: the chain has the last word. Pools whose quote everybody knows come first, for they may price another's quote.
func (s *scan) claims(ids []token.LaunchpadID, isRefresh bool) ([]claim, error) {
	if err := s.findClaimed(ids, isRefresh); err != nil {
		return nil, err
	}
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
	slices.SortStableFunc(claims, func(a, b claim) int { return s.quoteDepth(a.key) - s.quoteDepth(b.key) })
	return claims, nil
}

// quoteDepth returns 0 for a config whose quote has a price of its own, and 1 for one whose quote may need another curve's.
func (s *scan) quoteDepth(key solana.Key) int {
	if config := s.configs[key]; config != nil && knownQuotes[config.QuoteMint].Decimals != "" {
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
		return s.claimedBy(key, id), nil
	default:
		return []claim{{key: key, at: poolConfigAt, id: id}}, s.loadConfigs([]solana.Key{key})
	}
}

// rankOf returns the lowest rank of the claims that p meets.
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

// loadConfigs reads configs, each once a run, from the cache or the chain. What is not a config stays unknown, and is looked
// for again in the next run.
func (s *scan) loadConfigs(keys []solana.Key) error {
	keys = slices.DeleteFunc(keys, func(k solana.Key) bool { _, ok := s.configs[k]; return ok })
	missing, err := recall(s, keys, configKey, s.know)
	if err != nil {
		return err
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

// claimedBy returns every known config whose fee claimer is key.
func (s *scan) claimedBy(key solana.Key, id token.LaunchpadID) (claims []claim) {
	for config := range s.now.claimed[key] {
		claims = append(claims, claim{key: config, at: poolConfigAt, id: id})
	}
	slices.SortFunc(claims, func(a, b claim) int { return a.key.Compare(b.key) }) // so that a walk goes on where it stopped
	return claims
}

// findClaimed finds the configs of all fee claimers among ids. Configs never change: those that this process knows stay,
// and a refresh looks for new ones only where that costs little.
func (s *scan) findClaimed(ids []token.LaunchpadID, isRefresh bool) error {
	var claimers []solana.Key
	for _, id := range ids {
		if how, text := id.Claim(); how == token.ByClaimer {
			if key, err := solana.ParseKey(text); err == nil {
				claimers = append(claimers, key)
			}
		}
	}
	if len(claimers) == 0 {
		return nil
	}
	s.recallClaimed(claimers)
	if isRefresh && s.last != nil {
		return s.newConfigs(claimers)
	}
	return s.allConfigs(claimers)
}

// recallClaimed takes over the configs that the last run knew.
func (s *scan) recallClaimed(claimers []solana.Key) {
	for _, claimer := range claimers {
		known := map[solana.Key]*config{}
		if s.last != nil && s.last.claimed[claimer] != nil {
			known = s.last.claimed[claimer]
		}
		for key, terms := range known {
			s.know(key, *terms)
			known[key] = s.configs[key]
		}
		s.now.claimed[claimer] = known
	}
}

// configSearch returns what finds the configs of fee claimers.
func configSearch(claimers []solana.Key) *solana.Search {
	q := &solana.Search{
		Program: program, Slice: solana.Slice{Length: configSliceEnd},
		Holds: []solana.Holds{{Offset: configFeeClaimerAt, Keys: claimers}},
	}
	for _, k := range configKinds {
		q.Kinds = append(q.Kinds, k.discriminator)
	}
	return q
}

func (s *scan) allConfigs(claimers []solana.Key) error {
	page := &configPage{}
	err := s.explore(&expedition{
		what: "configs", q: configSearch(claimers), ways: &s.now.book.Configs, page: page,
		take: func() error { s.takeConfigs(page); return nil }, count: s.countClaimed, known: s.countClaimed(),
	})
	if errors.Is(err, solana.ErrBudget) {
		return nil // the record says so
	}
	return err
}

// newConfigs looks for configs that were made since the last run, by what changed, else by listing all once more.
func (s *scan) newConfigs(claimers []solana.Key) error {
	page, q, book := &configPage{}, configSearch(claimers), &s.now.book
	if since := s.last.slot - slotMargin; !book.isUseless(changedConfigs, s.started) && since > 0 {
		err := s.changedConfigs(q, since, page)
		if err == nil || !errors.Is(err, errUseless) && !solana.IsDetour(err) {
			return err
		}
		s.giveUp(changedConfigs, err)
	}
	if book.Configs.Requests > configRequests || s.countClaimed() > mostListed {
		s.stats.Note("new configs of fee claimers are found by full runs only")
		return nil
	}
	for err := range s.session.Walk(s.ctx, q, &solana.Position{Way: book.Configs.Way}, solana.Budget{Requests: configRequests}, page) {
		if err != nil {
			return fmt.Errorf("looking for configs: %w", err)
		}
		s.takeConfigs(page)
	}
	return nil
}

// What a refresh may spend on new configs, and what that is called.
const (
	configRequests = 2
	mostListed     = 2000
	changedConfigs = "changedSinceSlot of configs"
)

func (s *scan) changedConfigs(q *solana.Search, since int64, page *configPage) error {
	for err := range s.session.Changes(s.ctx, q, since, configRequests, page) {
		if errors.Is(err, solana.ErrBudget) {
			return useless("it does not shorten the walk")
		}
		if err != nil {
			return err
		}
		s.takeConfigs(page)
	}
	return nil
}

func (s *scan) countClaimed() (n int) {
	for _, configs := range s.now.claimed {
		n += len(configs)
	}
	return n
}

// takeConfigs remembers the configs of an answer, as many as there may be.
func (s *scan) takeConfigs(page *configPage) {
	s.unreadable(page.faults)
	for _, c := range page.configs {
		known := s.now.claimed[c.claimer]
		if _, ok := known[c.key]; !ok && len(known) >= s.limits.Configs {
			s.note(fmt.Errorf("fee claimer %s: %w: all but %d were left out", c.claimer, errTooManyConfigs, s.limits.Configs))
			continue
		}
		s.know(c.key, c.config)
		known[c.key] = s.configs[c.key]
	}
}

// A configPage gathers the configs of one answer.
type configPage struct {
	configs []foundConfig
	faults  faults
}

type foundConfig struct {
	key, claimer solana.Key
	config       config
}

// Reset empties the page.
func (p *configPage) Reset() { p.configs, p.faults = p.configs[:0], p.faults[:0] }

// Add decodes a config; what is unreadable is counted.
func (p *configPage) Add(a *solana.Account) {
	c, err := decodeAnyConfig(a)
	if err != nil {
		p.faults = append(p.faults, fault{a.Key, err})
		return
	}
	p.configs = append(p.configs, foundConfig{a.Key, keyAt(a.Data, configFeeClaimerAt), c})
}
