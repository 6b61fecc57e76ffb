package proc

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// reference is what reading the yardstick took of the processor when the bounds of our benchmarks were set. It was not measured
// then, but BenchmarkRead/compress-gzip of commit 01d7930 was: 3.7 ms, where the same commit took 8.2 beside 5.8 of the yardstick. The
// bench's own limit, the standard library that reads gzipped pages, took 0.48 s then and 1.12 s that day.
const reference = 2600 * time.Microsecond

// yardstick returns a megabyte of text as the standard library's gzip makes it.
var yardstick = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	w, r := gzip.NewWriter(&b), rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		_, _ = fmt.Fprintf(w, "{\"address\":\"%016x\",\"price\":%v,\"volume_24h_usd\":%d.5},\n", r.Uint64(), r.Float64(), r.IntN(1e6))
	}
	_ = w.Close() // a buffer takes everything
	return b.Bytes()
})

// Slowdown returns how many times longer this machine takes now than it did when the bounds of our benchmarks were set, at least 1:
// by the median of what the standard library's gzip takes of the processor to read a text.
func Slowdown() float64 {
	took := make([]time.Duration, 15)
	for i := range took {
		before := Own()
		r, err := gzip.NewReader(bytes.NewReader(yardstick()))
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if err != nil {
			panic(err) // it is what this process has written
		}
		took[i] = Own() - before
	}
	slices.Sort(took)
	return max(1, float64(took[len(took)/2])/float64(reference))
}

// A Reporter is a benchmark.
type Reporter interface {
	ReportMetric(n float64, unit string)
	Errorf(format string, args ...any)
}

// Hold returns what reports what each of n rounds took of the processor, and fails b if that is more than most, times Slowdown: the
// greater one of now and then, for a machine changes its pace. Few rounds fail nothing.
func Hold(b Reporter, most time.Duration) func(took time.Duration, n int) {
	before := Slowdown()
	return func(took time.Duration, n int) {
		each, slowdown := took.Seconds()*1e3/float64(n), max(before, Slowdown())
		b.ReportMetric(each, "cpu-ms/op")
		b.ReportMetric(slowdown, "slowdown")
		if limit := slowdown * most.Seconds() * 1e3; n >= fewRounds && each > limit {
			b.Errorf("%.2f ms, want at most %.2f", each, limit)
		}
	}
}

const fewRounds = 20
