package ingest

import (
	"context"
	"errors"
	"iter"
	"time"

	"tokensync/internal/syncrun"
)

// Watch is how a refresh goes on looking at what a Watcher tells, until the next tick. Its zero value never looks.
type Watch struct {
	Every time.Duration // from one look to the next
	Tick  time.Duration // from one refresh to the next
}

const (
	// lookTime is what is left before the next tick, or the deadline, for the last look and the run's end: two seconds, at most
	// a tenth of a tick.
	lookTime = 2 * time.Second
	// giveWay is how long, beside a pause between two looks, a run waits for another one's watch to end.
	giveWay = 10 * time.Second
	// leaseRetry is how often it asks meanwhile.
	leaseRetry = 500 * time.Millisecond
	// maxFailedLooks in a row end a watch.
	maxFailedLooks = 3
)

// Why a watch ends.
const (
	endedTick     = "the next tick is due"
	endedDeadline = "the deadline is near"
	endedFull     = "a full run is due"
	endedLease    = "another run holds the lease"
	endedCanceled = "the run was canceled"
	endedFailures = "three looks in a row failed"
)

// end returns when a watch must be over: at the next tick, or at the deadline.
func (w Watch) end(start, deadline time.Time) time.Time {
	if tick := start.Add(w.Tick); tick.Before(deadline) {
		return tick
	}
	return deadline
}

// next returns when the next look of a watch that must be over at end is due, after a moment and not before now. Looks lie Every
// apart, so that the last one comes as late as it can. After failures some are left out; ok is false when none is left.
func (w Watch) next(end, after, now time.Time, failures int) (at time.Time, ok bool) {
	last := end.Add(-min(lookTime, w.Tick/10))
	after = after.Add(w.Every * time.Duration(1<<failures-1))
	first := after.Add(1)
	if now.After(first) {
		first = now
	}
	left := last.Sub(first)
	if left < 0 {
		return time.Time{}, false
	}
	return first.Add(left % w.Every), true
}

// acquire takes the lease. A watch that holds it gives way to a full run, and ends at the next tick: it is waited for.
func (r *run) acquire(ctx context.Context, deadline time.Time) (Lease, error) {
	lease, err := r.Acquire(ctx, r.record.RunID, deadline)
	if r.Watch.Every == 0 || !errors.Is(err, syncrun.ErrLeaseHeld) {
		return lease, err
	}
	if r.record.Mode == ModeFull {
		markErr := r.Runs.SetFullDue(ctx, true)
		r.asked = markErr == nil
	}
	patience, cancel := context.WithTimeout(ctx, r.Watch.Every+giveWay)
	defer cancel()
	for errors.Is(err, syncrun.ErrLeaseHeld) && sleep(patience, leaseRetry) {
		lease, err = r.Acquire(ctx, r.record.RunID, deadline)
	}
	return lease, err
}

// sleep reports whether d passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// goOn publishes what comes after the run's board: faces once they are there, and what has moved since. None of it fails
// the run.
func (r *run) goOn(ctx context.Context, lease Lease, p *plan) {
	work, stop := context.WithCancel(ctx)
	defer stop()
	faces := r.askForFaces(work)
	w := r.newWatch(ctx, lease, p)
	for faces != nil || w.isOn() {
		select {
		case a := <-faces:
			faces = nil
			r.addFaces(ctx, lease, p, a)
			continue
		case <-w.due():
			w.lookOnce()
		case <-w.done():
			w.over(w.ctx.Err())
		}
		if !w.isOn() {
			stop() // the faces that are fetched by now have to do
		}
	}
}

// A watch is a refresh that goes on looking.
type watch struct {
	*run
	ctx      context.Context //nolint:containedctx // a watch lives no longer than the call that made it
	cancel   context.CancelFunc
	lease    Lease
	plan     *plan
	task     *task // whose source is watched
	end      time.Time
	atEnd    string // why it is over then
	timer    *time.Timer
	last     time.Time // of the last look
	failures int       // in a row
	found    *harvest  // that has moved and is not published
	record   *syncrun.Watch
}

// newWatch returns nil when the run does not watch: it is not a refresh, the product was not read, or no look fits in.
func (r *run) newWatch(ctx context.Context, lease Lease, p *plan) *watch {
	t, now := p.watched(), time.Now()
	end := r.Watch.end(r.start, deadlineOf(ctx))
	if r.Watch.Every <= 0 || r.event.Mode != ModeRefresh || t == nil {
		return nil
	}
	first, ok := r.Watch.next(end, now, now, 0)
	if !ok {
		return nil
	}
	w := &watch{
		run: r, lease: lease, plan: p, task: t, end: end, atEnd: endedTick, timer: time.NewTimer(time.Until(first)),
		last: now, found: r.newHarvest(nil), record: &syncrun.Watch{},
	}
	if end.Before(r.start.Add(r.Watch.Tick)) {
		w.atEnd = endedDeadline
	}
	w.ctx, w.cancel = context.WithDeadline(ctx, end)
	r.record.Watch = w.record
	// A run that dies while it watches keeps nobody waiting for longer than the tick.
	w.over(lease.Shorten(ctx, end.Add(lookTime)))
	return w
}

