package meteoratest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// chainTokens returns tokens as a chain would give them: those from graduated on have no pool yet.
func chainTokens(n, graduated int) []Launched {
	keys := codec{99}
	text := func(kind, i int) string { return string(appendBase58(nil, keys.encode(kind, uint64(i)))) }
	tokens := make([]Launched, n)
	for i := range tokens {
		tokens[i] = Launched{
			Mint: text(1, i), Name: fmt.Sprintf("Token \"%d\"", i), Symbol: fmt.Sprint("T", i), Curve: text(2, i), Config: IncidentKey, Creator: text(3, i%7),
			Created: time.UnixMilli(1_770_000_000_000 + int64(i)), Quote: []string{mintSOL, mintUSDC, text(5, 0)}[i%3],
		}
		if i%10 == 9 {
			tokens[i].Product = DAMMv1
		}
		if i < graduated {
			tokens[i].Pool = text(4, i)
		}
	}
	return tokens
}

func mintsOf(tokens []Launched) []string {
	mints := make([]string, len(tokens))
	for i, t := range tokens {
		mints[i] = t.Mint
	}
	return mints
}

// byMint asks for mints as a client does, 100 at a time on either side, and sorts the addresses by mint.
func byMint(t *testing.T, s *Server, product string, mints []string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for chunk := range slices.Chunk(mints, 100) {
		for _, side := range []string{"token_x", "token_y"} {
			p := getPage(t, client(t, true), s.URL(product), "page_size", "1000", "sort_by", "pool_created_at:asc", "filter_by", side+"=["+strings.Join(chunk, ",")+"]")
			for _, r := range p.Data {
				mint := *r.X.Address
				if side == "token_y" {
					mint = *r.Y.Address
				}
				found[mint] = append(found[mint], *r.Address)
			}
		}
	}
	for _, addresses := range found {
		slices.Sort(addresses)
	}
	return found
}

// TestPoolsOfLaunchedTokens are found by mint and by address and in the full list, carry no key, and leave the count as it was.
func TestPoolsOfLaunchedTokens(t *testing.T) {
	t.Parallel()
	cfg := small()
	cfg.Launched = chainTokens(300, 200)
	s := start(t, cfg)
	mints := mintsOf(cfg.Launched)
	for product, atLeast := range map[string]int{DLMM: 50, DAMMv2: 190} {
		w := s.World(product)
		truth := w.PoolsOf(mints...)
		labels, second, listed := map[string]int{}, 0, map[string][]string{}
		for _, r := range readAll(t, s, product, "sort_by", "pool_created_at:asc") {
			for _, one := range []side{r.X, r.Y} {
				if slices.Contains(mints, *one.Address) {
					listed[*one.Address] = append(listed[*one.Address], *r.Address)
					labels[r.launchpad()]++
					if *r.Y.Address == *one.Address {
						second++
					}
				}
			}
		}
		for _, addresses := range listed {
			slices.Sort(addresses)
		}
		pools := 0
		for _, addresses := range truth {
			pools += len(addresses)
			slices.Sort(addresses)
		}
		if diff := cmp.Diff(truth, listed); diff != "" {
			t.Errorf("%s, in the list: %s", product, diff)
		}
		if diff := cmp.Diff(truth, byMint(t, s, product, mints)); diff != "" {
			t.Errorf("%s, by mint: %s", product, diff)
		}
		if pools < atLeast || second == 0 || len(labels) != 2 || labels["met-dbc"] == 0 || labels[""] == 0 || w.Total() != 5000 || w.Matching(IncidentKey) != 0 {
			t.Errorf("%s: %d pools, %d as token_y, labels %v, total %d", product, pools, second, labels, w.Total())
		}
		if len(w.Ours()) != 512 || len(s.World(DBCList).Ours()) != 0 {
			t.Errorf("%s: %d of ours are left, %d in the list of DBC pools", product, len(w.Ours()), len(s.World(DBCList).Ours()))
		}
	}
	migrated := map[bool]int{}
	for _, l := range cfg.Launched[:200] {
		if i, ok := s.World(DAMMv2).Index(l.Pool); ok {
			migrated[strings.Contains(string(s.World(DAMMv2).JSON(i)), `"launchpad":"met-dbc"`)]++
		}
	}
	if migrated[false] == 0 || migrated[true] < 4*migrated[false] {
		t.Errorf("migrated pools with met-dbc and without: %v", migrated)
	}
}

