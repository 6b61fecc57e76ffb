package dbc

import (
	"encoding/binary"
	"errors"
	"math/big"

	"tokensync/internal/solana"
	"tokensync/internal/token"
)

// Programs and their addresses.
var (
	program       = solana.MustKey("dbcij3LWUppWqq96dh6gJWwBifmcGfLSB5D4DuSMaqN")
	dammV2Program = solana.MustKey("cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG")
	metaplex      = solana.MustKey("metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s")
	splToken      = solana.MustKey("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
	token2022     = solana.MustKey("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
)

// A kind of account, by its discriminator: the first 8 bytes of sha256("account:<name>"), as Anchor has it.
type kind struct {
	discriminator [8]byte
	size          int
}

// Kinds of the DBC program's accounts. Both kinds of a pool share one layout; a config with a transfer hook has the
// fields of a plain one at the same offsets.
var (
	virtualPool      = kind{[8]byte{0xd5, 0xe0, 0x05, 0xd1, 0x62, 0x45, 0x77, 0x5c}, 424}
	transferHookPool = kind{[8]byte{0xed, 0xdb, 0xb8, 0x17, 0x2a, 0xbd, 0xa9, 0x23}, 424}
	poolConfig       = kind{[8]byte{0x1a, 0x6c, 0x0e, 0x7b, 0x74, 0xe6, 0x81, 0x2b}, 1048}
	hookConfig       = kind{[8]byte{0x28, 0xdc, 0xc2, 0xfb, 0x29, 0xc7, 0x7b, 0xfd}, 1128}
)

var (
	poolKinds   = []kind{virtualPool, transferHookPool}
	configKinds = []kind{poolConfig, hookConfig}
)

// Byte offsets in a pool (dynamic-bonding-curve: state/virtual_pool.rs, repr(C), little-endian).
const (
	poolConfigAt       = 72  // pubkey
	poolCreatorAt      = 104 // pubkey
	poolMintAt         = 136 // pubkey
	poolQuoteReserveAt = 240 // u64
	poolSqrtPriceAt    = 280 // u128, Q64.64
	poolTypeAt         = 304 // u8
	poolIsMigratedAt   = 305 // u8
	poolProgressAt     = 308 // u8, migration_progress
	poolFinishedAt     = 344 // u64: Unix seconds at which the curve was complete, 0 before
	poolSliceEnd       = 352 // what a list needs ends here; asked for from 0, for the discriminator's sake
)

// Values of pool_type and of a config's token_type.
const typeToken2022 = 1

// Values of migration_progress.
const (
	progressBonding       = 0
	progressCurveFull     = 1 // PostBondingCurve
	progressLockedVesting = 2
	progressPoolCreated   = 3
)

// Byte offsets in a config (state/config.rs).
const (
	configQuoteMintAt    = 8   // pubkey
	configFeeClaimerAt   = 40  // pubkey
	configMigrationAt    = 233 // u8: 0 DAMM v1, 1 DAMM v2
	configDecimalsAt     = 235 // u8, of the token
	configFeeOptionAt    = 243 // u8, which DAMM config a graduated pool gets
	configFixedSupplyAt  = 244 // u8
	configThresholdAt    = 264 // u64, quote base units
	configPreSupplyAt    = 344 // u64, token base units
	configPostSupplyAt   = 352 // u64
	configSliceEnd       = 360
	migrationOptionDAMM2 = 1
)

// Why an account is not what it was asked for as. All of them are skipped and counted.
var (
	errOwner         = errors.New("account of another program")
	errLength        = errors.New("account of another length")
	errDiscriminator = errors.New("account of another kind")
	errProgress      = errors.New("unknown migration_progress")
)

// check holds a to its kind: its whole size where the node tells it, its data either whole or cut at end as asked.
func (k kind) check(a *solana.Account, end int) error {
	switch {
	case !a.Owner.IsZero() && a.Owner != program:
		return errOwner
	case len(a.Data) != end && len(a.Data) != k.size, a.Space >= 0 && a.Space != int64(k.size):
		return errLength
	case [8]byte(a.Data) != k.discriminator:
		return errDiscriminator
	}
	return nil
}

// A pool is one bonding curve. It has no pointers: 100,000 of them take 16 MB and cost the garbage collector nothing.
type pool struct {
	address, config, creator, mint solana.Key
	sqrtPrice                      uint128
	quoteReserve                   uint64
	finished                       uint64 // Unix seconds, 0 before the curve is complete
	stage                          stage
	isToken2022                    bool
}

// uint128 is little-endian, as it stands in an account.
type uint128 [16]byte

func (u uint128) big() *big.Int {
	hi := new(big.Int).SetUint64(binary.LittleEndian.Uint64(u[8:]))
	lo := new(big.Int).SetUint64(binary.LittleEndian.Uint64(u[:8]))
	return hi.Lsh(hi, 64).Or(hi, lo)
}

// stage is token.Stage in a byte.
type stage uint8

const (
	bonding stage = iota
	migrating
	graduated
)

var stages = [...]token.Stage{bonding: token.Bonding, migrating: token.Migrating, graduated: token.Graduated}

// decodePool reads a pool, whole or cut at poolSliceEnd.
func decodePool(a *solana.Account, k kind) (pool, error) {
	if err := k.check(a, poolSliceEnd); err != nil {
		return pool{}, err
	}
	p := pool{
		address: a.Key, config: keyAt(a.Data, poolConfigAt), creator: keyAt(a.Data, poolCreatorAt), mint: keyAt(a.Data, poolMintAt),
		finished:     binary.LittleEndian.Uint64(a.Data[poolFinishedAt:]),
		sqrtPrice:    uint128(a.Data[poolSqrtPriceAt:]),
		quoteReserve: binary.LittleEndian.Uint64(a.Data[poolQuoteReserveAt:]),
		isToken2022:  a.Data[poolTypeAt] == typeToken2022,
	}
	var err error
	p.stage, err = stageOf(a.Data[poolProgressAt], a.Data[poolIsMigratedAt] != 0)
	return p, err
}

// decodeAnyPool is decodePool for an account that may be of any kind.
func decodeAnyPool(a *solana.Account) (p pool, err error) {
	for _, k := range poolKinds {
		if p, err = decodePool(a, k); !errors.Is(err, errDiscriminator) {
			break
		}
	}
	return p, err
}

func stageOf(progress byte, isMigrated bool) (stage, error) {
	switch {
	case progress > progressPoolCreated:
		return 0, errProgress
	case progress == progressPoolCreated || isMigrated:
		return graduated, nil
	case progress == progressCurveFull || progress == progressLockedVesting:
		return migrating, nil
	}
	return bonding, nil
}

// A config is what all of its pools share. It never changes.
type config struct {
	QuoteMint     solana.Key
	Decimals      uint8 // of the token
	ToDAMMv2      bool  // where its pools graduate to; else DAMM v1
	FeeOption     uint8
	Threshold     uint64 // of the quote reserve, at which a curve is full
	FixedSupply   bool
	SupplyBefore  uint64 // migration; token base units
	SupplyAfter   uint64
	QuoteDecimals token.Number // "" is unknown
	QuoteSymbol   string
}

// decodeConfig reads a config, whole or cut at configSliceEnd. What it says of the quote is filled in elsewhere.
func decodeConfig(a *solana.Account, k kind) (config, error) {
	if err := k.check(a, configSliceEnd); err != nil {
		return config{}, err
	}
	return config{
		QuoteMint:    keyAt(a.Data, configQuoteMintAt),
		Decimals:     a.Data[configDecimalsAt],
		ToDAMMv2:     a.Data[configMigrationAt] == migrationOptionDAMM2,
		FeeOption:    a.Data[configFeeOptionAt],
		Threshold:    binary.LittleEndian.Uint64(a.Data[configThresholdAt:]),
		FixedSupply:  a.Data[configFixedSupplyAt] == 1,
		SupplyBefore: binary.LittleEndian.Uint64(a.Data[configPreSupplyAt:]),
		SupplyAfter:  binary.LittleEndian.Uint64(a.Data[configPostSupplyAt:]),
	}, nil
}

// decodeAnyConfig is decodeConfig for an account that may be of either kind, or no config at all.
func decodeAnyConfig(a *solana.Account) (config, error) {
	c, err := decodeConfig(a, poolConfig)
	if err != nil {
		c, err = decodeConfig(a, hookConfig)
	}
	return c, err
}

func keyAt(data []byte, offset int) solana.Key { return solana.Key(data[offset:]) }
