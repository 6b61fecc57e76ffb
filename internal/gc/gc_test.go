package gc

import (
	"os"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestPercentFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		live uint64
		want int
	}{{0, 1500}, {2 << 20, 700}, {4 << 20, 300}, {8 << 20, 100}, {10 << 20, 60}, {1 << 40, 60}} {
		if got := percentFor(test.live); got != test.want {
			t.Errorf("%d bytes: %d %%, want %d", test.live, got, test.want)
		}
	}
}

// TestLate: the percentage follows what is in use, again and again.
func TestLate(t *testing.T) {
	defer debug.SetGCPercent(percent())
	Late(func(string) string { return "" })
	var kept [][]byte
	for _, test := range []struct {
		mib         int // in use, besides the tests
		least, most int // per cent
	}{{0, 400, 1500}, {3, 150, 440}, {20, 60, 60}, {1, 400, 1500}} {
		kept = kept[:0:0]
		for range test.mib {
			kept = append(kept, make([]byte, 1<<20))
		}
		is := 0
		for n := 0; n < 1000 && (is < test.least || is > test.most); n++ { // the collector tells a little later
			runtime.GC()
			is = percent()
		}
		if is < test.least || is > test.most {
			t.Errorf("%d MiB: %d %%, want %d to %d", test.mib, is, test.least, test.most)
		}
		runtime.KeepAlive(kept)
	}
}

func TestEnvironmentDecides(t *testing.T) {
	defer debug.SetGCPercent(percent())
	debug.SetGCPercent(70)
	for name, set := range map[string]func(func(string) string){"early": Early, "late": Late} {
		if set(func(name string) string { return map[string]string{"GOGC": "70"}[name] }); percent() != 70 {
			t.Errorf("%s: %d %%, want what GOGC says", name, percent())
		}
	}
	if Early(os.Getenv); os.Getenv("GOGC") == "" && percent() != earlyPercent {
		t.Errorf("early: %d %%, want %d", percent(), earlyPercent)
	}
}

// percent returns the collector's percentage.
func percent() int {
	p := debug.SetGCPercent(100)
	debug.SetGCPercent(p)
	return p
}
