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

// Bounds of what a run may write while every dollar moves and one token in a hundred changes in kind: for up to a thousand tokens,
// and for each thousand of more. Points, rolls and anchors, which have a pace of their own, are in the dollars.
const (
	unitsPerThousand   = 70
	dollarsPerThousand = 2 // a month, at a refresh each minute and a full run each hour
	pointsPerThousand  = 0.25
	quietUnits         = 4 // when nothing moves, however many tokens: its lease, its record, and the manifest
	runsPerMonth       = 43_800
)

func (l Launchpad) bounds(pools int) []bound {
	n, thousands := float64(l.Tokens), max(1, float64(l.Tokens)/1000)
	pages, lookups := math.Ceil(float64(pools)/1000), lookups(l.Tokens)
	moved := max(l.Full.Units.Write, l.Refresh.Units.Write)
	return []bound{
		{"tokens of the first run", float64(l.First.Written), n, n},
		{"requests of a full run", float64(l.Full.Requests), pages, pages + 2 + lookups},
		{"requests of a refresh", float64(l.Refresh.Requests), 2, 6 + n/100*3},
		{"bytes a token that a refresh asks for", float64(l.Refresh.Bytes) / (n + 100), 200, 1000},
		{"share that a refresh changed", float64(l.Refresh.Written) / n, 0.9, 1},
		{"share of the items that a refresh wrote", float64(l.Refresh.Items) / n, 0.005, 0.03},
		{"write units of a new token", l.First.Units.Write / n, 1, 3},
		{"write units of a run", moved, 1 + float64(l.Refresh.Items), unitsPerThousand * thousands},
		{"dollars a month for writes", moved*runsPerMonth*perWriteUnit + l.Points() + Rolls(l.Asleep) + l.ByAnchors(), 0.01, dollarsPerThousand * thousands},
		{"dollars a month for rolls", Rolls(l.Asleep), 0.001, pointsPerThousand / 5 * thousands},
		{"dollars a month for rolls of tokens that are traded", Rolls(l.Awake), Rolls(l.Asleep), pointsPerThousand * thousands},
		{"dollars a month for points", l.Points(), 0.001, pointsPerThousand * thousands},
		{"write units of a quiet run", l.Quiet.Units.Write, 1, quietUnits},
		{"read units of a refresh", l.Refresh.Units.Read, 1, 30 + n/20},
	}
}

// lookups returns how often a full run asks by mint: a hundred at a time, on both sides of two products' pools.
func lookups(tokens int) float64 { return 4 * (math.Ceil(float64(tokens)/100) + 1) }
