package dbc

import (
	"encoding/json"
	"fmt"
	"slices"

	"tokensync/internal/solana"
	"tokensync/internal/token"
)

// A claim is a config whose pools belong to a launchpad.
type claim struct {
	key    solana.Key
	id     token.LaunchpadID
	config *config // nil when the chain does not show it
}

// claims finds the configs of ids, each once, for the first ID that it belongs to.
func (s *scan) claims(ids []token.LaunchpadID) ([]claim, error) {
	var claims []claim
	for _, id := range ids {
		key, err := solana.ParseKey(string(id))
		if err != nil {
			continue // a launchpad's name
		}
		found, err := s.claimsOf(key, id)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			if !slices.ContainsFunc(claims, func(other claim) bool { return other.key == c.key }) {
				claims = append(claims, c)
			}
		}
	}
	for i := range claims {
		if c := claims[i].config; c != nil {
			if err := s.describeQuote(c); err != nil {
				return nil, err
			}
		}
	}
	return claims, nil
}

// claimsOf is the config with that key, and all configs whose fee claimer it is. Where there is neither, pools are
// looked for all the same: the chain has the last word.
func (s *scan) claimsOf(key solana.Key, id token.LaunchpadID) ([]claim, error) {
	own, err := s.configByKey(key)
	if err != nil {
		return nil, err
	}
	claimed, err := s.configsClaimedBy(key, id)
	if err != nil {
		return nil, err
	}
	if own == nil && len(claimed) > 0 {
		return claimed, nil
	}
	return append([]claim{{key: key, id: id, config: own}}, claimed...), nil
}

func configKey(key solana.Key) string { return "DBC-CONFIG#" + key.String() }

// configByKey is the config with that key, from the cache or the chain; nil when it is no config.
func (s *scan) configByKey(key solana.Key) (*config, error) {
	name := configKey(key)
	kept, err := s.source.Cache.Get(s.ctx, []string{name})
	if err != nil {
		return nil, fmt.Errorf("reading the cache: %w", err)
	}
	found := new(config)
	if json.Unmarshal([]byte(kept[name]), found) == nil {
		return found, nil
	}
	found = nil
	err = s.session.Accounts(s.ctx, []solana.Key{key}, solana.Slice{Length: configSliceEnd}, func(_ int, a *solana.Account) {
		if c, err := decodeAnyConfig(a); err == nil {
			found = &c
		}
	})
	if err != nil || found == nil {
		return nil, err
	}
	return found, s.keep(map[string]any{name: found}, forever)
}

// configsClaimedBy is every config whose fee claimer is key.
func (s *scan) configsClaimedBy(key solana.Key, id token.LaunchpadID) ([]claim, error) {
	var claims []claim
	for _, k := range configKinds {
		query := solana.Query{
			Program: program, Size: k.size, Slice: solana.Slice{Length: configSliceEnd},
			Matches: []solana.Match{{Offset: 0, Bytes: k.discriminator[:]}, {Offset: configFeeClaimerAt, Bytes: key[:]}},
		}
		page := &configPage{kind: k, claimer: key}
		for err := range s.session.ProgramAccounts(s.ctx, query, page) {
			if err != nil {
				return nil, fmt.Errorf("configs of fee claimer %s: %w", key, err)
			}
			s.stats.Invalid.Add(page.invalid)
			for _, c := range page.configs {
				c.id = id
				claims = append(claims, c)
			}
		}
	}
	return claims, nil
}

// A configPage gathers the configs of one answer.
type configPage struct {
	kind    kind
	claimer solana.Key
	configs []claim
	invalid int64
}

// Reset empties the page.
func (p *configPage) Reset() { p.configs, p.invalid = p.configs[:0], 0 }

// Add decodes a config; what is none is counted.
func (p *configPage) Add(a *solana.Account) {
	c, err := decodeConfig(a, p.kind)
	if err != nil || keyAt(a.Data, configFeeClaimerAt) != p.claimer {
		p.invalid++
		return
	}
	p.configs = append(p.configs, claim{key: a.Key, config: &c})
}
