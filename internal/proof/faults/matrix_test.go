package main

import (
	"errors"
	"slices"
	"testing"
)

// TestMatrix runs the cases that do not mostly wait; `make faults` runs all of them.
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
	quick := slices.DeleteFunc(Cases(), func(c Case) bool { return c.slow })
	err = m.RunAll(t.Context(), quick, func(r Row) error {
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
