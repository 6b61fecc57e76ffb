package upstream

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http/httptest"
	"testing"

	"tokensync/internal/dev/meteoratest"
)

// BenchmarkGzip reads a page of 1,000 pools, with our reader and with the standard library's; MB/s counts what comes out.
func BenchmarkGzip(b *testing.B) {
	fake := meteoratest.New(meteoratest.Config{RateLimit: map[string]float64{meteoratest.DLMM: 0}})
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/"+meteoratest.DLMM+"/pools?page=7&page_size=1000", nil)
	r.Header.Set("User-Agent", "bench")
	fake.ServeHTTP(w, r)
	packed := gzipped(b, w.Body.Bytes(), gzip.DefaultCompression)
	own, std := new(GzipReader), new(gzip.Reader)
	for _, reader := range []struct {
		name  string
		reset func(io.Reader) io.Reader
	}{
		{"ours", func(r io.Reader) io.Reader { own.Reset(r); return own }},
		{"compress-gzip", func(r io.Reader) io.Reader { _ = std.Reset(r); return std }},
	} {
		b.Run(reader.name, func(b *testing.B) {
			src := bytes.NewReader(nil)
			b.SetBytes(int64(w.Body.Len()))
			b.ReportAllocs()
			for b.Loop() {
				src.Reset(packed)
				if n, err := io.Copy(io.Discard, reader.reset(src)); err != nil || int(n) != w.Body.Len() {
					b.Fatal(n, err)
				}
			}
		})
	}
}
