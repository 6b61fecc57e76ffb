package ingest

import (
	"errors"
	"hash/maphash"
	"slices"
	"sync"

	"tokensync/internal/token"
)

// chunkSize is how much of the arena is allocated at once.
const chunkSize = 256 << 10

// refBytes is what a pool takes beside its packed form: its ref, and its places in the two maps.
const refBytes = 100

// errFull means that more pools are ours than a run may keep in memory.
var errFull = errors.New("more pools than the run has memory for")

// poolSet gathers matched pools by mint, packed: 100,000 of them take some 30 MB, and the garbage collector sees a few
// hundred objects. It is safe for concurrent use.
type poolSet struct {
	mu     sync.Mutex
	packer token.Packer
	chunks [][]byte
	refs   []poolRef
	mints  map[uint64]int32 // slot of a mint → its newest pool in refs
	pools  map[uint64]int32 // slot of an address and a mint → its pool in refs
	hash   func(string) uint64
	buf    []byte
	bytes  int // that are in use
	limit  int
}

// poolRef finds a packed pool, and the pool of the same mint before it.
type poolRef struct {
	chunk, offset, size uint32
	previous            int32 // index in refs, or none
	blacklisted         bool
}

const none = -1

func newPoolSet(limit int) *poolSet {
	seed := maphash.MakeSeed()
	return &poolSet{
		mints: map[uint64]int32{}, pools: map[uint64]int32{}, limit: limit,
		hash: func(s string) uint64 { return maphash.String(seed, s) },
	}
}

// add keeps p and reports whether it is new: of two with one address and mint the later counts, and takes no more memory
// than one. It returns errFull when p is new and there is no room for it.
func (s *poolSet) add(p *token.Pool) (isNew bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot, at := s.findPool(p.Address, p.Base.Mint)
	if at >= 0 {
		s.renew(at, p)
		return false, nil
	}
	s.buf = s.packer.Append(s.buf[:0], p)
	if s.bytes+len(s.buf)+refBytes > s.limit {
		return false, errFull
	}
	ref := s.store(s.buf)
	ref.blacklisted = p.Blacklisted
	mint, last := s.findMint(p.Base.Mint)
	ref.previous = last
	s.refs = append(s.refs, ref)
	s.mints[mint], s.pools[slot] = int32(len(s.refs)-1), int32(len(s.refs)-1)
	s.bytes += refBytes
	return true, nil
}

// renew puts p in the place of an answer about the same pool.
func (s *poolSet) renew(at int32, p *token.Pool) {
	before := s.decode(at)
	now := token.Renew(&before, p)
	s.buf = s.packer.Append(s.buf[:0], &now)
	ref := &s.refs[at]
	ref.blacklisted = now.Blacklisted
	if len(s.buf) > int(ref.size) {
		place := s.store(s.buf)
		ref.chunk, ref.offset, ref.size = place.chunk, place.offset, place.size
		return
	}
	copy(s.chunks[ref.chunk][ref.offset:], s.buf)
	ref.size = uint32(len(s.buf))
}

// findMint gives the slot of mint and its newest pool, none if it has no pool. Two mints with one hash get two slots.
func (s *poolSet) findMint(mint string) (slot uint64, at int32) {
	for slot = s.hash(mint); ; slot++ {
		at, ok := s.mints[slot]
		if !ok {
			return slot, none
		}
		if s.decode(at).Base.Mint == mint {
			return slot, at
		}
	}
}

// findPool gives the slot of a pool, and where it is, none if it was not gathered.
func (s *poolSet) findPool(address, mint string) (slot uint64, at int32) {
	for slot = s.hash(address) ^ s.hash(mint); ; slot++ {
		at, ok := s.pools[slot]
		if !ok {
			return slot, none
		}
		if p := s.decode(at); p.Address == address && p.Base.Mint == mint {
			return slot, at
		}
	}
}

func (s *poolSet) store(b []byte) poolRef {
	n := len(s.chunks)
	if n == 0 || cap(s.chunks[n-1])-len(s.chunks[n-1]) < len(b) {
		s.chunks = append(s.chunks, make([]byte, 0, max(chunkSize, len(b))))
		n++
	}
	chunk := &s.chunks[n-1]
	ref := poolRef{chunk: uint32(n - 1), offset: uint32(len(*chunk)), size: uint32(len(b))}
	*chunk = append(*chunk, b...)
	s.bytes += len(b)
	return ref
}

// isEmpty reports whether nothing was gathered.
func (s *poolSet) isEmpty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.refs) == 0
}

// hasMint reports whether pools of mint were gathered.
func (s *poolSet) hasMint(mint string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, at := s.findMint(mint)
	return at >= 0
}

// has reports whether a pool was gathered.
func (s *poolSet) has(address, mint string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, at := s.findPool(address, mint)
	return at >= 0
}

// allBlacklisted reports whether every gathered pool of mint is, and there is one.
func (s *poolSet) allBlacklisted(mint string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, newest := s.findMint(mint)
	for at := newest; at >= 0; at = s.refs[at].previous {
		if !s.refs[at].blacklisted {
			return false
		}
	}
	return newest >= 0
}

// of returns the gathered pools of mint, oldest first.
func (s *poolSet) of(mint string) []token.Pool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var pools []token.Pool
	_, newest := s.findMint(mint)
	for at := newest; at >= 0; at = s.refs[at].previous {
		pools = append(pools, s.decode(at))
	}
	slices.Reverse(pools)
	return pools
}

func (s *poolSet) decode(at int32) token.Pool {
	var p token.Pool
	r := s.refs[at]
	if err := s.packer.Unpack(s.chunks[r.chunk][r.offset:r.offset+r.size], &p); err != nil {
		panic(err) // our own bytes, a moment ago
	}
	return p
}

// without lists the mints that known does not hold, sorted.
func (s *poolSet) without(known func(mint string) bool) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var mints []string
	for _, at := range s.mints {
		if mint := s.decode(at).Base.Mint; !known(mint) {
			mints = append(mints, mint)
		}
	}
	slices.Sort(mints)
	return mints
}
