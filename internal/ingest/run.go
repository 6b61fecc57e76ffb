package ingest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// The modes of a run.
const (
	ModeFull    = "full"    // streams every pool
	ModeRefresh = "refresh" // asks for our own pools only
)

// Event says what to sync. Its zero value means a full run.
type Event struct {
	Mode string `json:"mode"`
}

// Times of a run without a deadline, and what is kept back of any deadline to record what happened.
const (
	defaultTime = 15 * time.Minute // Lambda's own limit
	maxReserve  = 10 * time.Second
)

// run is one sync under way.
type run struct {
	*Sync
	Log    *slog.Logger // with the run's ID
	record syncrun.Record
	ids    []token.LaunchpadID
	start  time.Time

	pools      *poolSet
	keep       map[token.Product]bool // products whose stored pools stay: they were not read to the end
	incomplete string                 // the product after which absence from the scan means nothing
	blocked    int                    // products whose breaker is open
	opened     int                    // and those that it opened for in this run
	throttles  int64
	invalid    bool // a setting kept the run from starting
	finders    map[token.Product]Finder
	listed     int            // tokens in the lists before the run
	missing    []token.Stored // of them, those that the scan did not show
	refresh    refresh        // empty in a full run
	stats      token.Stats
	err        error // the table could not be read
}

// Run syncs once and returns the record, which is logged and stored too. The error is what made the run fail; a
// partial or skipped run has none. It stops working a moment before ctx's deadline, so that the record gets out.
func (s *Sync) Run(ctx context.Context, event Event) (syncrun.Record, error) {
	r := &run{
		Sync: s, start: time.Now(), pools: newPoolSet(),
		keep: map[token.Product]bool{}, finders: map[token.Product]Finder{}, refresh: newRefresh(),
		record: syncrun.Record{
			RunID: rand.Text(), Mode: event.Mode, Launchpads: []token.LaunchpadID{}, Products: []syncrun.ProductRecord{},
			Delisting: delistingNone,
		},
	}
	r.Log = s.Log.With("run_id", r.record.RunID)
	r.record.StartedAt = r.start.UTC().Truncate(time.Millisecond)
	deadline := deadlineOf(ctx)
	work, cancel := context.WithDeadline(ctx, deadline.Add(-reserve(deadline)))
	defer cancel()
	err := r.sync(work, event, deadline)
	return r.finish(context.WithoutCancel(ctx), deadline, err)
}

func deadlineOf(ctx context.Context) time.Time {
	if deadline, ok := ctx.Deadline(); ok {
		return deadline
	}
	return time.Now().Add(defaultTime)
}

// reserve is a tenth of the time that is left, at most maxReserve.
func reserve(deadline time.Time) time.Duration {
	return min(max(0, time.Until(deadline))/10, maxReserve)
}

func (r *run) sync(ctx context.Context, event Event, deadline time.Time) error {
	if err := r.setMode(event); err != nil {
		r.invalid = true
		return err
	}
	ids, err := r.Launchpads(ctx) // the guard: no launchpad ID, no request to Meteora
	if err != nil {
		r.invalid = true
		return err
	}
	r.ids, r.record.Launchpads, r.stats.Launchpads = ids, ids, ids
	lease, err := r.Acquire(ctx, r.record.RunID, deadline)
	if err != nil {
		return r.turnedAway(ctx, err)
	}
	defer r.release(context.WithoutCancel(ctx), lease)
	if err := r.planRefresh(ctx); err != nil {
		return err
	}
	scan, cancel := context.WithDeadline(ctx, scanDeadline(ctx))
	defer cancel()
	r.scan(scan)
	if err := r.write(ctx, lease); err != nil {
		return err
	}
	r.saveWatermarks(ctx)
	return nil
}

// turnedAway asks the next refresh to do what a full run could not: the schedules' ticks may fall together every hour.
func (r *run) turnedAway(ctx context.Context, err error) error {
	if !errors.Is(err, syncrun.ErrLeaseHeld) || r.record.Mode != ModeFull {
		return err
	}
	if err := r.Runs.SetFullDue(ctx, true); err != nil {
		r.Log.Warn("the full scan waits for its next tick", "error", err.Error())
	}
	return err
}

// scanDeadline leaves a quarter of the time for writing what a slow scan has found until then.
func scanDeadline(ctx context.Context) time.Time {
	left := time.Until(deadlineOf(ctx))
	return time.Now().Add(left - left/4)
}

func (r *run) setMode(event Event) error {
	switch event.Mode {
	case "", ModeFull:
		r.record.Mode = ModeFull
	case ModeRefresh:
	default:
		return fmt.Errorf("event: mode %.40q is neither %q nor %q", event.Mode, ModeFull, ModeRefresh)
	}
	return nil
}

