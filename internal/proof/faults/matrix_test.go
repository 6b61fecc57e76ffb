package main

import (
	"strings"
	"testing"
)

// TestMatrix runs every case; `make faults` shows the same as a table.
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
	for _, c := range Cases() {
		t.Run(strings.ReplaceAll(c.Name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			row, err := m.Run(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range row.Surprises {
				t.Error(s)
			}
		})
	}
}
