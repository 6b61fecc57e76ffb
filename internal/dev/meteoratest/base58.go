package meteoratest

import "math/bits"

// key is a 32-byte public key as four big-endian words.
type key [4]uint64

const (
	alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	// chunk is the largest power of 58 that leaves room in a word: ten digits at a time.
	chunk       = 58 * 58 * 58 * 58 * 58 * 58 * 58 * 58 * 58 * 58
	chunkDigits = 10
	maxDigits   = 5 * chunkDigits
)

// digitOf maps an ASCII character to its base58 value, or 0xff.
var digitOf = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	return t
}()

// appendBase58 appends k in base58, with a '1' for each leading zero byte as Bitcoin and Solana do.
func appendBase58(b []byte, k key) []byte {
	var digits [maxDigits]byte
	zeros := leadingZeroBytes(k)
	first := 0
	for end := maxDigits; end > 0; end -= chunkDigits {
		var rem uint64
		for i := first; i < len(k); i++ {
			k[i], rem = bits.Div64(rem, k[i], chunk)
		}
		for first < len(k) && k[first] == 0 {
			first++
		}
		for i := end - 1; i >= end-chunkDigits; i-- {
			digits[i] = alphabet[rem%58]
			rem /= 58
		}
	}
	start := 0
	for start < maxDigits && digits[start] == '1' {
		start++
	}
	for range zeros {
		b = append(b, '1')
	}
	return append(b, digits[start:]...)
}

// parseBase58 inverts appendBase58; ok is false for anything but a canonical 32-byte key.
func parseBase58(s string) (k key, ok bool) {
	if len(s) < 32 || len(s) > 44 {
		return k, false
	}
	for i := range len(s) {
		carry := uint64(digitOf[s[i]])
		if carry == 0xff {
			return k, false
		}
		for j := len(k) - 1; j >= 0; j-- {
			hi, lo := bits.Mul64(k[j], 58)
			var over uint64
			k[j], over = bits.Add64(lo, carry, 0)
			carry = hi + over
		}
		if carry != 0 {
			return k, false
		}
	}
	return k, string(appendBase58(nil, k)) == s
}

func leadingZeroBytes(k key) int {
	n := 0
	for _, w := range k {
		n += bits.LeadingZeros64(w)
		if w != 0 {
			break
		}
	}
	return n / 8
}
