package meteora

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/token"
)

// recorded returns a page of 1,000 pools of the recorded shape.
func recorded(b *testing.B) []byte {
	b.Helper()
	fake := meteoratest.New(meteoratest.Config{RateLimit: map[string]float64{meteoratest.DLMM: 0}})
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/%s/pools?page=7&page_size=1000", meteoratest.DLMM), nil)
	r.Header.Set("User-Agent", "bench")
	fake.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatal(w.Body)
	}
	return w.Body.Bytes()
}

// BenchmarkDecode is one page of which few pools are ours, the same as a scan looks at it, and one of which all are.
func BenchmarkDecode(b *testing.B) {
	body := recorded(b)
	few := NewFilter([]token.LaunchpadID{ours})
	for _, bench := range []struct {
		name   string
		filter *Filter
		survey *survey
	}{{"few", few, nil}, {"few surveyed", few, new(survey)}, {"all", everyPool(), nil}} {
		b.Run(bench.name, func(b *testing.B) {
			d := NewDecoder(token.DLMM, bench.filter, token.NewQuoteMints())
			d.survey = bench.survey
			r := bytes.NewReader(nil)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				r.Reset(body)
				if err := d.Decode(r, func(token.Pool) bool { return true }); err != nil || d.Scanned != 1000 {
					b.Fatal(err, d.Scanned)
				}
			}
		})
	}
}
