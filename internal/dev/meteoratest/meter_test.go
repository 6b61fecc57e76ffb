package meteoratest

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
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
			if _, ok := m.arrive(at, http.Header{}); !ok {
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
		if _, ok := m.arrive(now.Add(time.Duration(i)*50*time.Millisecond), http.Header{}); ok {
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
		if resp.Header.Get("Retry-After") != "" || resp.Header.Get("X-Ratelimit-Limit") != "300" {
			t.Errorf("headers %v", resp.Header)
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

// TestQuota counts a window down, is refused at its end, and goes on after the reset that the headers name.
func TestQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := meter{quota: Quota{Limit: 3, Window: 7 * time.Second}}
		ask := func() (allowed bool, remaining string, wait time.Duration) {
			h := http.Header{}
			_, allowed = m.arrive(time.Now(), h)
			reset, err := strconv.ParseInt(h.Get("x-ratelimit-reset"), 10, 64)
			if err != nil || h.Get("x-ratelimit-limit") != "3" {
				t.Errorf("%v: %v", h, err)
			}
			return allowed, h.Get("x-ratelimit-remaining"), time.Until(time.Unix(reset, 0))
		}
		time.Sleep(300 * time.Millisecond) // windows do not begin with a second
		for round := range 3 {
			var wait time.Duration
			for i, want := range []struct {
				allowed   bool
				remaining string
			}{{true, "2"}, {true, "1"}, {true, "0"}, {false, "0"}} {
				allowed, remaining, until := ask()
				if wait = until; allowed != want.allowed || remaining != want.remaining || wait < 6*time.Second || wait > 8*time.Second {
					t.Errorf("round %d, request %d: %v, %s left, %v", round, i, allowed, remaining, wait)
				}
				time.Sleep(100 * time.Millisecond)
			}
			time.Sleep(wait)
		}
	})
}

func TestQuotaOverHTTP(t *testing.T) {
	t.Parallel()
	cfg := small() // no rate, and with it no quota
	cfg.Quota = map[string]Quota{DAMMv2: {Limit: 2, Window: time.Hour}}
	s := start(t, cfg)
	c := client(t, false)
	for i, want := range []int{200, 200, 429, 429} {
		resp, _, err := get(t, c, s.URL(DAMMv2)+"/pools")
		if err != nil || resp.StatusCode != want || resp.Header.Get("Retry-After") != "" || resp.Header.Get("x-ratelimit-reset") == "" {
			t.Errorf("request %d: %d %v %v", i, resp.StatusCode, resp.Header, err)
		}
	}
	if resp, _, _ := get(t, c, s.URL(DLMM)+"/pools"); resp.Header.Get("x-ratelimit-limit") != "" {
		t.Errorf("headers without a quota: %v", resp.Header)
	}
}
