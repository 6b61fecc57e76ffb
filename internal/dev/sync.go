package dev

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"tokensync/internal/dev/runtimeapi"
	"tokensync/internal/syncrun"
)

// The events of a sync, as the schedules send them.
const (
	FullSync = "sync-full.json"
	Refresh  = "sync-refresh.json"
)

const (
	// SyncFunction is the sync's name.
	SyncFunction = "sync-tokens"
	// recordWait is how much later than its error the log line of a failed run may come.
	recordWait = 2 * time.Second
)

// Run is one sync with its record.
type Run struct {
	// Line is the record as the function wrote it, on one line.
	Line   []byte
	Record syncrun.Record
	Result runtimeapi.Result
}

// Sync runs a sync with a file of events/. A failed run that left its record is not an error.
func (s *Stack) Sync(ctx context.Context, name string) (Run, error) {
	event, err := os.ReadFile(s.root.Event(name))
	if err != nil {
		return Run{}, fmt.Errorf("read the sync's event: %w", err)
	}
	s.records.reset()
	result, err := s.Invoke(ctx, SyncFunction, event)
	if err != nil {
		return Run{}, err
	}
	run := Run{Result: result}
	line := result.Payload
	if result.Error != nil {
		if line = s.records.wait(ctx, recordWait); line == nil {
			return run, fmt.Errorf("the sync left no record: %w", result.Error)
		}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, line); err != nil {
		return run, fmt.Errorf("read the sync's record: %w", err)
	}
	run.Line = compact.Bytes()
	if err := json.Unmarshal(run.Line, &run.Record); err != nil || run.Record.Status == "" {
		return run, fmt.Errorf("read the sync's record %s: %w", run.Line, cmp.Or(err, errors.New("it has no status")))
	}
	return run, nil
}

// recordWatch looks for the record of a run in a function's log: a failed invocation does not return it.
type recordWatch struct {
	mu   sync.Mutex
	last []byte
	seen chan struct{}
}

func (w *recordWatch) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last, w.seen = nil, make(chan struct{})
}

func (w *recordWatch) see(line string) {
	record := RecordOf(line)
	if record == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil && w.seen != nil {
		w.last = record
		close(w.seen)
	}
}

// RecordOf returns the run's record that a line of the sync's log holds, or nil.
func RecordOf(line string) json.RawMessage {
	var entry struct {
		Msg    string          `json:"msg"`
		Record json.RawMessage `json:"record"`
	}
	if json.Unmarshal([]byte(line), &entry) != nil || entry.Msg != "sync finished" {
		return nil
	}
	return entry.Record
}

func (w *recordWatch) wait(ctx context.Context, patience time.Duration) []byte {
	w.mu.Lock()
	seen := w.seen
	w.mu.Unlock()
	select {
	case <-seen:
	case <-time.After(patience):
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}
