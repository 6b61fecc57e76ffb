package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestWithin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		peak, last int64
		over       bool
	}{
		{"as recorded", 20 << 20, 20 << 20, false},
		{"less", 10 << 20, 20 << 20, false},
		{"a tenth more", 22 << 20, 20 << 20, false},
		{"more than that", 22<<20 + 1, 20 << 20, true},
		{"over the budget, whatever was recorded", 64<<20 + 1, 100 << 20, true},
	} {
		if err := within(tt.peak, recorded{PeakRSS: tt.last}); errors.Is(err, errOver) != tt.over {
			t.Errorf("%s: error %v", tt.name, err)
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	if r, err := load("recorded.json"); err != nil || r.PeakRSS > budget {
		t.Errorf("recorded %+v, error %v", r, err)
	}
	path := filepath.Join(t.TempDir(), "recorded.json")
	for _, text := range []string{"", "{}", `{"peak_rss_bytes":0}`, "x"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := load(path); err == nil {
			t.Errorf("%q is taken for a figure", text)
		}
	}
}
