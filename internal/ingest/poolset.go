package ingest

import (
	"hash/maphash"
	"slices"

	"tokensync/internal/token"
)

// chunkSize is how much of the arena is allocated at once.
const chunkSize = 256 << 10

// poolSet gathers matched pools by mint in their compact encoding: 60,000 of them take some 25 MB, and the garbage
// collector sees a few hundred objects.
type poolSet struct {
	chunks [][]byte
	refs   []poolRef
	last   map[string]int32    // mint → its newest pool in refs
	seen   map[uint64]struct{} // hashes of addresses
	seed   maphash.Seed
	buf    []byte
	pools  []token.Pool // reused by take
}

// poolRef finds an encoded pool, and the pool of the same mint before it.
type poolRef struct {
	chunk, offset, size uint32
	previous            int32 // index in refs, -1 for none
}

func newPoolSet() *poolSet {
	return &poolSet{last: map[string]int32{}, seen: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
}

// add keeps p and says whether its address is new; the later of two with one address counts when they are merged.
func (s *poolSet) add(p *token.Pool) (isNew bool) {
	s.buf = p.AppendBinary(s.buf[:0])
	ref := s.store(s.buf)
	ref.previous = -1
	if previous, ok := s.last[p.Base.Mint]; ok {
		ref.previous = previous
	}
	s.refs = append(s.refs, ref)
	s.last[p.Base.Mint] = int32(len(s.refs) - 1)
	known := len(s.seen)
	s.seen[maphash.String(s.seed, p.Address)] = struct{}{}
	return len(s.seen) > known
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
	return ref
}

// taken marks a mint whose pools have been used.
const taken = -1

// has says whether pools of mint were gathered, used or not.
func (s *poolSet) has(mint string) bool {
	_, ok := s.last[mint]
	return ok
}

// hasAddress says whether a pool was gathered.
func (s *poolSet) hasAddress(address string) bool {
	_, ok := s.seen[maphash.String(s.seed, address)]
	return ok
}

// take appends the pools of mint to kept, oldest first, and marks them used. ok is false when there are none, or when
// they were used before. The result is valid until the next call.
func (s *poolSet) take(mint string, kept []token.Pool) (pools []token.Pool, ok bool) {
	at, ok := s.last[mint]
	if !ok || at == taken {
		return nil, false
	}
	s.last[mint] = taken
	var order []int32
	for ; at >= 0; at = s.refs[at].previous {
		order = append(order, at)
	}
	s.pools = append(s.pools[:0], kept...)
	for _, o := range slices.Backward(order) {
		s.pools = append(s.pools, s.decode(s.refs[o]))
	}
	return s.pools, true
}

func (s *poolSet) decode(r poolRef) token.Pool {
	var p token.Pool
	if err := p.UnmarshalBinary(s.chunks[r.chunk][r.offset : r.offset+r.size]); err != nil {
		panic(err) // our own bytes, a moment ago
	}
	return p
}

// left lists the mints whose pools have not been used.
func (s *poolSet) left() []string {
	var mints []string
	for mint, at := range s.last {
		if at != taken {
			mints = append(mints, mint)
		}
	}
	return mints
}
