package dynamo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// writers is how many batches are on their way at once.
const writers = 4

// Bounds of what a write holds in memory: tokens can be of 350 KB each.
const (
	maxHeldBytes  = 4 << 20
	maxBatchBytes = maxHeldBytes / (2 * writers)
	itemOverhead  = 600 // of an item beside its attribute token, as Go keeps it
)

// maxFailedBatches ends a write whose batches fail one after the other: the table is out of reach.
const maxFailedBatches = 3

// Write stores tokens in batches of 25, each mint at most once, until ctx ends; before every batch it asks hold
// whether it may still write. The SDK never retries unprocessed items: that is done here, with full jitter, and after
// those that have not been tried, so that items which are stuck hold up no others. A table that throttles is written to
// more slowly. What stays out is returned, and nothing that was written is taken back.
func (s *TokensTable) Write(ctx context.Context, tokens iter.Seq[token.Token], hold func(context.Context) error) syncrun.WriteResult {
	w := &writer{tokens: s, hold: hold}
	w.changed.L = &w.mu
	stop := context.AfterFunc(ctx, func() { w.giveUp(ctx.Err()) })
	defer stop()
	var workers sync.WaitGroup
	for range writers {
		workers.Go(func() { w.work(ctx) })
	}
	w.feed(tokens)
	workers.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.result
}

// A write is one token on its way.
type write struct {
	mint  string
	item  item
	size  int
	tries int       // in vain
	due   time.Time // when it may be tried again
}

// A writer hands writes from one feeder to some workers.
type writer struct {
	tokens *TokensTable
	hold   func(context.Context) error

	mu        sync.Mutex
	changed   sync.Cond
	fresh     []write   // not tried yet
	behind    []write   // tried in vain, the first that is due in front
	flying    int       // batches on their way
	held      int       // bytes of all these
	fed       bool      // no more will come
	crowded   bool      // there is no room for more
	cause     error     // why no more will be sent
	trouble   error     // of the last batch that failed
	failed    int       // batches in a row
	throttled int       // likewise
	resume    time.Time // when a table that throttles may be asked again
	result    syncrun.WriteResult
}

// feed marshals tokens a little ahead of the workers.
func (w *writer) feed(tokens iter.Seq[token.Token]) {
	var e encoder
	for t := range tokens {
		it, err := e.encode(&t)
		if err != nil {
			w.leave(write{mint: t.Mint}, err)
			continue
		}
		w.put(write{mint: t.Mint, item: it, size: itemOverhead + len(it.getBytes(attrToken))})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fed = true
	w.changed.Broadcast()
}

func (w *writer) leave(next write, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop([]write{next}, err)
}

var errStuck = errors.New("DynamoDB leaves items unprocessed")

// put waits until there is room for next. When nothing but stuck items takes the room, they are left to the next run.
func (w *writer) put(next write) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.held+next.size > maxHeldBytes && w.held > 0 && w.cause == nil {
		if len(w.fresh) > 0 || w.flying > 0 {
			w.crowded = true
			w.changed.Broadcast()
			w.changed.Wait()
			w.crowded = false
			continue
		}
		w.held -= w.behind[0].size
		w.drop(w.behind[:1], errStuck)
		w.behind = w.behind[1:]
	}
	if w.cause != nil {
		w.drop([]write{next}, w.cause)
		return
	}
	w.held += next.size
	w.fresh = append(w.fresh, next)
	w.changed.Broadcast()
}

func (w *writer) work(ctx context.Context) {
	for batch := w.next(); len(batch) > 0; batch = w.next() {
		if err := w.hold(ctx); err != nil {
			w.giveUp(err)
			w.land(batch, outcome{again: batch, err: err})
			continue
		}
		w.land(batch, w.tokens.writeBatch(ctx, batch))
	}
}

