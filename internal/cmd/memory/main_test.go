package main

import "testing"

func TestJudge(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		peak, last int64
		ok         bool
	}{
		"as recorded": {20 * mib, 20 * mib, true}, "less": {18 * mib, 20 * mib, true}, "a little more": {21 * mib, 20 * mib, true},
		"too much more": {23 * mib, 20 * mib, false}, "over the budget": {65 * mib, 64 * mib, false},
	} {
		if err := judge(tt.peak, tt.last); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
