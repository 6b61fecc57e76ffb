package meteoratest

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"tokensync/internal/dev/study"

	"github.com/google/go-cmp/cmp"
)

// Fields as Meteora's OpenAPI descriptions name them, and as answers were recorded.
var (
	commonFields = strings.Fields(`address name token_x token_y token_x_amount token_y_amount created_at pool_config tvl current_price
		has_farm farm_apr farm_apy volume fees protocol_fees fee_tvl_ratio is_blacklisted tags`)
	dlmmFields  = append(strings.Fields(`reserve_x reserve_y reward_mint_x reward_mint_y dynamic_fee_pct apr apy`), commonFields...)
	dammFields  = append(strings.Fields(`vault_x vault_y alpha_vault permanent_lock_liquidity vested_liquidity`), commonFields...)
	tokenFields = strings.Fields(`address name symbol decimals is_verified holders freeze_authority_disabled total_supply price market_cap`)
	v1Fields    = strings.Fields(`pool_address pool_token_mints pool_token_amounts pool_token_usd_amounts lp_mint pool_tvl farm_tvl farming_pool farming_apy
		is_monitoring pool_order farm_order pool_version pool_name lp_decimal farm_reward_duration_end farm_expire pool_lp_price_in_usd trade_apy
		weekly_trade_apy daily_base_apy weekly_base_apy farm_new permissioned unknown total_fee_pct is_lst is_forex created_at
		trading_volume fee_volume yield_volume accumulated_trading_volume accumulated_fee_volume accumulated_yield_volume`)
	dlmmConfig = strings.Fields(`bin_step base_fee_pct max_fee_pct protocol_fee_pct collect_fee_mode`)
	dammConfig = strings.Fields(`collect_fee_mode base_fee_mode base_fee_pct protocol_fee_pct partner_fee_pct referral_fee_pct dynamic_fee_initialized
		compounding_fee_pct pool_type concentrated_liquidity min_price max_price activation_type activation_point has_fee_scheduler is_fee_scheduler_active`)
	windowSet = strings.Fields("30m 1h 2h 4h 12h 24h")
)

// fieldDiff compares an object's fields with the wanted ones; optional ones may be there.
func fieldDiff(object map[string]json.RawMessage, want []string, optional ...string) string {
	got := slices.DeleteFunc(slices.Collect(maps.Keys(object)), func(f string) bool { return slices.Contains(optional, f) })
	return cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got)))
}

func object(t *testing.T, text []byte) map[string]json.RawMessage {
	t.Helper()
	var o map[string]json.RawMessage
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return o
}

func TestFieldsAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	s := New(small())
	for product, want := range map[string]struct{ pool, config []string }{
		DLMM: {dlmmFields, dlmmConfig}, DAMMv2: {dammFields, dammConfig}, DAMMv1: {v1Fields, nil},
	} {
		t.Run(product, func(t *testing.T) {
			t.Parallel()
			for i := range study.Size(1000, 5000) {
				pool := object(t, s.World(product).JSON(i))
				if diff := fieldDiff(pool, want.pool, "launchpad", "cumulative_metrics"); diff != "" {
					t.Fatalf("pool %d: %s", i, diff)
				}
				if want.config == nil {
					continue
				}
				for _, field := range []string{"token_x", "token_y"} {
					if diff := fieldDiff(object(t, pool[field]), tokenFields); diff != "" {
						t.Fatalf("pool %d, %s: %s", i, field, diff)
					}
				}
				for _, field := range []string{"volume", "fees", "protocol_fees", "fee_tvl_ratio"} {
					if diff := fieldDiff(object(t, pool[field]), windowSet); diff != "" {
						t.Fatalf("pool %d, %s: %s", i, field, diff)
					}
				}
				if diff := fieldDiff(object(t, pool["pool_config"]), want.config, "fee_model", "oracle", "partner"); diff != "" {
					t.Fatalf("pool %d, pool_config: %s", i, diff)
				}
			}
		})
	}
}

// TestEveryOddityOccurs keeps the fake as uneven as the real thing.
func TestEveryOddityOccurs(t *testing.T) {
	t.Parallel()
	s := New(Config{Pools: 20_000})
	w := s.World(DLMM)
	seen := map[string]int{}
	for i := range 20_000 {
		text := w.JSON(i)
		var r row
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		_, ours := w.p.world.Load().launchpadOf(i)
		for name, is := range oddities(text, r, ours) {
			if is {
				seen[name]++
			} else {
				seen[name] += 0
			}
		}
	}
	for name, n := range seen {
		if n == 0 {
			t.Errorf("%s: never", name)
		}
	}
	if n := seen["pump.fun"]; n < 8_400 || n > 9_600 {
		t.Errorf("pump.fun: %d of 20000, want about 45 %%", n)
	}
}

