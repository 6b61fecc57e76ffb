package dbc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/rpctest"
	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// worldAt lets f have a world whose clock goes only while f sleeps.
func worldAt(t *testing.T, cfg rpctest.Config, f func(*testing.T, *world)) {
	t.Helper()
	cfg.Now = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // where a bubble's clock begins
	chain := startChain(t, cfg)
	synctest.Test(t, func(t *testing.T) { f(t, newWorldOf(t, chain)) })
}

// sleep lets the bubble's clock go, which a connection would keep from it.
func (w *world) sleep(d time.Duration) {
	w.client.Close()
	time.Sleep(d)
}

// TestEveryLaunch reads configs of every sort, at the beginning and when much has happened, to the last digit.
func TestEveryLaunch(t *testing.T) {
	t.Parallel()
	for _, kind := range []rpctest.Kind{rpctest.ReturnCounting, rpctest.Plain} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rpctest.Config{Tokens: 270, Launches: rpctest.EveryLaunch(), Node: rpctest.Node{Kind: kind}})
			w.check(t)
			for range 20 {
				w.chain.Tick()
			}
			for i := range w.chain.Tokens() {
				switch i % 7 {
				case 0:
					w.chain.Claim(i, rpctest.Party(i/7%2))
				case 1:
					w.chain.Withdraw(i, rpctest.Party(i/7%2))
				case 2:
					w.chain.Burn(i, 1_234_567_890)
				}
			}
			later := newWorldOf(t, w.chain) // supplies are read again
			later.check(t)
		})
	}
}

// TestV1Graduates finds pools in DAMM v1 by their derived address, and asks DAMM v2 for none of them.
func TestV1Graduates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{Tokens: 40, Launches: []rpctest.Launch{{V1: true, FeeOption: 3}}})
	w.list()
	pools, _ := w.mustRead(t, w.chain.Launchpad())
	found := 0
	for i := range w.chain.Tokens() {
		tok := w.chain.Token(i)
		if tok.DAMMv1Pool == "" {
			continue
		}
		found++
		if p := pools[tok.DAMMv1Pool]; p.Product != token.DAMMv1 || p.Base.Mint != tok.Mint || string(p.Launchpad) != w.chain.Launchpad() {
			t.Errorf("token %d: %+v", i, p)
		}
	}
	if found == 0 || len(w.damm.asked) > 0 || len(w.dammV1.asked) != 1 {
		t.Errorf("%d found, DAMM v2 asked %v, DAMM v1 asked %v", found, w.damm.asked, w.dammV1.asked)
	}
}

// TestUnreadable: one account that is broken for good is said, many of them are a failure. The rest stands.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		broken  int
		partial bool
	}{"none": {0, false}, "few": {5, false}, "many": {6, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rpctest.Config{Tokens: 16, Launches: []rpctest.Launch{{}}})
			for i := range tt.broken {
				a := w.chain.PoolAccount(i)
				a.Data = slices.Clone(a.Data)
				a.Data[308] = 9
				w.chain.Put(a)
			}
			pools, stats, err := w.read(t, w.chain.Launchpad())
			if (err != nil) != tt.partial || stats.Invalid.Load() != int64(tt.broken) {
				t.Errorf("%d invalid, error %v", stats.Invalid.Load(), err)
			}
			for i := range w.chain.Tokens() {
				if _, ok := pools[w.chain.Token(i).Pool]; ok != (i >= tt.broken) && err == nil {
					t.Errorf("token %d is there: %t", i, ok)
				}
			}
			notes := strings.Join(stats.Notes(), "\n")
			if tt.broken > 0 && (!strings.Contains(notes, fmt.Sprintf("unreadable accounts: %d (", tt.broken)) || !strings.Contains(notes, "unknown migration_progress")) {
				t.Errorf("notes %q", notes)
			}
			named := 0
			for i := range tt.broken {
				if strings.Contains(notes, w.chain.Token(i).Pool) {
					named++
				}
			}
			if named != min(tt.broken, maxExamples) {
				t.Errorf("%d named in %q", named, notes)
			}
		})
	}
}

