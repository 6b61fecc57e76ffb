// Package gc sets when Go's collector runs, unless the environment's GOGC does.
package gc

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// earlyPercent trades a little CPU for a heap that stays close to what is live: with 100,000 bonding curves of one launchpad
// the sync takes 61 MiB, and its budget is 64. make memory-study compares: with 60,000 matches 50 would take a tenth more
// memory and a fifth less CPU, 100 a quarter more memory.
const earlyPercent = 25

// Early is for the sync: memory is what it lacks.
func Early(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(earlyPercent)
	}
}

// A read function's heap is not collected below floor, in bytes: with Go's own 4 MiB the collector would take a third of what a cold
// start takes of the processor, and a fifth of a refresh. Above it latePercent keeps 10,000 tokens within 32 MiB; with Go's own 100 it is 33.
const (
	floor       = 16 << 20
	goFloor     = 4 << 20
	latePercent = 60
)

// Late is for what reads, in the smallest share of a core: a heap grows to floor, or by latePercent where that is more.
func Late(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(100 * floor / goFloor)
		runtime.SetFinalizer(new(garbage), (*garbage).collected)
	}
}

// garbage tells of each collection by being found.
type garbage struct{ _ *byte }

func (g *garbage) collected() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(percentFor(live[0].Value.Uint64()))
	runtime.SetFinalizer(g, (*garbage).collected)
}

// percentFor returns by how much a heap may grow of which live bytes are in use.
func percentFor(live uint64) int {
	return max(latePercent, int(floor*100/max(live, 1<<20))-100)
}
