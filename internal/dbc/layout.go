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
	dammV1Program = solana.MustKey("Eo7WjKq67rjJQSZxS6z3YkapzY3eMj6Xy8X5EQVn5UaB")
	metaplex      = solana.MustKey("metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s")
	splToken      = solana.MustKey(token.SPLToken)
	token2022     = solana.MustKey(token.Token2022)
)

// A kind of account, by its discriminator: the first 8 bytes of sha256("account:<name>"), as Anchor has it. The program
// may add fields after those of today, so that size is the least that an account of the kind has.
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
	poolConfigAt           = 72  // pubkey
	poolCreatorAt          = 104 // pubkey
	poolMintAt             = 136 // pubkey
	poolVaultAt            = 168 // pubkey, base_vault
	poolQuoteReserveAt     = 240 // u64
	poolProtocolBaseAt     = 248 // u64, unclaimed
	poolPartnerFeesAt      = 264 // 2 × u64, base and quote, unclaimed
	poolSqrtPriceAt        = 280 // u128, Q64.64
	poolActivationAt       = 296 // u64: the clock when the pool was created, in slots or in Unix seconds
	poolTypeAt             = 304 // u8
	poolIsMigratedAt       = 305 // u8
	poolPartnerSurplusAt   = 306 // u8: taken
	poolProgressAt         = 308 // u8, migration_progress
	poolLeftoverTakenAt    = 309 // u8
	poolCreatorSurplusAt   = 310 // u8: taken
	poolMigrationFeeAt     = 311 // u8, a bit for each side that has taken its part
	poolTotalFeesAt        = 328 // 2 × u64, base and quote: partner's and creator's in the pool's lifetime
	poolFinishedAt         = 344 // u64: Unix seconds at which the curve was complete, 0 before
	poolCreatorFeesAt      = 352 // 2 × u64, base and quote, unclaimed
	poolCreationFeeAt      = 369 // u8, a bit for each side that has taken its part
	poolMigrationBaseFeeAt = 384 // u64: the protocol's part of the migrated liquidity
	poolSliceEnd           = 400 // all of these lie before it; asked for from 0, for the discriminator's sake
)

// Bits of what has been taken out of a pool.
const (
	migrationTakenByCreator = 0b010
	migrationTakenByPartner = 0b100
	creationTakenByPartner  = 0b10
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
	configCliffFeeAt     = 104 // u64, the fee rate × 1e9 at first
	configReductionAt    = 120 // u64, by which a fee scheduler lowers the rate each time
	configPeriodsAt      = 128 // u16, how often it does
	configBaseFeeModeAt  = 130 // u8: 0 linear scheduler, 1 exponential scheduler, 2 rate limiter
	configDynamicFeeAt   = 136 // u8: 1 when the rate follows volatility
	configCollectAt      = 232 // u8: 0 fees in the quote, 1 in what a swap puts out
	configMigrationAt    = 233 // u8: 0 DAMM v1, 1 DAMM v2
	configActivationAt   = 234 // u8: 0 slots, 1 Unix seconds
	configDecimalsAt     = 235 // u8, of the token
	configFeeOptionAt    = 243 // u8, which DAMM config a graduated pool gets
	configFixedSupplyAt  = 244 // u8
	configCreatorPctAt   = 245 // u8, the creator's part of trading fees and surplus
	configAuthorityAt    = 246 // u8, token_update_authority
	configMigrationPctAt = 247 // u8, of the threshold
	configCreatorMigPct  = 248 // u8, the creator's part of the migration fee
	configThresholdAt    = 264 // u64, quote base units
	configPreSupplyAt    = 344 // u64, token base units
	configCreationFeeAt  = 368 // u64, lamports
	configSliceEnd       = 376
)

// Values of migration_option, activation_type and collect_fee_mode.
const (
	migratesToDAMMv1 = 0
	migratesToDAMMv2 = 1
	activationBySlot = 0
	activationByTime = 1
	collectsQuote    = 0
	collectsOutput   = 1
)

// Values of token_update_authority from keepsMintAuthority to lastAuthority keep the mint authority, for the creator or the
// partner; those below revoke it when the pool is made. Others are unknown.
const (
	keepsMintAuthority = 3
	lastAuthority      = 4
)

// Why an account is not what it was asked for as. All of them are skipped and counted.
var (
	errOwner         = errors.New("account of another program")
	errLength        = errors.New("account of another length")
	errDiscriminator = errors.New("account of another kind")
	errProgress      = errors.New("unknown migration_progress")
)

// check holds a to its kind: its whole size where the node tells it, and data up to end.
func (k kind) check(a *solana.Account, end int) error {
	switch {
	case !a.Owner.IsZero() && a.Owner != program:
		return errOwner
	case len(a.Data) < end, a.Space >= 0 && a.Space < int64(k.size):
		return errLength
	case [8]byte(a.Data) != k.discriminator:
		return errDiscriminator
	}
	return nil
}

