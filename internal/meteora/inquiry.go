package meteora

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// An inquiry asks for the pools that have one of many values in a field, in the form that the server was seen to take.
// Where an answer raises doubts about the form, it is found out anew, and what was asked in it is asked again.
type inquiry struct {
	client *Client
	field  string
	stats  *syncrun.Counts
	retry  *upstream.Retrier
	orient func(x, y token.Asset) (base, quote token.Asset)
	count  func(asked, found int) // books values that are settled

	mu    sync.Mutex
	todo  []string // in the order in which they are to be asked for
	form  form
	sure  bool // the form was seen to work, today
	tried bool // it was tried in this inquiry, or a moment ago
	late  bool // there is no time for the rest
}

func (c *Client) newInquiry(ctx context.Context, field string, values []string, stats *syncrun.Counts) *inquiry {
	forms := c.forms(field)
	known := c.dialects.of(ctx, field, forms)
	q := &inquiry{
		client: c, field: field, stats: stats, retry: upstream.NewRetrier(c.retry), orient: c.quotes.Orient,
		count: func(int, int) {}, todo: values, form: known.form, sure: known.form != "",
		tried: time.Since(known.checked) < dialectDoubt,
	}
	if known.form == "" {
		q.form = forms[0]
	}
	return q
}

func (q *inquiry) newAsker() *asker {
	a := q.client.newAsker(q.retry, q.stats)
	a.decoder.orient = q.orient
	return a
}

// run hands the pools to yield until all values are settled, there is no time left, or yield returns false. As long as the
// form is not sure it asks one question at a time, then several.
func (q *inquiry) run(ctx context.Context, yield func(token.Pool) bool) error {
	defer q.note()
	a := q.newAsker()
	for !q.isSettled() {
		pools, more, err := q.next(ctx, a)
		if err != nil || !more {
			return err
		}
		for _, p := range pools {
			if !yield(p) {
				return nil
			}
		}
	}
	return q.sideBySide(ctx, yield)
}

func (q *inquiry) isSettled() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.sure || q.tried
}

// A reply has the pools of one question, or why there are none.
type reply struct {
	pools []token.Pool
	err   error
}

func (q *inquiry) sideBySide(ctx context.Context, yield func(token.Pool) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	replies := q.work(ctx)
	defer func() {
		cancel()
		for range replies { // until the workers are gone
		}
	}()
	for r := range replies {
		if r.err != nil {
			return r.err
		}
		for _, p := range r.pools {
			if !yield(p) {
				return nil
			}
		}
	}
	return nil
}

