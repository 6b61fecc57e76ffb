package dynamo

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/time/rate"

	"tokensync/internal/board"
)

// Items of the board table. What never changes has its hash as key, so that it lies in no common partition, and
// expires_at: the chunks, and the lists of them. The manifest's item is small, for every run writes it: it names a list.
const (
	manifestKey  = "MANIFEST"  // no hash: those have 20 characters
	attrList     = "list"      // the hash of the list that the manifest names
	attrListHour = "list_hour" // when it was put, in Unix hours
	attrSyncedAt = "synced_at"
	attrMoved    = "moved"    // when the points of reference last did: beside the list, which stays as it is
	attrState    = "state"    // what a run leaves for the next
	attrData     = "data"     // a chunk's bytes
	attrPoints   = "points"   // those that are kept, beside the list: they outlive a lost board
	attrRolls    = "rolls"    // what they are put together in
	attrManifest = "manifest" // a list's: the manifest without version and synced_at
	attrLives    = "lives"    // when its chunks were put, so that they can be put again before they expire
)

// chunkLife is how long a chunk is kept from its put on. One that is still named is put again when less than half of it
// is left: a sync can stand still for so long before readers that start lose the board.
const chunkLife = 10 * 24 * time.Hour

// A new table takes 4,000 write units a second, of 1 KB each.
const (
	unitBytes      = 1 << 10
	unitsPerSecond = 3500
)

// BoardTable is the board table: immutable chunks, and the manifest that names those of the published board.
type BoardTable struct {
	api   API
	table string
	pace  *rate.Limiter
	warm  *board.Board // of the process's last run, whose chunks need not be read again
	list  list         // that was read last
	reads bool         // it is a reader's, who needs less
}

// NewBoardTable names the board table.
func NewBoardTable(api API, table string) *BoardTable {
	return &BoardTable{api: api, table: table, pace: rate.NewLimiter(unitsPerSecond, unitsPerSecond)}
}

// published is the manifest's item with its list.
type published struct {
	board.Manifest
	generation int64
	list       list
	listHour   int64 // when the list was put, in Unix hours
	state      []byte
	hidden     []string     // mints that the operator has hidden since
	points     board.Points // of whatever format the board is
	rolls      board.Points // likewise
	err        error        // why Manifest has nothing but Version
}

// A list is the part of manifests that quiet runs leave as it is.
type list struct {
	hash     string
	manifest board.Manifest // without Version and SyncedAt
	lives    []int64        // of its chunks: when they were put, in Unix hours
}

// manifest reads the manifest's item; the zero value when there is none.
func (b *BoardTable) manifest(ctx context.Context, consistent bool) (published, error) {
	it, err := b.get(ctx, manifestKey, consistent)
	if err != nil || len(it) == 0 {
		return published{}, err
	}
	p := published{
		generation: it.getInteger(attrGeneration), state: it.getBytes(attrState), hidden: it.getTexts(attrHidden),
		listHour: it.getInteger(attrListHour),
	}
	p.points, p.rolls = board.ParsePoints(it.getBytes(attrPoints)), board.ParsePoints(it.getBytes(attrRolls))
	switch hash := it.getText(attrList); hash {
	case "":
		p.err = fmt.Errorf("manifest: %w: it names no list", board.ErrFormat)
	case b.list.hash:
		p.list = b.list
	default:
		p.list, p.err = b.readList(ctx, hash, consistent)
	}
	if p.err != nil && !isLost(p.err) {
		return published{}, p.err
	}
	p.Manifest = p.list.manifest
	p.Moved = it.getInteger(attrMoved)
	p.Version, p.SyncedAt = it.getInteger(attrVersion), it.getInteger(attrSyncedAt) // also of a format that cannot be read
	return p, nil
}

func (b *BoardTable) get(ctx context.Context, key string, consistent bool) (item, error) {
	out, err := b.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &b.table, Key: boardItem(key), ConsistentRead: &consistent})
	if err != nil {
		return nil, fmt.Errorf("reading the board's manifest: %w", err)
	}
	return out.Item, nil
}

func (b *BoardTable) readList(ctx context.Context, hash string, consistent bool) (list, error) {
	it, err := b.get(ctx, hash, consistent)
	if err != nil {
		return list{}, err
	}
	if len(it) == 0 {
		return list{}, fmt.Errorf("%w: the list %s", ErrMissingChunk, hash)
	}
	m, err := board.ParseManifest(it.getBytes(attrManifest))
	if err != nil {
		return list{}, err
	}
	if b.reads {
		b.list = list{hash: hash, manifest: m.ForReaders()}
		return b.list, nil
	}
	b.list = list{hash, m, parseLives(it.getBytes(attrLives))}
	if len(b.list.lives) != len(m.Chunks) {
		b.list.lives = make([]int64, len(m.Chunks)) // long ago
	}
	return b.list, nil
}

