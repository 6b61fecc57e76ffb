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

// poolAccount returns a pool's account with fields that edit may change.
func poolAccount(edit func(data []byte)) *solana.Account {
	data := make([]byte, virtualPool.size)
	copy(data, virtualPool.discriminator[:])
	copy(data[72:], configA[:])
	copy(data[104:], []byte{7, 8, 9})
	copy(data[136:], mintA[:])
	copy(data[168:], []byte{11, 12})
	for at, v := range map[int]uint64{
		240: math.MaxUint64, 264: 3, 272: 4, 280: 1<<63 + 1, 288: math.MaxUint64, 296: 1_760_000_000,
		328: 1000, 336: math.MaxUint64 - 1, 344: 1_760_000_111, 352: 5, 360: 6,
	} {
		binary.LittleEndian.PutUint64(data[at:], v)
	}
	if edit != nil {
		edit(data)
	}
	return &solana.Account{Key: solana.Key{10}, Owner: program, Space: 424, Data: data}
}

func TestDecodePool(t *testing.T) {
	t.Parallel()
	ours := pool{
		address: solana.Key{10}, config: configA, creator: solana.Key{7, 8, 9}, mint: mintA, quoteReserve: math.MaxUint64,
		sqrtPrice:  uint128{0x01, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		activation: 1_760_000_000, finished: 1_760_000_111,
		total: fees{1000, math.MaxUint64 - 1}, partner: fees{3, 4}, creatorFees: fees{5, 6},
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
	longer := poolAccount(nil)
	longer.Data, longer.Space = append(longer.Data, make([]byte, 200)...), 624
	tests := map[string]struct {
		account *solana.Account
		want    pool
		err     error
	}{
		"whole":               {poolAccount(nil), ours, nil},
		"cut as asked":        {cut(400), ours, nil},
		"cut elsewhere":       {cut(420), ours, nil},
		"grown":               {longer, ours, nil},
		"grown, cut as asked": {&solana.Account{Key: solana.Key{10}, Space: 624, Data: longer.Data[:400]}, ours, nil},
		"Token-2022":          {set(304, 1), with(func(p *pool) { p.isToken2022 = true }), nil},
		"curve full":          {set(308, 1), with(func(p *pool) { p.stage = migrating }), nil},
		"vesting locked":      {set(308, 2), with(func(p *pool) { p.stage = migrating }), nil},
		"pool created":        {set(308, 3), with(func(p *pool) { p.stage = graduated }), nil},
		"migrated":            {set(305, 1), with(func(p *pool) { p.stage = graduated }), nil},
		"surplus of partner":  {set(306, 1), with(func(p *pool) { p.partnerSurplusTaken = true }), nil},
		"surplus of creator":  {set(310, 1), with(func(p *pool) { p.creatorSurplusTaken = true }), nil},
		"surplus of protocol": {set(307, 1), ours, nil},
		"migration fee":       {set(311, 0b110), with(func(p *pool) { p.migrationFeeTaken = 0b110 }), nil},
		"creation fee":        {set(369, 0b11), with(func(p *pool) { p.creationFeeTaken = 0b11 }), nil},
		"unknown progress":    {set(308, 4), pool{}, errProgress},
		"wrong kind":          {set(0, 0), pool{}, errDiscriminator},
		"config's kind":       {poolAccount(func(data []byte) { copy(data, poolConfig.discriminator[:]) }), pool{}, errDiscriminator},
		"truncated":           {cut(399), pool{}, errLength},
		"empty":               {cut(0), pool{}, errLength},
		"unreadable":          {&solana.Account{Space: -1}, pool{}, errLength},
		"size not told":       {&solana.Account{Key: solana.Key{10}, Space: -1, Data: poolAccount(nil).Data}, ours, nil},
		"smaller size told":   {&solana.Account{Space: 423, Data: poolAccount(nil).Data[:400]}, pool{}, errLength},
		"another program's":   {&solana.Account{Owner: metaplex, Space: 424, Data: poolAccount(nil).Data}, pool{}, errOwner},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := decodePool(test.account, virtualPool)
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(pool{}, fees{})); err == nil && diff != "" {
				t.Errorf("pool (-want +got):\n%s", diff)
			}
		})
	}
}

func configAccount(k kind, edit func(data []byte)) *solana.Account {
	data := make([]byte, k.size)
	copy(data, k.discriminator[:])
	copy(data[8:], mintA[:])
	for at, v := range map[int]byte{232: 1, 233: 1, 234: 1, 235: 6, 243: 3, 244: 1, 245: 30, 246: 4, 247: 20, 248: 10} {
		data[at] = v
	}
	for at, v := range map[int]uint64{104: 10_000_000, 264: math.MaxUint64, 344: 1_000_000_000_000_000, 368: 25_000_000} {
		binary.LittleEndian.PutUint64(data[at:], v)
	}
	if edit != nil {
		edit(data)
	}
	return &solana.Account{Key: configA, Owner: program, Space: int64(k.size), Data: data}
}

