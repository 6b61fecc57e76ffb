package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tokensync/internal/board"
)

// pointKey returns the key of a part of a point, or of a roll: the second at which the point's run began, and the part's number.
func pointKey(k board.PartKey) string {
	if k.IsRoll {
		return fmt.Sprintf("ROLL#%d#%d", k.At, k.Part)
	}
	return fmt.Sprintf("POINT#%d#%d", k.At, k.Part)
}

// pointGrace is how much longer than it is named a point is kept, for readers that are about to ask for it.
const pointGrace = time.Hour

// rollLife is how long a roll is kept: other ones replace it within hours, but syncs may stand still.
const rollLife = 32 * 24 * time.Hour

// Points returns the points that are kept, also of a board that was lost.
func (e *Edition) Points() board.Points { return e.points }

// PutPoint stores the parts of a point, which is one of Points from then on, and of what readers see once the board is
// published. It renews the rolls that charts read, too; when that fails the point is there all the same.
func (e *Edition) PutPoint(ctx context.Context, p board.Point, parts [][]byte) error {
	written := make(map[string][]byte, len(parts))
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(chunksFlying)
	for i, data := range parts {
		k := board.PartKey{At: p.At, Part: i}
		written[pointKey(k)] = data
		group.Go(func() error { return e.putPart(within, k, data, p.Grid.Life()) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("storing the point of %s: %w", p.Time().Format(time.RFC3339), err)
	}
	e.points, e.rolls = e.points.With(p), e.rolls.Until(p)
	if m, isDue := e.rolls.Merge(e.points); isDue {
		if err := e.merge(ctx, &m, written); err != nil {
			return fmt.Errorf("storing what charts read of points: %w", err)
		}
	}
	return nil
}

func (e *Edition) putPart(ctx context.Context, k board.PartKey, data []byte, life time.Duration) error {
	it := boardItem(pointKey(k))
	it.bytes(attrData, data)
	return e.table.store(ctx, it, len(data), life+pointGrace)
}

// merge makes a roll, of what this run has written and what is stored. Without it charts read more points.
func (e *Edition) merge(ctx context.Context, m *board.Merge, written map[string][]byte) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(chunksFlying)
	fetch := func(keys []board.PartKey) (map[board.PartKey][]byte, error) {
		return e.table.parts(within, keys, written, true)
	}
	roll, damage, err := m.Write(fetch, func(k board.PartKey, data []byte) error {
		group.Go(func() error { return e.putPart(within, k, data, rollLife) })
		return within.Err()
	})
	if err = errors.Join(err, group.Wait()); err != nil {
		return err
	}
	e.rolls = m.Rolls(roll)
	return damage
}

// Samples returns what each of points, which charts ask for, has of a mint, as many as there are points; the zero value where that
// is nothing. A part that is damaged has nothing. Parts stay in memory, up to a bound, for they never change. r must be
// Recalling.
func (r *BoardReader) Samples(ctx context.Context, points board.Points, mint string) ([]board.Sample, error) {
	rolls := r.seenRolls()
	data, missing := r.kept.get(rolls.PartsOf(points, mint))
	if len(missing) > 0 {
		found, err := r.table.parts(ctx, missing, nil, false)
		if err != nil {
			return nil, err
		}
		r.kept.put(found)
		maps.Copy(data, found)
	}
	return rolls.SamplesOf(points, mint, data, r.warn), nil
}

func (r *BoardReader) setRolls(rolls board.Points) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rolls = rolls
}

func (r *BoardReader) seenRolls() board.Points {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rolls
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
