package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"time"

	"tokensync/internal/proof/bench/peer"
)

// A sample is one run of one consumer.
type sample struct {
	peer.Result
	wall, cpu time.Duration
}

// timeout ends a consumer that hangs.
const timeout = 10 * time.Minute

// run starts the consumer, waits for it and takes user and system time from the kernel's account of it.
func (c consumer) run(ctx context.Context, s shape, server *server, times int) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.command[0], append(c.command[1:len(c.command):len(c.command)], s.arguments(server, times)...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return sample{}, fmt.Errorf("%s (%s): %w", c.Name, s, err)
	}
	result := sample{wall: time.Since(start), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if err := json.Unmarshal(out.Bytes(), &result.Result); err != nil {
		return sample{}, fmt.Errorf("%s (%s): its result: %w", c.Name, s, err)
	}
	return result, nil
}

// agree fails when a consumer did not read every pool, or found others than the base did.
func agree(c consumer, got, want sample, pools int) error {
	switch {
	case c.limit:
		return nil
	case got.Pools != int64(pools):
		return fmt.Errorf("%s read %d pools of %d", c.Name, got.Pools, pools)
	case got.Found == 0:
		return fmt.Errorf("%s found nothing", c.Name)
	case got.Found != want.Found || got.Digest != want.Digest:
		return fmt.Errorf("%s found %d pools (%s), %s %d (%s)", c.Name, got.Found, got.Digest, base, want.Found, want.Digest)
	}
	return nil
}

// round runs every consumer once, the base first.
func (b *bench) round(ctx context.Context, s shape) error {
	list := b.chosen(s)
	var want sample
	for _, c := range list {
		b.progress("%s: %s", s, c.Name)
		got, err := c.run(ctx, s, b.server, 1)
		if err != nil {
			return err
		}
		if c.Name == base {
			want = got
		}
		if err := agree(c, got, want, b.server.pools); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
		key := rowKey{s, c.Name}
		b.samples[key] = append(b.samples[key], got)
		b.ratios[key] = append(b.ratios[key], got.cpu.Seconds()/want.cpu.Seconds())
		if c.Name == nodeWhole {
			b.node[s] = append(b.node[s], got.cpu.Seconds())
		}
	}
	return nil
}

// chosen returns the consumers of a shape, the base first, for the others are compared with it.
func (b *bench) chosen(s shape) []consumer {
	var list []consumer
	for _, c := range b.consumers {
		if c.only != nil && !c.only(s) {
			continue
		}
		if c.Name == base {
			list = append([]consumer{c}, list...)
		} else {
			list = append(list, c)
		}
	}
	return list
}
