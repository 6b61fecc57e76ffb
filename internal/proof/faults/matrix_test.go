package main

import (
	"errors"
	"slices"
	"testing"
)

// sample is a case or two of each kind; `make faults` runs all of them.
var sample = []string{
	"429 with Retry-After", "404 for good", "JSON cut at an odd byte", "Brotli for good", "pools twice, others missing",
	"no launchpad ID", "20 % of items unprocessed", "writes fail halfway", "two syncs at once", "the launchpad ID changes",
	"a scan shows 10 % of the tokens", "deep pages are refused", "lists in commas, a refresh", "a scan-counting node, a refresh",
	"200 [] however it is asked",
}

// TestMatrix runs the sample.
func TestMatrix(t *testing.T) {
	t.Parallel()
	m, err := New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	cases := slices.DeleteFunc(Cases(), func(c Case) bool { return !slices.Contains(sample, c.Name) })
	if len(cases) != len(sample) {
		t.Errorf("the matrix has %d cases of the sample's %d", len(cases), len(sample))
	}
	err = m.RunAll(t.Context(), cases, func(r Row) error {
		for _, s := range r.Surprises {
			t.Errorf("%s: %s", r.Name, s)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestSurprises breaks what the matrix promises, to see that it is noticed.
func TestSurprises(t *testing.T) {
	t.Parallel()
	m, err := New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	boom := errors.New("boom")
	wrong := Case{Name: "nothing happens", Want: failed(), Says: "what nobody says"}
	err = m.RunAll(t.Context(), []Case{wrong}, func(r Row) error {
		if len(r.Surprises) != 2 {
			t.Errorf("surprises %q, want one for the status and one for what it says", r.Surprises)
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("error %v, want that of done", err)
	}
}