// lives are encoded as their differences, each with how many there are that are the same.
func appendLives(b []byte, lives []int64) []byte {
	last := int64(0)
	for len(lives) > 0 {
		n := slices.IndexFunc(lives, func(hour int64) bool { return hour != lives[0] })
		if n < 0 {
			n = len(lives)
		}
		b = binary.AppendUvarint(binary.AppendVarint(b, lives[0]-last), uint64(n))
		last, lives = lives[0], lives[n:]
	}
	return b
}

// maxLives is far above what a list has.
const maxLives = 1 << 18

func parseLives(b []byte) (lives []int64) {
	last := int64(0)
	for len(b) > 0 {
		d, n := binary.Varint(b)
		if n <= 0 {
			return nil
		}
		count, m := binary.Uvarint(b[n:])
		if m <= 0 || count == 0 || count > uint64(maxLives-len(lives)) {
			return nil
		}
		b, last = b[n+m:], last+d
		lives = append(lives, slices.Repeat([]int64{last}, int(count))...)
	}
	return lives
}

func boardItem(key string) item { return item{attrPK: text(key)} }

// unthrottled calls write again, more slowly, while the table throttles: to the context's deadline.
func unthrottled(ctx context.Context, write func() error) error {
	for attempt := 1; ; attempt++ {
		err := write()
		if err == nil || !isThrottle(err) || pause(ctx, attempt) != nil {
			return err
		}
	}
}

// ErrMissingChunk is returned when the manifest names a chunk that is not there.
var ErrMissingChunk = errors.New("a chunk of the board is missing")

// chunksAtOnce is how many chunks are asked for together: 16 MB at most, which BatchGetItem can answer.
const chunksAtOnce = 40

// open reads the board that m describes, with the chunks that have has.
func (b *BoardTable) open(ctx context.Context, m board.Manifest, have *board.Board, consistent bool) (*board.Board, error) {
	opened, _, err := b.openWith(ctx, m, have, nil, consistent)
	return opened, err
}

// openWith is open that returns the bytes of some parts of points, too, by their keys: those that fit into the last request for
// chunks and are there.
func (b *BoardTable) openWith(
	ctx context.Context, m board.Manifest, have *board.Board, parts []board.PartKey, consistent bool,
) (*board.Board, map[string][]byte, error) {
	data, missing := map[string][]byte{}, have.Missing(&m)
	for refs := range slices.Chunk(missing, chunksAtOnce) {
		keys := make([]string, 0, len(refs)+len(parts))
		for _, ref := range refs {
			keys = append(keys, ref.Hash)
		}
		if refs[len(refs)-1] == missing[len(missing)-1] {
			for _, k := range parts[:min(len(parts), maxBatchGetKeys-len(refs))] {
				keys = append(keys, pointKey(k))
			}
		}
		if err := b.read(ctx, keys, consistent, data); err != nil {
			return nil, nil, fmt.Errorf("reading %d chunks of the board: %w", len(refs), err)
		}
	}
	opened, err := board.Open(m, have, func(ref board.Ref) ([]byte, error) {
		if data[ref.Hash] == nil {
			return nil, fmt.Errorf("%w: %s %s", ErrMissingChunk, ref.Family, ref.Hash)
		}
		return data[ref.Hash], nil
	})
	return opened, data, err
}

// read adds what the items of some keys hold to data, at most a hundred. Equal chunks of two families have one key.
func (b *BoardTable) read(ctx context.Context, keys []string, consistent bool, data map[string][]byte) error {
	request := types.KeysAndAttributes{ConsistentRead: aws.Bool(consistent)}
	for _, key := range keys {
		if _, twice := data[key]; !twice {
			data[key] = nil
			request.Keys = append(request.Keys, boardItem(key))
		}
	}
	items, err := batchGet(ctx, b.api, b.table, request)
	for _, it := range items {
		data[it.getText(attrPK)] = it.getBytes(attrData)
	}
	return err
}

// parts reads parts of points and of rolls, but for those that are in have, by their keys; those that are not there are left out. With an
// error it returns what it has.
func (b *BoardTable) parts(
	ctx context.Context, keys []board.PartKey, have map[string][]byte, consistent bool,
) (found map[board.PartKey][]byte, err error) {
	missing, data := make([]string, 0, len(keys)), make(map[string][]byte, len(keys))
	for _, k := range keys {
		if key := pointKey(k); have[key] != nil {
			data[key] = have[key]
		} else {
			missing = append(missing, key)
		}
	}
	for chunk := range slices.Chunk(missing, maxBatchGetKeys) {
		if err = b.read(ctx, chunk, consistent, data); err != nil {
			err = fmt.Errorf("reading %d parts of points: %w", len(chunk), err)
			break
		}
	}
	found = make(map[board.PartKey][]byte, len(keys))
	for _, k := range keys {
		if part := data[pointKey(k)]; part != nil {
			found[k] = part
		}
	}
	return found, err
}

// isLost reports whether err means that there is a board which nobody will ever read again with this code.
func isLost(err error) bool {
	return errors.Is(err, ErrMissingChunk) || errors.Is(err, board.ErrCorrupt) || errors.Is(err, board.ErrFormat)
}
