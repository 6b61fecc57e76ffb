package meteora_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tokensync/internal/meteora"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// texts is a cache.
type texts struct {
	mu   sync.Mutex
	kept map[string]string
	ttl  time.Duration
	err  error
}

func (c *texts) Get(_ context.Context, keys []string) (map[string]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string]string{}
	for _, key := range keys {
		if text, ok := c.kept[key]; ok {
			found[key] = text
		}
	}
	return found, c.err
}

func (c *texts) Put(_ context.Context, entries map[string]string, ttl time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[string]string{}
	}
	maps.Copy(c.kept, entries)
	c.ttl = ttl
	return c.err
}

// byAddress asks for pools and returns those that come.
func byAddress(t *testing.T, c *meteora.Client, asked []string) ([]string, *syncrun.Counts) {
	t.Helper()
	stats := new(syncrun.Counts)
	got, err := addresses(c.ByAddress(t.Context(), asked, stats))
	if err != nil {
		t.Error(err)
	}
	return got, stats
}

// habits are servers of every dialect, and how each is asked once it is known.
var habits = map[string]struct {
	product  token.Product
	api      func(*api)
	form     string
	requests int // for 230 pools, once the dialect is known
}{
	"commas":         {token.DLMM, func(a *api) { a.dialect = "," }, "[a,b]", 3},
	"pipes":          {token.DAMMv2, func(a *api) { a.dialect = "|" }, "[a|b]", 3},
	"single values":  {token.DLMM, func(a *api) { a.dialect = "" }, "pool_address as a", 230},
	"no filter":      {token.DLMM, func(a *api) { a.dialect = "ignored" }, "/a", 230},
	"no filter, 400": {token.DLMM, func(a *api) { a.dialect, a.maxList = ",", -1 }, "[a,b]", 3},
	"v1":             {token.DAMMv1, func(a *api) { a.dialect = "," }, "a&b", 3},
	"v1, one by one": {token.DAMMv1, func(a *api) { a.dialect = "" }, "a only", 230},
	"the DBC list":   {token.DBCList, func(a *api) { a.dialect = "ignored" }, "/a", 230},
}

// TestByAddressInEveryDialect gets exactly the pools that there are, learns how, and keeps that for other processes.
func TestByAddressInEveryDialect(t *testing.T) {
	t.Parallel()
	for name, habit := range habits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &api{rows: newRows(600)}
			habit.api(a)
			url, cache := a.start(t), new(texts)
			asked := append(names(a.rows[:230], func(int) bool { return true }), "gone1", "gone2")
			asked = append(asked, asked[0]) // twice is once
			client := clientOf(t, habit.product, url, cache)
			got, stats := byAddress(t, client, asked)
			if !slices.Equal(got, names(a.rows[:230], func(int) bool { return true })) {
				t.Errorf("%d pools", len(got))
			}
			if stats.Asked.Load() != 232 || stats.Found.Load() != 230 || !hasNote(stats, habit.form) {
				t.Errorf("asked for %d, found %d, notes %q", stats.Asked.Load(), stats.Found.Load(), stats.Notes())
			}
			a.asked()
			asked = asked[:230]
			byAddress(t, client, asked)
			if n := len(a.asked()); n != habit.requests {
				t.Errorf("%d requests once the dialect is known, want %d", n, habit.requests)
			}
			if habit.product != token.DBCList && (len(cache.kept) != 1 || cache.ttl != 24*time.Hour) {
				t.Errorf("kept %v for %v", cache.kept, cache.ttl)
			}
			byAddress(t, clientOf(t, habit.product, url, cache), asked)
			if n := len(a.asked()); n != habit.requests {
				t.Errorf("%d requests with what another process learned, want %d", n, habit.requests)
			}
		})
	}
}

// TestDialectsChange: a server may speak another dialect from one question to the next.
func TestDialectsChange(t *testing.T) {
	t.Parallel()
	a := &api{rows: newRows(600)}
	client := clientOf(t, token.DLMM, a.start(t), new(texts))
	all := names(a.rows, func(int) bool { return true })
	for i, dialect := range []string{",", "|", ",", "", "ignored"} {
		a.set(func(a *api) { a.dialect = dialect })
		meteora.ForgetDoubts(client) // a minute later
		if got, stats := byAddress(t, client, all); !slices.Equal(got, all) || stats.Found.Load() != 600 || stats.Asked.Load() != 600 {
			t.Errorf("dialect %d, %q: %d pools, found %d of %d; notes %q", i, dialect, len(got), stats.Found.Load(), stats.Asked.Load(), stats.Notes())
		}
	}
}