// watched returns the task whose source can be watched, nil when there is none, or it was not read in this run.
func (p *plan) watched() *task {
	for _, t := range p.tasks {
		_, ok := t.source.(Watcher)
		if ok && t.breaker != nil && (t.err == nil || errors.Is(t.err, syncrun.ErrIncomplete)) {
			return t
		}
	}
	return nil
}

// isOn reports whether the watch, which may be nil, is not over.
func (w *watch) isOn() bool { return w != nil && w.record.Ended == "" }

// due and done are nil, and block for ever, when the watch is over.
func (w *watch) due() <-chan time.Time {
	if !w.isOn() {
		return nil
	}
	return w.timer.C
}

func (w *watch) done() <-chan struct{} {
	if !w.isOn() {
		return nil
	}
	return w.ctx.Done()
}

// lookOnce looks, and sets the timer for the next look unless the watch is over.
func (w *watch) lookOnce() {
	w.last = time.Now()
	isDue, err := w.Runs.FullDue(w.ctx)
	if isDue {
		w.endAs(endedFull)
		return
	}
	if err == nil {
		err = w.look()
	}
	if w.over(err); !w.isOn() {
		return
	}
	if at, ok := w.Watch.next(w.end, w.last, time.Now(), w.failures); ok {
		w.timer.Reset(time.Until(at))
	} else {
		w.endAs(w.atEnd)
	}
}

// over ends the watch if err, of the last look, means that.
func (w *watch) over(err error) {
	switch {
	case err == nil:
		w.failures = 0
		return
	case errors.Is(err, syncrun.ErrLeaseHeld):
		w.endAs(endedLease)
	case errors.Is(w.ctx.Err(), context.DeadlineExceeded):
		w.endAs(w.atEnd)
	case w.ctx.Err() != nil:
		w.endAs(endedCanceled)
	default:
		w.failures++
		w.record.Failed++
		w.record.Error = err.Error()
		if w.failures == maxFailedLooks {
			w.endAs(endedFailures)
		}
	}
}

func (w *watch) endAs(why string) {
	w.record.Ended = why
	w.timer.Stop()
	w.cancel()
}

// look asks the source once and publishes what has moved, as a run within the run: what it counts is not the run's.
func (w *watch) look() error {
	w.record.Looks++
	l := *w.run
	l.record = syncrun.Record{Mode: ModeRefresh, BoardVersion: w.run.record.BoardVersion, BoardBytes: w.run.record.BoardBytes}
	l.trouble, l.isLook = nil, true
	p := &plan{mode: ModeRefresh, previous: w.plan.previous, state: w.plan.state, tasks: []*task{w.task.again()}}
	for _, t := range w.plan.searchers() {
		p.tasks = append(p.tasks, t.again())
	}
	defer w.book(&l, p, l.writeUnits())
	if err := l.mayAsk(w.ctx, p.tasks[0]); err != nil {
		return err
	}
	moved := w.task.source.(Watcher).Moved(w.ctx, w.ids, &p.tasks[0].stats)
	if err := l.collect(p, w.found, p.tasks[0], moved); err != nil {
		return err
	}
	return w.publishFound(&l, p)
}

// again returns the task of another look.
func (t *task) again() *task {
	return &task{product: t.product, source: t.source, finder: t.finder, breaker: t.breaker}
}

// publishFound publishes what looks have found since the last publication. Whose token is new, or has graduated, is asked for by
// mint as in every run.
func (w *watch) publishFound(l *run, p *plan) error {
	if w.found.pools.isEmpty() {
		return nil
	}
	isOut, err := l.publishMore(w.ctx, w.lease, w.plan, func(e Edition) iter.Seq2[change, error] {
		p.edition, p.previous, w.plan.previous = e, e.Board(), e.Board()
		l.search(w.ctx, p, w.found)
		l.names = l.readNames(p.previous, w.found)
		l.accounts = l.nextAccounts()
		return l.booking(p, l.diff(w.ctx, p, w.found, leaving{}))
	})
	if isOut {
		w.accounts = l.accounts
		w.found = w.newHarvest(nil)
	}
	return errors.Join(append(l.trouble, err)...)
}

// book adds what a look cost to the watch's record and to the run's.
func (w *watch) book(l *run, p *plan, units int64) {
	rec, total := w.record, &w.run.record
	requests, bytes := total.UpstreamRequests, total.BytesRead
	for _, t := range p.tasks {
		w.bookRequests(&t.stats)
		w.bookRequests(&t.side)
		_, credits := t.stats.RPC()
		rec.RPCCredits += credits
	}
	rec.Requests += total.UpstreamRequests - requests
	rec.BytesRead += total.BytesRead - bytes
	rec.WriteUnits += l.writeUnits() - units
	if l.record.BoardVersion != total.BoardVersion {
		rec.Published++
		rec.TokensNew += l.record.TokensNew
		rec.TokensUpdated += l.record.TokensUpdated
	}
	total.BoardVersion, total.BoardBytes = l.record.BoardVersion, l.record.BoardBytes
	total.PointBytes += l.record.PointBytes
	total.WriteBatches += l.record.WriteBatches
	total.ItemsWritten += l.record.ItemsWritten
	total.TokensUnwritten += l.record.TokensUnwritten
}

// writeUnits returns those that the tables have charged so far, as far as somebody counts them.
func (r *run) writeUnits() int64 {
	if r.WriteUnits == nil {
		return 0
	}
	return r.WriteUnits()
}