// oddities names what is unusual about a pool.
func oddities(text []byte, r row, ours bool) map[string]bool {
	return map[string]bool{
		"no price":                    r.Price == nil,
		"no name":                     r.Name == "",
		"no symbol":                   r.X.Symbol == "" || r.Y.Symbol == "",
		"null launchpad":              bytes.Contains(text, []byte(`"launchpad":null`)),
		"empty launchpad":             bytes.Contains(text, []byte(`"launchpad":""`)),
		"no launchpad":                !bytes.Contains(text, []byte(`"launchpad":`)),
		"escaped launchpad":           ours && !bytes.Contains(text, []byte(DefaultLaunchpad)),
		"pump.fun":                    r.launchpad() == "pump.fun",
		"met-dbc":                     r.launchpad() == "met-dbc",
		"stonkfun":                    r.launchpad() == "stonkfun",
		"raydium-launchlab":           r.launchpad() == "raydium-launchlab",
		"nearly our launchpad":        !ours && strings.Contains(r.launchpad(), DefaultLaunchpad),
		"our ID in another's name":    !ours && strings.Contains(r.Name, DefaultLaunchpad),
		"our ID in another's tags":    !ours && slices.Contains(r.Tags, DefaultLaunchpad),
		"our ID in another's config":  !ours && bytes.Contains(text, []byte(`"partner":{"launchpad":"`+DefaultLaunchpad)),
		"launchpad first":             bytes.HasPrefix(text, []byte(`{"launchpad":`)),
		"launchpad last":              bytes.Contains(text, []byte(`"tags":[],"launchpad":`)),
		"address last":                !bytes.HasPrefix(text, []byte(`{"address":`)) && !bytes.HasPrefix(text, []byte(`{"launchpad":`)),
		"created_at in seconds":       r.CreatedAt < 1e11,
		"exponent":                    bytes.Contains(text, []byte("e-0")),
		"huge APY":                    bytes.Contains(text, []byte(`"apy":1.844e19,`)),
		"zero as integer":             bytes.Contains(text, []byte(`"24h":0}`)),
		"zero as decimal":             bytes.Contains(text, []byte(`"24h":0.0}`)),
		"no cumulative":               r.Cumulative == nil,
		"blacklisted":                 r.Blacklisted,
		"WSOL":                        r.X.Symbol == "WSOL" || r.Y.Symbol == "WSOL",
		"quote first":                 r.mint() == *r.Y.Address,
		"emoji":                       strings.Contains(r.Name, "🚀"),
		"script":                      strings.Contains(r.Name, "</script>"),
		"NUL":                         strings.Contains(r.Name, "\x00"),
		"our token has an odd name":   ours && strings.ContainsAny(r.Name, "🚀猫\"\\<{\x00"),
		"extra config":                bytes.Contains(text, []byte(`"fee_model":{`)),
		"neither side a quote":        *r.X.Address == r.mint() && !quoteMint(*r.Y.Address),
		"both sides quotes":           quoteMint(*r.X.Address) && quoteMint(*r.Y.Address),
		"some 24h volume":             r.Volume["24h"] > 0,
		"address of 43 characters":    len(*r.Address) == 43,
		"integer amounts":             bytes.Contains(text, []byte(`"protocol_fee_pct":5,`)),
		"decimals of 9":               r.X.Decimals == 9 && r.mint() == *r.X.Address,
		"a launchpad of another case": strings.EqualFold(strings.TrimRight(r.launchpad(), "\x00"), DefaultLaunchpad) && !ours,
	}
}

func quoteMint(m string) bool { return m == mintSOL || m == mintUSDC || m == mintUSDT }

func TestOurTokensAreTheSameInEveryPool(t *testing.T) {
	t.Parallel()
	s := New(small())
	sides := map[string]side{}
	for _, product := range []string{DLMM, DAMMv2} {
		for _, i := range s.World(product).Ours() {
			var r row
			if err := json.Unmarshal(s.World(product).JSON(i), &r); err != nil {
				t.Fatal(err)
			}
			mine := r.X
			if *r.Y.Address == r.mint() {
				mine = r.Y
			}
			if before, ok := sides[r.mint()]; !ok {
				sides[r.mint()] = mine
			} else if diff := cmp.Diff(before, mine); diff != "" {
				t.Errorf("pool %d of %s: %s", i, product, diff)
			}
		}
	}
	if len(sides) != 500 {
		t.Errorf("%d tokens, want 500", len(sides))
	}
}

func TestPoolSize(t *testing.T) {
	t.Parallel()
	s := New(small())
	for product, want := range map[string]int{DLMM: 1700, DAMMv2: 2100} {
		n := 0
		for i := range 5000 {
			n += len(s.World(product).JSON(i))
		}
		if n /= 5000; n < want*9/10 || n > want*11/10 {
			t.Errorf("%s: %d bytes a pool, want about %d", product, n, want)
		}
	}
}

// TestLaunchpadsAreNames holds the labels to the shares that were counted, and to names: no key is among them.
func TestLaunchpadsAreNames(t *testing.T) {
	t.Parallel()
	s := New(Config{Pools: 20_000, Ours: -1})
	for product, want := range map[string]map[string]float64{
		DLMM:   {"pump.fun": 0.45, "met-dbc": 0.08, "stonkfun": 0.004, "raydium-launchlab": 0.003},
		DAMMv2: {"pump.fun": 0.014, "met-dbc": 0.875, "stonkfun": 0.025, "raydium-launchlab": 0.003},
	} {
		w, labelled := s.World(product), 0
		for name, share := range want {
			n := w.Matching(name)
			labelled += n
			if got := float64(n) / 20_000; got < share*0.5 || got > share*1.5 || share > 0.4 && (got < share*0.95 || got > share*1.05) {
				t.Errorf("%s: a share of %.4f carries %s, want %.4f", product, got, name, share)
			}
		}
		others := map[string]int{}
		w.p.world.Load().each(func(i int) bool {
			pad, _ := w.p.world.Load().launchpadOf(i)
			if _, known := want[pad.text]; !known {
				others[pad.json]++
			}
			if _, key := parseBase58(pad.text); key {
				t.Errorf("%s: a key as launchpad: %s", product, pad.text)
			}
			return true
		})
		if others["null"] == 0 || others[`""`] == 0 || others[""] == 0 {
			t.Errorf("%s: %d labelled, others %v", product, labelled, others)
		}
	}
}
