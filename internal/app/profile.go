//go:build profile

package app

import (
	"log/slog"
	"os"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"time"
)

// A function that is built with the tag profile writes its heap profile to the file that HEAP_PROFILE names, whenever its
// heap is larger than ever: make memory does so. What is deployed has none of this.
func init() {
	runtime.MemProfileRate = 64 << 10
	go profilePeak(os.Getenv("HEAP_PROFILE"))
}

func profilePeak(path string) {
	peak := uint64(0)
	for range time.Tick(100 * time.Millisecond) {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		if heap := sample[0].Value.Uint64(); heap > peak {
			peak = heap
			writeProfile(path)
		}
	}
}

func writeProfile(path string) {
	f, err := os.Create(path)
	if err != nil {
		slog.Error("heap profile", "error", err.Error())
		return
	}
	_ = pprof.WriteHeapProfile(f)
	_ = f.Close()
}
