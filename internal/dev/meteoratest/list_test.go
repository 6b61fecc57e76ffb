package meteoratest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tokensync/internal/dev/study"

	"github.com/google/go-cmp/cmp"
)

func TestPagesAreDisjointAndComplete(t *testing.T) {
	t.Parallel()
	s := start(t, small())
	sorts := map[string]func(a, b row) bool{ // whether a may stand before b
		"pool_created_at:asc":  func(a, b row) bool { return a.createdMS() <= b.createdMS()+1000 },
		"pool_created_at:desc": func(a, b row) bool { return a.createdMS()+1000 >= b.createdMS() },
		"volume_24h:desc":      func(a, b row) bool { return a.Volume["24h"] >= b.Volume["24h"] },
		"volume_24h:asc":       func(a, b row) bool { return a.Volume["24h"] <= b.Volume["24h"] },
		"tvl:desc":             func(a, b row) bool { return a.TVL >= b.TVL },
		"tvl:asc":              func(a, b row) bool { return a.TVL <= b.TVL },
		"":                     func(a, b row) bool { return a.Volume["24h"] >= b.Volume["24h"] },
	}
	for by, ordered := range sorts {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			rows := readAll(t, s, DLMM, "sort_by", by)
			seen := map[string]bool{}
			for i, r := range rows {
				seen[*r.Address] = true
				if i > 0 && !ordered(rows[i-1], r) {
					t.Fatalf("row %d is out of order", i)
				}
			}
			if len(rows) != 5000 || len(seen) != 5000 {
				t.Errorf("%d rows, %d pools, want 5000", len(rows), len(seen))
			}
		})
	}
}

