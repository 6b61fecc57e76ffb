package main

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func TestSizes(t *testing.T) {
	t.Parallel()
	const n = 100_000
	build := t.TempDir()
	noise := make([]byte, n) // does not get smaller
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	for name, content := range map[string][]byte{"zeros": make([]byte, n), "noise": noise} {
		if err := os.Mkdir(filepath.Join(build, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(build, name, "bootstrap"), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(build, "sizes.json")
	if err := run(build, out, []string{"zeros", "noise"}); err != nil {
		t.Fatal(err)
	}
	var sizes []size
	b, err := os.ReadFile(out)
	if err != nil || json.Unmarshal(b, &sizes) != nil || len(sizes) != 2 {
		t.Fatalf("%s, error %v", b, err)
	}
	if z := sizes[0]; z.Function != "zeros" || z.Binary != n || z.Zip > n/100 {
		t.Errorf("zeros: %+v", z)
	}
	if z := sizes[1]; z.Function != "noise" || z.Binary != n || z.Zip < n {
		t.Errorf("noise: %+v", z)
	}
	if err := run(build, "", []string{"missing"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that one is missing", err)
	}
	if err := run(build, "", nil); err == nil {
		t.Error("no functions pass")
	}
}
