package solana

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/upstream"
)

// TestRequests: what a node is asked, page by page.
func TestRequests(t *testing.T) {
	t.Parallel()
	var asked []request
	s, _ := newSession(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, readRequest(t, r))
		switch len(asked) {
		case 1:
			io.WriteString(w, result(`{"accounts":[`+row(1, keyA)+`],"paginationKey":"k1","totalResults":null}`))
		case 2: // a page may be empty although more follow
			io.WriteString(w, result(`{"context":{"slot":1},"value":{"accounts":[],"paginationKey":"k2"}}`))
		default:
			io.WriteString(w, result(`{"accounts":[`+row(2, keyA)+`],"paginationKey":null}`))
		}
	})
	q := anything()
	q.Holds[0].Keys = []Key{keyA}
	if got, err := readAll(t.Context(), s, q, Way{methodScanPages, PerKey}); got != "aa" || err != nil {
		t.Errorf("accounts %q, error %v", got, err)
	}
	want := func(after string) request {
		options := map[string]any{
			"encoding": "base64", "commitment": "confirmed", "limit": 10000.0,
			"dataSlice": map[string]any{"offset": 0.0, "length": 48.0},
			"filters":   []any{map[string]any{"memcmp": map[string]any{"offset": 8.0, "bytes": keyA.String()}}},
		}
		if after != "" {
			options["paginationKey"] = after
		}
		return request{"getProgramAccountsV2", options}
	}
	if diff := cmp.Diff([]request{want(""), want("k1"), want("k2")}, asked, cmp.AllowUnexported(request{})); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// paged answers each request with the next of bodies.
func paged(t *testing.T, bodies ...string) (*Session, *[]request) {
	t.Helper()
	asked := new([]request)
	s, _ := newSession(t, func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, readRequest(t, r))
		io.WriteString(w, result(bodies[min(len(*asked), len(bodies))-1]))
	})
	return s, asked
}

// TestEnds are the ways in which walks end, or must not.
func TestEnds(t *testing.T) {
	t.Parallel()
	a, b := row(1, keyA), row(1, keyB)
	page := func(rows, rest string) string { return `{"accounts":[` + rows + `]` + rest + `}` }
	full := strings.TrimSuffix(strings.Repeat(a+",", pageSize), ",")
	for name, tt := range map[string]struct {
		pages []string
		want  string
		err   string
	}{
		"null":                     {[]string{page(a, `,"paginationKey":"1"`), page(b, `,"paginationKey":null`)}, "ab", ""},
		"no key":                   {[]string{page(a, "")}, "a", ""},
		"the key stays":            {[]string{page(a, `,"paginationKey":"1"`), page("", `,"paginationKey":null`)}, "a", ""},
		"the key is repeated":      {[]string{page(a, `,"paginationKey":"1"`), page("", `,"paginationKey":"1"`)}, "a", ""},
		"empty pages between":      {[]string{page(a, `,"paginationKey":"1"`), page("", `,"paginationKey":"2"`), page(b, "")}, "ab", ""},
		"a bare array":             {[]string{`[` + a + `]`}, "a", ""},
		"wrapped":                  {[]string{`{"context":{"slot":5},"value":` + page(a, `,"paginationKey":"1"`) + `}`, `{"context":{},"value":[` + b + `]}`}, "ab", ""},
		"cursors":                  {[]string{`{"value":` + page(a, `,"hasMore":true,"nextCursor":"1"`) + `}`, `{"value":` + page(b, `,"hasMore":false,"nextCursor":"2"`) + `}`}, "ab", ""},
		"cursors of full pages":    {[]string{page(full, `,"hasMore":false`)}, strings.Repeat("a", pageSize), ""},
		"more without a cursor":    {[]string{page(a, `,"hasMore":true`)}, "", "without a key to the next"},
		"a full page without key":  {[]string{page(full, "")}, "", "without a key to the next"},
		"a key that leads nowhere": {[]string{page(a, `,"paginationKey":"1"`), page(b, `,"paginationKey":"1"`)}, "a", "leads to itself"},
		"in a circle": {[]string{
			page(a, `,"paginationKey":"1"`), page(b, `,"paginationKey":"2"`), page(a, `,"paginationKey":"1"`),
		}, "ab", "was there before"},
		"a very long key":     {[]string{page(a, `,"paginationKey":"`+strings.Repeat("k", 2000)+`"`)}, "", "key of 2000 bytes"},
		"no accounts":         {[]string{`{"paginationKey":"1"}`}, "", "a result without accounts"},
		"not asked for":       {[]string{page(row(1, Key{'c'}), "")}, "", ""},
		"of an unknown kind":  {[]string{page(row(9, keyA), "")}, "", ""},
		"neither of the two":  {[]string{`"soon"`}, "", "neither an array nor an object"},
		"no result after all": {[]string{`null`}, "", "neither a result nor an error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, asked := paged(t, tt.pages...)
			got, err := readAll(t.Context(), s, anything(), inPages)
			if got != tt.want || (err == nil) != (tt.err == "") || err != nil && (!strings.Contains(err.Error(), tt.err) || !errors.Is(err, upstream.ErrMalformed)) {
				t.Errorf("accounts %.9q, error %v, want %q", got, err, tt.err)
			}
			if tt.err == "" && len(*asked) != len(tt.pages) {
				t.Errorf("%d requests, want %d", len(*asked), len(tt.pages))
			}
		})
	}
}