func TestEnvelope(t *testing.T) {
	t.Parallel()
	s := start(t, small())
	c := client(t, true)
	for name, tt := range map[string]struct {
		params []string
		want   page
		rows   int
	}{
		"defaults":           {nil, page{5000, 500, 1, 10, nil}, 10},
		"last page":          {[]string{"page", "6", "page_size", "999"}, page{5000, 6, 6, 999, nil}, 5},
		"past the end":       {[]string{"page", "7", "page_size", "1000"}, page{5000, 5, 7, 1000, nil}, 0},
		"unknown parameters": {[]string{"limit", "50", "pageSize", "100"}, page{5000, 500, 1, 10, nil}, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := getPage(t, c, s.URL(DAMMv2), tt.params...)
			rows := len(got.Data)
			got.Data = nil
			if diff := cmp.Diff(tt.want, got); diff != "" || rows != tt.rows {
				t.Errorf("%d rows, want %d; %s", rows, tt.rows, diff)
			}
		})
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	s := start(t, small())
	c := client(t, true)
	for name, tt := range map[string]struct {
		path   string
		status int
	}{
		"page 0":             {"/dlmm/pools?page=0", 400},
		"page text":          {"/dlmm/pools?page=x", 400},
		"page_size 1001":     {"/dlmm/pools?page_size=1001", 400},
		"page_size 0":        {"/dlmm/pools?page_size=0", 400},
		"sort field":         {"/dlmm/pools?sort_by=created_at:asc", 400},
		"sort direction":     {"/dlmm/pools?sort_by=tvl:up", 400},
		"second sort field":  {"/dlmm/pools?sort_by=tvl:asc,x:asc", 400},
		"filter field":       {"/dlmm/pools?" + query("filter_by", "launchpad=pump.fun"), 400},
		"filter operator":    {"/dlmm/pools?" + query("filter_by", "name>a"), 400},
		"filter number":      {"/dlmm/pools?" + query("filter_by", "tvl>much"), 400},
		"filter boolean":     {"/dlmm/pools?" + query("filter_by", "is_blacklisted=1"), 400},
		"filter list":        {"/dlmm/pools?" + query("filter_by", "pool_address=[a,b"), 400},
		"filter empty value": {"/dlmm/pools?" + query("filter_by", "name="), 400},
		"filter junk":        {"/dlmm/pools?" + query("filter_by", "tvl>1 && "), 400},
		"filter or":          {"/dlmm/pools?" + query("filter_by", "tvl>1 || tvl<2"), 400},
		"long URL":           {"/dlmm/pools?x=" + strings.Repeat("y", 8192), 414},
		"unknown product":    {"/dbc/pools", 404},
		"unknown path":       {"/dlmm/pair/all", 404},
		"search without size": {
			"/damm-v1/pools/search?page=0", 400,
		},
		"damm-v1 without address": {"/damm-v1/pools?launchpad=pump.fun", 400},
		"damm-v1 page":            {"/damm-v1/pools?address=x&page=-1", 400},
		"damm-v1 by path":         {"/damm-v1/pools/x", 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, text, err := get(t, c, strings.TrimSuffix(s.URL(DLMM), "/dlmm")+tt.path)
			if err != nil || resp.StatusCode != tt.status || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
				t.Errorf("status %d, want %d; %s %s %v", resp.StatusCode, tt.status, resp.Header.Get("Content-Type"), text, err)
			}
		})
	}
	resp, err := c.Post(s.URL(DLMM)+"/pools", "application/json", nil)
	if err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %v %v", resp, err)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	s := start(t, small())
	all := readAll(t, s, DLMM, "sort_by", "pool_created_at:asc")
	odd := all[slices.IndexFunc(all, func(r row) bool { return strings.Contains(r.Name, "🚀") })]
	in := func(rows []row) func(row) bool {
		return func(r row) bool {
			return slices.ContainsFunc(rows, func(o row) bool { return *o.Address == *r.Address })
		}
	}
	for name, tt := range map[string]struct {
		filter string
		want   func(row) bool
	}{
		"one address":           {"pool_address=" + *all[7].Address, in(all[7:8])},
		"addresses":             {"pool_address=[" + addresses(all[100:120]) + "," + *all[100].Address + ",unknown]", in(all[100:120])},
		"addresses meet":        {"pool_address=[" + addresses(all[0:3]) + "] && pool_address=[" + addresses(all[2:5]) + "]", in(all[2:3])},
		"addresses and more":    {"pool_address=[" + addresses(all[0:90]) + "]&&tvl>100", func(r row) bool { return in(all[0:90])(r) && r.TVL > 100 }},
		"unknown address":       {"pool_address=" + mintSOL, in(nil)},
		"name":                  {"name=" + odd.Name, func(r row) bool { return r.Name == odd.Name }},
		"names":                 {"name=[" + all[3].Name + "," + all[4].Name + "]", func(r row) bool { return r.Name == all[3].Name || r.Name == all[4].Name }},
		"token_x":               {"token_x=" + mintUSDC, func(r row) bool { return *r.X.Address == mintUSDC }},
		"token_y in a list":     {"token_y = [ " + mintUSDC + " , " + *all[9].Y.Address + " ]", func(r row) bool { return *r.Y.Address == mintUSDC || *r.Y.Address == *all[9].Y.Address }},
		"base token":            {"token_x=" + *all[11].X.Address, func(r row) bool { return *r.X.Address == *all[11].X.Address }},
		"blacklisted":           {"is_blacklisted=true", func(r row) bool { return r.Blacklisted }},
		"not blacklisted":       {"is_blacklisted = false", func(r row) bool { return !r.Blacklisted }},
		"tvl above":             {"tvl>1000", func(r row) bool { return r.TVL > 1000 }},
		"tvl between":           {"tvl >= 10 && tvl<=1e3", func(r row) bool { return r.TVL >= 10 && r.TVL <= 1000 }},
		"volume below":          {"volume_24h<1", func(r row) bool { return r.Volume["24h"] < 1 }},
		"volume of none":        {"volume_24h=0", func(r row) bool { return r.Volume["24h"] == 0 }},
		"no filter but a space": {" ", func(row) bool { return true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := readAll(t, s, DLMM, "sort_by", "pool_created_at:asc", "filter_by", tt.filter)
			want := slices.DeleteFunc(slices.Clone(all), func(r row) bool { return !tt.want(r) })
			if diff := cmp.Diff(addresses(want), addresses(got)); diff != "" {
				t.Errorf("%d rows, want %d", len(got), len(want))
			}
			if p := getPage(t, client(t, true), s.URL(DLMM), "filter_by", tt.filter); p.Total != len(want) {
				t.Errorf("total %d, want %d", p.Total, len(want))
			}
		})
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	s := start(t, small())
	w := s.World(DLMM)
	for _, q := range []string{w.Address(8), strings.ToLower(w.Mint(8))} {
		if p := getPage(t, client(t, true), s.URL(DLMM), "query", q); p.Total < 1 || p.Total > 5 {
			t.Errorf("%s: %d pools", q, p.Total)
		}
	}
	if p := getPage(t, client(t, true), s.URL(DLMM), "query", "-usdc"); p.Total < 100 || p.Total > 1000 {
		t.Errorf("%d pools named -USDC", p.Total)
	}
}