// TestGrownAccounts: the program may add fields after those of today.
func TestGrownAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{Tokens: 16, Launches: []rpctest.Launch{{Longer: 100}}})
	w.chain.Lengthen(64, 3, 4, 5)
	pools, stats := w.mustRead(t, w.chain.Launchpad())
	if stats.Invalid.Load() > 0 || len(pools) < 16 {
		t.Errorf("%d pools, %d invalid", len(pools), stats.Invalid.Load())
	}
}

// TestImpossibleTimes: a time that cannot be is unknown and counted, and nothing else of the curve is.
func TestImpossibleTimes(t *testing.T) {
	t.Parallel()
	future := uint64(time.Now().Add(24 * time.Hour).Unix())
	for name, tt := range map[string]struct {
		slots    bool
		at       int
		value    uint64
		note     string
		complete bool // the value is the completion's
	}{
		"created at 0":               {false, 296, 0, oddCreation, false},
		"created tomorrow":           {false, 296, future, oddCreation, false},
		"created at the end of time": {false, 296, 1<<64 - 1, oddCreation, false},
		"created in slot 0":          {true, 296, 0, oddCreation, false},
		"created in a later slot":    {true, 296, 900_000_000, oddCreation, false},
		"created in the last slot":   {true, 296, 1<<64 - 1, oddCreation, false},
		"complete tomorrow":          {false, 344, future, oddCompletion, true},
		"complete at the end":        {true, 344, 1<<64 - 1, oddCompletion, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rpctest.Config{Tokens: 8, Launches: []rpctest.Launch{{Slots: tt.slots}}})
			a := w.chain.PoolAccount(3)
			a.Data = slices.Clone(a.Data)
			binary.LittleEndian.PutUint64(a.Data[tt.at:], tt.value)
			w.chain.Put(a)
			pools, stats := w.mustRead(t, w.chain.Launchpad())
			p := pools[solana.Key(a.Key).String()]
			if tt.complete && p.Curve.CompletedAt != 0 || !tt.complete && p.CreatedAt != 0 || !p.Price.Known() {
				t.Errorf("%+v", p)
			}
			if notes := strings.Join(stats.Notes(), "\n"); stats.Invalid.Load() != 1 || !strings.Contains(notes, tt.note+": 1 ("+solana.Key(a.Key).String()) {
				t.Errorf("%d invalid, notes %q", stats.Invalid.Load(), notes)
			}
			if others := pools[w.chain.Token(4).Pool]; others.CreatedAt == 0 {
				t.Error("another curve has lost its time")
			}
		})
	}
}

// TestOddConfigs: terms that no config can have are counted, once for a config.
func TestOddConfigs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(data []byte)
		note string
	}{
		"creator's percentage":       {func(d []byte) { d[245] = 101 }, oddPercentage},
		"migration percentage":       {func(d []byte) { d[247] = 255 }, oddPercentage},
		"creator's migration share":  {func(d []byte) { d[248] = 128 }, oddPercentage},
		"more fees than were traded": {func(d []byte) { binary.LittleEndian.PutUint64(d[104:], 1_000_000_001) }, oddRate},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rpctest.Config{Tokens: -1})
			a := configAccount(poolConfig, tt.edit)
			w.chain.Put(rpctest.Account{Key: configA, Owner: program, Data: a.Data})
			for i := range byte(3) {
				p := poolAccount(func(d []byte) { d[136] = 40 + i; d[344] = 0; copy(d[344:], make([]byte, 8)) })
				w.chain.Put(rpctest.Account{Key: solana.Key{60, i}, Owner: program, Data: p.Data})
			}
			pools, stats := w.mustRead(t, configA.String())
			if notes := strings.Join(stats.Notes(), "\n"); len(pools) != 3 || !strings.Contains(notes, tt.note+": 1 ("+configA.String()) {
				t.Errorf("%d pools, notes %q", len(pools), notes)
			}
		})
	}
}

