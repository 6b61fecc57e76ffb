package dbc

import (
	"hash/crc32"
	"time"

	"tokensync/internal/solana"
)

// settledAfter is how long after its curve was complete a graduated pool is taken not to change any more.
const settledAfter = 24 * time.Hour

// A ref is a pool that is known: enough to see that it has changed.
type ref struct {
	address   solana.Key
	sum       uint32 // of its data; 0 is not read yet
	isSettled bool   // it changes no more
}

func compareRefs(a, b ref) int { return a.address.Compare(b.address) }

// refOf describes p, whose account is a.
func refOf(p *pool, a *solana.Account, now time.Time) ref {
	finished := time.Unix(int64(p.finished), 0)
	return ref{
		address: p.address, sum: crc32.ChecksumIEEE(a.Data[:poolSliceEnd]) | 1,
		isSettled: p.stage == graduated && p.finished > 0 && now.Sub(finished) > settledAfter,
	}
}

// allShares is how many shares there are: as many as a byte's values.
const allShares = 256

// A share is the pools whose address has one of width checksums of a byte, counted from from, round and round the first of.
type share struct{ from, width, of int }

func (s share) has(k solana.Key) bool {
	sum := int(byte(crc32.ChecksumIEEE(k[:])))
	return sum < s.of && (sum-s.from+s.of)%s.of < s.width
}

// A poolPage gathers the pools of one answer in chunks, so that its growth copies nothing.
type poolPage struct {
	now      time.Time
	share    share            // of the pools that are to be handed out; all are counted
	always   func(*pool) bool // reports whether a pool is handed out whatever share it is in; nil for none
	limit    int              // of those that are gathered
	gathered int
	isShort  bool // the limit left out some of the share
	chunks   [][]pool
	spare    [][]pool
	refs     []ref // of all
	faults   faults
}

func newPoolPage(now time.Time, limit int) *poolPage {
	return &poolPage{now: now, share: share{0, allShares, allShares}, limit: limit}
}

// Reset empties the page and keeps its memory.
func (p *poolPage) Reset() {
	p.spare = append(p.spare, p.chunks...)
	p.chunks, p.refs, p.gathered, p.faults = p.chunks[:0:0], p.refs[:0], 0, p.faults[:0]
}

// Add decodes a pool; what cannot be read is counted.
func (p *poolPage) Add(a *solana.Account) {
	decoded, err := decodeAnyPool(a)
	if err != nil {
		p.faults = append(p.faults, fault{a.Key, err})
		return
	}
	p.refs = append(p.refs, refOf(&decoded, a, p.now))
	if p.always != nil && p.always(&decoded) || p.share.has(decoded.address) {
		p.gather(&decoded)
	}
}

func (p *poolPage) gather(decoded *pool) {
	if p.gathered >= p.limit {
		p.isShort = true
		return
	}
	p.gathered++
	last := len(p.chunks) - 1
	if last < 0 || len(p.chunks[last]) == chunkSize {
		p.chunks = append(p.chunks, p.chunk())
		last++
	}
	p.chunks[last] = append(p.chunks[last], *decoded)
}

// join adds another page's pools, as far as ok takes them.
func (p *poolPage) join(other *poolPage, ok func(*pool) bool) {
	p.faults = append(p.faults, other.faults...)
	n := 0
	for _, chunk := range other.chunks {
		for i := range chunk {
			if ok(&chunk[i]) {
				p.refs = append(p.refs, other.refs[n])
				p.gather(&chunk[i])
			}
			n++
		}
	}
}

func (p *poolPage) chunk() []pool {
	if n := len(p.spare); n > 0 {
		chunk := p.spare[n-1][:0]
		p.spare = p.spare[:n-1]
		return chunk
	}
	return make([]pool, 0, chunkSize)
}
