package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"tokensync/internal/dev"
	"tokensync/internal/dev/workspace"
)

// ErrNoContainers is returned where the system, or the user, cannot make a memory cgroup.
var ErrNoContainers = errors.New("memory cgroups cannot be made here")

// A container limits memory as Docker and Kubernetes do: private memory, the pages of the binary, and what the kernel
// keeps for the process. Taking more is fatal.
type container struct {
	group, dir string
	script     string // runs the sync in it
}

// newContainer returns a container with that much memory, in bytes.
func newContainer(bytes int64) (*container, error) {
	root, err := workspace.Find()
	if err != nil {
		return nil, err
	}
	binary, err := root.Function(dev.SyncFunction)
	if err != nil {
		return nil, err
	}
	group, err := newGroup(bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoContainers, err)
	}
	c := &container{group: group}
	if c.dir, err = os.MkdirTemp("", "tokensync-memory-"); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	// Pages count for whom they were read first: a copy of the binary is read by nobody else.
	copied := filepath.Join(c.dir, "function")
	text := fmt.Sprintf("#!/bin/sh\nset -e\necho $$ >'%s/cgroup.procs'\ncp '%s' '%s'\nsync '%s'\nexec '%s'\n", group, binary, copied, copied, copied)
	c.script = filepath.Join(c.dir, "bootstrap")
	if err := os.WriteFile(c.script, []byte(text), 0o700); err != nil { //nolint:gosec // it is run
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

func (c *container) remove() error { return errors.Join(removeGroup(c.group), os.RemoveAll(c.dir)) }

// The memory hierarchy of cgroups, version 1 and 2, with its files for the limit and for swap; swap's may be missing.
var hierarchies = []struct{ root, limit, swap, noSwap string }{
	{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", ""},
	{"/sys/fs/cgroup", "memory.max", "memory.swap.max", "0"},
}

// newGroup creates a cgroup with that much memory, in bytes, and no swap, and returns its folder.
func newGroup(bytes int64) (string, error) {
	var failed error
	for _, h := range hierarchies {
		if _, err := os.Stat(filepath.Join(h.root, "cgroup.procs")); err != nil {
			failed = err
			continue
		}
		group, err := os.MkdirTemp(h.root, "tokensync-")
		if err != nil {
			return "", err
		}
		limit := strconv.FormatInt(bytes, 10)
		swap := h.noSwap
		if swap == "" {
			swap = limit // version 1 limits the sum
		}
		err = set(group, h.limit, limit)
		if err == nil {
			if err = set(group, h.swap, swap); errors.Is(err, os.ErrNotExist) {
				err = nil
			}
		}
		if err != nil {
			return "", errors.Join(err, removeGroup(group))
		}
		return group, nil
	}
	return "", failed
}

// set writes a file that must exist: it fails for what the cgroup does not have.
func set(group, file, value string) error {
	f, err := os.OpenFile(filepath.Join(group, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// removeGroup removes a cgroup once the last process in it has gone.
func removeGroup(group string) (err error) {
	for range 100 {
		if err = os.Remove(group); !errors.Is(err, syscall.EBUSY) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}
