package dbc

import (
	"encoding/binary"

	"tokensync/internal/solana"
	"tokensync/internal/token"
)

// metadata is what is known of a launched mint beside its pool. Its texts are cleaned; "" is unknown. It is cached as JSON.
type metadata struct {
	Name     string       `json:"name,omitempty"`
	Symbol   string       `json:"symbol,omitempty"`
	URI      string       `json:"uri,omitempty"` // of the JSON that describes the token
	Decimals token.Number `json:"decimals,omitempty"`
	Supply   token.Number `json:"supply,omitempty"`  // whole tokens, as the mint said while the curve was at Stage
	Stage    stage        `json:"stage,omitempty"`   // of Supply: migration changes it
	Created  int64        `json:"created,omitempty"` // Unix seconds, of a curve whose activation point is a slot
	Misses   int          `json:"misses,omitempty"`  // how often there was no name
	Retry    int64        `json:"retry,omitempty"`   // Unix seconds from which on a name is looked for again

	token2022 bool // the name is in the mint; not cached
}

func (m *metadata) isNameless() bool { return m.Name == "" && m.Symbol == "" }

// supplyAt returns the supply, unless it was read before the curve came to a stage.
func (m *metadata) supplyAt(at stage) token.Number {
	if m.Stage != at {
		return ""
	}
	return m.Supply
}

// metadataSlice is how much of a mint or metadata account is read: name, symbol and URI lie near the beginning.
var metadataSlice = solana.Slice{Offset: 0, Length: 1024}

// Byte offsets in a Metaplex metadata account (mpl-token-metadata: state/metadata.rs).
const (
	metaplexMintAt = 33
	metaplexNameAt = 65
	metaplexKey    = 4 // MetadataV1, in the first byte
)

// readMetaplex adds the name, symbol and URI of mint. It returns false for an account that is damaged or not mint's; what
// could be read before the damage stays.
func (m *metadata) readMetaplex(a *solana.Account, mint solana.Key) bool {
	data := a.Data
	if !ownedBy(a, metaplex) || len(data) < metaplexNameAt || data[0] != metaplexKey || keyAt(data, metaplexMintAt) != mint {
		return false
	}
	return m.readNames(data[metaplexNameAt:])
}

// readNames reads name, symbol and URI, each after its length in 4 bytes. A URI that is cut off is left out: it would lead
// elsewhere.
func (m *metadata) readNames(data []byte) bool {
	name, data, ok := cutText(data)
	m.Name = token.CleanName(name)
	if !ok {
		return false
	}
	symbol, data, ok := cutText(data)
	m.Symbol = token.CleanSymbol(symbol)
	if !ok {
		return false
	}
	uri, _, ok := cutText(data)
	if ok {
		m.URI = token.CleanURI(uri)
	}
	return ok
}

// cutText reads a text and what follows it; ok is false when the data ends before the text does.
func cutText(data []byte) (text string, rest []byte, ok bool) {
	if len(data) < 4 {
		return "", nil, false
	}
	n, data := uint64(binary.LittleEndian.Uint32(data)), data[4:]
	if n > uint64(len(data)) {
		return string(data), nil, false
	}
	return string(data[:n]), data[n:], true
}

// Byte offsets in a mint (spl-token: state.rs), and what Token-2022 adds after it (extension/mod.rs): every extension
// is a type in 2 bytes, a length in 2 bytes, and its value.
const (
	mintSupplyAt     = 36 // u64
	mintDecimalsAt   = 44
	mintSize         = 82
	mintAccountType  = 165 // 1 in a mint with extensions
	mintExtensionsAt = 166
	extensionHeader  = 4
	tokenMetadata    = 19
	metadataMintAt   = 32 // in the extension's value, after the update authority
	metadataNameAt   = 64
)

// readMint adds decimals and supply, and of a Token-2022 mint the name, symbol and URI too. It returns false for an account
// that is damaged or no mint.
func (m *metadata) readMint(a *solana.Account, mint solana.Key) bool {
	data := a.Data
	if !ownedBy(a, splToken) && !ownedBy(a, token2022) || len(data) < mintSize {
		return false
	}
	m.token2022 = a.Owner == token2022
	m.Decimals = decimalText(data[mintDecimalsAt])
	m.Supply = scaled(binary.LittleEndian.Uint64(data[mintSupplyAt:]), data[mintDecimalsAt])
	if len(data) <= mintExtensionsAt || data[mintAccountType] != 1 {
		return true
	}
	return m.readExtensions(data[mintExtensionsAt:], mint)
}

func (m *metadata) readExtensions(data []byte, mint solana.Key) bool {
	for len(data) >= extensionHeader {
		kind, size := binary.LittleEndian.Uint16(data), int(binary.LittleEndian.Uint16(data[2:]))
		data = data[extensionHeader:]
		if kind == 0 {
			return true // the rest is not in use
		}
		value := data[:min(size, len(data))]
		if kind == tokenMetadata {
			return len(value) >= metadataNameAt && keyAt(value, metadataMintAt) == mint && m.readNames(value[metadataNameAt:])
		}
		data = data[len(value):]
	}
	return true
}

// ownedBy reports whether an account is program's, as far as the node tells.
func ownedBy(a *solana.Account, program solana.Key) bool {
	return a.Owner.IsZero() || a.Owner == program
}
