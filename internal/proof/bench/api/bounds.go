package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/proc"
	"tokensync/internal/dev/runtimeapi"
)

// What a read function may take: the smallest ones have a fourteenth of a core, and 128 MB.
const (
	maxPeakMiB  = 32 // at the tokens of the whole run
	boundTokens = 1000
	maxRefresh  = 3  // ms of the processor, for the first request after a run, on a machine of proc.Slowdown 1
	maxStart    = 20 // the same, from exec to the first answer with a board
	refreshes   = 20
	boundStarts = 15
	// lookEvery is a little more than how long a reader believes what it has seen.
	lookEvery = 2200 * time.Millisecond
)

var errBound = errors.New("above its bound")

// A Bound is what a read function took of something, and what it may take.
type Bound struct {
	Name string  `json:"name"`
	Is   float64 `json:"is"`
	Most float64 `json:"most"`
	Unit string  `json:"unit"`
}

func (b Bound) check() error {
	if b.Is > b.Most {
		return fmt.Errorf("%s: %.2f %s, want at most %.0f: %w", b.Name, b.Is, b.Unit, b.Most, errBound)
	}
	return nil
}

// bounds measures what a list's function takes with few tokens. peak is the most memory, in bytes, that one took with many.
func bounds(ctx context.Context, peak int64) (list []Bound, err error) {
	list = append(list, Bound{"peak of a read function", float64(peak) / (1 << 20), maxPeakMiB, "MiB"})
	fmt.Fprintf(os.Stderr, "starting and refreshing readers of %d tokens\n", boundTokens)
	w, err := dev.StartWorld(ctx, dev.WorldOptions{Meteora: meteoratest.Config{Pools: 2 * boundTokens, Ours: boundTokens, Untouched: true}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if _, err := w.Sync(ctx, dev.FullSync); err != nil {
		return nil, err
	}
	start, err := startCPU(ctx, w)
	if err != nil {
		return nil, err
	}
	mostStart := maxStart * proc.Slowdown()
	refresh, err := refreshCPU(ctx, w)
	return append(list,
		Bound{Name: fmt.Sprintf("CPU of a cold start with %d tokens, from exec", boundTokens), Is: ms(start), Most: mostStart, Unit: "ms"},
		Bound{Name: fmt.Sprintf("CPU of a refresh of %d, after idle seconds", boundTokens), Is: ms(refresh), Most: maxRefresh * proc.Slowdown(), Unit: "ms"}), err
}

// reader is the function that is measured.
const reader = "list-tokens"

// asking is API Gateway's event of a request.
func asking(path string) []byte {
	event, err := json.Marshal(map[string]any{
		"version": "2.0", "routeKey": "GET " + path, "rawPath": path,
		"requestContext": map[string]any{"http": map[string]any{"method": "GET", "path": path}},
	})
	if err != nil {
		panic(err) // it is made of texts
	}
	return event
}

// startCPU returns what a cold start takes of the processor, on average, with its first answer.
func startCPU(ctx context.Context, w *dev.World) (used time.Duration, err error) {
	for range boundStarts {
		f, err := w.Deploy(reader, func(*runtimeapi.Config) {})
		if err != nil {
			return 0, err
		}
		cpu, err := ask(ctx, f.Invoke, "/v1/changes")
		if err = errors.Join(err, f.Close()); err != nil {
			return 0, err
		}
		used += cpu
	}
	return used / boundStarts, nil
}

// ask returns what a function has used of the processor when it has answered a request.
func ask(ctx context.Context, invoke func(context.Context, []byte) (runtimeapi.Result, error), path string) (time.Duration, error) {
	result, err := invoke(ctx, asking(path))
	if err != nil {
		return 0, err
	}
	var answer struct{ StatusCode int }
	if err := json.Unmarshal(result.Payload, &answer); err != nil || answer.StatusCode != 200 {
		return 0, fmt.Errorf("%s: %.200s: %w", path, result.Payload, errors.Join(err, errBound))
	}
	return result.CPU, nil
}

// refreshCPU returns what the first request after a run takes, on average, that asks for next to nothing: all dollars have moved.
func refreshCPU(ctx context.Context, w *dev.World) (used time.Duration, err error) {
	f, err := w.Deploy(reader, func(*runtimeapi.Config) {})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var first, last time.Duration
	for i := range 1 + refreshes {
		w.Tick()
		if _, err := w.Sync(ctx, dev.Refresh); err != nil {
			return 0, err
		}
		time.Sleep(lookEvery)
		if last, err = ask(ctx, f.Invoke, "/v1/changes"); err != nil {
			return 0, err
		}
		if i == 0 { // a cold start
			first = last
		}
	}
	return (last - first) / refreshes, nil
}
