package ingest

import (
	"hash/maphash"
	"iter"
	"slices"

	"tokensync/internal/token"
)

// chunkSize is how much of the arena is allocated at once.
const chunkSize = 256 << 10

// poolSet gathers matched pools by mint, packed: 100,000 of them take some 30 MB, and the garbage collector sees a few
// hundred objects.
type poolSet struct {
	packer token.Packer
	chunks [][]byte
	refs   []poolRef
	last   map[uint64]int32    // slot of a mint → its newest pool in refs
	seen   map[uint64]struct{} // hashes of addresses
	hash   func(string) uint64
	buf    []byte
	pools  []token.Pool // reused by take
}

// poolRef finds a packed pool, and the pool of the same mint before it.
type poolRef struct {
	chunk, offset, size uint32
	previous            int32 // index in refs, none or taken
}

const (
	none  = -1
	taken = -2 // the pools of this mint have been used
)

func newPoolSet() *poolSet {
	seed := maphash.MakeSeed()
	return &poolSet{
		last: map[uint64]int32{}, seen: map[uint64]struct{}{},
		hash: func(s string) uint64 { return maphash.String(seed, s) },
	}
}

// add keeps p and says whether its address is new; the later of two with one address counts when they are merged.
func (s *poolSet) add(p *token.Pool) (isNew bool) {
	slot, at := s.find(p.Base.Mint)
	s.buf = s.packer.Append(s.buf[:0], p)
	ref := s.store(s.buf)
	ref.previous = at
	if at >= 0 && s.refs[at].previous == taken {
		ref.previous = none
	}
	s.refs = append(s.refs, ref)
	s.last[slot] = int32(len(s.refs) - 1)
	known := len(s.seen)
	s.seen[s.hash(p.Address)] = struct{}{}
	return len(s.seen) > known
}

// find gives the slot of mint and its newest pool, none if it has no pool. Two mints with one hash get two slots.
func (s *poolSet) find(mint string) (slot uint64, at int32) {
	for slot = s.hash(mint); ; slot++ {
		at, ok := s.last[slot]
		if !ok {
			return slot, none
		}
		if s.decode(at).Base.Mint == mint {
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
	return ref
}

// has says whether pools of mint were gathered, used or not.
func (s *poolSet) has(mint string) bool {
	_, at := s.find(mint)
	return at >= 0
}

// hasAddress says whether a pool was gathered.
func (s *poolSet) hasAddress(address string) bool {
	_, ok := s.seen[s.hash(address)]
	return ok
}

// take appends the pools of mint to kept, oldest first, and marks them used. ok is false when there are none, or when
// they were used before. The result is valid until the next call.
func (s *poolSet) take(mint string, kept []token.Pool) (pools []token.Pool, ok bool) {
	_, newest := s.find(mint)
	if newest < 0 || s.refs[newest].previous == taken {
		return nil, false
	}
	var order []int32
	for at := newest; at >= 0; at = s.refs[at].previous {
		order = append(order, at)
	}
	s.refs[newest].previous = taken
	s.pools = append(s.pools[:0], kept...)
	for _, at := range slices.Backward(order) {
		s.pools = append(s.pools, s.decode(at))
	}
	return s.pools, true
}

func (s *poolSet) decode(at int32) token.Pool {
	var p token.Pool
	r := s.refs[at]
	if err := s.packer.Unpack(s.chunks[r.chunk][r.offset:r.offset+r.size], &p); err != nil {
		panic(err) // our own bytes, a moment ago
	}
	return p
}

// left lists the mints whose pools have not been used, few at a time.
func (s *poolSet) left(few int) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		mints := make([]string, 0, few)
		for _, at := range s.last {
			if s.refs[at].previous == taken {
				continue
			}
			if mints = append(mints, s.decode(at).Base.Mint); len(mints) < few {
				continue
			}
			if !yield(mints) {
				return
			}
			mints = mints[:0]
		}
		if len(mints) > 0 {
			yield(mints)
		}
	}
}
