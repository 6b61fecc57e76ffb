package main

import (
	"context"
	"fmt"
	"os"
)

// A collection is what a case used with one setting of the collector.
type collection struct {
	Case    string  `json:"case"`
	GOGC    string  `json:"gogc"`
	PeakMiB float64 `json:"peak_mib"`
	CPUMS   int64   `json:"cpu_ms"`
}

// An enough is the smallest memory in which a case passes.
type enough struct {
	Case string `json:"case"`
	MiB  int64  `json:"mib"`
}

// studied is the result of a study.
type studied struct {
	Collector []collection `json:"collector"`
	Smallest  []enough     `json:"smallest"`
}

var settings = []string{"25", "50", "100", "200"}

// mostMiB is Lambda's least memory: no larger container is tried.
const mostMiB = 128

func study(ctx context.Context, o options) error {
	var s studied
	for _, c := range Cases {
		if err := s.collect(ctx, c); err != nil {
			return err
		}
	}
	for _, c := range Cases {
		if err := s.smallest(ctx, c); err != nil {
			return err
		}
	}
	if o.json == "" {
		return nil
	}
	return save(o.json, s)
}

// collect runs a case with each setting of the collector.
func (s *studied) collect(ctx context.Context, c Case) error {
	for _, gogc := range settings {
		fmt.Fprintln(os.Stderr, "collector:", c.Name, "GOGC", gogc)
		usage, err := c.Measure(ctx, Settings{Environment: map[string]string{"GOGC": gogc}})
		if err != nil {
			return fmt.Errorf("%s with GOGC %s: %w", c.Name, gogc, err)
		}
		fmt.Printf("%s: GOGC %s: %.1f MiB, %d ms of CPU\n", c.Name, gogc, mib(usage.PeakRSS), usage.CPU.Milliseconds())
		s.Collector = append(s.Collector, collection{c.Name, gogc, mib(usage.PeakRSS), usage.CPU.Milliseconds()})
	}
	return nil
}

// smallest looks for the least memory that is enough for a case.
func (s *studied) smallest(ctx context.Context, c Case) error {
	fmt.Fprintln(os.Stderr, "smallest container:", c.Name)
	least, err := c.Smallest(ctx, mostMiB)
	if err != nil {
		return err
	}
	fmt.Printf("%s: a container of %d MiB is enough\n", c.Name, least)
	s.Smallest = append(s.Smallest, enough{c.Name, least})
	return nil
}
