package dbc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"tokensync/internal/solana"
	"tokensync/internal/token"
)

// A Probe asks a node, each question once, for what a run about some launchpads rests on. It is for one goroutine.
type Probe struct {
	session *solana.Session
	search  *solana.Search
	pools   map[solana.Key]pool // that were found last
}

// NewProbe returns a probe that asks in a session.
func NewProbe(session *solana.Session) *Probe { return &Probe{session: session} }

// A Launch is what is on the chain about launchpads.
type Launch struct {
	Keys    int      // configs and creators by which pools are looked for
	Missing []string // keys of configs that are not configs
	Quotes  []string // mints
}

// Launch reads the configs of ids, and remembers what to look for. A claimer's configs are found in way.
func (p *Probe) Launch(ctx context.Context, ids []token.LaunchpadID, way solana.Way, budget solana.Budget) (l Launch, err error) {
	var configs, creators, claimers []solana.Key
	for _, id := range ids {
		by, text := id.Claim()
		key, err := solana.ParseKey(text)
		switch {
		case by == token.ByName || err != nil:
		case by == token.ByConfig:
			configs = append(configs, key)
		case by == token.ByCreator:
			creators = append(creators, key)
		default:
			claimers = append(claimers, key)
		}
	}
	if len(claimers) > 0 {
		claimed, err := p.claimed(ctx, claimers, way, budget)
		if err != nil {
			return l, fmt.Errorf("configs of a fee claimer: %w", err)
		}
		configs = append(configs, claimed...)
	}
	slices.SortFunc(configs, solana.Key.Compare)
	configs = slices.Compact(configs)
	p.look(configs, creators)
	l.Keys = len(configs) + len(creators)
	return l, p.readConfigs(ctx, configs, &l)
}

func (p *Probe) claimed(ctx context.Context, claimers []solana.Key, way solana.Way, budget solana.Budget) (keys []solana.Key, err error) {
	page, at := new(configPage), &solana.Position{Way: way}
	for err := range p.session.Walk(ctx, configSearch(claimers), at, budget, page) {
		if err != nil {
			return nil, err
		}
		for _, c := range page.configs {
			keys = append(keys, c.key)
		}
	}
	return keys, nil
}

// look makes the search for the pools of configs and creators.
func (p *Probe) look(configs, creators []solana.Key) {
	s := scan{}
	for _, k := range configs {
		s.ours = append(s.ours, claim{key: k, at: poolConfigAt})
	}
	for _, k := range creators {
		s.ours = append(s.ours, claim{key: k, at: poolCreatorAt})
	}
	p.search = s.search()
}

func (p *Probe) readConfigs(ctx context.Context, keys []solana.Key, l *Launch) error {
	found, quotes := map[solana.Key]bool{}, map[string]bool{}
	err := p.session.Accounts(ctx, keys, solana.Slice{Length: configSliceEnd}, func(i int, a *solana.Account) {
		if c, err := decodeAnyConfig(a); err == nil {
			found[keys[i]], quotes[c.QuoteMint.String()] = true, true
		}
	})
	for _, k := range keys {
		if err == nil && !found[k] {
			l.Missing = append(l.Missing, k.String())
		}
	}
	l.Quotes = slices.Sorted(maps.Keys(quotes))
	return err
}

// Ways returns the ways to look for the pools of the launchpads of the last Launch, none when they have no key.
func (p *Probe) Ways() []solana.Way {
	if p.search == nil || len(p.search.Holds) == 0 {
		return nil
	}
	return p.search.Ways(solana.Costs{})
}

// A Find is what a walk found, and where it stands.
type Find struct {
	solana.Position
	Pools    int // distinct ones
	Odd      int // accounts that were asked for and cannot be read
	Creators int // distinct creators of the pools
	Complete bool
}

// Find looks for the pools in one way. solana.ErrBudget is no error: the find is not complete.
func (p *Probe) Find(ctx context.Context, way solana.Way, budget solana.Budget) (f Find, err error) {
	found, creators := map[solana.Key]pool{}, map[solana.Key]bool{}
	f.Way = way
	page := &probePage{pools: found}
	for err := range p.session.Walk(ctx, p.search, &f.Position, budget, page) {
		switch {
		case errors.Is(err, solana.ErrBudget):
			return p.sum(f, found, creators), nil
		case err != nil:
			return f, err
		}
		f.Odd += page.odd
	}
	f.Complete = true
	return p.sum(f, found, creators), nil
}

func (p *Probe) sum(f Find, found map[solana.Key]pool, creators map[solana.Key]bool) Find {
	for _, pool := range found {
		creators[pool.creator] = true
	}
	f.Pools, f.Creators = len(found), len(creators)
	if len(found) >= len(p.pools) {
		p.pools = found
	}
	return f
}

// maxCompared is one request's worth of pools.
const maxCompared = 100

// Lag reads pools that the last Find found by their addresses, and counts those that differ: what a scan shows may be older
// than what accounts show.
func (p *Probe) Lag(ctx context.Context) (differ, of int, err error) {
	keys := slices.SortedFunc(maps.Keys(p.pools), solana.Key.Compare)
	keys = keys[:min(len(keys), maxCompared)]
	same := map[solana.Key]bool{}
	err = p.session.Accounts(ctx, keys, solana.Slice{Length: poolSliceEnd}, func(i int, a *solana.Account) {
		fresh, err := decodeAnyPool(a)
		same[keys[i]] = err == nil && fresh == p.pools[keys[i]]
	})
	for _, k := range keys {
		if !same[k] {
			differ++
		}
	}
	return differ, len(keys), err
}

// Changes looks for pools written since a slot; shortens is false where the node walks on all the same.
func (p *Probe) Changes(ctx context.Context, since int64) (shortens bool, pools int, err error) {
	page := &probePage{pools: map[solana.Key]pool{}}
	for err := range p.session.Changes(ctx, p.search, since, 1, page) {
		if errors.Is(err, solana.ErrBudget) {
			return false, len(page.pools), nil
		}
		if err != nil {
			return false, 0, err
		}
	}
	return true, len(page.pools), nil
}

// Birth returns the slot at which the oldest of the pools that were found was made, 0 when their configs count in seconds.
func (p *Probe) Birth() int64 {
	oldest := uint64(0)
	for _, pool := range p.pools {
		if pool.activation < firstUnix && (oldest == 0 || pool.activation < oldest) {
			oldest = pool.activation
		}
	}
	return int64(oldest)
}

// firstUnix tells slots from Unix seconds: DBC is younger than 2020, and the slots reach that number in 2033.
const firstUnix = 1_577_836_800

// Pool returns the address of one of the pools that were found; ok is false when there are none.
func (p *Probe) Pool() (address solana.Key, ok bool) {
	for _, k := range slices.SortedFunc(maps.Keys(p.pools), solana.Key.Compare) {
		return k, true
	}
	return solana.Key{}, false
}

// A probePage gathers the pools of all answers.
type probePage struct {
	pools map[solana.Key]pool
	odd   int
}

// Reset begins another answer.
func (p *probePage) Reset() { p.odd = 0 }

// Add decodes a pool.
func (p *probePage) Add(a *solana.Account) {
	decoded, err := decodeAnyPool(a)
	if err != nil {
		p.odd++
		return
	}
	p.pools[a.Key] = decoded
}