// TestCursor: a node that calls its keys cursors is asked in its words.
func TestCursor(t *testing.T) {
	t.Parallel()
	s, asked := paged(t, `{"accounts":[],"hasMore":true,"nextCursor":"c"}`, `{"accounts":[],"hasMore":false}`)
	if _, err := readAll(t.Context(), s, anything(), inPages); err != nil {
		t.Fatal(err)
	}
	if last := (*asked)[1].options; last["cursor"] != "c" || last["paginationKey"] != "c" {
		t.Errorf("asked for %v", last)
	}
}

// TestForeign: where the node was to filter, an account of another key makes its answer malformed.
func TestForeign(t *testing.T) {
	t.Parallel()
	for _, way := range []Way{{methodScan, PerKey}, {methodScanPages, PerKey}, {methodScanPages, PerByte}} {
		s, _ := paged(t, `[`+row(1, keyA)+`,`+row(1, Key{'z'})+`]`)
		if _, err := readAll(t.Context(), s, anything(), way); !errors.Is(err, upstream.ErrMalformed) {
			t.Errorf("%v: error %v", way, err)
		}
	}
}

// TestParts: the queries of each spread.
func TestParts(t *testing.T) {
	t.Parallel()
	q := anything()
	q.Holds = []Holds{{8, []Key{{'a', 1}, {'a', 2}, {'b'}}}, {40, []Key{{'a'}}}}
	for spread, want := range map[Spread][]string{
		PerKey: {"8 a\x01", "8 a\x02", "8 b", "40 a"}, PerByte: {"8 a", "8 b", "40 a"}, All: {"0 "},
	} {
		var got []string
		for _, p := range q.parts(spread) {
			got = append(got, fmt.Sprintf("%d %s", p.offset, strings.TrimRight(string(p.bytes), "\x00")))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", spread, diff)
		}
	}
}

