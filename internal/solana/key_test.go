package solana

import (
	"errors"
	"strings"
	"testing"
)

func TestParseKey(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		ok   bool
	}{
		"mint":             {"So11111111111111111111111111111111111111112", true},
		"system program":   {strings.Repeat("1", 32), true},
		"31 bytes":         {strings.Repeat("1", 31), false},
		"33 bytes":         {strings.Repeat("1", 33), false},
		"empty":            {"", false},
		"not base58":       {"So1111111111111111111111111111111111111111O", false},
		"too long to read": {strings.Repeat("z", 1<<20), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, err := ParseKey(test.text)
			if test.ok != (err == nil) || err != nil && !errors.Is(err, ErrKey) {
				t.Fatalf("ParseKey: %v", err)
			}
			if test.ok && k.String() != test.text {
				t.Errorf("String() = %s", k)
			}
		})
	}
}

// TestProgramAddress derives addresses that stand on chain.
func TestProgramAddress(t *testing.T) {
	t.Parallel()
	const (
		dbc  = "dbcij3LWUppWqq96dh6gJWwBifmcGfLSB5D4DuSMaqN"
		damm = "cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG"
		sol  = "So11111111111111111111111111111111111111112"
	)
	tests := map[string]struct {
		program      string
		config, a, b string
		want         string
	}{
		"bonding curve": {
			dbc, "CbfpuGYivK1o8rCpKf536ebipFipRTyk71sGCCXaBeEc", sol, "QS4QLW6vZWMmQE3j3LAnGfCZbXWbVfDuVDeVfgT2dzM",
			"EWJ2mDW9UBuGAJ4UF5gTdYVXk8BxT2dV1P8oBN24xiZz",
		},
		"curve that graduated": {
			dbc, "CaDBnXEGdbJ9bKBN8U4AbbvJ7BMY6KMrBTXDyShaonjd", "7qNoXXPbgkqyiNGrY7sQughsZgpDB57MHdHjzoNnSDUH", sol,
			"5AY2Ac5ubEaPeTwAjU3SxajNpKoTM8MEMwJGUD7WYZo4",
		},
		"DAMM v2 pool": {
			damm, "Hv8Lmzmnju6m7kcokVKvwqz7QPmdX9XfKjJsXz8RXcjp", "2AVjqmGbMqg7rSyHVv2deVdggsBgBtu1Bi69BUvE5WRv", sol,
			"BKH29Cr5mZf8eahp7vD28jaBqU9HavY9v6SAbphbSA2D",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, a, b := MustKey(test.config), MustKey(test.a), MustKey(test.b)
			if a.Compare(b) < 0 {
				a, b = b, a
			}
			got, err := ProgramAddress(MustKey(test.program), []byte("pool"), config[:], a[:], b[:])
			if err != nil || got.String() != test.want {
				t.Errorf("ProgramAddress = %s, %v; want %s", got, err, test.want)
			}
		})
	}
}
