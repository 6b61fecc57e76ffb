package dbc

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"tokensync/internal/solana"
)

const (
	// forever keeps an entry until something better takes its place.
	forever = 0
	// A token without a name is asked for again after firstPause, then after pauses that double up to longestPause: a node
	// that lags does not leave a token nameless, and a token that never gets a name costs little.
	firstPause   = time.Minute
	longestPause = 4 * time.Hour
	// maxLookups bounds the accounts that one run looks up for names and supplies: 600 requests. The rest of a large
	// launchpad's tokens go without until the next run.
	maxLookups = 60_000
)

// mintKey names a launched mint's entry in the cache.
func mintKey(mint solana.Key) string { return "DBC-MINT-" + mintFormat + "#" + mint.String() }

var mintFormat = formatOf[metadata]()

// A lookup is a mint of which accounts beside the pool are read.
type lookup struct {
	mint       solana.Key
	inMetaplex bool // its name is in a metadata account
	inMint     bool // its name or its supply is in the mint itself
	stage      stage
	moves      bool // its supply is read by every run, so that it is not kept
}

// metadata returns what is known of the pools' mints: from this run, the last one, the cache, else from the chain.
func (s *scan) metadata(pools []pool) (map[solana.Key]metadata, error) {
	all := make([]lookup, len(pools))
	for i := range pools {
		all[i] = s.lookupOf(&pools[i])
		s.turn.offer(all[i])
	}
	found, err := s.keptMetadata(all)
	if err != nil {
		return nil, err
	}
	before := maps.Clone(found)
	if err := s.date(pools, found); err != nil {
		return nil, err
	}
	var wanted []lookup
	for _, l := range all {
		if m := found[l.mint]; l.want(&m, s.started) {
			wanted = append(wanted, l)
		}
	}
	if err := s.lookUp(wanted, found); err != nil {
		return nil, err
	}
	return found, s.keepMetadata(all, before, found)
}

// lookupOf returns everything that there is to know of p's mint.
func (s *scan) lookupOf(p *pool) lookup {
	return lookup{
		mint: p.mint, inMetaplex: !p.isToken2022, inMint: true,
		stage: p.stage, moves: s.configs[p.config].supplyMoves(p.stage),
	}
}

// want reduces l to what is missing in m, and reports whether that is anything.
func (l *lookup) want(m *metadata, now time.Time) bool {
	nameless := m.isNameless() && now.Unix() >= m.Retry
	supply := m.supplyAt(l.stage) == ""
	l.inMint = supply || nameless && !l.inMetaplex
	l.inMetaplex = nameless && l.inMetaplex
	return l.inMint || l.inMetaplex
}

// keptMetadata returns what this run, the last one or the cache knows of mints.
func (s *scan) keptMetadata(all []lookup) (map[solana.Key]metadata, error) {
	found := make(map[solana.Key]metadata, len(all))
	var unknown []solana.Key
	for _, l := range all {
		if m, ok := s.remembered(l.mint); ok {
			found[l.mint] = m
			continue
		}
		unknown = append(unknown, l.mint)
	}
	_, err := recall(s, unknown, mintKey, func(mint solana.Key, m metadata) { found[mint] = m })
	return found, err
}

// remembered returns what this process knows of a mint.
func (s *scan) remembered(mint solana.Key) (metadata, bool) {
	if m, ok := s.now.names[mint]; ok || s.last == nil {
		return m, ok
	}
	m, ok := s.last.names[mint]
	return m, ok
}

// lookUp reads what lookups want from the chain into found.
func (s *scan) lookUp(lookups []lookup, found map[solana.Key]metadata) error {
	if s.lookedUp += 2 * len(lookups); s.lookedUp > maxLookups {
		s.stats.Note("more new tokens than one run can look up: the next runs name the rest")
		return nil
	}
	read, err := s.readMints(lookups)
	if err != nil {
		return err
	}
	for _, l := range lookups {
		m, fresh := found[l.mint], read[l.mint]
		m.update(&l, &fresh, s.started)
		found[l.mint] = m
	}
	return nil
}

// update takes over what was read for l. What an account did not show stays: a node may lag.
func (m *metadata) update(l *lookup, fresh *metadata, now time.Time) {
	asked := l.inMetaplex || l.inMint && fresh.token2022
	switch {
	case !fresh.isNameless():
		m.Name, m.Symbol, m.URI = fresh.Name, fresh.Symbol, fresh.URI
		m.Misses, m.Retry = 0, 0
	case asked && m.isNameless():
		m.Retry = now.Add(min(firstPause<<m.Misses, longestPause)).Unix()
		m.Misses = min(m.Misses+1, 10)
	}
	if fresh.Supply != "" {
		m.Supply, m.Stage, m.Decimals = fresh.Supply, l.stage, fresh.Decimals
	}
}

// readMints reads the accounts of lookups. An account that is not there leaves its fields empty.
func (s *scan) readMints(lookups []lookup) (map[solana.Key]metadata, error) {
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
	read := make(map[solana.Key]metadata, len(lookups))
	damaged := map[solana.Key]bool{}
	err := s.session.Accounts(s.ctx, keys, metadataSlice, func(i int, a *solana.Account) {
		m := read[mints[i]]
		if keys[i] == mints[i] {
			damaged[keys[i]] = !m.readMint(a, mints[i])
		} else {
			damaged[keys[i]] = !m.readMetaplex(a, mints[i])
		}
		read[mints[i]] = m
	})
	if err != nil {
		return nil, fmt.Errorf("mints and names of %d tokens: %w", len(lookups), err)
	}
	for key, isDamaged := range damaged {
		if isDamaged {
			s.doubt(oddMetadata, key)
		}
	}
	return read, nil
}

// keepMetadata keeps what has changed in the cache, and everything for the next run.
func (s *scan) keepMetadata(all []lookup, before, found map[solana.Key]metadata) error {
	changed := map[string]any{}
	for _, l := range all {
		m := found[l.mint]
		if l.moves {
			m.Supply, m.Stage = "", 0
		}
		if m != before[l.mint] {
			changed[mintKey(l.mint)] = m
		}
		if !s.now.isTooLarge() {
			s.now.names[l.mint] = m
		}
	}
	return s.keep(changed, forever)
}

// recall passes on what the cache has of keys, and returns those of which it has nothing. name gives a key's name there.
func recall[K, V any](s *scan, keys []K, name func(K) string, found func(K, V)) (missing []K, err error) {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = name(k)
	}
	kept, err := s.cached(names)
	if err != nil {
		return nil, err
	}
	for i, k := range keys {
		var v V
		if json.Unmarshal([]byte(kept[names[i]]), &v) != nil {
			missing = append(missing, k)
			continue
		}
		found(k, v)
	}
	return missing, nil
}

// cached returns what the cache has under names.
func (s *scan) cached(names []string) (map[string]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	kept, err := s.source.Cache.Get(s.ctx, names)
	if err != nil {
		return nil, fmt.Errorf("reading the cache: %w", err)
	}
	return kept, nil
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
