package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tokensync/internal/dev/rpctest"
	"tokensync/internal/dev/study"
	"tokensync/internal/dev/workspace"
)

// documented returns the figures of a market's row in docs/costs.md: requests a day, credits a month, write units and seconds a day,
// and dollars a month.
func documented(t *testing.T, m Market) []float64 {
	t.Helper()
	root, err := workspace.Find()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(string(root), "docs", "costs.md"))
	if err != nil {
		t.Fatal(err)
	}
	begin := fmt.Sprintf("| %d | %d | %s |", m.Tokens, m.Trades, nodeName(m.Kind))
	for line := range strings.Lines(string(page)) {
		rest, ok := strings.CutPrefix(line, begin)
		if !ok {
			continue
		}
		var figures []float64
		for cell := range strings.SplitSeq(strings.Trim(strings.TrimSpace(rest), "|"), "|") {
			n, err := strconv.ParseFloat(strings.Trim(cell, " *"), 64)
			if err != nil {
				t.Fatal(err)
			}
			figures = append(figures, n)
		}
		return figures
	}
	t.Fatalf("docs/costs.md has no row %q", begin)
	return nil
}

// TestADayIsAsDocumented compares markets with docs/costs.md, within a tenth: small ones on a node that tells changes and a larger
// one on another, in a study all of up to a thousand tokens. `make bench-watch` measures every one.
func TestADayIsAsDocumented(t *testing.T) { //nolint:tparallel // one after the other, for the sake of the CPU
	t.Parallel()
	for _, m := range markets {
		want := documented(t, m)
		if m.Tokens > 1000 || m.Tokens > study.Size(100, 1000) && m.Kind != rpctest.Plain {
			continue
		}
		t.Run(fmt.Sprint(m), func(t *testing.T) {
			d, err := Simulate(t.Context(), m, 3)
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range []float64{d.Requests, d.Credits * daysAMonth, d.Write, d.Seconds(), d.Dollars() * daysAMonth} {
				if math.Abs(got-want[i]) > want[i]/10 {
					t.Errorf("figure %d is %.2f, documented is %.2f", i+1, got, want[i])
				}
			}
		})
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	var took []time.Duration
	for i := range 201 {
		took = append(took, time.Duration(i)*time.Second)
	}
	if p50, p95, all := share(took, 0.5), share(took, 0.95), share(took, 1); p50 != 100*time.Second || p95 != 190*time.Second || all != 200*time.Second {
		t.Errorf("%v, %v, %v", p50, p95, all)
	}
	at := moments(200, time.Minute)
	if !slices.IsSorted(at) || at[0] < 0 || at[199] >= time.Minute || at[199] < 59*time.Second {
		t.Errorf("%v", at)
	}
}

// TestTheClientSeesTrades takes a row for a trade only when it shows what the trade left.
func TestTheClientSeesTrades(t *testing.T) {
	t.Parallel()
	c := &client{waiting: map[string]expected{}}
	c.expect("mint", 1.5)
	got := func(mint string, reserve float64) *changes {
		var all changes
		all.Data = append(all.Data, struct {
			Mint    string
			Reserve float64 `json:"quote_reserve"`
		}{mint, reserve})
		return &all
	}
	c.take(got("other", 1.5))
	c.take(got("mint", 1.4))
	if len(c.took) != 0 || c.isDone(1) {
		t.Errorf("%v", c.took)
	}
	c.take(got("mint", 1.5))
	c.take(got("mint", 1.5))
	if len(c.took) != 1 || !c.isDone(1) || len(c.waiting) != 0 {
		t.Errorf("%v", c.took)
	}
}
