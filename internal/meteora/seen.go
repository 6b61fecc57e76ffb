package meteora

// seen remembers which rows a scan has met, in 16 bits a row however often each comes: a Bloom filter. It takes about
// three new rows in ten thousand for known ones, and never a known one for new.
type seen struct{ bits []uint64 }

const (
	seenBitsPerRow = 16
	seenProbes     = 5
	seenLeast      = 1 << 18 // rows, in half a megabyte: the server's own count is not relied on
	seenMost       = 1 << 22 // rows, in 8 MB
)

// newSeen returns a seen with room for that number of rows.
func newSeen(rows int64) *seen {
	return &seen{make([]uint64, max(seenLeast, min(rows, seenMost))*seenBitsPerRow/64)}
}

// add remembers a row by its hash and reports whether it is new.
func (s *seen) add(hash uint64) (isNew bool) {
	size, step := uint64(len(s.bits))*64, hash>>32|1
	for i := range uint64(seenProbes) {
		at := (hash + i*step) % size
		isNew = isNew || s.bits[at/64]&(1<<(at%64)) == 0
		s.bits[at/64] |= 1 << (at % 64)
	}
	return isNew
}

// addAll counts the new ones among rows.
func (s *seen) addAll(rows []uint64) (fresh int64) {
	for _, row := range rows {
		if s.add(row) {
			fresh++
		}
	}
	return fresh
}
