// Command memory checks how much memory the real sync takes: `make memory`. With -study it measures what its settings are chosen by.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tokensync/internal/proof/command"
)

// What a run of the incident's size may take.
const (
	budget = 64 << 20 // bytes
	slip   = 1.10     // of the last recorded figure
	runs   = 3        // their median counts
	small  = 24 << 20 // bytes of a container in which it passes

	forFaces = 2 << 20 // bytes that tokens' metadata may take beside the rest
)

// containerTimeout is many times what a run takes.
const containerTimeout = 2 * time.Minute

// errOver reports a run that took more memory than it may.
var errOver = errors.New("too much memory")

type options struct {
	recorded, profiled, profile, json string
	record, study, large              bool
}

func main() {
	var o options
	flag.StringVar(&o.recorded, "recorded", "internal/proof/memory/recorded.json", "file of the last recorded figure")
	flag.StringVar(&o.profiled, "profiled", "", "binary of the sync that was built with the tag heapprofile")
	flag.StringVar(&o.profile, "profile", "build/memory/heap.pb.gz", "file for the profile of the largest heap")
	flag.StringVar(&o.json, "json", "", "file for the study's figures")
	flag.BoolVar(&o.record, "record", false, "record the figure instead of comparing it with the last one")
	flag.BoolVar(&o.study, "study", false, "measure collector settings, and the smallest memory that is enough")
	flag.BoolVar(&o.large, "large", false, "measure the largest launchpads, in the memory that the function has")
	flag.Parse()
	run := check
	switch {
	case o.study:
		run = study
	case o.large:
		run = large
	}
	command.Main("memory", func(ctx context.Context) error { return run(ctx, o) })
}

// recorded is the figure that a run is compared with.
type recorded struct {
	Pools   int   `json:"pools"`
	PeakRSS int64 `json:"peak_rss_bytes"`
}

func check(ctx context.Context, o options) error {
	peak, err := median(ctx, Incident)
	if err != nil {
		return err
	}
	if o.record {
		return save(o.recorded, recorded{Incident.Pools, peak})
	}
	last, err := load(o.recorded)
	if err != nil {
		return err
	}
	if err := within(peak, last); err != nil {
		return err
	}
	if err := contained(ctx); err != nil {
		return err
	}
	if err := fits(ctx, Wide, budget); err != nil {
		return err
	}
	if err := pictures(ctx); err != nil {
		return err
	}
	return profile(ctx, o)
}

// function is the memory that the template gives to the sync, in MB.
const function = 128

// large measures launchpads that come in turns.
func large(ctx context.Context, _ options) error {
	for _, c := range Large {
		if err := fits(ctx, c, int64(cmp.Or(c.Memory, function))<<20); err != nil {
			return err
		}
	}
	return nil
}

// fits measures a case once against a bound.
func fits(ctx context.Context, c Case, most int64) error {
	usage, err := c.Measure(ctx, Settings{})
	if err != nil {
		return err
	}
	fmt.Printf("%s: peak RSS %.1f MiB, heap %.1f MiB\n", c.Name, mib(usage.PeakRSS), mib(usage.PeakHeap))
	if usage.PeakRSS > most {
		return fmt.Errorf("%w: %s: %.1f MiB are more than %.0f", errOver, c.Name, mib(usage.PeakRSS), mib(most))
	}
	return nil
}

// contained runs the sync in a small container, where containers can be made.
func contained(ctx context.Context) error {
	ok, err := Incident.Passes(ctx, small, containerTimeout)
	switch {
	case errors.Is(err, ErrNoContainers):
		fmt.Println("not tried in a container:", err)
		return nil
	case err != nil:
		return err
	case !ok:
		return fmt.Errorf("%w: it does not pass in a container of %.0f MiB", errOver, mib(small))
	}
	fmt.Printf("passes in a container of %.0f MiB\n", mib(small))
	return nil
}

// pictures compares what curves take with their metadata and without.
func pictures(ctx context.Context) error {
	with, err := median(ctx, Faced)
	if err != nil {
		return err
	}
	without, err := median(ctx, Faceless)
	if err != nil {
		return err
	}
	fmt.Printf("pictures take %.1f MiB\n", mib(with-without))
	if with-without > forFaces {
		return fmt.Errorf("%w: pictures may take %.0f MiB", errOver, mib(forFaces))
	}
	return nil
}

// median returns the median peak of a few first syncs, in bytes.
func median(ctx context.Context, c Case) (int64, error) {
	var peaks []int64
	for range runs {
		usage, err := c.Measure(ctx, Settings{})
		if err != nil {
			return 0, err
		}
		fmt.Printf("%s: peak RSS %.1f MiB, heap %.1f MiB\n", c.Name, mib(usage.PeakRSS), mib(usage.PeakHeap))
		peaks = append(peaks, usage.PeakRSS)
	}
	slices.Sort(peaks)
	return peaks[runs/2], nil
}

// within checks a peak against the budget and the last recorded figure.
func within(peak int64, last recorded) error {
	most := int64(float64(last.PeakRSS) * slip)
	switch {
	case peak > budget:
		return fmt.Errorf("%w: %.1f MiB are more than the budget of %.0f", errOver, mib(peak), mib(budget))
	case peak > most:
		return fmt.Errorf("%w: %.1f MiB are more than %.1f, which is 110 %% of what was recorded (%.1f); if it has to be, RECORD=1 make memory",
			errOver, mib(peak), mib(most), mib(last.PeakRSS))
	}
	fmt.Printf("%.1f MiB: within %.1f, which is 110 %% of what was recorded, and the budget of %.0f\n", mib(peak), mib(most), mib(budget))
	return nil
}

// profile writes the profile of the largest heap.
func profile(ctx context.Context, o options) error {
	if o.profiled == "" {
		return nil
	}
	binary, err := filepath.Abs(o.profiled)
	if err != nil {
		return err
	}
	path, err := filepath.Abs(o.profile)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	environment := map[string]string{"HEAP_PROFILE": path}
	if _, err := Incident.Measure(ctx, Settings{Binary: binary, Environment: environment}); err != nil {
		return err
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return fmt.Errorf("no heap profile: %w", err)
	}
	fmt.Println("heap profile:", o.profile)
	return nil
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func load(path string) (r recorded, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err = json.Unmarshal(b, &r); err == nil && r.PeakRSS <= 0 {
		err = errors.New("no peak_rss_bytes")
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func save(path string, v any) error {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o600)
}