// next returns the next batch as soon as there is one, and none when everything is settled.
func (w *writer) next() []write {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		now := time.Now()
		switch {
		case w.cause != nil || w.fed && len(w.fresh)+len(w.behind)+w.flying == 0:
			w.changed.Broadcast()
			return nil
		case now.Before(w.resume):
			w.waitUntil(w.resume)
		case w.isFull():
			return w.take(&w.fresh, now)
		case len(w.behind) > 0 && !w.behind[0].due.After(now):
			return w.take(&w.behind, now)
		case len(w.behind) > 0:
			w.waitUntil(w.behind[0].due)
		default:
			w.changed.Wait()
		}
	}
}

// isFull reports whether the fresh items make a batch: a whole one, a heavy one, or all that can be had.
func (w *writer) isFull() bool {
	size := 0
	for i := range min(len(w.fresh), MaxBatchWriteItems) {
		size += w.fresh[i].size
	}
	return len(w.fresh) >= MaxBatchWriteItems || size >= maxBatchBytes || (w.fed || w.crowded) && len(w.fresh) > 0
}

// take cuts a batch of what is due off the front of from.
func (w *writer) take(from *[]write, now time.Time) []write {
	n, size := 0, 0
	for _, next := range *from {
		if n == MaxBatchWriteItems || n > 0 && size+next.size > maxBatchBytes || next.due.After(now) {
			break
		}
		n, size = n+1, size+next.size
	}
	batch := slices.Clone((*from)[:n])
	*from = slices.Delete(*from, 0, n)
	w.flying++
	return batch
}

// waitUntil waits for a change, at most until a moment.
func (w *writer) waitUntil(t time.Time) {
	timer := time.AfterFunc(time.Until(t), func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.changed.Broadcast()
	})
	defer timer.Stop()
	w.changed.Wait()
}

// land settles a batch.
func (w *writer) land(batch []write, o outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flying--
	for i := range batch {
		w.held -= batch[i].size
	}
	w.measure(len(batch)-len(o.again)-len(o.refused), o.err)
	w.drop(o.refused, o.err)
	if w.cause != nil {
		w.drop(o.again, w.cause)
	} else {
		w.putBehind(o.again, isThrottle(o.err))
	}
	w.changed.Broadcast()
}

// measure counts what was written, slows down when the table throttles, and gives up when it is out of reach.
func (w *writer) measure(written int, err error) {
	w.result.Items += written
	if written > 0 {
		w.result.Batches++
		w.failed, w.throttled = 0, 0
	}
	switch {
	case err == nil || isRefusal(err):
	case isThrottle(err):
		w.throttled++
		w.resume = time.Now().Add(backOff(w.throttled))
		w.trouble = err
	default:
		w.trouble = err
		if w.failed++; w.failed >= maxFailedBatches {
			w.end(errors.New("too many batches failed in a row"))
		}
	}
}

// putBehind keeps items for another try, all at one time, so that they stay one batch. It is not a fault of theirs when the
// table throttles.
func (w *writer) putBehind(left []write, throttled bool) {
	if len(left) == 0 {
		return
	}
	var due time.Time
	if !throttled {
		due = time.Now().Add(backOff(left[0].tries + 1))
	}
	for _, l := range left {
		l.tries++
		l.due = due
		w.held += l.size
		w.behind = append(w.behind, l)
	}
	slices.SortStableFunc(w.behind, func(a, b write) int { return a.due.Compare(b.due) })
}

// drop counts items that stay out, and why.
func (w *writer) drop(left []write, err error) {
	for _, l := range left {
		w.result.Unwritten = append(w.result.Unwritten, l.mint)
	}
	if w.result.Err == nil && len(left) > 0 {
		w.result.Err = err
	}
}

func (w *writer) giveUp(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end(err)
}

// end leaves everything that is not on its way.
func (w *writer) end(err error) {
	if w.cause != nil {
		return
	}
	w.cause = err
	switch {
	case w.trouble != nil:
		w.cause = fmt.Errorf("%w: %w", err, w.trouble)
	case len(w.behind) > 0:
		w.cause = fmt.Errorf("%w: %w", errStuck, err)
	}
	w.drop(w.fresh, w.cause)
	w.drop(w.behind, w.cause)
	w.fresh, w.behind, w.held = nil, nil, 0
	w.changed.Broadcast()
}
