package token

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"
)

func TestParseNumber(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want Number
		ok   bool
	}{
		{"0", "0", true},
		{"-0.0", "0", true},
		{"7", "7", true},
		{"-7.50", "-7.5", true},
		{"1.3e-06", "0.0000013", true},
		{"1.8e19", "18000000000000000000", true},
		{"1.844E+19", "18440000000000000000", true},
		{"18446744073709551615", "18446744073709551615", true},
		{"340282366920938463463374607431768211455", "340282366920938463463374607431768211460", true}, // u128: 39 digits
		{"0.1234567890123456789012345678901234567", "0.1234567890123456789012345678901234567", true},
		{"99999999999999999999999999999999999999.9", "1e38", true},
		{"1e-12", "0.000000000001", true},
		{"1e-50", "1e-50", true},
		{"1.25e100", "1.25e100", true},
		{"0e999", "0", true},
		{"1e121", "", false},
		{"1e-130", "", false},
		{"1e99999999999999999999", "", false},
		{"", "", false},
		{"-", "", false},
		{".5", "", false},
		{"5.", "", false},
		{"1e", "", false},
		{"+1", "", false},
		{"0x10", "", false},
		{"1_000", "", false},
		{"NaN", "", false},
		{"Infinity", "", false},
		{" 1", "", false},
		{strings.Repeat("9", 2000), "", false},
	}
	for _, tt := range tests {
		t.Run(tt.in[:min(len(tt.in), 24)], func(t *testing.T) {
			t.Parallel()
			if got, ok := ParseNumber(tt.in); got != tt.want || ok != tt.ok {
				t.Errorf("ParseNumber = %q, %v; want %q, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

// FuzzNumber holds: the spelling is JSON, canonical, and of the same value wherever 38 digits suffice.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0", "-1.5e10", "1.3e-06", "18446744073709551615", "0.000", "9e119", "1e-119"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := ParseNumber(s)
		if !ok {
			if n != "" {
				t.Fatalf("%q refused, yet %q", s, n)
			}
			return
		}
		if !json.Valid([]byte(n)) {
			t.Fatalf("%q is spelled %q, not JSON", s, n)
		}
		if again, ok := ParseNumber(string(n)); !ok || again != n {
			t.Fatalf("%q is spelled %q, and that %q", s, n, again)
		}
		want, _ := new(big.Rat).SetString(s)
		got, _ := new(big.Rat).SetString(string(n))
		if want.Cmp(got) != 0 && len(strings.Trim(s, "-0.")) <= maxDigits {
			t.Fatalf("%q became %q", s, n)
		}
	})
}

func TestNumberArithmetic(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		got, want Number
	}{
		{"sum", Number("0.1").Add("0.2"), "0.3"},
		{"sum over magnitudes", Number("1e20").Add("1e-15"), "100000000000000000000.000000000000001"},
		{"unknown adds nothing", Number("").Add("5"), "5"},
		{"adding unknown", Number("5").Add(""), "5"},
		{"unknown and unknown", Number("").Add(""), ""},
		{"quotient", Number("1000").Quo("400000"), "0.0025"},
		{"17 digits", Number("1").Quo("3"), "0.33333333333333333"},
		{"by zero", Number("1").Quo("0"), ""},
		{"by unknown", Number("1").Quo(""), ""},
		{"of unknown", Number("").Quo("1"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.got != tt.want {
				t.Errorf("got %q, want %q", tt.got, tt.want)
			}
		})
	}
}

func TestNumberJSON(t *testing.T) {
	t.Parallel()
	var v struct{ A, B, C Number }
	if err := json.Unmarshal([]byte(`{"A":1.50,"B":null}`), &v); err != nil {
		t.Fatal(err)
	}
	if b, err := json.Marshal(v); err != nil || string(b) != `{"A":1.5,"B":null,"C":null}` {
		t.Errorf("%s, %v", b, err)
	}
	if err := json.Unmarshal([]byte(`{"A":"x"}`), &v); err == nil {
		t.Error("a string was read as a number")
	}
}