func TestDecodeConfig(t *testing.T) {
	t.Parallel()
	want := config{
		QuoteMint: mintA, Decimals: 6, Migration: 1, FeeOption: 3, Threshold: math.MaxUint64, FixedSupply: true,
		SupplyBefore: 1_000_000_000_000_000, Activation: 1, Authority: 4, FeeRate: 10_000_000, Collect: 1,
		CreatorPct: 30, MigrationPct: 20, CreatorMigrationPct: 10, CreationFee: 25_000_000,
	}
	for name, k := range map[string]kind{"plain": poolConfig, "with transfer hook": hookConfig} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole, cut, grown := configAccount(k, nil), configAccount(k, nil), configAccount(k, nil)
			cut.Data = cut.Data[:configSliceEnd]
			grown.Data, grown.Space = append(grown.Data, 1, 2, 3), grown.Space+3
			for _, a := range []*solana.Account{whole, cut, grown} {
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

// TestFeeVaries: a rate is constant only where nothing can move it.
func TestFeeVaries(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(data []byte)
		want bool
	}{
		"constant":                     {nil, false},
		"linear schedule":              {func(d []byte) { d[120], d[128] = 1, 1 }, true},
		"no periods":                   {func(d []byte) { d[120] = 1 }, false},
		"periods that change nothing":  {func(d []byte) { d[128] = 1 }, false},
		"a period in the second byte":  {func(d []byte) { d[127], d[129] = 1, 1 }, true},
		"exponential schedule":         {func(d []byte) { d[130] = 1 }, true},
		"rate limiter":                 {func(d []byte) { d[130] = 2 }, true},
		"dynamic fee":                  {func(d []byte) { d[136] = 1 }, true},
		"padding, which means nothing": {func(d []byte) { d[131], d[137] = 1, 1 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := decodeAnyConfig(configAccount(poolConfig, tt.edit))
			if err != nil || c.FeeVaries != tt.want {
				t.Errorf("varies %t, %v", c.FeeVaries, err)
			}
		})
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

// TestGraduatedAddress has one recorded address of DAMM v2, and one of DAMM v1 that was derived elsewhere.
func TestGraduatedAddress(t *testing.T) {
	t.Parallel()
	mint := solana.MustKey("2AVjqmGbMqg7rSyHVv2deVdggsBgBtu1Bi69BUvE5WRv")
	for name, tt := range map[string]struct {
		migration, option uint8
		want              string
	}{
		"DAMM v2":                   {1, 2, "BKH29Cr5mZf8eahp7vD28jaBqU9HavY9v6SAbphbSA2D"},
		"unknown option of DAMM v2": {1, 7, ""},
		"unknown option of DAMM v1": {0, 6, ""},
		"unknown AMM":               {2, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config{QuoteMint: solana.MustKey(token.SOL), Migration: tt.migration, FeeOption: tt.option}
			if got := c.graduatedText(mint); got != tt.want {
				t.Errorf("graduated into %q", got)
			}
		})
	}
}

// TestGraduatedAddressV1 derives by hand: larger mint, smaller mint, config, and no word before them.
func TestGraduatedAddressV1(t *testing.T) {
	t.Parallel()
	mint, sol := solana.MustKey("2AVjqmGbMqg7rSyHVv2deVdggsBgBtu1Bi69BUvE5WRv"), solana.MustKey(token.SOL)
	option := solana.MustKey("EkvP7d5yKxovj884d2DwmBQbrHUWRLGK6bympzrkXGja")
	first, second := mint, sol
	if first.Compare(second) < 0 {
		first, second = second, first
	}
	want, err := solana.ProgramAddress(solana.MustKey("Eo7WjKq67rjJQSZxS6z3YkapzY3eMj6Xy8X5EQVn5UaB"), first[:], second[:], option[:])
	if err != nil {
		t.Fatal(err)
	}
	c := config{QuoteMint: sol, FeeOption: 3}
	if got := c.graduatedText(mint); got != want.String() {
		t.Errorf("graduated into %q, want %q", got, want)
	}
}

func FuzzDecodePool(f *testing.F) {
	f.Add(poolAccount(nil).Data, configAccount(poolConfig, nil).Data)
	f.Add(poolAccount(nil).Data[:400], configAccount(hookConfig, nil).Data[:376])
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, poolData, configData []byte) {
		p, err := decodePool(&solana.Account{Space: -1, Data: poolData}, virtualPool)
		if err != nil {
			return
		}
		if got := price(p.sqrtPrice, 6, 9); got.Negative() {
			t.Errorf("price %s", got)
		}
		if got := progress(p.quoteReserve, 1000); !got.Known() || got.Float64() > 1 {
			t.Errorf("progress %s", got)
		}
		c, err := decodeAnyConfig(&solana.Account{Space: -1, Data: configData})
		if err != nil {
			return
		}
		c.graduatedAddress(p.mint)
		c.supply(p.stage)
		checkEarnings(t, &c, &p, c.earnings(&p, units{c.Decimals, true}, units{9, true}))
	})
}