// TestBadCache: what is kept may be lost, unreadable, or of another time.
func TestBadCache(t *testing.T) {
	t.Parallel()
	for name, cache := range map[string]*texts{
		"fails":       {err: errors.New("throttled")},
		"no time":     {kept: map[string]string{"DIALECT#dlmm#pool_address": "[a|b]"}},
		"no form":     {kept: map[string]string{"DIALECT#dlmm#pool_address": "2099-01-01T00:00:00Z xml"}},
		"another's":   {kept: map[string]string{"DIALECT#dlmm#pool_address": "2099-01-01T00:00:00Z a&b"}},
		"out of date": {kept: map[string]string{"DIALECT#dlmm#pool_address": "2020-01-01T00:00:00Z /a"}},
		"wrong":       {kept: map[string]string{"DIALECT#dlmm#pool_address": "2099-01-01T00:00:00Z [a|b]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &api{rows: newRows(300), dialect: ","}
			all := names(a.rows, func(int) bool { return true })
			got, stats := byAddress(t, clientOf(t, token.DLMM, a.start(t), cache), all)
			if n := len(a.asked()); !slices.Equal(got, all) || !hasNote(stats, "[a,b]") || n > 12 {
				t.Errorf("%d pools in %d requests, notes %q", len(got), n, stats.Notes())
			}
		})
	}
}

// TestListsThatLose: an answer that is whole by its own word may lack living pools.
func TestListsThatLose(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		api      func(*api)
		requests int
	}{
		"fewer than asked for":   {func(a *api) { a.cutList = 30 }, 40},
		"one of them":            {func(a *api) { a.cutList = 1 }, 1100},
		"long ones are refused":  {func(a *api) { a.maxList = 40 }, 25},
		"pages of its own size":  {func(a *api) { a.size = 7 }, 60},
		"pages that do not turn": {func(a *api) { a.size = 7; a.answer = stuck(a) }, 250},
		"without a total": {func(a *api) {
			a.answer = func(_ int, body map[string]any) { delete(body, "total") }
		}, 1200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &api{rows: newRows(300), dialect: ","}
			tt.api(a)
			all := names(a.rows, func(int) bool { return true })
			got, stats := byAddress(t, clientOf(t, token.DLMM, a.start(t), nil), all)
			if n := len(a.asked()); !slices.Equal(got, all) || stats.Asked.Load() != 300 || stats.Found.Load() != 300 || n > tt.requests {
				t.Errorf("%d pools in %d requests, found %d of %d", len(got), n, stats.Found.Load(), stats.Asked.Load())
			}
		})
	}
}

// stuck names page 1 whatever page is asked for, and gives it.
func stuck(*api) func(int, map[string]any) {
	return func(page int, body map[string]any) {
		if page > 1 {
			body["current_page"] = 1
		}
	}
}

// TestByMint gets every pool of every mint, on either side, with the mint as the base.
func TestByMint(t *testing.T) {
	t.Parallel()
	for name, habit := range habits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &api{rows: newRows(600)}
			habit.api(a)
			for i := range 2500 { // more than a page has
				a.rows = append(a.rows, apiRow{address: key("busy", i), x: key("mint", 7), y: key("mint", 8), created: born + int64(1000+i)*60_000})
			}
			inUSDC, stranger := key("in USDC", 0), key("stranger", 0)
			more := []apiRow{
				{address: inUSDC, x: token.USDC, y: key("mint", 9)},
				{address: key("both ours", 0), x: key("mint", 3), y: key("mint", 2)},
				{address: key("other side", 0), x: stranger, y: key("mint", 4)},
				{address: key("a quote", 0), x: token.USDT, y: stranger},
			}
			a.rows = append(a.rows, more...)
			var mints []string
			want := names(more, func(int) bool { return true })
			for i := range 150 {
				mints = append(mints, key("mint", i))
				want = append(want, key("pool", i))
			}
			for i := range 2500 {
				want = append(want, key("busy", i))
			}
			slices.Sort(want)
			mints = append(mints, "no-pools-at-all", token.USDT)
			stats, found := new(syncrun.Counts), []string{}
			for p, err := range clientOf(t, habit.product, a.start(t), nil).ByMint(t.Context(), mints, stats) {
				if err != nil {
					if habit.form == "/a" && errors.Is(err, meteora.ErrParameters) {
						return // there is no way to ask
					}
					t.Fatal(err)
				}
				if !slices.Contains(mints, p.Base.Mint) || p.Address == inUSDC && p.QuoteMint != token.USDC {
					t.Errorf("pool %s of %s in %s", p.Address, p.Base.Mint, p.QuoteMint)
				}
				found = append(found, p.Address)
			}
			slices.Sort(found)
			found = slices.Compact(found)
			if habit.product == token.DAMMv1 || habit.product == token.DBCList {
				want = nil
			}
			if !slices.Equal(found, want) {
				t.Errorf("%d pools, want %d; notes %q", len(found), len(want), stats.Notes())
			}
			if stats.Asked.Load() != 0 {
				t.Error("mints were counted as pools asked for")
			}
		})
	}
}

// TestTokensWithoutPools is the most frequent question by mint: most of a launchpad's tokens are on their curve.
func TestTokensWithoutPools(t *testing.T) {
	t.Parallel()
	a := &api{rows: newRows(3000), dialect: ","} // pages of them have SOL on one side
	client := clientOf(t, token.DLMM, a.start(t), nil)
	var mints []string
	for i := range 300 {
		mints = append(mints, key("curve", i))
	}
	for run, requests := range []int{6 + 4, 6} { // three lists for each side, and once a sample and its trial
		stats := new(syncrun.Counts)
		found, err := addresses(client.ByMint(t.Context(), mints, stats))
		if n := len(a.asked()); len(found) > 0 || err != nil || n != requests {
			t.Errorf("run %d: %d pools in %d requests, error %v", run, len(found), n, err)
		}
	}
}

