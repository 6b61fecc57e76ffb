package serve

import "sync/atomic"

// Times lets choose misbehave n times, then no more. The result is safe for concurrent use if choose is.
func Times[R, F any](n int, choose func(R) *F) func(R) *F {
	var used atomic.Int64
	return func(r R) *F {
		fault := choose(r)
		if fault != nil && used.Add(1) > int64(n) {
			return nil
		}
		return fault
	}
}

// FirstOf returns the fault of the first function that has one.
func FirstOf[R, F any, C ~func(R) *F](choices ...C) func(R) *F {
	return func(r R) *F {
		for _, choose := range choices {
			if fault := choose(r); fault != nil {
				return fault
			}
		}
		return nil
	}
}
