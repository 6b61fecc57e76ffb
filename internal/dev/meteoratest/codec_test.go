package meteoratest

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBase58(t *testing.T) {
	t.Parallel()
	ones := ^uint64(0)
	for name, tt := range map[string]struct {
		key  key
		text string
	}{
		"system program":     {key{}, "11111111111111111111111111111111"},
		"one":                {key{0, 0, 0, 1}, "11111111111111111111111111111112"},
		"58":                 {key{0, 0, 0, 58}, "1111111111111111111111111111111" + "21"},
		"largest":            {key{ones, ones, ones, ones}, "JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG"},
		"wrapped SOL":        {key{0x069b8857feab8184, 0xfb687f634618c035, 0xdac439dc1aeb3b55, 0x98a0f00000000001}, mintSOL},
		"one leading zero":   {key{0x00ff_ffff_ffff_ffff, 0, 0, 0}, ""},
		"eight leading zero": {key{0, 1, 2, 3}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := string(appendBase58(nil, tt.key))
			if tt.text != "" && text != tt.text {
				t.Errorf("encoded %s, want %s", text, tt.text)
			}
			back, ok := parseBase58(text)
			if !ok || back != tt.key {
				t.Errorf("%s decoded to %x, %v", text, back, ok)
			}
		})
	}
	for _, bad := range []string{"", "1", "O" + mintSOL[1:], mintSOL + "1", "1" + mintSOL, "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"} {
		if k, ok := parseBase58(bad); ok {
			t.Errorf("%q decoded to %x", bad, k)
		}
	}
}

func TestAddressesDecodeToTheirNumber(t *testing.T) {
	t.Parallel()
	c, other := codec{7}, codec{8}
	for n := range uint64(20_000) {
		k := c.encode(kindDLMM, n*n)
		if l := len(appendBase58(nil, k)); l < 43 || l > 44 {
			t.Fatalf("%d: %d characters", n, l)
		}
		if kind, back, ok := c.decode(k); !ok || kind != kindDLMM || back != n*n {
			t.Fatalf("%d: decoded %d %d %v", n, kind, back, ok)
		}
		if _, _, ok := other.decode(k); ok {
			t.Fatalf("%d: another seed takes it as well", n)
		}
		k[3]++
		if _, _, ok := c.decode(k); ok {
			t.Fatalf("%d: decodes with a changed byte", n)
		}
	}
}

func TestDecimal(t *testing.T) {
	t.Parallel()
	for want, tt := range map[string]struct {
		dec  dec
		bare bool
	}{
		"0.0":               {dec{0, 5}, false},
		"0":                 {dec{0, 5}, true},
		"5.0":               {dec{500, 2}, false},
		"5":                 {dec{500, 2}, true},
		"120":               {dec{120, 0}, true},
		"0.04":              {dec{4, 2}, false},
		"29584520.96":       {dec{2958452096, 2}, false},
		"0.0001":            {dec{1, 4}, false},
		"1.3e-06":           {dec{13, 7}, false},
		"1e-05":             {dec{1, 5}, false},
		"5.42e-23":          {dec{542, 25}, false},
		"0.123456789012345": {dec{123456789012345, 15}, false},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			got := string(appendDec(nil, tt.dec, tt.bare))
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			f, err := strconv.ParseFloat(got, 64)
			if v := tt.dec.float(); err != nil || f-v > 1e-12*f || v-f > 1e-12*f {
				t.Errorf("float is %v, text says %v (%v)", v, f, err)
			}
		})
	}
}

func TestSpellings(t *testing.T) {
	t.Parallel()
	for _, id := range []string{DefaultLaunchpad, "pump.fun", "x", `we"ird\ 🚀 é`} {
		pads := newLaunchpads(id)
		for _, s := range append(append(pads.ours, pads.near...), escaped(id, 2), escaped(id, 8)) {
			var text string
			if err := json.Unmarshal([]byte(s.json), &text); err != nil || text != s.text {
				t.Errorf("%s reads %q, want %q (%v)", s.json, text, s.text, err)
			}
		}
		for _, s := range pads.ours {
			if s.text != id {
				t.Errorf("%q is not %q", s.text, id)
			}
		}
		for _, s := range pads.near {
			if s.text == id {
				t.Errorf("%q is the ID itself", s.text)
			}
		}
	}
	a, b := newLaunchpads("abc").ours[0].json, newLaunchpads("abc").ours[2].json
	if diff := cmp.Diff([]string{`"abc"`, `"\u0061\u0062\u0063"`}, []string{a, b}); diff != "" {
		t.Error(diff)
	}
}

func TestRanksInvert(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 10, 97, 1000, 132967} {
		f := newAffine(n, mix(uint64(n)))
		seen := make([]bool, n)
		for i := range n {
			r := f.rank(i)
			if r < 0 || r >= n || seen[r] {
				t.Fatalf("n=%d: rank %d of %d comes twice or lies outside", n, r, i)
			}
			seen[r] = true
			if f.index(r) != i {
				t.Fatalf("n=%d: index(rank(%d)) = %d", n, i, f.index(r))
			}
		}
	}
}