// TestForgedConfig: who names our config key as his fee claimer gets nothing into our lists.
func TestForgedConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{Tokens: 8, Launches: []rpctest.Launch{{}}})
	forged := w.chain.AddLaunch(rpctest.Launch{}) // its fee claimer is the launchpad's key
	w.chain.AddCurves(forged, 5)
	pools, _ := w.mustRead(t, w.chain.Launchpad())
	for _, p := range pools {
		if p.Curve.Config == forged {
			t.Fatalf("listed: %+v", p)
		}
	}
	// Who asks for claimers by that word gets them.
	pools, _ = w.mustRead(t, "claimer:"+w.chain.Launchpad())
	if n := w.onConfig(pools, forged); n != 5 {
		t.Errorf("%d pools of the claimed config", n)
	}
}

func (*world) onConfig(pools map[string]token.Pool, config string) (n int) {
	for _, p := range pools {
		if p.Curve.Config == config {
			n++
		}
	}
	return n
}

// TestCreator finds all pools that a wallet made, on whatever config, with that config's terms.
func TestCreator(t *testing.T) {
	t.Parallel()
	wallet, stranger := solana.Key{42}.String(), solana.Key{43}.String()
	w := newWorld(t, rpctest.Config{Tokens: 8, Launches: []rpctest.Launch{{Creator: stranger}}})
	singles := w.chain.AddSingles(7, rpctest.Launch{Creator: wallet, Claimer: stranger, Threshold: 30e9})
	hooked := w.chain.AddSingles(2, rpctest.Launch{Creator: wallet, Claimer: stranger, Hook: true})
	pools, _ := w.mustRead(t, "creator:"+wallet)
	for _, i := range slices.Concat(singles, hooked) {
		tok := w.chain.Token(i)
		p := pools[tok.Pool]
		if string(p.Launchpad) != "creator:"+wallet || p.Curve.Creator != wallet || p.Curve.Config != tok.Config || p.Curve.Progress == "" || p.CreatedAt == 0 {
			t.Errorf("token %d: %+v", i, p)
		}
	}
	if len(pools) != 9 {
		t.Errorf("%d pools", len(pools))
	}
}

// TestFoundTwice: a pool that several IDs claim comes once (gather sees to that), for the first of them.
func TestFoundTwice(t *testing.T) {
	t.Parallel()
	wallet := solana.Key{42}.String()
	w := newWorld(t, rpctest.Config{Tokens: 8, Launches: []rpctest.Launch{{Creator: wallet, Claimer: wallet}}})
	other := w.chain.AddLaunch(rpctest.Launch{Creator: wallet, Claimer: solana.Key{43}.String()})
	w.chain.AddCurves(other, 3)
	all := []string{w.chain.Launchpad(), "claimer:" + wallet, "creator:" + wallet}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		ids := []string{all[order[0]], all[order[1]], all[order[2]]}
		pools, _ := w.mustRead(t, ids...)
		got := map[string]int{}
		for _, p := range pools {
			if p.Product == token.DBC {
				got[string(p.Launchpad)]++
			}
		}
		want := map[string]int{ids[0]: 8, "creator:" + wallet: 3}
		if ids[0] == "creator:"+wallet {
			want = map[string]int{ids[0]: 11}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("asked for %v (-want +got):\n%s", ids, diff)
		}
	}
}

// TestTooManyConfigs: what is left out of a claimer's configs is said, and the rest is read.
func TestTooManyConfigs(t *testing.T) {
	t.Parallel()
	for _, n := range []int{9, 10, 11} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			wallet := solana.Key{42}.String()
			w := newWorld(t, rpctest.Config{Tokens: 4, Launches: []rpctest.Launch{{}}})
			w.Limits.Configs = 10
			w.chain.AddSingles(n, rpctest.Launch{Claimer: wallet})
			pools, _, err := w.read(t, "claimer:"+wallet)
			if want := n > 10; errors.Is(err, errTooManyConfigs) != want || (err != nil) != want || want && !strings.Contains(err.Error(), wallet) {
				t.Errorf("error %v", err)
			}
			if len(pools) != min(n, 10) {
				t.Errorf("%d pools", len(pools))
			}
		})
	}
}

