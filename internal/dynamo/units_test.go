package dynamo

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// TestMeter counts what the engine charges, as somebody does who reads it off the wire.
func TestMeter(t *testing.T) {
	t.Parallel()
	wire, err := dynamotest.StartMeter(t.Context(), engine.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = wire.Close() })
	tables := engine.TablesFor(t)
	m := &Meter{API: dynamodb.New(engine.Client().Options(), func(o *dynamodb.Options) { o.BaseEndpoint = aws.String(wire.URL()) })}
	sync, last := NewSyncTable(m, tables.Sync), int64(0)
	for name, write := range map[string]func() error{
		"a lease":  func() error { _, err := sync.Acquire(t.Context(), "owner", time.Now().Add(time.Minute)); return err },
		"a record": func() error { return sync.SaveRun(t.Context(), syncrun.Record{RunID: "run"}) },
		"a mark":   func() error { return sync.SetFullDue(t.Context(), true) },
		"the cache": func() error {
			return NewCache(sync).Put(t.Context(), map[string]string{"a": strings.Repeat("x", 3000), "b": "y"}, 0)
		},
		"tokens": func() error {
			free := func(context.Context) error { return nil }
			return NewTokensTable(m, tables.Tokens).Write(t.Context(), slices.Values([]token.Token{{Mint: "m", Launchpad: "pad", Status: token.Listed}}), free).Err
		},
		"nothing": func() error { _, err := sync.FullDue(t.Context()); return err },
	} {
		if err := write(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, want := m.Units()-last, int64(wire.Take().Write); got != want || (want == 0) != (name == "nothing") {
			t.Errorf("%s: %d units, the engine charges %d", name, got, want)
		}
		last = m.Units()
	}
}

// TestShorten: a lease that was shortened is free when that is over, and only its holder can do it.
func TestShorten(t *testing.T) {
	t.Parallel()
	s := NewSyncTable(engine.Client(), engine.TablesFor(t).Sync)
	first, err := s.Acquire(t.Context(), "first", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Shorten(t.Context(), time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := first.Hold(t.Context()); err != nil {
		t.Errorf("nobody else has taken it: %v", err)
	}
	if _, err := s.Acquire(t.Context(), "second", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := first.Shorten(t.Context(), time.Now()); !errors.Is(err, syncrun.ErrLeaseHeld) {
		t.Errorf("another's lease: %v", err)
	}
	if _, err := s.Acquire(t.Context(), "third", time.Now().Add(time.Hour)); !errors.Is(err, syncrun.ErrLeaseHeld) {
		t.Errorf("the lease is free: %v", err)
	}
}
