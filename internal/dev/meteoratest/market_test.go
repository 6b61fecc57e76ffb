package meteoratest

import (
	"encoding/json"
	"math"
	"testing"
)

// TestEveryDollarMoves: a tick moves price, market cap and TVL of every pool a little, and the volume of those that trade.
func TestEveryDollarMoves(t *testing.T) {
	t.Parallel()
	cfg := small()
	cfg.Launched = chainTokens(50, 50)
	for _, product := range []string{DLMM, DAMMv2} {
		t.Run(product, func(t *testing.T) {
			t.Parallel()
			s, twin := New(cfg), New(cfg)
			w := s.World(product)
			before := figures(t, w)
			for range 8 {
				s.Tick()
				twin.Tick()
				after := figures(t, w)
				for i, now := range after {
					if why := wrongMove(before[i], now, touched(w, i)); why != "" {
						t.Fatalf("pool %d %s: from %+v to %+v", i, why, before[i], now)
					}
				}
				if string(w.JSON(77)) != string(twin.World(product).JSON(77)) {
					t.Fatal("two servers of one seed differ")
				}
				before = after
			}
		})
	}
}

// wrongMove describes what is wrong with what a tick did to a pool, or returns "".
func wrongMove(a, b figuresOf, touched bool) string {
	switch {
	case a.price == b.price, a.cap == b.cap, a.tvl > 1 && a.tvl == b.tvl, a.volume > 0 && a.volume == b.volume:
		return "stands still"
	case touched:
		return ""
	case a.volume == 0 && b.volume != 0:
		return "trades"
	case relative(a.price, b.price) > 0.005, a.tvl > 1 && relative(a.tvl, b.tvl) > 0.02, a.volume > 0 && relative(a.volume, b.volume) > 0.05:
		return "jumps"
	}
	return ""
}

// touched reports whether Tick gave the pool new figures altogether.
func touched(w World, i int) bool { return w.p.world.Load().overrides[i].version > 0 }

func relative(a, b float64) float64 { return math.Abs(a-b) / b }

type figuresOf struct{ price, cap, tvl, volume float64 }

func figures(t *testing.T, w World) []figuresOf {
	t.Helper()
	all := make([]figuresOf, 0, 600)
	for i := range 600 {
		var r struct {
			X, Y struct {
				Price float64
				Cap   float64 `json:"market_cap"`
			}
			TVL float64
		}
		text := w.JSON(i)
		var o map[string]json.RawMessage
		if err := json.Unmarshal(text, &o); err != nil {
			t.Fatal(err)
		}
		for field, to := range map[string]any{"token_x": &r.X, "token_y": &r.Y, "tvl": &r.TVL} {
			if err := json.Unmarshal(o[field], to); err != nil {
				t.Fatal(err)
			}
		}
		p := w.p.world.Load().pool(i)
		base := r.X
		if p.base() == &p.y {
			base = r.Y
		}
		all = append(all, figuresOf{base.Price, base.Cap, r.TVL, p.volume.float()}) // the JSON rounds to cents
	}
	return all
}

// TestDrift keeps near where it began, in small steps, and never stays.
func TestDrift(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		last := drift(mix(seed), 0, solStrays)
		if last != million {
			t.Fatalf("seed %d begins at %d", seed, last)
		}
		least, most := last, last
		for tick := uint64(1); tick < 5000; tick++ {
			f := drift(mix(seed), tick, solStrays)
			step := max(f, last) - min(f, last)
			if step == 0 || step > 2*solStrays/32+2 || f < million-solStrays || f > million+solStrays+1 {
				t.Fatalf("seed %d, tick %d: from %d to %d", seed, tick, last, f)
			}
			last, least, most = f, min(least, f), max(most, f)
		}
		if most-least < solStrays {
			t.Errorf("seed %d moves from %d to %d only", seed, least, most)
		}
	}
}

func TestStandStill(t *testing.T) {
	t.Parallel()
	cfg := small()
	cfg.StandStill = true
	s := New(cfg)
	w := s.World(DLMM)
	before := make([]string, 5000)
	for i := range before {
		before[i] = string(w.JSON(i))
	}
	s.Tick()
	changed := 0
	for i := range before {
		if string(w.JSON(i)) != before[i] {
			changed++
			if !touched(w, i) {
				t.Fatalf("pool %d moved", i)
			}
		}
	}
	if changed < 20 || changed > 100 {
		t.Errorf("%d pools changed", changed)
	}
}
