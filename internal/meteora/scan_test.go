package meteora_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"tokensync/internal/meteora"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// TestScanChecksItsPremises reads everything from servers with habits of their own, or says what it could not read.
func TestScanChecksItsPremises(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rows     int
		api      func(*api)
		requests int // at most
		err      error
		notes    string
		part     bool // not all pools can come
	}{
		"as documented":            {9500, func(*api) {}, 10, nil, "", false},
		"full pages":               {3000, func(*api) {}, 3, nil, "", false},
		"no pools":                 {0, func(*api) {}, 1, nil, "", false},
		"deep pages are refused":   {9500, func(a *api) { a.depth, a.deep = 6, "400" }, 20, nil, "pages from 7 on were refused", false},
		"deep pages are empty":     {9500, func(a *api) { a.depth, a.deep = 6, "empty" }, 20, nil, "pages from 7 on were refused", false},
		"only the last is refused": {9500, func(a *api) { a.depth, a.deep = 9, "400" }, 14, nil, "pages from 10 on", false},
		"all but the first":        {1900, func(a *api) { a.depth, a.deep = 1, "400" }, 4, nil, "pages from 2 on", false},
		"deep from both ends":      {9500, func(a *api) { a.depth, a.deep = 4, "400" }, 26, meteora.ErrUnreadable, "pages from 5 on", true},
		"empty from both ends":     {9500, func(a *api) { a.depth, a.deep = 4, "empty" }, 26, meteora.ErrUnreadable, "pages from 5 on", true},
		"one page is empty, once": {9500, func(a *api) {
			was := false
			a.answer = func(page int, body map[string]any) {
				if page == 3 && !was {
					was, body["data"] = true, []int{}
				}
			}
		}, 20, nil, "pages from 3 on were refused", false},
		"deep, and order ignored": {9500, func(a *api) {
			a.depth, a.deep, a.unsorted = 6, "400", true
		}, 20, meteora.ErrUnreadable, "not sorted by pool_created_at:asc", true},
		"pages is rounded down": {3700, func(a *api) {
			a.answer = func(_ int, body map[string]any) { body["pages"] = 3 }
		}, 4, nil, "", false},
		"pages is rounded down, total unknown": {3700, func(a *api) {
			a.answer = func(_ int, body map[string]any) { body["pages"] = 3; delete(body, "total") }
		}, 5, nil, "", false},
		"no numbers at all": {3700, func(a *api) {
			a.answer = func(_ int, body map[string]any) {
				delete(body, "pages")
				delete(body, "total")
				delete(body, "current_page")
			}
		}, 13, nil, "", false},
		"past the end the last page again": {3000, func(a *api) {
			a.answer = func(page int, body map[string]any) {
				delete(body, "total")
				if page > 3 {
					body["data"] = a.rowsOf(2000, 3000)
				}
			}
		}, 4, nil, "", false},
		"the same page for ever": {3000, func(a *api) {
			a.answer = func(_ int, body map[string]any) {
				delete(body, "current_page")
				body["data"] = a.rowsOf(0, 1000)
			}
		}, 4, meteora.ErrParameters, "", true},
		"the same page for ever, without numbers": {3000, func(a *api) {
			a.answer = func(_ int, body map[string]any) {
				clear(body)
				body["page_size"], body["data"] = 1000, a.rowsOf(0, 5)
			}
		}, 10, meteora.ErrParameters, "", true},
		"2^62 pages": {3000, func(a *api) {
			a.answer = func(_ int, body map[string]any) { body["pages"], body["total"] = int64(1)<<62, int64(1)<<62 }
		}, 20, meteora.ErrUnreadable, "pages from 4 on were refused", false},
		"no page_size": {3000, func(a *api) {
			a.answer = func(_ int, body map[string]any) { delete(body, "page_size") }
		}, 1, meteora.ErrParameters, "", true},
		"a page_size of its own": {3000, func(a *api) { a.size = 100 }, 1, meteora.ErrParameters, "", true},
		"unsorted":               {3000, func(a *api) { a.unsorted = true }, 3, nil, "not sorted by pool_created_at:asc", false},
		"drift by one":           {2999, func(a *api) { a.answer = shifted(a) }, 5, nil, "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &api{rows: newRows(tt.rows), dialect: ","}
			tt.api(a)
			stats := new(syncrun.Counts)
			got, err := addresses(clientOf(t, token.DLMM, a.start(t), nil).Pools(t.Context(), []token.LaunchpadID{"pad"}, stats))
			if n := len(a.asked()); n > tt.requests || !errors.Is(err, tt.err) {
				t.Errorf("%d requests, error %v", n, err)
			}
			want := names(a.rows, isOurs)
			if slices.Equal(got, want) == tt.part {
				t.Errorf("%d of %d pools came", len(got), len(want))
			}
			if tt.notes == "" && len(stats.Notes()) > 0 || tt.notes != "" && !hasNote(stats, tt.notes) {
				t.Errorf("notes %q", stats.Notes())
			}
			if hasNote(stats, "not sorted") != a.unsorted {
				t.Errorf("notes %q", stats.Notes())
			}
			unique := stats.Unique.Load()
			if !tt.part && (unique > int64(tt.rows) || float64(unique) < 0.999*float64(tt.rows)) {
				t.Errorf("%d of %d rows were counted as unique", unique, tt.rows)
			}
			if tt.part && tt.rows > 0 && unique >= int64(tt.rows) {
				t.Errorf("%d unique rows of %d", unique, tt.rows)
			}
		})
	}
}

