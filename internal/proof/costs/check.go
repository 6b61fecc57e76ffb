package main

import (
	"errors"
	"fmt"
	"math"
)

// ErrUnexpected reports a run that used more than it should, or suspiciously little.
var ErrUnexpected = errors.New("not what a run should use")

// A bound is what one figure must lie within.
type bound struct {
	what             string
	got, least, most float64
}

// Check compares what the runs used, among pools in all, with what such runs should use: a refresh follows the launchpad's
// size, a write what has changed.
func (l Launchpad) Check(pools int) error {
	if l.First.Mode != "full" || l.Full.Mode != "full" || l.Refresh.Mode != "refresh" {
		return fmt.Errorf("%w: mode of the runs: %s, %s, %s", ErrUnexpected, l.First.Mode, l.Full.Mode, l.Refresh.Mode)
	}
	var failed []error
	for _, b := range l.bounds(pools) {
		if !(b.got >= b.least && b.got <= b.most) {
			failed = append(failed, fmt.Errorf("%w: %s: %g, want %g to %g", ErrUnexpected, b.what, b.got, b.least, b.most))
		}
	}
	return errors.Join(failed...)
}

func (l Launchpad) bounds(pools int) []bound {
	n, ours := float64(l.Tokens), float64(poolsFor(l.Tokens))
	pages := math.Ceil(float64(pools) / 1000)
	return []bound{
		{"tokens of the first run", float64(l.First.Written), n, n},
		{"requests of a full run", float64(l.Full.Requests), pages, pages + 2},
		{"requests of a refresh", float64(l.Refresh.Requests), 2, math.Ceil(ours/100) + 1},
		{"bytes a pool that a refresh asks for", float64(l.Refresh.Bytes) / (ours + 100), 200, 800},
		{"share that a refresh wrote", float64(l.Refresh.Written) / n, 0.05, 0.15},
		{"write units of a new token", l.First.Units.Write / n, 8, 9},
		{"write units of a changed token", (l.Refresh.Units.Write - 6) / float64(l.Refresh.Written), 9, 13},
		{"read units of a refresh", l.Refresh.Units.Read, 1, 10 + n/5},
	}
}
