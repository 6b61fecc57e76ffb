package board

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"tokensync/internal/token"
)

// Format is the version of manifests and chunks that this package writes, and the only one that it reads.
const Format = 1

// Errors of bytes that are not a board. A reader that meets one keeps the board it has.
var (
	// ErrFormat is returned when a newer or older version of this package wrote the board.
	ErrFormat = errors.New("the board has another format")
	// ErrCorrupt is returned when a manifest or a chunk is damaged, or when the chunks do not fit together.
	ErrCorrupt = errors.New("the board is damaged")
)

// A Ref names a chunk. Equal content has equal refs.
type Ref struct {
	Family string // of the facts in it, by the rate at which they change
	Hash   string // of its bytes: 20 characters of base64url
	Size   int    // in bytes
}

// A Chunk is a stretch of one family's facts, compressed. Its Data must not be changed.
type Chunk struct {
	Ref
	Data []byte
}

// A Manifest names the chunks of one board. Build sets Format, Tokens and Chunks; Version, SyncedAt, Launchpads and Moved
// are for whoever publishes it.
type Manifest struct {
	Format     int
	Version    int64 // grows by one with every published board
	SyncedAt   int64 // Unix milliseconds at which the run began that published it
	Launchpads []token.LaunchpadID
	Tokens     int   // how many there are
	Chunks     []Ref // in the board's order within each family

	Epoch uint64 // of a chain of boards, each made from the one before; 0 while nobody has set it
	Floor int64  // Unix milliseconds since when Gone is complete
	Gone  []Gone // what has left the board lately, oldest first

	// Moved is SyncedAt of the first board whose changes and windows were counted from the same points: Unix milliseconds.
	// It is no part of what Encode writes.
	Moved int64

	Earned []Earned // by creators of very many tokens, which would take a reader long to sum up
}

// ForReaders returns m without what only the next run needs. A board of it is the same to whoever reads.
func (m *Manifest) ForReaders() Manifest {
	r := *m
	r.Chunks = slices.DeleteFunc(slices.Clone(m.Chunks), func(ref Ref) bool {
		of := familyOf(ref.Family)
		return of < families && plans[of].writers
	})
	r.Chunks = slices.Clip(r.Chunks)
	return r
}

// Earned is what a creator's tokens have earned for him, by quote.
type Earned struct {
	Creator string
	Quotes  []token.Money
}

// EarnedBy returns what a creator's tokens have earned, and false where the board has no sum of them.
func (m *Manifest) EarnedBy(creator string) ([]token.Money, bool) {
	i := slices.IndexFunc(m.Earned, func(e Earned) bool { return e.Creator == creator })
	if i < 0 {
		return nil, false
	}
	return m.Earned[i].Quotes, true
}

// Gone is a token that left the board.
type Gone struct {
	Mint string
	At   int64 // SyncedAt of the first board without it
}

// Bounds of Gone: a reader that was away for longer reads everything again.
const (
	maxGone  = 200
	keepGone = int64(time.Hour / time.Millisecond)
	// grace is how long before the first board of an epoch a reader may begin: another one may not have seen it yet.
	grace = int64(time.Minute / time.Millisecond)
)

// Follow makes m the manifest of the board after previous, which may be nil: in its epoch, or in a new one that seed
// names. shown are the mints of m's board. SyncedAt must be set.
func (m *Manifest) Follow(previous *Board, seed uint64, shown map[string]bool) {
	m.Epoch, m.Floor, m.Gone = seed, m.SyncedAt-grace, nil
	if previous == nil || previous.manifest.Epoch == 0 {
		return
	}
	m.Epoch, m.Floor = previous.manifest.Epoch, previous.manifest.Floor
	m.Gone = slices.Clone(previous.manifest.Gone)
	for mint := range previous.Mints() {
		if !shown[mint] {
			m.Gone = append(m.Gone, Gone{mint, m.SyncedAt})
		}
	}
	for len(m.Gone) > 0 && (len(m.Gone) > maxGone || m.Gone[0].At < m.SyncedAt-keepGone) {
		m.Floor = max(m.Floor, m.Gone[0].At)
		m.Gone = m.Gone[1:]
	}
}

// magic begins every manifest, of whatever format.
const magic = "board"

// checkBytes of SHA-256 end a manifest.
const checkBytes = 8

// Bounds of a manifest, far above what a board has.
const (
	maxTokens = 1 << 24
	maxChunks = 1 << 18
	maxPads   = 1 << 10
	maxPad    = 1 << 10 // bytes of a launchpad's ID, and of any other text
	maxEarned = 1 << 10 // creators, and quotes of each
)