// rowsOf returns some rows as they stand in an answer.
func (a *api) rowsOf(from, to int) []map[string]any {
	var data []map[string]any
	for _, r := range a.rows[from:to] {
		data = append(data, r.data())
	}
	return data
}

// shifted moves pages by one row once the second was read, as a pool that is listed late does.
func shifted(a *api) func(int, map[string]any) {
	return func(page int, body map[string]any) {
		if page >= 3 {
			body["data"] = a.rowsOf((page-1)*1000-1, min(page*1000-1, len(a.rows)))
		}
		if page > 3 {
			body["data"] = a.rowsOf(len(a.rows)-1, len(a.rows))
		}
		body["pages"], body["total"] = 4, len(a.rows)+1
	}
}

// TestTotalAndUnique are what coverage is worked out from.
func TestTotalAndUnique(t *testing.T) {
	t.Parallel()
	a := &api{rows: newRows(5000), dialect: ","}
	a.answer = func(page int, body map[string]any) {
		if page == 3 {
			body["data"] = a.rowsOf(1500, 2500) // half of it was on page 2
		}
	}
	stats := new(syncrun.Counts)
	if _, err := addresses(clientOf(t, token.DLMM, a.start(t), nil).Pools(t.Context(), []token.LaunchpadID{"pad"}, stats)); err != nil {
		t.Fatal(err)
	}
	if total, unique := stats.Total.Load(), stats.Unique.Load(); total != 5000 || unique > 4500 || unique < 4490 || stats.Scanned.Load() != 5000 {
		t.Errorf("%d unique rows of %d", unique, total)
	}
	if newest := stats.Newest.Load(); newest != a.rows[4999].created {
		t.Errorf("the newest pool is of %d", newest)
	}
}

// TestSearch reads DAMM v1 from its search, whatever becomes of the launchpad that is asked for.
func TestSearch(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		dialect  string
		answer   func(page int, body map[string]any)
		requests int // at most
		all      bool
		err      error
	}{
		"filtered":          {",", nil, 10, false, nil},
		"filter ignored":    {"ignored", nil, 13, true, nil},
		"filter finds none": {"", nil, 14, true, nil},
		"filter refused":    {"400", nil, 14, true, nil},
		"no numbers": {"ignored", func(_ int, body map[string]any) {
			delete(body, "page")
			delete(body, "total_count")
		}, 13, true, nil},
		"the same page for ever": {"ignored", func(page int, body map[string]any) {
			if page > 0 {
				body["data"] = []map[string]any{newRows(1)[0].v1()}
			}
		}, 10, true, meteora.ErrParameters},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &api{rows: newRows(1400), dialect: tt.dialect, answer: tt.answer}
			stats := new(syncrun.Counts)
			got, err := addresses(clientOf(t, token.DAMMv1, a.start(t), nil).Pools(t.Context(), []token.LaunchpadID{"pad"}, stats))
			if n := len(a.asked()); n > tt.requests || !errors.Is(err, tt.err) {
				t.Errorf("%d requests, error %v", n, err)
			}
			if want := names(a.rows, isOurs); tt.err == nil && !slices.Equal(got, want) {
				t.Errorf("%d of %d pools came", len(got), len(want))
			}
			if scanned := stats.Scanned.Load(); tt.err == nil && (scanned == 1400) != tt.all {
				t.Errorf("%d pools scanned", scanned)
			}
			if total := stats.Total.Load(); name == "filter ignored" && total != 1400 {
				t.Errorf("total is %d", total)
			}
		})
	}
}

// TestNewestOfSearch leaves new pools to a full scan where the server will not be asked for a launchpad's own.
func TestNewestOfSearch(t *testing.T) {
	t.Parallel()
	for dialect, want := range map[string]int{",": 467, "ignored": 1, "": 0, "400": 0} {
		a := &api{rows: newRows(1400), dialect: dialect}
		client := clientOf(t, token.DAMMv1, a.start(t), nil)
		got, err := addresses(client.Newest(t.Context(), []token.LaunchpadID{"pad"}, 0, new(syncrun.Counts)))
		if len(got) != want || err != nil {
			t.Errorf("%q: %d pools, want %d, error %v", dialect, len(got), want, err)
		}
	}
}

