package dbc

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/solana"
	"tokensync/internal/token"
)

var (
	configA = solana.Key{1, 2, 3}
	mintA   = solana.Key{4, 5, 6}
)

// poolAccount is a pool's account with fields that edit may change.
func poolAccount(edit func(data []byte)) *solana.Account {
	data := make([]byte, virtualPool.size)
	copy(data, virtualPool.discriminator[:])
	copy(data[72:], configA[:])
	copy(data[104:], []byte{7, 8, 9})
	copy(data[136:], mintA[:])
	binary.LittleEndian.PutUint64(data[240:], math.MaxUint64)
	binary.LittleEndian.PutUint64(data[280:], 1<<63+1)
	binary.LittleEndian.PutUint64(data[288:], math.MaxUint64)
	if edit != nil {
		edit(data)
	}
	return &solana.Account{Key: solana.Key{10}, Owner: program, Space: 424, Data: data}
}

func TestDecodePool(t *testing.T) {
	t.Parallel()
	ours := pool{
		address: solana.Key{10}, creator: solana.Key{7, 8, 9}, mint: mintA, quoteReserve: math.MaxUint64,
		sqrtPrice: uint128{0x01, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	}
	with := func(edit func(*pool)) pool {
		p := ours
		edit(&p)
		return p
	}
	set := func(at int, v byte) *solana.Account { return poolAccount(func(data []byte) { data[at] = v }) }
	cut := func(n int) *solana.Account {
		a := poolAccount(nil)
		a.Data = a.Data[:n]
		return a
	}
	tests := map[string]struct {
		account *solana.Account
		want    pool
		err     error
	}{
		"whole":             {poolAccount(nil), ours, nil},
		"cut as asked":      {cut(352), ours, nil},
		"Token-2022":        {set(304, 1), with(func(p *pool) { p.isToken2022 = true }), nil},
		"curve full":        {set(308, 1), with(func(p *pool) { p.stage = migrating }), nil},
		"vesting locked":    {set(308, 2), with(func(p *pool) { p.stage = migrating }), nil},
		"pool created":      {set(308, 3), with(func(p *pool) { p.stage = graduated }), nil},
		"migrated":          {set(305, 1), with(func(p *pool) { p.stage = graduated }), nil},
		"unknown progress":  {set(308, 4), pool{}, errProgress},
		"wrong kind":        {set(0, 0), pool{}, errDiscriminator},
		"config's kind":     {poolAccount(func(data []byte) { copy(data, poolConfig.discriminator[:]) }), pool{}, errDiscriminator},
		"truncated":         {cut(351), pool{}, errLength},
		"cut elsewhere":     {cut(400), pool{}, errLength},
		"empty":             {cut(0), pool{}, errLength},
		"unreadable":        {&solana.Account{Space: -1}, pool{}, errLength},
		"size not told":     {&solana.Account{Key: solana.Key{10}, Space: -1, Data: poolAccount(nil).Data}, ours, nil},
		"other size told":   {&solana.Account{Space: 400, Data: poolAccount(nil).Data[:352]}, pool{}, errLength},
		"another program's": {&solana.Account{Owner: metaplex, Space: 424, Data: poolAccount(nil).Data}, pool{}, errOwner},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := decodePool(test.account, virtualPool)
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(pool{})); err == nil && diff != "" {
				t.Errorf("pool (-want +got):\n%s", diff)
			}
		})
	}
}

func configAccount(k kind, edit func(data []byte)) *solana.Account {
	data := make([]byte, k.size)
	copy(data, k.discriminator[:])
	copy(data[8:], mintA[:])
	data[233], data[235], data[243], data[244] = 1, 6, 3, 1
	binary.LittleEndian.PutUint64(data[264:], math.MaxUint64)
	binary.LittleEndian.PutUint64(data[344:], 1_000_000_000_000_000)
	binary.LittleEndian.PutUint64(data[352:], 990_000_000_000_001)
	if edit != nil {
		edit(data)
	}
	return &solana.Account{Key: configA, Owner: program, Space: int64(k.size), Data: data}
}

