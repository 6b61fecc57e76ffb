package dbc

import (
	"context"
	"iter"
	"slices"

	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// maxKept is how many pools stay in memory between two runs: some 8 MB with their names. A larger launchpad is read anew.
const maxKept = 20_000

// kept is what a complete run has read, for the next one in the same process. It is good for one node only: another may
// lag behind.
type kept struct {
	node  *solana.Client
	slot  int64 // every change until then is in
	pools map[place][]pool
	names map[solana.Key]metadata
	// claimed is every config of a fee claimer; those without pools are not in pools.
	claimed map[solana.Key]map[solana.Key]*config
	count   int
}

// place is what is asked for together.
type place struct {
	config solana.Key
	kind   [8]byte // its discriminator
}

func newKept(node *solana.Client) *kept {
	return &kept{
		node: node, pools: map[place][]pool{}, names: map[solana.Key]metadata{},
		claimed: map[solana.Key]map[solana.Key]*config{},
	}
}

// add copies pools, until there are too many: then all are dropped.
func (k *kept) add(at place, pools []pool) {
	if k.count += len(pools); k.tooMany() {
		k.pools, k.names = nil, nil
		return
	}
	k.pools[at] = append(k.pools[at], pools...)
}

// hasPools reports whether there was a pool on a config.
func (k *kept) hasPools(config solana.Key) bool {
	return slices.ContainsFunc(poolKinds, func(kind kind) bool { return len(k.pools[place{config, kind.discriminator}]) > 0 })
}

func (k *kept) tooMany() bool { return k.count > maxKept }

// Changed streams what Pools does. Where the last run of this process was complete and the node can tell what has changed
// since, only that is read; prices are worked out anew, and graduated pools asked for, as ever.
func (s *Source) Changed(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return s.stream(ctx, ids, stats, s.last.Swap(nil))
}

// keepForNext makes this run the last one, if there is a slot to go on from.
func (s *scan) keepForNext() {
	if s.now.slot > 0 && !s.now.tooMany() && s.session.TellsChanges() {
		s.source.last.Store(s.now)
	}
}

// update replaces pools that have changed, and appends those that are new.
func update(pools []pool, changed map[solana.Key]pool) []pool {
	for i := range pools {
		if p, ok := changed[pools[i].address]; ok {
			pools[i] = p
			delete(changed, p.address)
		}
	}
	for _, p := range changed {
		pools = append(pools, p)
	}
	return pools
}
