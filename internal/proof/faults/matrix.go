package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/ssmtest"
	"tokensync/internal/syncrun"
)

// Row is the result of a case.
type Row struct {
	Name          string
	Statuses      []syncrun.Status // of the troubled runs
	Before        int              // tokens listed
	After         int              // after the trouble
	Repaired      int              // after the next good run
	Requests      int64            // to Meteora, by the troubled runs
	Duration      time.Duration    // of the troubled runs
	Surprises     []string         // what is not as it has to be
	RepairedAfter time.Duration    // until a good run succeeded
}

// Matrix runs cases against one engine.
type Matrix struct {
	engine    *dynamotest.Engine
	reference map[string]stored // what good runs leave
}

// New starts an engine and finds out what good runs leave. The caller must close it.
func New(ctx context.Context) (_ *Matrix, err error) {
	engine, err := dynamotest.Start(ctx, dynamotest.Options{})
	if err != nil {
		return nil, err
	}
	m := &Matrix{engine: engine}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	w, err := newWorld(ctx, engine, nil)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	for range 2 {
		if run, err := w.sync(ctx, settings{}); err != nil || run.Status != syncrun.Succeeded {
			return nil, fmt.Errorf("a good run ended %s %s: %w", run.Status, run.Error, err)
		}
		change(w)
	}
	if run, err := w.sync(ctx, settings{}); err != nil || run.Status != syncrun.Succeeded {
		return nil, fmt.Errorf("a good run ended %s %s: %w", run.Status, run.Error, err)
	}
	m.reference, err = w.tokens(ctx)
	return m, err
}

// Close ends the engine.
func (m *Matrix) Close() error { return m.engine.Close() }

// What changes at Meteora between two runs.
const (
	changed = 60
	added   = 5
)

// change does what happened at Meteora since the last run, always the same; the second time it does nothing. Where there is
// a chain, it happened there.
func change(w *World) {
	if w.Chain != nil {
		w.Tick()
		return
	}
	d := w.Meteora.World(meteoratest.DLMM)
	if d.Total() > pools {
		return
	}
	d.Touch(d.Ours()[:changed]...)
	d.Add(added, true)
}

// atOnce is how many cases run side by side; most of their time is waiting.
const atOnce = 6

// RunAll runs cases side by side and calls done with each row, in order. It returns the first error of a case, or of done.
func (m *Matrix) RunAll(ctx context.Context, cases []Case, done func(Row) error) error {
	ctx, cancel := context.WithCancel(ctx)
	type result struct {
		row Row
		err error
	}
	results := make([]chan result, len(cases))
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	for i, c := range cases {
		results[i] = make(chan result, 1)
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			row, err := m.Run(ctx, c)
			results[i] <- result{row, err}
		})
	}
	for i := range cases {
		r := <-results[i]
		if r.err != nil {
			return fmt.Errorf("%s: %w", cases[i].Name, r.err)
		}
		if err := done(r.row); err != nil {
			return err
		}
	}
	return nil
}

// Run runs one case: a good run, changes at Meteora, the troubled run, a good run again.
func (m *Matrix) Run(ctx context.Context, c Case) (Row, error) {
	row := Row{Name: c.Name}
	w, err := newWorld(ctx, m.engine, c.start)
	if err != nil {
		return row, err
	}
	defer w.Close()
	if run, err := w.sync(ctx, settings{}); err != nil || run.Status != syncrun.Succeeded {
		return row, fmt.Errorf("the first run ended %s %s: %w", run.Status, run.Error, err)
	}
	before, err := w.tokens(ctx)
	if err != nil {
		return row, err
	}
	if row.Before = listed(before); row.Before == 0 {
		return row, errors.New("the first run listed nothing")
	}
	change(w)
	if err := m.trouble(ctx, c, w, &row); err != nil {
		return row, err
	}
	after, err := w.tokens(ctx)
	if err != nil {
		return row, err
	}
	row.After = listed(after)
	row.compareAfter(before, after, c.off)
	return row, m.repair(ctx, c, w, before, &row)
}

func listed(tokens map[string]stored) int {
	n := 0
	for _, t := range tokens {
		if t.listed {
			n++
		}
	}
	return n
}

// trouble runs the sync while things go wrong, twice at once if the case says so.
func (m *Matrix) trouble(ctx context.Context, c Case, w *World, row *Row) error {
	if c.breaks != nil {
		c.breaks(w)
	}
	requests, start := w.Meteora.Stats(meteoratest.DLMM).Requests, time.Now()
	runs, err := w.troubled(ctx, c)
	row.Duration = time.Since(start)
	row.Requests = int64(w.Meteora.Stats(meteoratest.DLMM).Requests - requests)
	for _, run := range runs {
		row.Statuses = append(row.Statuses, run.Status)
	}
	row.compareRuns(c, runs)
	if c.refresh {
		row.compareRefresh(w, &runs[0])
	}
	return err
}

func (w *World) troubled(ctx context.Context, c Case) ([]syncrun.Record, error) {
	s := settings{env: c.env, timeout: c.limit, refresh: c.refresh}
	if c.twice {
		return w.overlapping(ctx, s)
	}
	run, err := w.sync(ctx, s)
	return []syncrun.Record{run}, err
}