func TestDecodeConfig(t *testing.T) {
	t.Parallel()
	want := config{
		QuoteMint: mintA, Decimals: 6, ToDAMMv2: true, FeeOption: 3, Threshold: math.MaxUint64, FixedSupply: true,
		SupplyBefore: 1_000_000_000_000_000, SupplyAfter: 990_000_000_000_001,
	}
	for name, k := range map[string]kind{"plain": poolConfig, "with transfer hook": hookConfig} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := configAccount(k, nil)
			cut := configAccount(k, nil)
			cut.Data = cut.Data[:configSliceEnd]
			for _, a := range []*solana.Account{whole, cut} {
				got, err := decodeAnyConfig(a)
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("error %v, config (-want +got):\n%s", err, diff)
				}
			}
			cut.Data = cut.Data[:configSliceEnd-1]
			if _, err := decodeAnyConfig(cut); err == nil {
				t.Error("a truncated config was read")
			}
		})
	}
	if _, err := decodeAnyConfig(poolAccount(nil)); err == nil {
		t.Error("a pool was read as a config")
	}
}

// TestPrice has the two recorded prices, and prices worked out by hand.
func TestPrice(t *testing.T) {
	t.Parallel()
	words := func(hi, lo uint64) (u uint128) {
		binary.LittleEndian.PutUint64(u[:], lo)
		binary.LittleEndian.PutUint64(u[8:], hi)
		return u
	}
	tests := map[string]struct {
		sqrt                    uint128
		decimals, quoteDecimals int
		want                    token.Number
	}{
		"recorded":           {words(0, 139394230708914577), 6, 9, "0.00000005710184671262929"},
		"recorded graduated": {words(0, 412481735007777226), 6, 9, "0.0000004999999948706038"},
		"one":                {words(1, 0), 6, 6, "1"},
		"four":               {words(2, 0), 9, 9, "4"},
		"quarter":            {words(0, 1<<63), 9, 9, "0.25"},
		"more decimals":      {words(1, 0), 9, 6, "1000"},
		"fewer decimals":     {words(1, 0), 6, 9, "0.001"},
		"largest":            {words(math.MaxUint64, math.MaxUint64), 0, 0, "340282366920938460000000000000000000000"},
		"smallest":           {words(0, 1), 0, 0, "2.9387358770557188e-39"},
		"out of every range": {words(math.MaxUint64, 0), 255, 0, ""},
		"unset":              {words(0, 0), 6, 9, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, _ := token.ParseNumber(string(test.want))
			if got := price(test.sqrt, test.decimals, test.quoteDecimals); got != want {
				t.Errorf("price = %s, want %s", got, want)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		reserve, threshold uint64
		want               token.Number
	}{
		"recorded":     {11725382491, 100000000000, "0.11725382491"},
		"full":         {10950000000, 10950000000, "1"},
		"over":         {math.MaxUint64, 1, "1"},
		"none":         {0, 100, "0"},
		"third":        {1, 3, "0.33333333333333333"},
		"large":        {1 << 63, math.MaxUint64, "0.5"},
		"no threshold": {5, 0, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := progress(test.reserve, test.threshold); got != test.want {
				t.Errorf("progress = %s, want %s", got, test.want)
			}
		})
	}
}

func TestGraduatedAddress(t *testing.T) {
	t.Parallel()
	mint := solana.MustKey("2AVjqmGbMqg7rSyHVv2deVdggsBgBtu1Bi69BUvE5WRv")
	c := config{QuoteMint: solana.MustKey(token.SOL), ToDAMMv2: true, FeeOption: 2}
	if got, ok := c.graduatedAddress(mint); !ok || got.String() != "BKH29Cr5mZf8eahp7vD28jaBqU9HavY9v6SAbphbSA2D" {
		t.Errorf("graduatedAddress = %s, %t", got, ok)
	}
	for name, c := range map[string]*config{"DAMM v1": {FeeOption: 2}, "unknown option": {ToDAMMv2: true, FeeOption: 7}, "no config": nil} {
		if got, ok := c.graduatedAddress(mint); ok {
			t.Errorf("%s: graduatedAddress = %s", name, got)
		}
	}
}

func FuzzDecodePool(f *testing.F) {
	f.Add(poolAccount(nil).Data)
	f.Add(poolAccount(nil).Data[:352])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decodePool(&solana.Account{Space: -1, Data: data}, virtualPool)
		if err != nil {
			return
		}
		if got := price(p.sqrtPrice, 6, 9); got.Negative() {
			t.Errorf("price %s", got)
		}
		if got := progress(p.quoteReserve, 1000); !got.Known() || got.Float64() > 1 {
			t.Errorf("progress %s", got)
		}
	})
}

func FuzzDecodeConfig(f *testing.F) {
	f.Add(configAccount(poolConfig, nil).Data)
	f.Add(configAccount(hookConfig, nil).Data)
	f.Fuzz(func(_ *testing.T, data []byte) {
		c, err := decodeAnyConfig(&solana.Account{Space: -1, Data: data})
		if err == nil {
			c.graduatedAddress(mintA)
			c.supply(graduated)
		}
	})
}