// TestAbsent proves absence in every dialect, and nothing else.
func TestAbsent(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		product token.Product
		api     func(*api)
		err     bool
	}{
		"by path":                   {token.DLMM, func(a *api) { a.dialect = "," }, false},
		"by path, no filter":        {token.DBCList, func(a *api) { a.dialect = "ignored" }, false},
		"by filter":                 {token.DAMMv2, func(a *api) { a.noPath = true }, false},
		"v1":                        {token.DAMMv1, func(*api) {}, false},
		"every question is denied":  {token.DLMM, func(a *api) { a.noPath, a.noSingle = true, true }, true},
		"no filter, and no path":    {token.DLMM, func(a *api) { a.noPath, a.dialect = true, "ignored" }, true},
		"answers are never whole":   {token.DLMM, func(a *api) { a.noPath, a.size = true, 2 }, false},
		"nothing is listed at all":  {token.DLMM, func(a *api) { a.rows = nil }, true},
		"without a total by filter": {token.DLMM, func(a *api) { a.noPath = true; a.answer = noTotal }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &api{rows: newRows(100)}
			asked := append(names(a.rows, func(int) bool { return true }), "gone1", "gone2", "gone1")
			tt.api(a)
			gone, err := clientOf(t, tt.product, a.start(t), nil).Absent(t.Context(), asked, new(syncrun.Counts))
			slices.Sort(gone)
			want := []string{"gone1", "gone2"}
			if tt.err || a.size != 0 || a.answer != nil {
				want = nil
			}
			if !slices.Equal(gone, want) || (err != nil) != tt.err {
				t.Errorf("gone are %v, error %v", gone, err)
			}
		})
	}
}

func noTotal(_ int, body map[string]any) { delete(body, "total") }

// TestTruncatedAnswer: a server that goes by a page_size of its own has answered two of five pools, in a body that says so.
func TestTruncatedAnswer(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("testdata/truncated.json")
	if err != nil {
		t.Fatal(err)
	}
	asked := []string{
		"4mKmrs6TY3MaeX8okMmtwWPMGJ6dVBtEyFXPG4WmL7mr", "67ykftpaZZyXMi7p6icpD7Q48KQi5th7N7wALwRYhKVB",
		"BxdF8DgU22cJ2nPUyhBB63PYAQbSCyywTxpV8MEJS2LN", "G52LTnAeeK4XpkLBNL6qfi579LmxPzthycukcBB6du9f",
		"GBr6fjNM469sLibtWRTyCDAEm4gVaCP9Z43kDV3HGLS2",
	}
	for name, path := range map[string]int{"no such path": http.StatusNotFound, "the same for every path": http.StatusOK} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/pools/") {
					w.WriteHeader(path)
				}
				_, _ = w.Write(body)
			}))
			t.Cleanup(server.Close)
			client := clientOf(t, token.DLMM, server.URL, nil)
			got, err := addresses(client.ByAddress(t.Context(), asked, new(syncrun.Counts)))
			if len(got) > 2 || err != nil && !errors.Is(err, meteora.ErrParameters) {
				t.Errorf("%v, error %v", got, err)
			}
			if gone, err := client.Absent(t.Context(), asked, new(syncrun.Counts)); len(gone) > 0 {
				t.Errorf("%v are taken for gone, error %v", gone, err)
			}
		})
	}
}

// TestByAddressFails: what is wrong with the server is not taken for its dialect.
func TestByAddressFails(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusForbidden, http.StatusInternalServerError, http.StatusTooManyRequests} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(server.Close)
		client, stats := clientOf(t, token.DLMM, server.URL, nil), new(syncrun.Counts)
		_, err := addresses(client.ByAddress(t.Context(), []string{"a", "b"}, stats))
		if s, ok := errors.AsType[*meteora.StatusError](err); !ok || s.Code != status || stats.Requests.Load() != 3 || stats.Asked.Load() != 0 {
			t.Errorf("%d requests, asked for %d, error %v", stats.Requests.Load(), stats.Asked.Load(), err)
		}
		if gone, err := client.Absent(t.Context(), []string{"a"}, stats); len(gone) > 0 || err == nil {
			t.Errorf("%v are gone, error %v", gone, err)
		}
	}
}

// TestByAddressStops ends when the consumer wants no more.
func TestByAddressStops(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{",", ""} {
		a := &api{rows: newRows(900), dialect: dialect}
		n := 0
		for _, err := range clientOf(t, token.DLMM, a.start(t), nil).ByAddress(t.Context(), names(a.rows, func(int) bool { return true }), new(syncrun.Counts)) {
			if n++; err != nil || n == 3 {
				break
			}
		}
		if n != 3 {
			t.Errorf("%d pools", n)
		}
	}
}