// overlapping starts a second run once the first has reached Meteora, which answers when the second has ended.
func (w *World) overlapping(ctx context.Context, s settings) ([]syncrun.Record, error) {
	runs, errs := make([]syncrun.Record, 2), make([]error, 2)
	reached, release := make(chan struct{}), make(chan struct{})
	reach := sync.OnceFunc(func() { close(reached) })
	w.Meteora.SetFault(func(meteoratest.Request) *meteoratest.Fault {
		reach()
		<-release
		return nil
	})
	var first sync.WaitGroup
	first.Go(func() {
		defer reach() // also when it never gets there
		runs[0], errs[0] = w.sync(ctx, s)
	})
	<-reached
	runs[1], errs[1] = w.sync(ctx, s)
	close(release)
	first.Wait()
	return runs, errors.Join(errs...)
}

func (r *Row) surprise(format string, args ...any) {
	r.Surprises = append(r.Surprises, fmt.Sprintf(format, args...))
}

func (r *Row) compareRuns(c Case, runs []syncrun.Record) {
	slices.Sort(r.Statuses)
	want, said := slices.Sorted(slices.Values(c.Want)), saidBy(runs)
	if !slices.Equal(r.Statuses, want) {
		r.surprise("ended %v, not %v: %q", r.Statuses, want, said)
	}
	if !strings.Contains(said, c.Says) {
		r.surprise("the record does not say %q: %q", c.Says, said)
	}
}

// saidBy returns every text in which the records say what went wrong.
func saidBy(runs []syncrun.Record) string {
	var said []string
	for _, run := range runs {
		said = append(said, run.Error, run.Delisting)
		for _, p := range run.Products {
			said = append(append(said, p.Error), p.Notes...)
		}
	}
	return strings.Join(slices.DeleteFunc(said, func(s string) bool { return s == "" }), "; ")
}

// compareRefresh checks that a refresh updated what changed at Meteora, and nothing else. What changes on the chain is its
// own affair; that something does is not.
func (r *Row) compareRefresh(w *World, run *syncrun.Record) {
	switch {
	case w.Chain != nil && run.TokensUpdated == 0:
		r.surprise("the refresh updated nothing")
	case w.Chain == nil && (run.TokensUpdated != changed || run.TokensNew != added):
		r.surprise("the refresh updated %d tokens and found %d new ones; %d changed, %d were new", run.TokensUpdated, run.TokensNew, changed, added)
	}
}

// compareAfter checks what trouble must never do: lose a token, call it delisted, or take it out of the lists unless all are off.
func (r *Row) compareAfter(before, after map[string]stored, off bool) {
	for mint, b := range before {
		a, ok := after[mint]
		switch {
		case !ok:
			r.surprise("token %s is lost", mint)
		case a.status != b.status:
			r.surprise("token %s went from %s to %s", mint, b.status, a.status)
		case a.listed != (b.listed && !off):
			r.surprise("token %s is listed: %t, and was: %t", mint, a.listed, b.listed)
		case a.firstSeen != b.firstSeen:
			r.surprise("first_seen_at of token %s changed", mint)
		}
	}
}

// maxRepair is much more than the longest lease that a case leaves behind.
const maxRepair = 5 * deathTimeout

// repair ends the trouble and syncs until a run succeeds: the table must then be what good runs leave.
func (m *Matrix) repair(ctx context.Context, c Case, w *World, before map[string]stored, row *Row) error {
	w.Meteora.SetFault(nil)
	w.SSM().SetFault(ssmtest.Fault{})
	w.DynamoDB.SetFault(nil)
	w.SetLaunchpadID(w.launchpad())
	if w.Chain != nil {
		w.Chain.SetFault(nil)
	}
	if c.mend != nil {
		c.mend(w)
	}
	shown, err := w.shown(ctx)
	if err != nil {
		return err
	}
	for start := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		run, err := w.sync(ctx, settings{})
		if err != nil {
			return err
		}
		row.RepairedAfter = time.Since(start)
		if run.Status == syncrun.Succeeded {
			now, err := w.shown(ctx)
			if err != nil {
				return err
			}
			if left := differing(shown, now); c.refresh && left > 0 {
				row.surprise("the refresh left %d tokens to the run after it", left)
			}
			break
		}
		if run.Status != syncrun.Skipped || row.RepairedAfter > maxRepair {
			row.surprise("the next good run ended %s: %q", run.Status, saidBy([]syncrun.Record{run}))
			return nil
		}
	}
	repaired, err := w.tokens(ctx)
	if err != nil {
		return err
	}
	row.Repaired = listed(repaired)
	row.compareAfter(before, repaired, false)
	if w.Chain == nil { // each chain has lives of its own
		row.compareReference(m.reference, repaired)
	}
	return nil
}

func (r *Row) compareReference(reference, got map[string]stored) {
	for _, mint := range slices.Sorted(maps.Keys(reference)) {
		want, have := reference[mint], got[mint]
		want.firstSeen, have.firstSeen = 0, 0
		if want != have {
			r.surprise("token %s is %+v, a good run leaves %+v", mint, have, want)
		}
	}
	if len(got) != len(reference) {
		r.surprise("%d tokens are stored, good runs leave %d", len(got), len(reference))
	}
}