func TestGraduatedPools(t *testing.T) {
	t.Parallel()
	cfg := small()
	cfg.Launched = chainTokens(40, 20)
	s := start(t, cfg)
	w, c := s.World(DAMMv2), client(t, true)
	for i, l := range cfg.Launched[:20] {
		if l.Product == DAMMv1 {
			_, text, _ := get(t, c, s.URL(DAMMv1)+"/pools?page=0&size=9&address="+l.Pool)
			if !strings.Contains(string(text), l.Pool) || !strings.Contains(string(text), `"`+l.Mint+`"`) {
				t.Errorf("token %d in damm-v1: %s", i, text)
			}
			continue
		}
		p := getPage(t, c, s.URL(DAMMv2), "filter_by", "pool_address="+l.Pool)
		_, single, _ := get(t, c, s.URL(DAMMv2)+"/pools/"+l.Pool)
		index, ok := w.Index(l.Pool)
		if len(p.Data) != 1 || !ok || string(single) != string(w.JSON(index)) || w.Address(index) != l.Pool {
			t.Fatalf("token %d: %d rows, %s", i, len(p.Data), single)
		}
		if r := p.Data[0]; *r.X.Address != l.Mint || *r.Y.Address != l.Quote || r.X.Name != l.Name || r.X.Symbol != l.Symbol || r.TVL <= 0 || *r.X.Price <= 0 {
			t.Errorf("token %d: %+v", i, r)
		}
	}
	total, before := w.Total(), len(w.PoolsOf(mintsOf(cfg.Launched)...))
	s.SetLaunched(chainTokens(40, 40))
	s.SetLaunched(chainTokens(40, 40)) // changes nothing more
	truth := w.PoolsOf(mintsOf(cfg.Launched)...)
	if before != 18 || len(truth) != 36 || w.Total() < total+18 || w.Total() > total+24 {
		t.Errorf("%d and then %d tokens have pools, %d pools and then %d", before, len(truth), total, w.Total())
	}
	newest := getPage(t, c, s.URL(DAMMv2), "page_size", "25", "sort_by", "pool_created_at:desc")
	if n := len(slices.DeleteFunc(slices.Clone(newest.Data), func(r row) bool { return !slices.Contains(truth[*r.X.Address], *r.Address) })); n < 18 {
		t.Errorf("%d of the newest pools are graduates'", n)
	}
	for _, r := range newest.Data {
		if r.TVL <= 0 {
			t.Errorf("%s has no money", r.Name)
		}
	}
	index, _ := w.Index(cfg.Launched[0].Pool)
	if _, ok := w.Index(string(appendBase58(nil, codec{0}.encode(kindDAMMv2, uint64(index))))); ok {
		t.Error("the pool whose place was taken is still found")
	}
	w.Remove(index)
	if _, ok := w.Index(cfg.Launched[0].Pool); ok || len(w.PoolsOf(cfg.Launched[0].Mint)) != 0 {
		t.Error("a removed pool is still found")
	}
	w.Restore(index)
	if len(w.PoolsOf(cfg.Launched[0].Mint)) != 1 {
		t.Error("a restored pool is not found")
	}
}