func TestSinglePool(t *testing.T) {
	t.Parallel()
	s := start(t, small())
	c := client(t, false)
	for _, product := range []string{DLMM, DAMMv2} {
		w := s.World(product)
		resp, text, err := get(t, c, s.URL(product)+"/pools/"+w.Address(42))
		if err != nil || resp.StatusCode != http.StatusOK || !bytes.Equal(text, w.JSON(42)) {
			t.Errorf("%s: %d %v %s", product, resp.StatusCode, err, text)
		}
		for _, unknown := range []string{w.Address(5000), mintSOL, "x"} {
			resp, text, _ := get(t, c, s.URL(product)+"/pools/"+unknown)
			if want := `{"message":"Pool not found: ` + unknown + `"}`; resp.StatusCode != http.StatusNotFound || string(text) != want {
				t.Errorf("%s: %d %s", unknown, resp.StatusCode, text)
			}
		}
	}
	_, text, _ := get(t, c, s.URL(DLMM)+"/pools/"+s.World(DAMMv2).Address(42))
	if !bytes.Contains(text, []byte("not found")) {
		t.Errorf("DLMM knows a pool of DAMM v2: %s", text)
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	body := func(seed uint64, gzip bool) string {
		cfg := small()
		cfg.Seed = seed
		s := start(t, cfg)
		resp, text, err := get(t, client(t, gzip), s.URL(DLMM)+"/pools?page_size=1000")
		if err != nil || resp.Uncompressed != gzip {
			t.Fatalf("uncompressed %v: %v", resp.Uncompressed, err)
		}
		return string(text)
	}
	if body(1, true) != body(1, false) {
		t.Error("two servers with one seed differ")
	}
	if body(1, true) == body(2, true) {
		t.Error("the seed makes no difference")
	}
}

func TestDAMMv1(t *testing.T) {
	t.Parallel()
	cfg := small()
	s := start(t, cfg)
	cfg.LaunchpadFilter = true
	filters := start(t, cfg)
	cfg.OneArray = true
	array := start(t, cfg)
	w := s.World(DAMMv1)
	two := query("address", w.Address(9), "address", w.Address(4), "address", "x")
	for name, tt := range map[string]struct {
		s    *Server
		path string
		want int
	}{
		"ours in one array":  {array, "/pools?" + query("launchpad", DefaultLaunchpad), 512},
		"two launchpads":     {array, "/pools?" + query("launchpad", DefaultLaunchpad, "launchpad", "pump.fun"), 512 + w.Matching("pump.fun")},
		"all in one array":   {array, "/pools", 5000},
		"nobody's":           {array, "/pools?launchpad=nobody", 0},
		"addresses":          {s, "/pools?" + two, 2},
		"addresses, a page":  {s, "/pools?page=0&size=1&" + two, 1},
		"addresses, the end": {s, "/pools?page=2&size=1&" + two, 0},
		"search filter":      {s, "/pools/search?" + query("page", "1", "size", "300", "launchpad", DefaultLaunchpad), 300},
		"search ours":        {filters, "/pools/search?" + query("page", "1", "size", "300", "launchpad", DefaultLaunchpad), 212},
		"search past end":    {s, "/pools/search?page=17&size=300", 0},
		"search last page":   {s, "/pools/search?page=16&size=300", 200},
		"search first pages": {s, "/pools/search?page=0&size=70", 70},
		"search size":        {s, "/pools/search?page=0&size=1000", 300},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, text, err := get(t, client(t, true), tt.s.URL(DAMMv1)+tt.path)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(tt.path, "search") {
				var p struct {
					Data       json.RawMessage `json:"data"`
					Page       *int            `json:"page"`
					TotalCount *int            `json:"total_count"`
				}
				if err := json.Unmarshal(text, &p); err != nil || p.Page == nil || p.TotalCount == nil {
					t.Fatalf("%v %.100s", err, text)
				}
				text = p.Data
			}
			var rows []map[string]any
			if err := json.Unmarshal(text, &rows); err != nil || len(rows) != tt.want {
				t.Errorf("%d rows, want %d (%v)", len(rows), tt.want, err)
			}
		})
	}
}