// TestFirstQuote: the first known price counts, and a failure only where there is none.
func TestFirstQuote(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	knows := func(p token.Number) *quotes { return &quotes{prices: map[string]token.Number{"mint": p}} }
	fails := &quotes{err: down}
	for name, tt := range map[string]struct {
		from FirstQuote
		want token.Number
		err  error
	}{
		"the first":             {FirstQuote{knows("1"), knows("2")}, "1", nil},
		"the second":            {FirstQuote{knows(""), knows("2")}, "2", nil},
		"none":                  {FirstQuote{knows(""), knows("")}, "", nil},
		"the first is down":     {FirstQuote{fails, knows("2")}, "2", nil},
		"the second is down":    {FirstQuote{knows("1"), fails}, "1", nil},
		"unknown, and one down": {FirstQuote{knows(""), fails}, "", down},
		"nobody":                {nil, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.from.QuotePrice(t.Context(), "mint", new(syncrun.Counts))
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// TestQuoteLaunchedHere: a token that is a quote too has one entry for each, in whatever order they are needed.
func TestQuoteLaunchedHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{Tokens: 16, Launches: []rpctest.Launch{{}}})
	w.list()
	first, _ := w.mustRead(t, w.ids()...) // keeps the mint as a token
	mint := w.chain.Token(0).Mint
	second := w.chain.AddLaunch(rpctest.Launch{Quote: mint, QuoteDecimals: 6, Threshold: 1_000_000e6})
	w.chain.AddCurves(second, 4)
	pools, _ := w.mustRead(t, w.ids()...)
	usd := first[w.chain.Token(0).Pool].Base.PriceUSD
	if usd == "" {
		usd = "2" // graduated: its pool's
	}
	found := 0
	for _, p := range pools {
		if p.Curve.Config == second {
			found++
			if p.QuoteUSD != usd || !p.Price.Known() || p.Base.PriceUSD != p.Price.Mul(usd) || p.QuoteSymbol != w.chain.Token(0).Symbol {
				t.Errorf("%+v, want a quote of %s USD", p, usd)
			}
		}
	}
	if found != 4 {
		t.Errorf("%d curves with that quote", found)
	}
}

// TestQuoteFirst: what is known of a mint as a quote is not all that there is to know of it as a token.
func TestQuoteFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{Tokens: 16, Launches: []rpctest.Launch{{}}})
	second := w.chain.AddLaunch(rpctest.Launch{Quote: w.chain.Token(0).Mint, QuoteDecimals: 6, Threshold: 1_000_000e6})
	w.chain.AddCurves(second, 4)
	w.mustRead(t, second)
	pools, _ := w.mustRead(t, w.chain.Launchpad())
	tok := w.chain.Token(0)
	if a := pools[tok.Pool].Base; a.Name != tok.Name || a.URI != tok.URI || a.TotalSupply != scaled(tok.Supply, 6) {
		t.Errorf("%+v", a)
	}
}

// TestUnknownQuote: without a dollar price of its quote a curve has a price and no dollars.
func TestUnknownQuote(t *testing.T) {
	t.Parallel()
	quote := solana.Key{77}.String()
	w := newWorld(t, rpctest.Config{Tokens: 8, Launches: []rpctest.Launch{{Quote: quote, QuoteDecimals: 3, QuoteToken2022: true}}})
	pools, _ := w.mustRead(t, w.chain.Launchpad())
	for _, p := range pools {
		if !p.Price.Known() || p.QuoteUSD.Known() || p.Base.PriceUSD.Known() || p.Base.MarketCapUSD.Known() || p.TVLUSD.Known() || !p.Curve.QuoteReserve.Known() {
			t.Errorf("%+v", p)
		}
	}
}