// TestWays: what is cheaper by the counts.
func TestWays(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		keys  int
		costs Costs
		want  []Way
	}{
		"one key":               {1, Costs{}, []Way{{methodScan, PerKey}, {methodScanPages, PerKey}}},
		"one, counting":         {1, Costs{Counting: true}, []Way{{methodScan, PerKey}, {methodScanPages, PerKey}}},
		"two, counting":         {2, Costs{Counting: true}, []Way{{methodScan, PerKey}, {methodScanPages, All}}},
		"many":                  {200, Costs{}, []Way{{methodScan, PerKey}, {methodScanPages, PerKey}}},
		"many, a small program": {200, Costs{Pages: 100}, []Way{{methodScan, PerKey}, {methodScanPages, All}}},
		"very many":             {60_000, Costs{}, []Way{{methodScanPages, All}, {methodScan, PerByte}}},
	} {
		q := &Search{Holds: []Holds{{Keys: make([]Key, tt.keys)}}}
		if diff := cmp.Diff(tt.want, q.Ways(tt.costs)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// scanCounting returns a node whose pages are of one account looked at each: pages many, of which the third holds keyA and the
// last keyB.
func scanCounting(t *testing.T, pages int) (*Session, *[]string) {
	t.Helper()
	asked := new([]string)
	s, _ := newSession(t, func(w http.ResponseWriter, r *http.Request) {
		o := readRequest(t, r).options
		at := 0
		if key, ok := o["paginationKey"].(string); ok {
			_, _ = fmt.Sscan(key, &at)
		}
		filters, _ := json.Marshal(o["filters"])
		*asked = append(*asked, fmt.Sprintf("%d %s", at, filters))
		rows, next := "", fmt.Sprintf(`"%d"`, at+1)
		passes := func(k Key) bool {
			return len(o["filters"].([]any)) == 0 || strings.Contains(string(filters), k.String())
		}
		if at == 2 && passes(keyA) {
			rows = row(1, keyA)
		}
		if at == pages-1 {
			if next = "null"; passes(keyB) {
				rows = row(2, keyB)
			}
		}
		io.WriteString(w, result(`{"accounts":[`+rows+`],"paginationKey":`+next+`}`))
	})
	return s, asked
}

// TestCounting: a node that counts what it looks at is recognized by its pages, and walked through once for all keys.
func TestCounting(t *testing.T) {
	t.Parallel()
	s, asked := scanCounting(t, 6)
	at, page, got := &Position{Way: Way{methodScanPages, PerKey}}, new(gathered), ""
	for err := range s.Walk(t.Context(), anything(), at, Budget{}, page) {
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page.data {
			got += d[8:9]
		}
	}
	if got != "aab" || at.Spread != All || !at.Counting() || at.Requests != 9 || at.Rows != 3 {
		t.Errorf("accounts %q at %+v", got, at)
	}
	if !strings.HasSuffix((*asked)[2], keyA.String()+`","offset":8}}]`) || (*asked)[3] != "0 []" || (*asked)[8] != "5 []" {
		t.Errorf("asked %q", *asked)
	}
}

// TestBudget: a walk stops where its budget ends, and goes on from what was kept of it.
func TestBudget(t *testing.T) {
	t.Parallel()
	s, asked := scanCounting(t, 8)
	q, at, got := anything(), &Position{Way: Way{methodScanPages, All}}, ""
	for runs := 1; ; runs++ {
		var last error
		page := new(gathered)
		for last = range s.Walk(t.Context(), q, at, Budget{Requests: 3}, page) {
			if last == nil {
				for _, d := range page.data {
					got += d[8:9]
				}
			}
		}
		if last == nil {
			if runs != 3 || got != "ab" || len(*asked) != 8 {
				t.Errorf("accounts %q in %d runs of %d requests", got, runs, len(*asked))
			}
			return
		}
		if !errors.Is(last, ErrBudget) || runs > 3 {
			t.Fatalf("run %d: %v", runs, last)
		}
		kept, _ := json.Marshal(at)
		at = new(Position)
		if err := json.Unmarshal(kept, at); err != nil || at.Search != q.ID() {
			t.Fatalf("kept %s: %v", kept, err)
		}
	}
}

// TestChanges asks once for all keys, and gives up where that is no shorter.
func TestChanges(t *testing.T) {
	t.Parallel()
	s, asked := paged(t, `{"accounts":[`+row(1, keyA)+`],"paginationKey":"1"}`, `{"accounts":[],"paginationKey":"2"}`)
	var errs []error
	for err := range s.Changes(t.Context(), anything(), 77, 2, new(gathered)) {
		errs = append(errs, err)
	}
	if len(errs) != 3 || !errors.Is(errs[2], ErrBudget) || len(*asked) != 2 {
		t.Errorf("errors %v after %d requests", errs, len(*asked))
	}
	if o := (*asked)[0].options; o["changedSinceSlot"] != 77.0 || len(o["filters"].([]any)) != 0 {
		t.Errorf("asked for %v", o)
	}
	q := anything()
	q.Holds[0].Keys = q.Holds[0].Keys[:1]
	for range s.Changes(t.Context(), q, 77, 1, new(gathered)) {
		break
	}
	if o := (*asked)[2].options; len(o["filters"].([]any)) != 1 {
		t.Errorf("asked for %v", o)
	}
}

// TestReasons: what codes mean, with their texts.
func TestReasons(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method string
		code   int64
		text   string
		want   string // of retry, throttle, detour, plan
	}{
		"method not found":     {methodScan, -32601, "", "detour"},
		"invalid parameters":   {methodScan, -32602, "", "detour"},
		"too many accounts":    {methodScan, -32600, "Too many accounts (2301194 pubkeys)", "detour"},
		"deprioritized":        {methodScan, -32600, "Request deprioritized", "retry detour"},
		"invalid request":      {methodScan, -32600, "?", "retry detour"},
		"overloaded":           {methodScan, -32603, "account index service overloaded", "retry detour"},
		"scan broke off":       {methodScan, -32012, "", "retry detour"},
		"server error":         {methodAccounts, -32000, "", "retry detour"},
		"QuickNode's throttle": {methodAccounts, -32007, "50/second request limit reached", "retry throttle detour"},
		"Solami's throttle":    {methodAccounts, -32005, "", "retry throttle detour"},
		"429 in words":         {methodAccounts, 429, "", "retry throttle detour"},
		"the plan's":           {methodAccounts, -32010, "account cap", "plan"},
		"not indexed":          {methodScan, -32010, "excluded from account secondary indexes", "detour"},
		"unknown":              {methodScan, 1, "", "retry detour"},
		"skipped":              {methodBlockTime, -32007, "", "detour"},
	} {
		err := &RPCError{Code: tt.code, reason: reasonOf(tt.method, tt.code, tt.text)}
		var got []string
		for _, is := range []struct {
			name string
			so   bool
		}{
			{"retry", err.Retryable()}, {"throttle", err.Throttled()}, {"detour", IsDetour(err)}, {"plan", IsPlan(err)},
		} {
			if is.so {
				got = append(got, is.name)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestInvalidTwice: a request that a node calls invalid twice in a row is not made a third time.
func TestInvalidTwice(t *testing.T) {
	t.Parallel()
	invalid, busy, good := failure(-32600, "?"), failure(-32603, "?"), result("[]")
	for name, tt := range map[string]struct {
		answers  []string
		requests int
		refused  bool
	}{
		"once":          {[]string{invalid, good}, 2, false},
		"twice":         {[]string{invalid, invalid, good}, 2, true},
		"with a break":  {[]string{invalid, busy, invalid, good}, 3, true}, // three attempts are all that there are
		"deprioritized": {[]string{failure(-32600, "deprioritized"), failure(-32600, "deprioritized"), good}, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			s, _ := newSession(t, func(w http.ResponseWriter, _ *http.Request) {
				n++
				io.WriteString(w, tt.answers[n-1])
			})
			_, err := readAll(t.Context(), s, anything(), inPages)
			if n != tt.requests || (err != nil) != tt.refused {
				t.Errorf("%d requests, error %v", n, err)
			}
		})
	}
}

// TestPatience: the one answer of getProgramAccounts is not asked for again and again.
func TestPatience(t *testing.T) {
	t.Parallel()
	n := 0
	s, _ := newSession(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		io.WriteString(w, `{"result":[`)
	})
	if _, err := readAll(t.Context(), s, anything(), Way{methodScan, PerKey}); !IsDetour(err) || n != 2 {
		t.Errorf("%d requests, error %v", n, err)
	}
}

// TestRates: scans have a rate of their own.
func TestRates(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]class{
		methodScan: classScan, methodScanPages: classScan, methodAccounts: classRPC, "getAssetBatch": classDAS, "getSlot": classRPC,
	} {
		if got := classOf(method); got != want {
			t.Errorf("%s is of class %d, want %d", method, got, want)
		}
	}
	client, err := NewClient(Options{URL: "http://rpc.example/key", Rates: Rates{Scans: 7}})
	if err != nil {
		t.Fatal(err)
	}
	var got []float64
	for _, c := range []class{classRPC, classScan, classDAS} {
		got = append(got, float64(client.limits[c].Limit()))
	}
	if !slices.Equal(got, []float64{10, 7, 2}) {
		t.Errorf("rates %v", got)
	}
}