// TestTokensOfOursByMint compares the short way to a token's pools with a look at all of them.
func TestTokensOfOursByMint(t *testing.T) {
	t.Parallel()
	s := start(t, small())
	w := s.World(DLMM)
	w.Remove(w.Ours()[3])
	w.Add(2, true)
	mints := append(s.OurMints(DLMM), w.Mint(8), w.Mint(17))
	want := map[string][]string{}
	for _, r := range readAll(t, s, DLMM, "sort_by", "pool_created_at:asc") {
		for _, one := range []side{r.X, r.Y} {
			if slices.Contains(mints, *one.Address) {
				want[*one.Address] = append(want[*one.Address], *r.Address)
			}
		}
	}
	if diff := cmp.Diff(want, w.PoolsOf(mints...)); diff != "" {
		t.Error(diff)
	}
	for _, addresses := range want {
		slices.Sort(addresses)
	}
	if diff := cmp.Diff(want, byMint(t, s, DLMM, mints)); diff != "" {
		t.Error(diff)
	}
	if n := len(w.PoolsOf(mintUSDC)[mintUSDC]); n < 500 {
		t.Errorf("%d pools of USDC", n)
	}
}

func TestDBCList(t *testing.T) {
	t.Parallel()
	cfg := small()
	cfg.Launched = chainTokens(30, 10)
	s := start(t, cfg)
	c := client(t, true)
	type token struct {
		Address, Name, Symbol string
		Decimals              int
	}
	type curve struct {
		Address string
		X       token `json:"token_x"`
		Y       token `json:"token_y"`
		Creator string
		Config  string `json:"pool_config_address"`
		Created int64  `json:"created_at"`
	}
	read := func() map[string]curve {
		curves := map[string]curve{}
		for n := 1; n <= 6; n++ {
			resp, text, err := get(t, c, s.URL(DBCList)+"/pools?page_size=1000&sort_by=x:y&filter_by=whatever&page="+strconv.Itoa(n))
			var p struct {
				Total, Pages int
				Data         []json.RawMessage
			}
			if err != nil || resp.StatusCode != 200 || json.Unmarshal(text, &p) != nil || p.Pages != (p.Total+999)/1000 {
				t.Fatalf("%d %v %.300s", resp.StatusCode, err, text)
			}
			for _, raw := range p.Data {
				if diff := fieldDiff(object(t, raw), strings.Fields("address token_x token_y creator pool_config_address created_at")); diff != "" {
					t.Fatal(diff)
				}
				var one curve
				if err := json.Unmarshal(raw, &one); err != nil {
					t.Fatal(err)
				}
				curves[one.Address] = one
			}
		}
		return curves
	}
	curves := read()
	for i, l := range cfg.Launched {
		got := curves[l.Curve]
		want := curve{l.Curve, token{l.Mint, l.Name, l.Symbol, 6}, got.Y, l.Creator, l.Config, l.Created.UnixMilli()}
		if diff := cmp.Diff(want, got); diff != "" || got.Y.Address != l.Quote || (i%3 == 0) != (got.Y.Symbol == "SOL" && got.Y.Decimals == 9) {
			t.Errorf("token %d: %s, quote %v", i, diff, got.Y)
		}
	}
	strangers := slices.DeleteFunc(slices.Collect(maps.Values(curves)), func(c curve) bool { return c.Config == IncidentKey })
	if len(curves) != 5000 || len(strangers) != 4970 || strangers[0].Created < 1e12 || len(strangers[0].Creator) < 43 || strangers[0].X.Address == "" {
		t.Errorf("%d curves, %d of strangers, one is %+v", len(curves), len(strangers), strangers[0])
	}
	s.SetLaunched(chainTokens(35, 10))
	if got := read(); len(got) != 5005 {
		t.Errorf("%d curves after five more", len(got))
	}
	s.SetFault(OnProduct(DBCList, Fault{Status: 404}))
	if resp, _, _ := get(t, c, s.URL(DBCList)+"/pools"); resp.StatusCode != 404 {
		t.Errorf("vanished: %d", resp.StatusCode)
	}
}