// TestNobodyPaid: a curve without any quote in it has a price of its maker's choice, and makes no market cap.
func TestNobodyPaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{Tokens: -1, Launches: []rpctest.Launch{{}}})
	i := w.chain.AddCurves(w.chain.Launchpad(), 1)[0]
	a := w.chain.PoolAccount(i)
	a.Data = slices.Clone(a.Data)
	binary.LittleEndian.PutUint64(a.Data[240:], 0)
	w.chain.Put(a)
	pools, _ := w.mustRead(t, w.chain.Launchpad())
	if p := pools[solana.Key(a.Key).String()]; !p.Price.Known() || !p.Base.PriceUSD.Known() || p.Base.MarketCapUSD.Known() || p.TVLUSD != "0" {
		t.Errorf("%+v", p)
	}
}

// TestSupply: what moves is read by every run, what migration changes when it does, and what holders burn within an hour.
func TestSupply(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		launch rpctest.Launch
		change func(*rpctest.Server, int)
		after  time.Duration
	}{
		"fixed, migrated":            {rpctest.Launch{}, migrate, 0},
		"dynamic, migrated":          {rpctest.Launch{Dynamic: true}, migrate, 0},
		"dynamic, burned":            {rpctest.Launch{Dynamic: true}, burn, 0},
		"mint authority, burned":     {rpctest.Launch{UpdateAuthority: 4}, burn, 0},
		"fixed, burned an hour ago":  {rpctest.Launch{}, burn, time.Hour},
		"dynamic, Token-2022, moved": {rpctest.Launch{Dynamic: true, Token2022: true}, burn, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			worldAt(t, rpctest.Config{Tokens: -1, Launches: []rpctest.Launch{tt.launch}}, func(t *testing.T, w *world) {
				i := w.chain.AddCurves(w.chain.Launchpad(), 3)[1]
				w.mustRead(t, w.chain.Launchpad())
				tt.change(w.chain, i)
				if tt.after > 0 {
					w.sleep(tt.after)
					w.mustRead(t, w.chain.Launchpad())
				}
				pools, _ := w.mustRead(t, w.chain.Launchpad())
				tok := w.chain.Token(i)
				if got := pools[tok.Pool].Base.TotalSupply; got != scaled(tok.Supply, 6) || tok.Supply == 1_000_000_000_000_000 {
					t.Errorf("supply %s, want %s", got, scaled(tok.Supply, 6))
				}
			})
		})
	}
}

func migrate(c *rpctest.Server, i int) { c.Complete(i); c.Migrate(i); c.Burn(i, 5) }
func burn(c *rpctest.Server, i int)    { c.Burn(i, 123_456_789) }

// TestStandInSupply: while a node does not have the mint yet, a fixed supply is the config's, and any other is unknown.
func TestStandInSupply(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(config, pool []byte)
		want token.Number
	}{
		"fixed":            {func(_, _ []byte) {}, "1000000000"},
		"dynamic":          {func(c, _ []byte) { c[244] = 0 }, ""},
		"graduated":        {func(_, p []byte) { p[308] = 3 }, ""},
		"authority kept":   {func(c, _ []byte) { c[246] = 3 }, ""},
		"unknown, revoked": {func(c, _ []byte) { c[344], c[345], c[346], c[347], c[348], c[349], c[350] = 0, 0, 0, 0, 0, 0, 0 }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rpctest.Config{Tokens: -1})
			c, p := configAccount(poolConfig, func(d []byte) { d[246] = 1 }), poolAccount(nil)
			tt.edit(c.Data, p.Data)
			w.chain.Put(
				rpctest.Account{Key: configA, Owner: program, Data: c.Data},
				rpctest.Account{Key: solana.Key{60}, Owner: program, Data: p.Data})
			pools, _ := w.mustRead(t, configA.String())
			if got := pools[solana.Key{60}.String()].Base.TotalSupply; got != tt.want {
				t.Errorf("supply %q, want %q", got, tt.want)
			}
		})
	}
}

