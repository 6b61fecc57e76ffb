package dynamo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"tokensync/internal/board"
)

// pointKey returns the key of a part of a point: the second at which its run began, and the part's number.
func pointKey(k board.PartKey) string {
	return "POINT#" + strconv.FormatInt(k.At, 10) + "#" + strconv.Itoa(k.Part)
}

// pointGrace is how much longer than it is named a point is kept, for readers that are about to ask for it.
const pointGrace = time.Hour

// Points returns the points that are kept, also of a board that was lost.
func (e *Edition) Points() board.Points { return e.points }

// PutPoint stores the parts of a point, which is one of Points from then on, and of what readers see once the board is
// published.
func (e *Edition) PutPoint(ctx context.Context, p board.Point, parts [][]byte) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(chunksFlying)
	for i, data := range parts {
		group.Go(func() error {
			it := boardItem(pointKey(board.PartKey{At: p.At, Part: i}))
			it.bytes(attrData, data)
			return e.table.store(within, it, len(data), p.Grid.Life()+pointGrace)
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("storing the point of %s: %w", p.Time().Format(time.RFC3339), err)
	}
	e.points = e.points.With(p)
	return nil
}

// parts reads parts of points; those that are not there are left out.
func (b *BoardTable) parts(ctx context.Context, keys []board.PartKey) (map[board.PartKey][]byte, error) {
	found := make(map[board.PartKey][]byte, len(keys))
	for chunk := range slices.Chunk(keys, maxBatchGetKeys) {
		named := make(map[string]board.PartKey, len(chunk))
		request := types.KeysAndAttributes{ConsistentRead: aws.Bool(false)}
		for _, k := range chunk {
			named[pointKey(k)] = k
			request.Keys = append(request.Keys, boardItem(pointKey(k)))
		}
		items, err := batchGet(ctx, b.api, b.table, request)
		if err != nil {
			return found, fmt.Errorf("reading %d parts of points: %w", len(chunk), err)
		}
		for _, it := range items {
			found[named[it.getText(attrPK)]] = it.getBytes(attrData)
		}
	}
	return found, nil
}

// Samples returns what each of points has of a mint, as many as there are points; the zero value where that is nothing.
// A part that is damaged has nothing. Parts stay in memory, up to a bound, for they never change. r must be Recalling.
func (r *BoardReader) Samples(ctx context.Context, points board.Points, mint string) ([]board.Sample, error) {
	keys := make([]board.PartKey, len(points))
	for i, p := range points {
		keys[i] = board.PartKey{At: p.At, Part: p.PartOf(mint)}
	}
	data, missing := r.kept.get(keys)
	if len(missing) > 0 {
		found, err := r.table.parts(ctx, missing)
		if err != nil {
			return nil, err
		}
		r.kept.put(found)
		maps.Copy(data, found)
	}
	return board.SamplesOf(points, mint, data, r.warn), nil
}

// maxKept is how many bytes of parts a reader keeps: all of some two thousand tokens.
const maxKept = 4 << 20

// partCache keeps the parts that were read last. Its zero value is ready; it is safe for concurrent use.
type partCache struct {
	mu    sync.Mutex
	parts map[board.PartKey][]byte
	order []board.PartKey // oldest first
	size  int
}

// get returns those of keys that are there, and the others.
func (c *partCache) get(keys []board.PartKey) (found map[board.PartKey][]byte, missing []board.PartKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found = make(map[board.PartKey][]byte, len(keys))
	for _, k := range keys {
		if data, ok := c.parts[k]; ok {
			found[k] = data
		} else {
			missing = append(missing, k)
		}
	}
	return found, missing
}

func (c *partCache) put(parts map[board.PartKey][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.parts == nil {
		c.parts = map[board.PartKey][]byte{}
	}
	for k, data := range parts {
		if _, twice := c.parts[k]; twice {
			continue
		}
		c.parts[k], c.order, c.size = data, append(c.order, k), c.size+len(data)
	}
	for c.size > maxKept {
		c.size -= len(c.parts[c.order[0]])
		delete(c.parts, c.order[0])
		c.order = c.order[1:]
	}
}