const releaseTimeout = 2 * time.Second

func (r *run) release(ctx context.Context, lease Lease) {
	ctx, cancel := context.WithTimeout(ctx, releaseTimeout)
	defer cancel()
	if err := lease.Release(ctx); err != nil {
		r.Log.WarnContext(ctx, "the lease stays until it runs out", "error", err.Error())
	}
}

// write sends every token whose content changed to the table.
func (r *run) write(ctx context.Context, lease Lease) error {
	result := r.Tokens.Write(ctx, r.changes(ctx), lease.Hold)
	if r.refresh.deferred > 0 {
		r.record.Delisting = fmt.Sprintf("deferred: %d", r.refresh.deferred)
	}
	r.record.WriteBatches = result.Batches
	r.record.TokensUnwritten += len(result.Unwritten)
	for _, u := range result.Unwritten { // they were counted on their way to the table
		if u.FirstSeenAt == r.start.UnixMilli() {
			r.record.TokensNew--
		} else {
			r.record.TokensUpdated--
		}
	}
	if r.err != nil {
		return r.err // the table could not be read
	}
	if result.Err != nil {
		r.record.Error = "writing tokens: " + result.Err.Error()
	}
	return nil
}

// finish settles the status, stores the record and the stats, and logs the record. A table that does not answer has to
// leave time for the log and the metrics: at the deadline Lambda ends the process.
func (r *run) finish(ctx context.Context, deadline time.Time, err error) (syncrun.Record, error) {
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(-reserve(deadline)))
	defer cancel()
	err = r.settle(err)
	r.record.DurationMS = time.Since(r.start).Milliseconds()
	r.record.PeakRSSBytes, r.record.PeakHeapBytes = r.Memory.Peak()
	if saveErr := r.Runs.SaveRun(ctx, r.record); saveErr != nil {
		r.Log.ErrorContext(ctx, "the run's record could not be stored", "error", saveErr.Error())
	}
	if r.record.Status == syncrun.Succeeded || r.record.Status == syncrun.Partial {
		if saveErr := r.Runs.SaveStats(ctx, r.stats, r.record.StartedAt); saveErr != nil {
			r.Log.ErrorContext(ctx, "the stats could not be stored", "error", saveErr.Error())
		}
	}
	r.Metrics.Emit(ctx, r.outcome())
	r.logRecord(ctx)
	return r.record, err
}

func (r *run) outcome() syncrun.Outcome {
	return syncrun.Outcome{
		Record: r.record, Throttles: r.throttles, OpenBreakers: r.blocked + r.opened, Misconfigured: r.invalid,
		RemovalsRefused: strings.HasPrefix(r.record.Delisting, delistingRefused),
	}
}

// settle works out the run's status, and the error to return with it.
func (r *run) settle(err error) error {
	ends := map[syncrun.Status]int{}
	for _, p := range r.record.Products {
		ends[p.Status]++
	}
	tried := len(r.record.Products) - ends[syncrun.Skipped]
	switch {
	case errors.Is(err, syncrun.ErrLeaseHeld):
		r.record.Status, r.record.Error = syncrun.Skipped, err.Error()
		return nil
	case err != nil:
		r.record.Status = syncrun.Failed
	case tried > 0 && ends[syncrun.Failed] == tried:
		r.record.Status = syncrun.Failed
		err = errors.New(r.trouble(syncrun.Failed))
	case tried == 0:
		r.record.Status = syncrun.Skipped
		r.record.Error = r.trouble(syncrun.Skipped)
	case ends[syncrun.Failed]+ends[syncrun.Partial]+r.blocked+r.record.TokensUnwritten > 0:
		r.record.Status = syncrun.Partial
	default:
		r.record.Status = syncrun.Succeeded
	}
	if err != nil {
		r.record.Error = err.Error()
	}
	return err
}

// trouble is the first error of a product that ended with status.
func (r *run) trouble(status syncrun.Status) string {
	for _, p := range r.record.Products {
		if p.Status == status {
			return string(p.Product) + ": " + p.Error
		}
	}
	return ""
}

// logRecord writes the record as one line; failures at ERROR, or the log format's filter hides them.
func (r *run) logRecord(ctx context.Context) {
	level := slog.LevelInfo
	switch r.record.Status {
	case syncrun.Failed:
		level = slog.LevelError
	case syncrun.Partial:
		level = slog.LevelWarn
	case syncrun.Succeeded, syncrun.Skipped:
	}
	r.Log.LogAttrs(ctx, level, "sync finished", slog.Any("record", r.record))
}
