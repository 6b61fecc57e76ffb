//go:build heapprofile

package observe

import (
	"bytes"
	"os"
	"runtime"
	"runtime/pprof"
	"time"
)

// heapProfileVariable names the file that gets the profile of the largest heap. Only binaries built with the tag
// heapprofile know it: what is deployed links no profiler.
const heapProfileVariable = "HEAP_PROFILE"

func init() {
	if path := os.Getenv(heapProfileVariable); path != "" {
		runtime.MemProfileRate = 16 << 10
		go watchHeap(path)
	}
}

// watchHeap writes the profile again whenever the heap has grown. A profile shows the heap as the last collection left it.
func watchHeap(path string) {
	const every, growth = 50 * time.Millisecond, 1.05
	largest := uint64(0)
	for range time.Tick(every) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if float64(m.HeapAlloc) < float64(largest)*growth {
			continue
		}
		largest = m.HeapAlloc
		var b bytes.Buffer
		if err := pprof.Lookup("heap").WriteTo(&b, 0); err != nil {
			continue
		}
		// Renamed into its place: the process is killed when its work is done, at any moment.
		if os.WriteFile(path+".new", b.Bytes(), 0o600) == nil {
			_ = os.Rename(path+".new", path)
		}
	}
}