// TestSearchDeep: pages of a search are in no order that could be turned round, so that one that is refused is missing.
func TestSearchDeep(t *testing.T) {
	t.Parallel()
	a := &api{rows: newRows(1400), dialect: "ignored"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "3" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		a.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	_, err := addresses(clientOf(t, token.DAMMv1, server.URL, nil).Pools(t.Context(), []token.LaunchpadID{"pad"}, new(syncrun.Counts)))
	if err == nil || !strings.Contains(err.Error(), "page 3") {
		t.Errorf("error is %v", err)
	}
}

// TestDBCList finds a launchpad's curves by their config, or by who created them.
func TestDBCList(t *testing.T) {
	t.Parallel()
	const config, creator = "56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V", "9M3wf2fef73y7LDkU2Z6aGCksFXr5L8mwPDs4CN3XDkm"
	keyA, keyB, keyC := key("curve", 0), key("curve", 1), key("curve", 2)
	row := func(address, config, creator string) string {
		return `{"address":"` + address + `","pool_config_address":"` + config + `","creator":"` + creator + `","created_at":1770000000123,` +
			`"token_x":{"address":"` + token.SOL + `","name":"A coin","symbol":"COIN","decimals":6},` +
			`"token_y":{"address":"quote","symbol":"Q","price":3},"base_vault":"v"}`
	}
	body := `{"total":4,"pages":1,"current_page":1,"page_size":1000,"data":[` + strings.Join([]string{
		row(keyA, config, "x"), row(keyB, "other", creator), row(keyC, config, creator), row(key("curve", 3), creator, config),
	}, ",") + `]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if size := r.URL.Query().Get("page_size"); size == "100" {
			body := strings.Replace(body, `"page_size":1000`, `"page_size":100`, 1)
			_, _ = w.Write([]byte(body))
			return
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	client := clientOf(t, token.DBCList, server.URL, nil)
	for name, tt := range map[string]struct {
		ids  []token.LaunchpadID
		want map[string]token.LaunchpadID
	}{
		"config":        {[]token.LaunchpadID{config}, map[string]token.LaunchpadID{keyA: config, keyC: config}},
		"creator":       {[]token.LaunchpadID{"creator:" + creator}, map[string]token.LaunchpadID{keyB: "creator:" + creator, keyC: "creator:" + creator}},
		"both":          {[]token.LaunchpadID{config, "creator:" + creator}, map[string]token.LaunchpadID{keyA: config, keyB: "creator:" + creator, keyC: config}},
		"a name":        {[]token.LaunchpadID{"pump.fun"}, map[string]token.LaunchpadID{}},
		"a fee claimer": {[]token.LaunchpadID{"claimer:" + creator}, map[string]token.LaunchpadID{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for how, pools := range map[string]func(func(token.Pool, error) bool){
				"pools":  client.Pools(t.Context(), tt.ids, new(syncrun.Counts)),
				"newest": client.Newest(t.Context(), tt.ids, 1<<50, new(syncrun.Counts)),
			} {
				got := map[string]token.LaunchpadID{}
				for p, err := range pools {
					if err != nil {
						t.Fatal(err)
					}
					got[p.Address] = p.Launchpad
					if p.Product != token.DBCList || p.Base.Mint != token.SOL || p.Base.Symbol != "COIN" || p.Base.Decimals != "6" || p.QuoteMint != "quote" ||
						p.QuoteUSD != "3" || p.CreatedAt != 1770000000123 || p.Curve.Config == "" || p.Curve.Creator == "" || p.Curve.Stage != "" {
						t.Errorf("%+v", p)
					}
				}
				if len(got) != len(tt.want) {
					t.Errorf("%s: %v, want %v", how, got, tt.want)
				}
				for address, id := range tt.want {
					if got[address] != id {
						t.Errorf("%s: %s is of %q, want %q", how, address, got[address], id)
					}
				}
			}
		})
	}
}

// TestLetIn: the server sees who asks, and a client that it does not let in learns that soon.
func TestLetIn(t *testing.T) {
	t.Parallel()
	var agents []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agents = append(agents, r.UserAgent())
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("error code: 1010"))
	}))
	t.Cleanup(server.Close)
	_, err := addresses(clientOf(t, token.DAMMv2, server.URL, nil).Pools(t.Context(), []token.LaunchpadID{"pad"}, new(syncrun.Counts)))
	refused, ok := errors.AsType[*upstream.RefusedError](err)
	if !ok || refused.Wall != "Cloudflare error 1010" || !slices.Equal(agents, slices.Repeat([]string{"tokensync/test"}, 3)) {
		t.Errorf("asked as %q, error %v", agents, err)
	}
}