// TestMetadataOnceNull: a node that lags leaves a token nameless for a minute, not for an hour.
func TestMetadataOnceNull(t *testing.T) {
	t.Parallel()
	for name, launch := range map[string]rpctest.Launch{"SPL": {}, "Token-2022": {Token2022: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			worldAt(t, rpctest.Config{Tokens: -1, Launches: []rpctest.Launch{launch}}, func(t *testing.T, w *world) {
				i := w.chain.AddCurves(w.chain.Launchpad(), 2)[1]
				nameNow := func() string {
					pools, _ := w.mustRead(t, w.chain.Launchpad())
					return pools[w.chain.Token(i).Pool].Base.Name
				}
				w.chain.HideMetadata(i)
				if nameNow() != "" {
					t.Fatal("it has a name")
				}
				w.chain.ShowMetadata(i)
				if nameNow() != "" {
					t.Error("asked again at once")
				}
				w.sleep(firstPause)
				if got := nameNow(); got != w.chain.Token(i).Name {
					t.Errorf("it is called %q after a minute", got)
				}
			})
		})
	}
}

// TestPausesGrow: a token that never gets a name is asked for less and less.
func TestPausesGrow(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	var m metadata
	l := lookup{inMetaplex: true}
	var pauses []time.Duration
	for range 11 {
		if !l.want(&m, now) || !l.inMetaplex {
			t.Fatalf("not wanted at %v", now)
		}
		m.update(&l, &metadata{}, now)
		pauses = append(pauses, time.Unix(m.Retry, 0).Sub(now))
		early := l
		if m.Supply = "1"; early.want(&m, time.Unix(m.Retry-1, 0)) {
			t.Error("wanted before its time")
		}
		now = time.Unix(m.Retry, 0)
	}
	var want []time.Duration
	for _, minutes := range []int{1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240} {
		want = append(want, time.Duration(minutes)*time.Minute)
	}
	if diff := cmp.Diff(want, pauses); diff != "" {
		t.Errorf("pauses (-want +got):\n%s", diff)
	}
}

// TestRename: a token renamed on chain shows its new name within an hour, and loses none while a node lags.
func TestRename(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		launch rpctest.Launch
		every  time.Duration
	}{
		"SPL, a run a minute": {rpctest.Launch{}, time.Minute},
		"Token-2022":          {rpctest.Launch{Token2022: true}, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			worldAt(t, rpctest.Config{Tokens: 64, Launches: []rpctest.Launch{tt.launch}}, func(t *testing.T, w *world) {
				w.mustRead(t, w.chain.Launchpad())
				w.chain.Rename(3, "Renamed", "REN", "https://example.com/new")
				w.chain.HideMetadata(7)
				requests := int64(0)
				for range time.Hour / tt.every {
					w.sleep(tt.every)
					_, stats := w.mustRead(t, w.chain.Launchpad())
					requests = max(requests, stats.Requests.Load())
				}
				pools, _ := w.mustRead(t, w.chain.Launchpad())
				if a := pools[w.chain.Token(3).Pool].Base; a.Name != "Renamed" || a.Symbol != "REN" || a.URI != "https://example.com/new" {
					t.Errorf("it is called %+v", a)
				}
				if pools[w.chain.Token(7).Pool].Base.Name == "" {
					t.Error("a name was lost with its account")
				}
				if requests > 5 { // slot, two kinds of pools, those whose turn it is, a nameless one
					t.Errorf("%d requests in a run", requests)
				}
			})
		})
	}
}