func (q *inquiry) work(ctx context.Context) <-chan reply {
	replies := make(chan reply)
	var workers sync.WaitGroup
	for range q.workers() {
		workers.Go(func() {
			a := q.newAsker()
			for more := true; more; {
				var r reply
				if r.pools, more, r.err = q.next(ctx, a); r.err == nil && len(r.pools) == 0 {
					continue
				}
				select {
				case replies <- r:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	go func() { workers.Wait(); close(replies) }()
	return replies
}

// workers returns how many questions are asked at once.
func (q *inquiry) workers() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return min(inFlight, (len(q.todo)+q.form.most()-1)/q.form.most())
}

// next asks for the next values; more is false when there are none left, or no time for them.
func (q *inquiry) next(ctx context.Context, a *asker) (pools []token.Pool, more bool, err error) {
	f, values := q.take()
	if len(values) == 0 {
		return nil, false, nil
	}
	pools, err = q.ask(ctx, a, f, values)
	if f.most() == 1 && (errors.Is(err, upstream.ErrNoTime) || errors.Is(ctx.Err(), context.DeadlineExceeded)) {
		q.giveBack(values)
		q.mu.Lock()
		defer q.mu.Unlock()
		q.late = true
		return nil, false, nil
	}
	return pools, err == nil, err
}

func (q *inquiry) take() (f form, values []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.late {
		return q.form, nil
	}
	n := min(len(q.todo), q.form.most())
	values, q.todo = q.todo[:n:n], q.todo[n:]
	return q.form, values
}

func (q *inquiry) giveBack(values []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.todo = append(slices.Clone(values), q.todo...)
}

// ask settles values, or gives them back when their form turned out not to work.
func (q *inquiry) ask(ctx context.Context, a *asker, f form, values []string) ([]token.Pool, error) {
	got, err := a.ask(ctx, f, q.field, values)
	if err != nil {
		return q.askAfter(ctx, a, f, values, err)
	}
	missing := got.lacks(q.field, values)
	if q.isSound(f, len(values), len(missing)) {
		if f.most() > 1 && len(values)-len(missing) > 1 {
			q.trust(ctx, f)
		}
		if got.complete {
			return q.settle(got.pools, values, missing), nil
		}
	} else if changed, err := q.doubt(ctx, a, f); err != nil || changed {
		q.giveBack(values)
		return nil, err
	}
	return q.askOn(ctx, a, f, values, missing, got)
}

// isSound reports whether an answer speaks for its form: it lacks few of the pools asked for. Of mints many have no pools.
func (q *inquiry) isSound(f form, asked, missing int) bool {
	const few = 10 // in a hundred
	found := asked - missing
	switch {
	case q.field == poolAddress:
		return found > 0 && missing*100 <= asked*few
	case f.most() == 1:
		return true
	}
	return found > 1
}

// settle books values that an answer decides.
func (q *inquiry) settle(pools []token.Pool, values, missing []string) []token.Pool {
	q.count(len(values), len(values)-len(missing))
	return pools
}

// askAfter goes on after a question that the server did not take: in another form, or in halves.
func (q *inquiry) askAfter(ctx context.Context, a *asker, f form, values []string, err error) ([]token.Pool, error) {
	status, ok := errors.AsType[*StatusError](err)
	tooLong := ok && (status.Code == http.StatusRequestURITooLong || status.Code == http.StatusBadRequest)
	if !tooLong && !errors.Is(err, ErrParameters) {
		return nil, err
	}
	if !ok || status.Code != http.StatusRequestURITooLong {
		changed, doubtErr := q.doubt(ctx, a, f)
		if changed || doubtErr != nil {
			q.giveBack(values)
			return nil, doubtErr
		}
	}
	if !tooLong || len(values) == 1 {
		return nil, err
	}
	return q.halves(ctx, a, f, values)
}

// askOn goes on after an answer that leaves something open, in a form that works. What is asked for by address and was
// returned is settled; if one of the others is alive, or may be, they are asked for in halves.
func (q *inquiry) askOn(ctx context.Context, a *asker, f form, values, missing []string, got answer) ([]token.Pool, error) {
	switch {
	case got.complete && (q.field != poolAddress || len(values) == 1 || len(missing) == 0):
		return q.settle(got.pools, values, missing), nil
	case got.complete:
		if lives, err := a.lives(ctx, missing[len(missing)/2]); err != nil || !lives {
			return q.settle(got.pools, values, missing), err
		}
	case len(values) == 1:
		q.stats.Note("an answer was not complete by its own word: what it lacks is undecided")
		return q.settle(got.pools, values, missing), nil
	}
	if q.field != poolAddress {
		return q.halves(ctx, a, f, values)
	}
	found := len(values) - len(missing)
	q.count(found, found)
	rest, err := q.halves(ctx, a, f, missing)
	return append(got.pools, rest...), err
}

func (q *inquiry) halves(ctx context.Context, a *asker, f form, values []string) ([]token.Pool, error) {
	half := (len(values) + 1) / 2
	var pools []token.Pool
	for _, part := range [][]string{values[:half], values[half:]} {
		if len(part) == 0 {
			continue
		}
		more, err := q.ask(ctx, a, f, part)
		if err != nil {
			return pools, err
		}
		pools = append(pools, more...)
	}
	return pools, nil
}

// lives reports whether a pool comes back when nothing else is asked for.
func (a *asker) lives(ctx context.Context, address string) (bool, error) {
	for _, f := range a.client.witnesses() {
		got, err := a.ask(ctx, f, poolAddress, []string{address})
		if err == nil && len(got.pools) > 0 {
			return true, nil
		}
		if err != nil && !isFinal(err) && !errors.Is(err, ErrParameters) {
			return false, err
		}
	}
	return false, nil
}

// trust keeps that a form works.
func (q *inquiry) trust(ctx context.Context, f form) {
	q.mu.Lock()
	isNews := !q.sure && q.form == f
	q.sure = q.sure || isNews
	q.mu.Unlock()
	if isNews {
		q.client.dialects.learn(ctx, q.field, f, time.Time{})
	}
}

// doubt finds out anew, once, which form works, and reports whether that is another than f. Others wait for it meanwhile.
func (q *inquiry) doubt(ctx context.Context, a *asker, f form) (changed bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.tried || q.form != f {
		return q.form != f, nil
	}
	works, err := a.tryForms(ctx, q.field)
	if err != nil {
		return false, err
	}
	q.tried = true
	if works == "" {
		return false, nil
	}
	q.client.dialects.learn(ctx, q.field, works, time.Now())
	q.form, q.sure = works, true
	return works != f, nil
}

// note records how the server was asked.
func (q *inquiry) note() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.sure {
		q.stats.Note(fmt.Sprintf("pools were asked for by %s as %s", q.field, q.form))
	}
	if q.late {
		q.stats.Note(fmt.Sprintf("time ran out: %d pools were not asked for by %s, each takes a request of its own", len(q.todo), q.field))
	}
}