// TestTruthAtScale reads 20,000 pools, in a study as many as Meteora has, and compares them with what the fake says of itself.
func TestTruthAtScale(t *testing.T) {
	t.Parallel()
	for _, id := range []string{DefaultLaunchpad, "pump.fun"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := start(t, Config{Launchpad: id, RateLimit: noLimits, Pools: study.Size(20_000, DefaultPools)})
			w := s.World(DLMM)
			total, matched, mints := 0, 0, map[string]bool{}
			for n := 1; total == (n-1)*1000; n++ {
				p := getPage(t, client(t, true), s.URL(DLMM), "page", strconv.Itoa(n), "page_size", "1000", "sort_by", "pool_created_at:asc")
				total += len(p.Data)
				for _, r := range p.Data {
					if r.launchpad() == id {
						matched++
						mints[r.mint()] = true
					}
				}
			}
			if total != w.Total() || matched != w.Matching(id) || len(mints) != len(s.OurMints(DLMM)) {
				t.Errorf("read %d pools, %d ours, %d tokens; the fake says %d, %d, %d",
					total, matched, len(mints), w.Total(), w.Matching(id), len(s.OurMints(DLMM)))
			}
			for _, m := range s.OurMints(DLMM) {
				if !mints[m] {
					t.Errorf("%s was not read", m)
				}
			}
			if id == DefaultLaunchpad && (total != w.Total() || matched != 512 || len(mints) != 500) {
				t.Errorf("%d pools, %d ours, %d tokens", total, matched, len(mints))
			}
		})
	}
}

func TestMillionsOfPoolsTakeNoMemory(t *testing.T) {
	const pools = 13_296_700
	s := New(Config{Pools: pools, RateLimit: noLimits})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	allocs := testing.AllocsPerRun(3, func() {
		p := getPage(t, client(t, true), s.URL(DLMM), "page", "13297", "page_size", "1000", "sort_by", "tvl:desc")
		if p.Total != pools || len(p.Data) != 700 {
			t.Errorf("total %d, %d rows", p.Total, len(p.Data))
		}
		filter := "pool_address=" + s.World(DLMM).Address(pools-1)
		if p := getPage(t, client(t, true), s.URL(DLMM), "filter_by", filter); p.Total != 1 {
			t.Errorf("total %d, want 1", p.Total)
		}
	})
	if allocs > 200_000 { // mostly this test's own decoding of 700 rows
		t.Errorf("%v allocations", allocs)
	}
}

// TestDialects asks for the same pools in every way that a client may try.
func TestDialects(t *testing.T) {
	t.Parallel()
	s := start(t, small())
	w := s.World(DLMM)
	ask := func(product, field string, values ...string) map[string]int {
		found := map[string]int{}
		for form, value := range map[string]string{
			"commas": "[" + strings.Join(values, ",") + "]", "pipes": "[" + strings.Join(values, "|") + "]", "one": "[" + values[0] + "]", "bare": values[0],
		} {
			found[form] = getPage(t, client(t, true), s.URL(product), "filter_by", field+"="+value).Total
		}
		return found
	}
	commas := map[string]int{"commas": 2, "pipes": 0, "one": 1, "bare": 1}
	pipes := map[string]int{"commas": 0, "pipes": 2, "one": 1, "bare": 1}
	single := map[string]int{"commas": 0, "pipes": 0, "one": 0, "bare": 1}
	for _, step := range []struct {
		name        string
		set         func()
		address, v2 map[string]int
	}{
		{"as observed", func() {}, commas, commas},
		{"as documented", func() { s.SetDialect("", "", Pipes) }, pipes, pipes},
		{"one product", func() { s.SetDialect(DLMM, "", Single) }, single, pipes},
		{"one field", func() { s.SetDialect("", "token_x", Commas) }, single, pipes},
		{"one field of one product", func() { s.SetDialect(DAMMv2, "pool_address", Commas) }, single, commas},
		{"all again", func() { s.SetDialect("", "", Commas) }, commas, commas},
	} {
		step.set()
		v2 := s.World(DAMMv2)
		if diff := cmp.Diff(step.address, ask(DLMM, "pool_address", w.Address(3), w.Address(9))); diff != "" {
			t.Errorf("%s, dlmm: %s", step.name, diff)
		}
		if diff := cmp.Diff(step.v2, ask(DAMMv2, "pool_address", v2.Address(3), v2.Address(9))); diff != "" {
			t.Errorf("%s, damm-v2: %s", step.name, diff)
		}
	}
	s.SetDialect(DLMM, "token_y", Pipes)
	if got := ask(DLMM, "token_y", mintUSDC, mintUSDT); got["commas"] != 0 || got["pipes"] <= got["bare"] || got["bare"] == 0 {
		t.Errorf("token_y with pipes: %v", got)
	}
	if got := ask(DLMM, "token_x", mintUSDC, mintUSDT); got["pipes"] != 0 || got["commas"] <= got["bare"] || got["bare"] == 0 {
		t.Errorf("token_x beside it: %v", got)
	}
}
