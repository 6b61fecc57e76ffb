package dynamo

import (
	"errors"
	"testing"
	"time"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

func TestLease(t *testing.T) {
	t.Parallel()
	s := NewSyncTable(engine.Client(), engine.TablesFor(t).Sync)
	ctx, soon := t.Context(), time.Now().Add(time.Minute)
	first, err := s.Acquire(ctx, "first", soon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Acquire(ctx, "second", soon); !errors.Is(err, syncrun.ErrLeaseHeld) {
		t.Errorf("two hold the lease: %v", err)
	}
	if err := first.Hold(ctx); err != nil {
		t.Errorf("the holder does not hold: %v", err)
	}
	if err := first.Release(ctx); err != nil {
		t.Fatal(err)
	}
	second, err := s.Acquire(ctx, "second", soon)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Hold(ctx); !errors.Is(err, syncrun.ErrLeaseHeld) {
		t.Errorf("the former holder still holds: %v", err)
	}
	if err := first.Release(ctx); err != nil {
		t.Errorf("releasing what was lost: %v", err)
	}
	if err := second.Hold(ctx); err != nil {
		t.Errorf("the former holder released the lease of its successor: %v", err)
	}
}

// TestSameOwnerAgain: the generation tells two leases of one owner apart.
func TestSameOwnerAgain(t *testing.T) {
	t.Parallel()
	s := NewSyncTable(engine.Client(), engine.TablesFor(t).Sync)
	first, err := s.Acquire(t.Context(), "same", time.Now().Add(-time.Second)) // has run out already
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Acquire(t.Context(), "same", time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := first.Hold(t.Context()); !errors.Is(err, syncrun.ErrLeaseHeld) {
		t.Errorf("error is %v", err)
	}
}

func TestBreakersDoNotOverwriteEachOther(t *testing.T) {
	t.Parallel()
	s := NewSyncTable(engine.Client(), engine.TablesFor(t).Sync)
	ctx := t.Context()
	closed, err := s.Breaker(ctx, token.DLMM)
	if err != nil || closed != (syncrun.Breaker{Product: token.DLMM}) {
		t.Fatalf("%+v, %v", closed, err)
	}
	open := syncrun.Breaker{Product: token.DLMM, Failures: 3, CoolDown: time.Minute, RetryAt: time.UnixMilli(1791052359123)}
	if err := s.SaveBreaker(ctx, closed, open); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveBreaker(ctx, closed, syncrun.Breaker{Product: token.DLMM, Failures: 1}); err != nil {
		t.Fatal(err)
	}
	open.Version = 1
	if got, err := s.Breaker(ctx, token.DLMM); err != nil || got != open {
		t.Errorf("got %+v, want %+v, error %v", got, open, err)
	}
	if got, err := s.Breaker(ctx, token.DAMMv2); err != nil || got.Failures != 0 {
		t.Errorf("another product: %+v, %v", got, err)
	}
}
