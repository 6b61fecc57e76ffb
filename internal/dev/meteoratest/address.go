package meteoratest

// What a generated key stands for; a part of its value, so that a mint is never taken for a pool.
const (
	kindDLMM = iota + 1
	kindDAMMv2
	kindDAMMv1
	kindOurMint
	kindMint
	kindFiller
	kindDBC
)

// codec turns (kind, number) into a 32-byte key and back, so that a pool is found by its address without an index.
type codec struct{ seed uint64 }

// encode hides kind and n in the key's second word, behind a keyed bijection; the other words are a checksum
// that looks random. The first byte is never zero: base58 makes 43 or 44 characters of it.
func (c codec) encode(kind int, n uint64) key {
	secret := mix(c.seed)
	e := mix(uint64(kind)<<56|n) ^ secret
	sum := mix(e + secret)
	k := key{sum, e, mix(sum + 1), mix(sum + 2)}
	if k[0]>>56 == 0 {
		k[0] |= 1 << 56
	}
	return k
}

// decode inverts encode; ok is false for a key that encode did not make.
func (c codec) decode(k key) (kind int, n uint64, ok bool) {
	v := unmix(k[1] ^ mix(c.seed))
	kind, n = int(v>>56), v&(1<<56-1)
	return kind, n, c.encode(kind, n) == k
}

// mix applies splitmix64's finalizer: a bijection on 64-bit words that scatters neighbours.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// unmix inverts mix: the multipliers are those of mix modulo 2^64, inverted.
func unmix(z uint64) uint64 {
	z = (z ^ z>>31 ^ z>>62) * 0x319642b2d24d8ec3
	z = (z ^ z>>27 ^ z>>54) * 0x96de1b173f119089
	return (z ^ z>>30 ^ z>>60) - 0x9e3779b97f4a7c15
}
