package ingest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// The modes of a run.
const (
	ModeFull    = "full"    // streams every pool
	ModeRefresh = "refresh" // asks for our own pools only
)

// Event describes what to sync. Its zero value means a full run.
type Event struct {
	Mode string `json:"mode"`
	// AcceptDelisting lets tokens leave the lists however many they are: an operator who knows better than the guard asks for it.
	AcceptDelisting bool `json:"accept_delisting"`
	// Seconds bound a probe, which is no run; 0 is its own bound.
	Seconds int `json:"seconds"`
}

// Times of a run without a deadline, and what is kept back of any deadline to record what happened.
const (
	defaultTime = 15 * time.Minute // Lambda's own limit
	maxReserve  = 10 * time.Second
)

// run is one sync under way.
type run struct {
	*Sync
	Log         *slog.Logger // with the run's ID
	event       Event
	record      syncrun.Record
	ids         []token.LaunchpadID
	start       time.Time
	at          int64 // Unix milliseconds: what changes with the board under way changes then
	unitsBefore int64 // that the tables had charged when the run began
	isLook      bool  // of another run's watch
	asked       bool  // a watch to give way, by a mark that is to be taken back

	names       *names          // of the last board's tokens, and of new ones
	hidden      map[string]bool // mints that the operator has hidden
	rules       *Rules          // nil when every token is the launchpad's own
	badRules    bool            // the last good ones apply
	anchors     bool            // the boards from now on are told from this one
	throttles   int64
	blocked     int                            // products whose breaker is open
	opened      int                            // and those that it opened for in this run
	invalid     bool                           // a setting kept the run from starting
	refused     bool                           // too many tokens would have left the lists
	unpublished bool                           // readers still see the last board
	stuck       int                            // tokens whose migration has been due for more than a day
	stuckMint   string                         // the first of them
	accounts    map[token.LaunchpadID]*account // of the ledger
	unmatched   []token.LaunchpadID            // they matched something before, and nothing now
	lastSync    int64                          // Unix milliseconds at which the run began that published the last board; 0 without one
	reversed    map[string]bool                // mints whose curves' counters went back
	delisted    map[string]bool                // mints of which nothing is left
	trouble     []error                        // what makes the run partial beside its products
}

// Run syncs once and returns the record, which is logged and stored too. The error is what made the run fail; a
// partial or skipped run has none. It stops working a moment before ctx's deadline, so that the record gets out.
func (s *Sync) Run(ctx context.Context, event Event) (syncrun.Record, error) {
	r := &run{
		Sync: s, event: event, start: s.now(), reversed: map[string]bool{}, delisted: map[string]bool{},
		record: syncrun.Record{
			RunID: rand.Text(), Mode: event.Mode, Launchpads: []token.LaunchpadID{}, Products: []syncrun.ProductRecord{},
			Delisting: delistingNone,
		},
	}
	r.unitsBefore = r.writeUnits()
	r.Log = s.Log.With("run_id", r.record.RunID)
	r.record.StartedAt = r.start.UTC().Truncate(time.Millisecond)
	deadline := deadlineOf(ctx)
	work, cancel := context.WithDeadline(ctx, deadline.Add(-reserve(deadline)))
	defer cancel()
	err := r.sync(work, deadline)
	return r.finish(context.WithoutCancel(ctx), deadline, err)
}

func (r *run) sync(ctx context.Context, deadline time.Time) error {
	if err := r.guard(ctx); err != nil {
		r.invalid = true
		return err
	}
	lease, err := r.acquire(ctx, deadline)
	if err != nil {
		return r.turnedAway(ctx, err)
	}
	defer r.release(context.WithoutCancel(ctx), lease)
	if err := r.loadRules(ctx); err != nil {
		return err
	}
	plan, err := r.plan(ctx, lease)
	if err != nil {
		return err
	}
	found := r.gather(ctx, plan)
	if !found.anything() {
		return nil // the record says why
	}
	leaving := r.leaving(ctx, plan, found)
	r.names = r.readNames(plan.previous, found)
	plan.nextShare = found.share
	r.openBooks(ctx, plan)
	next := publication{edition: plan.edition, previous: plan.previous, plan: plan, earners: newEarners(found.creators, plan.edition.Board())}
	isOut, err := r.publish(ctx, lease, next, r.watching(r.booking(plan, r.diff(ctx, plan, found, leaving))))
	if !isOut {
		return err
	}
	r.keepDays(ctx)
	r.noteCurves()
	r.settleFullDue(ctx, plan)
	r.goOn(ctx, lease, plan)
	r.keepDays(ctx)
	return nil
}

// guard checks what the run is asked for: no launchpad ID, no request to Meteora.
func (r *run) guard(ctx context.Context) error {
	switch r.event.Mode {
	case "", ModeFull:
		r.record.Mode = ModeFull
	case ModeRefresh:
	default:
		return fmt.Errorf("event: mode %.40q is neither %q nor %q", r.event.Mode, ModeFull, ModeRefresh)
	}
	ids, err := r.Launchpads(ctx)
	if err != nil {
		return err
	}
	r.ids, r.record.Launchpads = ids, ids
	return nil
}

// turnedAway asks the next refresh to do what a full run could not: the schedules' ticks may fall together every hour.
func (r *run) turnedAway(ctx context.Context, err error) error {
	if !errors.Is(err, syncrun.ErrLeaseHeld) || r.record.Mode != ModeFull || r.asked {
		return err
	}
	if err := r.Runs.SetFullDue(ctx, true); err != nil {
		r.Log.WarnContext(ctx, "the full scan waits for its next tick", "error", err.Error())
	}
	return err
}

const releaseTimeout = 2 * time.Second

func (r *run) release(ctx context.Context, lease Lease) {
	ctx, cancel := context.WithTimeout(ctx, releaseTimeout)
	defer cancel()
	if err := lease.Release(ctx); err != nil {
		r.Log.WarnContext(ctx, "the lease stays until it runs out", "error", err.Error())
	}
}

func deadlineOf(ctx context.Context) time.Time {
	if deadline, ok := ctx.Deadline(); ok {
		return deadline
	}
	return time.Now().Add(defaultTime)
}

// reserve returns a tenth of the time that is left, at most maxReserve.
func reserve(deadline time.Time) time.Duration {
	return min(max(0, time.Until(deadline))/10, maxReserve)
}

// within returns ctx with a deadline after a share of the time that is left.
func within(ctx context.Context, share float64) (context.Context, context.CancelFunc) {
	left := time.Until(deadlineOf(ctx))
	return context.WithTimeout(ctx, time.Duration(share*float64(left)))
}
