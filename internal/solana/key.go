package solana

import (
	"bytes"
	"crypto/sha256"
	"errors"

	"filippo.io/edwards25519"
	"github.com/mr-tron/base58"
)

// Key is a public key or a program's address.
type Key [32]byte

// ErrKey is returned when a text is not base58 for 32 bytes.
var ErrKey = errors.New("not a public key")

// maxKeyText is the longest base58 spelling of 32 bytes.
const maxKeyText = 44

// ParseKey reads base58.
func ParseKey(s string) (Key, error) {
	if len(s) > maxKeyText {
		return Key{}, ErrKey
	}
	b, err := base58.Decode(s)
	if err != nil || len(b) != len(Key{}) {
		return Key{}, ErrKey
	}
	return Key(b), nil
}

// MustKey is like ParseKey for constants.
func MustKey(s string) Key {
	k, err := ParseKey(s)
	if err != nil {
		panic("solana: " + s + " is not a public key")
	}
	return k
}

// String returns k in base58.
func (k Key) String() string { return base58.Encode(k[:]) }

// MarshalText writes base58.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads base58.
func (k *Key) UnmarshalText(text []byte) (err error) {
	*k, err = ParseKey(string(text))
	return err
}

// IsZero reports whether k is the system program's address, which stands for "none".
func (k Key) IsZero() bool { return k == Key{} }

// Compare orders keys by their bytes.
func (k Key) Compare(other Key) int { return bytes.Compare(k[:], other[:]) }

// derivationMarker ends what a program's address is hashed from (Solana: Pubkey::create_program_address).
const derivationMarker = "ProgramDerivedAddress"

// ProgramAddress derives the address that program owns for seeds, each of at most 32 bytes: the hash with the highest
// bump seed that is no point on the curve, so that nobody holds a private key for it.
func ProgramAddress(program Key, seeds ...[]byte) (Key, error) {
	var buf []byte
	for _, seed := range seeds {
		buf = append(buf, seed...)
	}
	buf = append(buf, 0)
	bump := len(buf) - 1
	buf = append(append(buf, program[:]...), derivationMarker...)
	for b := 255; b >= 0; b-- {
		buf[bump] = byte(b)
		if k := Key(sha256.Sum256(buf)); !k.onCurve() {
			return k, nil
		}
	}
	return Key{}, errors.New("no bump seed leads off the curve")
}

func (k Key) onCurve() bool {
	_, err := new(edwards25519.Point).SetBytes(k[:])
	return err == nil
}
