package dbc

import (
	"tokensync/internal/solana"
)

// poolSeed begins the seeds of a pool's address, in DBC and in DAMM v2 alike.
const poolSeed = "pool"

// dammV2Configs are the configs that DBC hands to DAMM v2, by migration_fee_option.
var dammV2Configs = [...]solana.Key{
	solana.MustKey("7F6dnUcRuyM2TwR8myT1dYypFXpPSxqwKNSFNkxyNESd"),
	solana.MustKey("2nHK1kju6XjphBLbNxpM5XRGFj7p9U8vvNzyZiha1z6k"),
	solana.MustKey("Hv8Lmzmnju6m7kcokVKvwqz7QPmdX9XfKjJsXz8RXcjp"),
	solana.MustKey("2c4cYd4reUYVRAB9kUUkrq55VPyy2FNQ3FDL4o12JXmq"),
	solana.MustKey("AkmQWebAwFvWk55wBoCr5D62C6VVDTzi84NJuD9H7cFD"),
	solana.MustKey("DbCRBj8McvPYHJG1ukj8RE15h2dCNUdTAESG49XpQ44u"),
	solana.MustKey("A8gMrEPJkacWkcb3DGwtJwTe16HktSEfvwtuDh2MCtck"),
}

// graduatedAddress is the DAMM v2 pool of a token that graduated from c; ok is false when it went elsewhere.
func (c *config) graduatedAddress(mint solana.Key) (address solana.Key, ok bool) {
	if c == nil || !c.ToDAMMv2 || int(c.FeeOption) >= len(dammV2Configs) {
		return solana.Key{}, false
	}
	address, err := pairAddress(dammV2Program, dammV2Configs[c.FeeOption], mint, c.QuoteMint)
	return address, err == nil
}

// pairAddress is where program keeps the pool of two mints under one of its configs.
func pairAddress(program, config, a, b solana.Key) (solana.Key, error) {
	if a.Compare(b) < 0 {
		a, b = b, a
	}
	return solana.ProgramAddress(program, []byte(poolSeed), config[:], a[:], b[:])
}

// metadataAddress is where Metaplex keeps the name of an SPL token.
func metadataAddress(mint solana.Key) (solana.Key, error) {
	return solana.ProgramAddress(metaplex, []byte("metadata"), metaplex[:], mint[:])
}
