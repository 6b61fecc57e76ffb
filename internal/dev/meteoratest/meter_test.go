package meteoratest

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSteadyClientIsNeverRefused(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{10, 30, 7} {
		m := meter{rate: rate}
		now := time.Now()
		for i := range 1000 {
			late := time.Duration(mix(uint64(i))%400) * time.Millisecond // network and pauses
			at := now.Add(time.Duration(float64(i)/rate*float64(time.Second)) + late)
			if _, ok := m.arrive(at); !ok {
				t.Fatalf("rate %v: request %d refused", rate, i)
			}
		}
	}
}

func TestFastClientIsRefused(t *testing.T) {
	t.Parallel()
	m := meter{rate: 10}
	now, allowed := time.Now(), 0
	for i := range 200 { // 20 a second for 10 seconds
		if _, ok := m.arrive(now.Add(time.Duration(i) * 50 * time.Millisecond)); ok {
			allowed++
		}
	}
	if allowed < 100 || allowed > 110 {
		t.Errorf("%d allowed, want 100 and a small burst", allowed)
	}
	if m.stats.PeakPerSecond != 20 {
		t.Errorf("peak %d, want 20", m.stats.PeakPerSecond)
	}
}

func TestRateLimitAndStats(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Pools: 100, RateLimit: map[string]float64{DLMM: 4, DAMMv2: -1}})
	c := client(t, false)
	statuses, bytes := map[int]int{}, int64(0)
	for range 12 {
		resp, text, err := get(t, c, s.URL(DLMM)+"/pools")
		if err != nil {
			t.Fatal(err)
		}
		statuses[resp.StatusCode]++
		bytes += int64(len(text))
		if resp.StatusCode == http.StatusTooManyRequests && resp.Header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After %q", resp.Header.Get("Retry-After"))
		}
		get(t, c, s.URL(DAMMv2)+"/pools")
	}
	s.Close()
	st := s.Stats(DLMM)
	if diff := cmp.Diff(Stats{Requests: 12, Statuses: statuses, WireBytes: bytes, PeakPerSecond: st.PeakPerSecond}, st); diff != "" {
		t.Error(diff)
	}
	if statuses[429] == 0 || statuses[200] == 0 || st.PeakPerSecond < 2 {
		t.Errorf("%v, peak %d", statuses, st.PeakPerSecond)
	}
	if st := s.Stats(DAMMv2); st.Statuses[200] != 12 {
		t.Errorf("no limit, but %v", st.Statuses)
	}
	if st := s.Stats(DAMMv1); st.Requests != 0 {
		t.Errorf("%+v", st)
	}
}