// TestEveryMintHasItsTurn: within a period every mint has its turn, whatever comes and goes, and none has two.
func TestEveryMintHasItsTurn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		mints int
		every time.Duration
	}{
		"few, each minute": {10, time.Minute}, "many, each minute": {500, time.Minute}, "more than a turn": {2500, 15 * time.Minute},
		"seldom": {100, 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Unix(1_000_000, 0)
			at := turn{At: now.Unix()}
			seen := map[solana.Key]int{}
			for range (turnPeriod + tt.every - 1) / tt.every {
				now = now.Add(tt.every)
				for i := range tt.mints {
					at.offer(lookup{mint: solana.Key{byte(i * 7), byte(i >> 8), byte(i)}})
				}
				due := at.due(now)
				for _, l := range due {
					seen[l.mint]++
				}
				at = turn{After: due[len(due)-1].mint, At: now.Unix()}
			}
			if len(seen) != tt.mints {
				t.Errorf("%d of %d mints had their turn", len(seen), tt.mints)
			}
			if most := slices.Max(slices.Collect(maps.Values(seen))); most > 2 && tt.mints > 50 { // of fewer, one is read every minute
				t.Errorf("one had %d turns", most)
			}
		})
	}
}

// TestOldEntries: what an older version has cached is not read as what it is not.
func TestOldEntries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{Tokens: 8, Launches: []rpctest.Launch{{}}})
	old := map[string]string{"DBC-CONFIG#" + w.chain.Launchpad(): `{"QuoteMint":"` + token.SOL + `","Decimals":6,"ToDAMMv2":true,"Threshold":1}`}
	for i := range w.chain.Tokens() {
		old["DBC-META#"+w.chain.Token(i).Mint] = `{}`
	}
	if err := w.cache.Put(t.Context(), old, 0); err != nil {
		t.Fatal(err)
	}
	pools, _ := w.mustRead(t, w.chain.Launchpad())
	for i := range w.chain.Tokens() {
		tok := w.chain.Token(i)
		if p := pools[tok.Pool]; p.CreatedAt == 0 || p.Curve.QuoteThreshold != "85" || p.Base.Name != tok.Name && i != 5 {
			t.Errorf("token %d: %+v", i, p)
		}
	}
}

// TestFormat: a type's format changes with its fields.
func TestFormat(t *testing.T) {
	t.Parallel()
	type one struct{ A int }
	type two struct{ A, B int }
	type renamed struct{ C int }
	type retyped struct{ A int64 }
	type tagged struct {
		A int `json:"a"`
	}
	formats := []string{formatOf[one](), formatOf[two](), formatOf[renamed](), formatOf[retyped](), formatOf[tagged]()}
	if n := len(slices.Compact(slices.Sorted(slices.Values(formats)))); n != len(formats) || formatOf[one]() != formats[0] {
		t.Errorf("formats %v", formats)
	}
}

// TestLeftovers reads vaults, and holds them to the fake's books.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rpctest.Config{Tokens: 60, Launches: []rpctest.Launch{{BaseFees: true}, {Dynamic: true}}})
	var asked []string
	want := map[string]token.Number{}
	for i := range w.chain.Tokens() {
		tok := w.chain.Token(i)
		asked = append(asked, tok.Pool)
		if tok.Stage != rpctest.Graduated || i%2 == 1 { // dynamic supply leaves nothing to withdraw
			continue
		}
		if len(want)%3 == 0 {
			w.chain.Withdraw(i, rpctest.Partner)
		}
		due := w.chain.Books(i).Partner.Leftover
		if want[tok.Pool] = scaled(due.Amount, 6); due.Taken {
			want[tok.Pool] = "0"
		}
	}
	got, err := w.Leftovers(t.Context(), asked, new(syncrun.Counts))
	if diff := cmp.Diff(want, got); err != nil || diff != "" || len(want) < 5 {
		t.Errorf("%v, leftovers (-want +got):\n%s", err, diff)
	}
	if _, err := w.Leftovers(t.Context(), []string{"nonsense"}, new(syncrun.Counts)); !errors.Is(err, solana.ErrKey) {
		t.Errorf("error %v", err)
	}
}

// TestSum does not go round.
func TestSum(t *testing.T) {
	t.Parallel()
	if got := sum(1<<63, 1<<62, 1<<63); got != 1<<64-1 {
		t.Errorf("sum %d", got)
	}
}