// Encode returns m in some 20 bytes a chunk.
func (m *Manifest) Encode() []byte {
	b := binary.AppendUvarint([]byte(magic), uint64(m.Format))
	b = binary.BigEndian.AppendUint32(b, fingerprint)
	for _, v := range []int64{m.Version, m.SyncedAt, int64(m.Tokens)} {
		b = binary.AppendVarint(b, v)
	}
	b = binary.AppendUvarint(b, uint64(len(m.Launchpads)))
	for _, id := range m.Launchpads {
		b = append(binary.AppendUvarint(b, uint64(len(id))), id...)
	}
	b = binary.AppendUvarint(b, uint64(len(m.Chunks)))
	for chunks := m.Chunks; len(chunks) > 0; { // those of one family that follow each other
		n := slices.IndexFunc(chunks, func(ref Ref) bool { return ref.Family != chunks[0].Family })
		if n < 0 {
			n = len(chunks)
		}
		b = binary.AppendUvarint(append(b, byte(familyOf(chunks[0].Family))), uint64(n))
		for _, ref := range chunks[:n] {
			b = binary.AppendUvarint(append(b, rawHash(ref.Hash)...), uint64(ref.Size))
		}
		chunks = chunks[n:]
	}
	b = binary.AppendUvarint(b, m.Epoch)
	b = binary.AppendVarint(b, m.Floor)
	b = binary.AppendUvarint(b, uint64(len(m.Gone)))
	for _, g := range m.Gone {
		b = append(binary.AppendUvarint(b, uint64(len(g.Mint))), g.Mint...)
		b = binary.AppendVarint(b, g.At)
	}
	b = m.appendEarned(b)
	return append(b, checkSum(b)...)
}

func checkSum(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:checkBytes]
}

func (m *Manifest) appendEarned(b []byte) []byte {
	text := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	b = binary.AppendUvarint(b, uint64(len(m.Earned)))
	for _, e := range m.Earned {
		text(e.Creator)
		b = binary.AppendUvarint(b, uint64(len(e.Quotes)))
		for i := range e.Quotes {
			q := &e.Quotes[i]
			text(q.QuoteMint)
			text(q.QuoteSymbol)
			b = binary.AppendUvarint(b, uint64(q.Tokens))
			for _, n := range q.Amounts() {
				text(string(*n))
			}
		}
	}
	return b
}

// rawHash returns a hash in its hashBytes; zeros for what is not a hash, which no chunk has.
func rawHash(hash string) []byte {
	if b, err := base64.RawURLEncoding.DecodeString(hash); err == nil && len(b) == hashBytes {
		return b
	}
	return make([]byte, hashBytes)
}

func familyOf(name string) family {
	return family(slices.IndexFunc(plans[:], func(p plan) bool { return p.name == name }))
}

// ParseManifest reverses Encode. Its errors wrap ErrFormat or ErrCorrupt.
func ParseManifest(b []byte) (Manifest, error) {
	r := input{rest: b}
	if string(r.bytes(len(magic))) != magic {
		return Manifest{}, fmt.Errorf("manifest: %w: it does not begin as one", ErrCorrupt)
	}
	m := Manifest{Format: int(r.uvarint())}
	layout := r.bytes(4)
	switch {
	case r.bad:
		return Manifest{}, fmt.Errorf("manifest: %w: it ends early", ErrCorrupt)
	case m.Format != Format:
		return Manifest{}, fmt.Errorf("manifest: %w: %d, not %d", ErrFormat, m.Format, Format)
	case binary.BigEndian.Uint32(layout) != fingerprint:
		return Manifest{}, fmt.Errorf("manifest: %w: its chunks hold other fields", ErrFormat)
	case !hasCheck(b):
		return Manifest{}, fmt.Errorf("manifest: %w: its check sum is another", ErrCorrupt)
	}
	r.rest = r.rest[:len(r.rest)-min(len(r.rest), checkBytes)]
	r.manifest(&m)
	if r.bad || len(r.rest) > 0 {
		return Manifest{}, fmt.Errorf("manifest: %w: %d bytes too many", ErrCorrupt, len(r.rest))
	}
	return m, nil
}

func hasCheck(b []byte) bool {
	body := b[:len(b)-min(len(b), checkBytes)]
	return string(b[len(body):]) == string(checkSum(body))
}

func (r *input) manifest(m *Manifest) {
	m.Version, m.SyncedAt = r.varint(), r.varint()
	tokens := r.varint()
	r.bad = r.bad || tokens < 0 || tokens > maxTokens
	m.Tokens = int(tokens)
	for range r.count(maxPads) {
		m.Launchpads = append(m.Launchpads, token.LaunchpadID(r.bytes(r.count(maxPad))))
	}
	for left := r.count(maxChunks); left > 0 && !r.bad; {
		of, n := r.byte(), r.count(left)
		if r.bad = r.bad || of >= byte(families) || n == 0; r.bad {
			return
		}
		for range n {
			hash, size := r.bytes(hashBytes), r.count(maxRaw)
			m.Chunks = append(m.Chunks, Ref{plans[of].name, base64.RawURLEncoding.EncodeToString(hash), size})
		}
		left -= n
	}
	m.Epoch, m.Floor = r.uvarint(), r.varint()
	for range r.count(maxGone) {
		m.Gone = append(m.Gone, Gone{r.text(), r.varint()})
	}
	for range r.count(maxEarned) {
		m.Earned = append(m.Earned, Earned{r.text(), r.quotes()})
	}
}

func (r *input) text() string { return string(r.bytes(r.count(maxPad))) }

func (r *input) quotes() (quotes []token.Money) {
	for range r.count(maxEarned) {
		q := token.Money{QuoteMint: r.text(), QuoteSymbol: r.text(), Tokens: r.count(maxTokens)}
		for _, n := range q.Amounts() {
			*n = token.Number(r.text())
		}
		quotes = append(quotes, q)
		if r.bad {
			return nil
		}
	}
	return quotes
}
