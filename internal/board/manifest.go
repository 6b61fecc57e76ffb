package board

import (
	"errors"

	"tokensync/internal/token"
)

// Format is the version of manifests and chunks that this package writes, and the only one that it reads.
const Format = 1

// Errors of bytes that are no board. A reader that meets one keeps the board it has.
var (
	// ErrFormat means that a newer or older version of this package wrote the board.
	ErrFormat = errors.New("the board has another format")
	// ErrCorrupt means that a manifest or a chunk is damaged, or that the chunks do not fit together.
	ErrCorrupt = errors.New("the board is damaged")
)

// A Ref names a chunk. Equal content has equal refs.
type Ref struct {
	Family string // of the facts in it, by the rate at which they change
	Hash   string // of its bytes: 22 characters of base64url
	Size   int    // in bytes
}

// A Chunk is a stretch of one family's facts, compressed. Its Data must not be changed.
type Chunk struct {
	Ref
	Data []byte
}

// A Manifest names the chunks of one board. Build sets Format, Tokens and Chunks; Version, SyncedAt and Launchpads are
// for whoever publishes it.
type Manifest struct {
	Format     int
	Version    int64 // grows by one with every published board
	SyncedAt   int64 // Unix milliseconds at which the run began that published it
	Launchpads []token.LaunchpadID
	Tokens     int   // how many there are
	Chunks     []Ref // in the board's order within each family
}

// Encode returns m in about 30 bytes a chunk.
func (m *Manifest) Encode() []byte { panic("TODO") }

// ParseManifest is the reverse of Encode. Its errors wrap ErrFormat or ErrCorrupt.
func ParseManifest(b []byte) (Manifest, error) { panic("TODO") }
