package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/serve"
	"tokensync/internal/proof/bench/corpus"
)

// ready is what the server process prints once it listens.
type ready struct {
	URL         string
	Plain, Gzip int // bytes of the array
}

// serveCorpus runs the server process. It ends when its standard input does, so that it never outlives the benchmark.
func serveCorpus(ctx context.Context, pools int) error {
	c, err := corpus.New(pools)
	if err != nil {
		return err
	}
	s, err := serve.Start(ctx, serve.Local, c)
	if err != nil {
		return err
	}
	plain, zipped := c.Sizes()
	if err := json.NewEncoder(os.Stdout).Encode(ready{s.URL(), plain, zipped}); err != nil {
		return errors.Join(err, s.Close())
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, s.Close())
}

// A server is the process that all consumers read from.
type server struct {
	ready
	url, id      string
	pools, pages int
	stop         func()
}

func startServer(ctx context.Context, pools int) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "serve", fmt.Sprint(pools))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{id: meteoratest.DefaultLaunchpad, pools: pools, pages: (pools + 999) / 1000}
	s.stop = func() { _ = stdin.Close(); _ = cmd.Wait() }
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &s.ready)
	}
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("the server did not start: %w", err)
	}
	s.url = s.ready.URL
	return s, nil
}
