package ingest

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"tokensync/internal/syncrun"
)

// finish settles the status, stores the record, and logs it. A table that does not answer has to leave time for the log and
// the metrics: at the deadline Lambda ends the process.
func (r *run) finish(ctx context.Context, deadline time.Time, err error) (syncrun.Record, error) {
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(-reserve(deadline)))
	defer cancel()
	err = r.settle(err)
	r.record.DurationMS = time.Since(r.start).Milliseconds()
	r.record.WriteUnits = r.writeUnits() - r.unitsBefore
	r.record.PeakRSSBytes, r.record.PeakHeapBytes = r.Memory.Peak()
	if saveErr := r.Runs.SaveRun(ctx, r.record); saveErr != nil {
		r.Log.ErrorContext(ctx, "the run's record could not be stored", "error", saveErr.Error())
	}
	r.Metrics.Emit(ctx, r.outcome())
	r.logRecord(ctx)
	return r.record, err
}

func (r *run) outcome() syncrun.Outcome {
	return syncrun.Outcome{
		Record: r.record, Throttles: r.throttles, OpenBreakers: r.blocked + r.opened, Misconfigured: r.invalid,
		RemovalsRefused: r.refused, LaunchpadsEmptied: len(r.unmatched), RulesInvalid: r.badRules,
		MigrationsStuck: r.stuck, BoardUnpublished: r.unpublished,
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
		err = errors.New(r.reason(syncrun.Failed))
	case tried == 0:
		r.record.Status = syncrun.Skipped
		r.record.Error = r.reason(syncrun.Skipped)
	case ends[syncrun.Failed]+ends[syncrun.Partial]+r.blocked+r.record.TokensUnwritten+len(r.trouble) > 0:
		r.record.Status = syncrun.Partial
		if trouble := errors.Join(r.trouble...); trouble != nil {
			r.record.Error = strings.ReplaceAll(trouble.Error(), "\n", "; ")
		}
	default:
		r.record.Status = syncrun.Succeeded
	}
	if err != nil {
		r.record.Error = err.Error()
	}
	return err
}

// reason returns the first error of a product that ended with status.
func (r *run) reason(status syncrun.Status) string {
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
