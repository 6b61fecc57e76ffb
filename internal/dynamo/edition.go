package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"tokensync/internal/board"
	"tokensync/internal/syncrun"
)

// chunksFlying is how many chunks are put at once, of at most 300 KB each.
const chunksFlying = 4

// An Edition is one run's way from the board that it found to the one that it publishes.
type Edition struct {
	table    *BoardTable
	from     published
	previous *board.Board
	loss     error

	points board.Points
	rolls  board.Points
	hidden []string // that readers need not be told of any more

	puts  errgroup.Group
	lives map[board.Ref]int64 // of the chunks of the new board, in Unix hours
}

// Edit reads the published board, up to date. A run that dies before it publishes leaves nothing that a reader sees.
func (b *BoardTable) Edit(ctx context.Context) (*Edition, error) {
	from, err := b.manifest(ctx, true)
	if err != nil {
		return nil, err
	}
	e := &Edition{table: b, from: from, loss: from.err, lives: map[board.Ref]int64{}, points: from.points, rolls: from.rolls}
	e.puts.SetLimit(chunksFlying)
	if from.Version == 0 || e.loss != nil {
		return e, nil //nolint:nilerr // Loss tells it
	}
	e.previous, err = b.open(ctx, from.Manifest, b.warm, true)
	switch {
	case isLost(err):
		e.loss = err
	case err != nil:
		return nil, err
	}
	b.warm = e.previous
	return e, nil
}

// Generation returns the lease's under which the board was published that was found.
func (e *Edition) Generation() int64 { return e.from.generation }

// Board returns the board that was found, nil when there is none, or none that can be read.
func (e *Edition) Board() *board.Board { return e.previous }

// Loss returns why there is no board although one was published.
func (e *Edition) Loss() error { return e.loss }

// State returns what the run that published the board left; nil without a board.
func (e *Edition) State() []byte {
	if e.previous == nil {
		return nil
	}
	return e.from.state
}

// Put stores a chunk unless the board that was found has it already and will have it for long enough.
func (e *Edition) Put(ctx context.Context, c board.Chunk) error {
	if _, ok := e.lives[c.Ref]; ok {
		return nil
	}
	now := time.Now()
	if i := slices.Index(e.from.Chunks, c.Ref); i >= 0 && e.loss == nil {
		if hour := e.from.list.lives[i]; now.Sub(time.Unix(hour*3600, 0)) < chunkLife/2 {
			e.lives[c.Ref] = hour
			return nil
		}
	}
	e.lives[c.Ref] = now.Unix() / 3600
	it := boardItem(c.Hash)
	it.bytes(attrData, c.Data)
	e.putLater(ctx, it, len(c.Data))
	return ctx.Err()
}

// putLater stores an item of a size that never changes.
func (e *Edition) putLater(ctx context.Context, it item, size int) {
	e.puts.Go(func() error {
		if err := e.table.store(ctx, it, size, chunkLife); err != nil {
			return fmt.Errorf("storing a chunk of the board: %w", err)
		}
		return nil
	})
}

// Settle names tokens that the new board does not list because the operator has hidden them.
func (e *Edition) Settle(hidden map[string]bool) {
	e.hidden = slices.DeleteFunc(slices.Clone(e.from.hidden), func(mint string) bool { return !hidden[mint] })
}

// store puts an item of a size that is kept for some time, at the table's pace.
func (b *BoardTable) store(ctx context.Context, it item, size int, life time.Duration) error {
	it.integer(attrExpiresAt, time.Now().Add(life).Unix())
	if err := b.pace.WaitN(ctx, 1+size/unitBytes); err != nil {
		return err
	}
	return unthrottled(ctx, func() error {
		_, err := b.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &b.table, Item: it})
		return err
	})
}

