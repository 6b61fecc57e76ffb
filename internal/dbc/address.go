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

// dammV1Configs are the configs that DBC hands to DAMM v1, by migration_fee_option.
var dammV1Configs = [...]solana.Key{
	solana.MustKey("8f848CEy8eY6PhJ3VcemtBDzPPSD4Vq7aJczLZ3o8MmX"),
	solana.MustKey("HBxB8Lf14Yj8pqeJ8C4qDb5ryHL7xwpuykz31BLNYr7S"),
	solana.MustKey("7v5vBdUQHTNeqk1HnduiXcgbvCyVEZ612HLmYkQoAkik"),
	solana.MustKey("EkvP7d5yKxovj884d2DwmBQbrHUWRLGK6bympzrkXGja"),
	solana.MustKey("9EZYAJrcqNWNQzP2trzZesP7XKMHA1jEomHzbRsdX8R2"),
	solana.MustKey("8cdKo87jZU2R12KY1BUjjRPwyjgdNjLGqSGQyrDshhud"),
}

// graduatedAddress returns the AMM pool of a token that graduated from c; ok is false when it cannot be told.
func (c *config) graduatedAddress(mint solana.Key) (address solana.Key, ok bool) {
	option := int(c.FeeOption)
	var err error
	switch {
	case c.Migration == migratesToDAMMv2 && option < len(dammV2Configs):
		address, err = pairAddress(dammV2Program, dammV2Configs[option], mint, c.QuoteMint)
	case c.Migration == migratesToDAMMv1 && option < len(dammV1Configs):
		config := dammV1Configs[option]
		large, small := largerFirst(mint, c.QuoteMint)
		address, err = solana.ProgramAddress(dammV1Program, large[:], small[:], config[:])
	default:
		return solana.Key{}, false
	}
	return address, err == nil
}

func (c *config) graduatedText(mint solana.Key) string {
	if address, ok := c.graduatedAddress(mint); ok {
		return address.String()
	}
	return ""
}

// pairAddress returns where program keeps the pool of two mints under one of its configs.
func pairAddress(program, config, a, b solana.Key) (solana.Key, error) {
	large, small := largerFirst(a, b)
	return solana.ProgramAddress(program, []byte(poolSeed), config[:], large[:], small[:])
}

func largerFirst(a, b solana.Key) (large, small solana.Key) {
	if a.Compare(b) < 0 {
		a, b = b, a
	}
	return a, b
}

// metadataAddress returns where Metaplex keeps the name of an SPL token.
func metadataAddress(mint solana.Key) (solana.Key, error) {
	return solana.ProgramAddress(metaplex, []byte("metadata"), metaplex[:], mint[:])
}
