package main

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func TestBudget(t *testing.T) {
	t.Parallel()
	build := t.TempDir()
	noise := make([]byte, maxZip) // does not get smaller
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	for name, content := range map[string][]byte{"small": make([]byte, 2*maxZip), "large": noise} {
		if err := os.Mkdir(filepath.Join(build, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(build, name, "bootstrap"), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(build, "sizes.json")
	if err := run(build, out, []string{"small"}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(out); err != nil {
		t.Error(err)
	}
	if err := run(build, "", []string{"small", "large"}); !errors.Is(err, errTooLarge) {
		t.Errorf("error %v, want that one is too large", err)
	}
	if err := run(build, "", []string{"missing"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that one is missing", err)
	}
	if err := run(build, "", nil); err == nil {
		t.Error("no functions pass")
	}
}