// A pool is one bonding curve. It has no pointers: 100,000 of them take 24 MB and cost the garbage collector nothing.
type pool struct {
	address, config, creator, mint solana.Key
	sqrtPrice                      uint128
	quoteReserve                   uint64
	activation                     uint64 // slot or Unix seconds, as its config has it
	finished                       uint64 // Unix seconds, 0 before the curve is complete
	total, partner, creatorFees    fees   // lifetime of both sides; unclaimed of each
	stage                          stage
	isToken2022                    bool
	partnerSurplusTaken            bool
	creatorSurplusTaken            bool
	migrationFeeTaken              byte // bits
	creationFeeTaken               byte // bits
}

// fees are in base units.
type fees struct{ base, quote uint64 }

func feesAt(data []byte, offset int) fees { return fees{u64At(data, offset), u64At(data, offset+8)} }

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
	data := a.Data
	p := pool{
		address: a.Key, config: keyAt(data, poolConfigAt), creator: keyAt(data, poolCreatorAt), mint: keyAt(data, poolMintAt),
		sqrtPrice:    uint128(data[poolSqrtPriceAt:]),
		quoteReserve: u64At(data, poolQuoteReserveAt),
		activation:   u64At(data, poolActivationAt), finished: u64At(data, poolFinishedAt),
		total: feesAt(data, poolTotalFeesAt), partner: feesAt(data, poolPartnerFeesAt), creatorFees: feesAt(data, poolCreatorFeesAt),
		isToken2022:         data[poolTypeAt] == typeToken2022,
		partnerSurplusTaken: data[poolPartnerSurplusAt] != 0, creatorSurplusTaken: data[poolCreatorSurplusAt] != 0,
		migrationFeeTaken: data[poolMigrationFeeAt], creationFeeTaken: data[poolCreationFeeAt],
	}
	var err error
	p.stage, err = stageOf(data[poolProgressAt], data[poolIsMigratedAt] != 0)
	return p, err
}

// decodeAnyPool is like decodePool for an account that may be of any kind.
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

// A config is what all of its pools share. It never changes. It is kept as JSON; many are alike, and share one in memory.
type config struct {
	QuoteMint           solana.Key
	Decimals            uint8  // of the token
	Migration           uint8  // where its pools graduate to
	FeeOption           uint8  // which config their AMM pool gets
	Threshold           uint64 // of the quote reserve, at which a curve is complete
	FixedSupply         bool
	SupplyBefore        uint64 // migration; token base units
	Activation          uint8  // what an activation point counts
	Authority           uint8  // token_update_authority
	FeeRate             uint64 // × 1e9
	FeeVaries           bool   // FeeRate is where the rate starts
	Collect             uint8  // what fees are taken in
	CreatorPct          uint8
	MigrationPct        uint8
	CreatorMigrationPct uint8
	CreationFee         uint64 // lamports
}

// decodeConfig reads a config, whole or cut at configSliceEnd.
func decodeConfig(a *solana.Account, k kind) (config, error) {
	if err := k.check(a, configSliceEnd); err != nil {
		return config{}, err
	}
	data := a.Data
	return config{
		QuoteMint: keyAt(data, configQuoteMintAt), Decimals: data[configDecimalsAt],
		Migration: data[configMigrationAt], FeeOption: data[configFeeOptionAt],
		Threshold:   u64At(data, configThresholdAt),
		FixedSupply: data[configFixedSupplyAt] == 1, SupplyBefore: u64At(data, configPreSupplyAt),
		Activation: data[configActivationAt], Authority: data[configAuthorityAt],
		FeeRate: u64At(data, configCliffFeeAt), FeeVaries: feeVaries(data), Collect: data[configCollectAt],
		CreatorPct: data[configCreatorPctAt], MigrationPct: data[configMigrationPctAt],
		CreatorMigrationPct: data[configCreatorMigPct], CreationFee: u64At(data, configCreationFeeAt),
	}, nil
}

// feeVaries reports whether the fee rate of a config's pools may differ from the cliff fee.
func feeVaries(data []byte) bool {
	scheduled := u64At(data, configReductionAt) > 0 && binary.LittleEndian.Uint16(data[configPeriodsAt:]) > 0
	return scheduled || data[configBaseFeeModeAt] != 0 || data[configDynamicFeeAt] != 0
}

// decodeAnyConfig is like decodeConfig for an account that may be of either kind, or no config at all.
func decodeAnyConfig(a *solana.Account) (config, error) {
	c, err := decodeConfig(a, poolConfig)
	if err != nil {
		c, err = decodeConfig(a, hookConfig)
	}
	return c, err
}

func keyAt(data []byte, offset int) solana.Key { return solana.Key(data[offset:]) }

func u64At(data []byte, offset int) uint64 { return binary.LittleEndian.Uint64(data[offset:]) }