// Publish makes m the board that readers see, once its chunks, which must all have been put, are stored. It sets m's
// version and Moved, and leaves state for the next run. It returns syncrun.ErrLeaseHeld when another board was published since this
// run found its own, or a run of a later generation of the lease was here.
func (e *Edition) Publish(ctx context.Context, m *board.Manifest, state []byte, generation int64) error {
	listed, hour := e.putList(ctx, m)
	if err := e.puts.Wait(); err != nil {
		return err
	}
	m.Version = e.from.Version + 1
	m.Refer(e.points, &e.from.Manifest, e.from.points)
	it := item{attrState: plain(state), attrPoints: plain(e.points.Encode()), attrRolls: plain(e.rolls.Encode())}
	it.integer(attrVersion, m.Version)
	it.integer(attrGeneration, generation)
	it.integer(attrSyncedAt, m.SyncedAt)
	it.integer(attrMoved, m.Moved)
	it.text(attrList, listed)
	it.integer(attrListHour, hour)
	request := e.request(it, generation)
	err := unthrottled(ctx, func() error {
		_, err := e.table.api.UpdateItem(ctx, request)
		return err
	})
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return e.settle(ctx, m.Version, generation)
	}
	if err != nil {
		return fmt.Errorf("publishing the board: %w", err)
	}
	return nil
}

// putList stores the list that m names, unless it is there and will be for long enough. It returns its hash, and when it was put.
func (e *Edition) putList(ctx context.Context, m *board.Manifest) (hash string, hour int64) {
	lives := make([]int64, len(m.Chunks))
	for i, ref := range m.Chunks {
		lives[i] = e.lives[ref]
	}
	it, size := listItem(m, lives)
	hash, now := it.getText(attrPK), time.Now()
	if hash == e.from.list.hash && e.loss == nil && now.Sub(time.Unix(e.from.listHour*3600, 0)) < chunkLife/2 {
		return hash, e.from.listHour
	}
	e.putLater(ctx, it, size)
	return hash, now.Unix() / 3600
}

func listItem(m *board.Manifest, lives []int64) (it item, size int) {
	bare := *m
	bare.Version, bare.SyncedAt = 0, 0
	manifest, times := bare.Encode(), appendLives(nil, lives)
	it = boardItem(board.Hash(manifest, times))
	it.bytes(attrManifest, manifest)
	it.bytes(attrLives, times)
	return it, len(manifest) + len(times)
}

// request sets the manifest's item where the board is still the one that was found, for runs up to a generation of the lease.
// It leaves alone what the operator has hidden meanwhile.
func (e *Edition) request(it item, generation int64) *dynamodb.UpdateItemInput {
	names, values, sets := map[string]string{}, item{":generation": integer(generation)}, []string{}
	for _, name := range slices.Sorted(maps.Keys(it)) {
		names["#"+name], values[":"+name] = name, it[name]
		sets = append(sets, "#"+name+" = :"+name)
	}
	expression, condition := "SET "+strings.Join(sets, ", "), "#version = :from AND #generation <= :generation"
	if len(e.hidden) > 0 {
		expression += " DELETE #hidden :hidden"
		names["#hidden"], values[":hidden"] = attrHidden, texts(e.hidden)
	}
	if values[":from"] = integer(e.from.Version); e.from.Version == 0 {
		condition, names["#pk"] = "attribute_not_exists(#pk)", attrPK
		delete(values, ":from")
	}
	return &dynamodb.UpdateItemInput{
		TableName: &e.table.table, Key: boardItem(manifestKey), UpdateExpression: &expression, ConditionExpression: &condition,
		ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	}
}

// settle looks whose the board is that is there instead: our own, when only the answer to the first attempt was lost.
func (e *Edition) settle(ctx context.Context, version, generation int64) error {
	there, err := e.table.manifest(ctx, true)
	if err != nil {
		return err
	}
	if there.Version == version && there.generation == generation {
		return nil
	}
	return fmt.Errorf("publishing the board: version %d is there: %w", there.Version, syncrun.ErrLeaseHeld)
}
