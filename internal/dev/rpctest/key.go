package rpctest

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"filippo.io/edwards25519"
	"github.com/mr-tron/base58"
)

// key is a public key or a program's address. The fake derives addresses by itself, so that a fault of the product's
// derivation shows.
type key = [32]byte

func spell(k key) string { return base58.Encode(k[:]) }

// parseKey reads base58; anything else is the zero key.
func parseKey(s string) key {
	b, err := base58.Decode(s)
	if err != nil || len(b) != len(key{}) {
		return key{}
	}
	return key(b)
}

// mustKey is like parseKey for what has to be a key.
func mustKey(s string) key {
	k := parseKey(s)
	if spell(k) != s {
		panic("rpctest: " + s + " is not a public key")
	}
	return k
}

// derived returns the address that program owns for seeds: the hash, with the highest bump seed, that is off the curve.
func derived(program key, seeds ...[]byte) key {
	for bump := 255; bump >= 0; bump-- {
		h := sha256.New()
		for _, seed := range seeds {
			h.Write(seed)
		}
		h.Write([]byte{byte(bump)})
		h.Write(program[:])
		h.Write([]byte("ProgramDerivedAddress"))
		k := key(h.Sum(nil))
		if _, err := new(edwards25519.Point).SetBytes(k[:]); err != nil {
			return k
		}
	}
	panic("no bump seed leads off the curve") // one in 2^256
}

// ordered returns the larger key first, as the seeds of pools have them.
func ordered(a, b key) (larger, smaller key) {
	if slices.Compare(a[:], b[:]) < 0 {
		return b, a
	}
	return a, b
}

// pair returns the pool of two mints under a config of DBC or DAMM v2.
func pair(program, config, a, b key) key {
	larger, smaller := ordered(a, b)
	return derived(program, []byte("pool"), config[:], larger[:], smaller[:])
}

// pairV1 returns the pool of two mints under a config of DAMM v1.
func pairV1(config, a, b key) key {
	larger, smaller := ordered(a, b)
	return derived(dammV1Program, larger[:], smaller[:], config[:])
}

// hashed returns a made-up key: the i-th of its sort.
func hashed(what string, i int) key {
	return sha256.Sum256(binary.LittleEndian.AppendUint64([]byte("rpctest/"+what+"/"), uint64(i)))
}

func word(what string, i int) uint64 {
	k := hashed(what, i)
	return binary.LittleEndian.Uint64(k[:])
}

// A sort of made-up key that tells its index, so that nothing has to be remembered for it.
type madeUp string

const (
	strangerPool   madeUp = "stranger's pool"
	strangerConfig madeUp = "stranger's config"
	strangerMint   madeUp = "stranger's mint"
	cheapPool      madeUp = "pool"
	baseVault      madeUp = "base vault"
	quoteVault     madeUp = "quote vault"
)

// key returns the i-th of the sort: sixteen bytes of a hash, the index, eight bytes of a hash.
func (m madeUp) key(i int) key {
	k := sha256.Sum256([]byte("rpctest/" + string(m)))
	binary.LittleEndian.PutUint64(k[16:], uint64(i))
	binary.LittleEndian.PutUint64(k[24:], uint64(i)*0x9e3779b97f4a7c15)
	return k
}

// index reverses key.
func (m madeUp) index(k key) (i int, ok bool) {
	i = int(binary.LittleEndian.Uint64(k[16:]))
	return i, i >= 0 && m.key(i) == k
}

func isStranger(k key) bool {
	for _, m := range []madeUp{strangerPool, strangerConfig, strangerMint} {
		if _, ok := m.index(k); ok {
			return true
		}
	}
	return false
}
