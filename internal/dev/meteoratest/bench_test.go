package meteoratest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) WriteHeader(int)             {}
func (d discard) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkPage measures the answer to one page of 1000 pools; MB/s counts JSON, before compression.
func BenchmarkPage(b *testing.B) {
	for _, product := range []string{DLMM, DAMMv2} {
		for _, encoding := range []string{"identity", "gzip"} {
			b.Run(product+"/"+encoding, func(b *testing.B) {
				s := New(Config{RateLimit: map[string]float64{DLMM: 0, DAMMv2: 0}})
				r := httptest.NewRequest(http.MethodGet, "/"+product+"/pools?page=1&page_size=1000&sort_by=pool_created_at:asc", nil)
				r.Header.Set("User-Agent", "bench")
				rec := httptest.NewRecorder()
				s.ServeHTTP(rec, r)
				b.SetBytes(int64(rec.Body.Len()))
				r.Header.Set("Accept-Encoding", encoding)
				b.ReportAllocs()
				for b.Loop() {
					s.ServeHTTP(discard{http.Header{}}, r)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pages/s")
			})
		}
	}
}

// BenchmarkFullScan reads all of the default 132,967 pools over loopback HTTP, page by page.
func BenchmarkFullScan(b *testing.B) {
	s := New(Config{RateLimit: map[string]float64{DLMM: 0}})
	if err := s.Start(); err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for b.Loop() {
		var n int64
		for page := 1; page <= 133; page++ {
			resp, err := http.Get(s.URL(DLMM) + "/pools?page_size=1000&sort_by=pool_created_at:asc&page=" + strconv.Itoa(page))
			if err != nil {
				b.Fatal(err)
			}
			m, err := io.Copy(io.Discard, resp.Body)
			if err != nil {
				b.Fatal(err)
			}
			n += m
			resp.Body.Close()
		}
		b.SetBytes(n)
	}
}
