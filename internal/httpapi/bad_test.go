package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/apitest"
	"tokensync/internal/httpapi"
)

// golden compares with testdata/name, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// problem reads an error answer and checks what all of them share.
func problem(t *testing.T, response *http.Response) httpapi.Problem {
	t.Helper()
	body := readAll(t, response)
	var p httpapi.Problem
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if got := response.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
	if got := response.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	if p.Status != response.StatusCode || p.Title == "" || p.Type == "" || p.Detail == "" {
		t.Errorf("status %d, problem %+v", response.StatusCode, p)
	}
	return p
}

// Places in a cursor of a board whose version is below 128.
const (
	atVersion = 0
	atRank    = 8
	atValue   = 9
)

// forge changes a cursor's bytes.
func forge(t *testing.T, cursor string, change func(b []byte) []byte) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(change(b))
}

// forgeByte changes the byte at a place, counted from the end when it is below 0.
func forgeByte(t *testing.T, cursor string, at int, to byte) string {
	t.Helper()
	return forge(t, cursor, func(b []byte) []byte {
		b[(at+len(b))%len(b)] = to
		return b
	})
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First, apitest.Second)
	fill(t, b, apitest.Tokens(60, apitest.First, apitest.Second))
	c := newAPI(t, b, uncached)
	cursorOf := func(query string) string { return *c.list("/v1/tokens?limit=5&" + query).Next }
	byTVL, found := cursorOf("sort=tvl&launchpad=met-dbc"), cursorOf("q=sym")
	tvl := "/v1/tokens?sort=tvl&launchpad=met-dbc&cursor="
	mint := apitest.Mint(1)
	tests := []struct{ name, target, parameter string }{
		{"unknown sort", "/v1/tokens?sort=price", "sort"},
		{"sort in upper case", "/v1/tokens?sort=TVL", "sort"},
		{"unknown order", "/v1/tokens?order=up", "order"},
		{"unknown stage", "/v1/tokens?stage=full", "stage"},
		{"stage and mints", "/v1/tokens?stage=bonding&mints=" + mint, "stage"},
		{"cursor of another stage", tvl + byTVL + "&stage=bonding", "cursor"},
		{"limit 0", "/v1/tokens?limit=0", "limit"},
		{"limit 101", "/v1/tokens?limit=101", "limit"},
		{"limit abc", "/v1/tokens?limit=abc", "limit"},
		{"limit -1", "/v1/tokens?limit=-1", "limit"},
		{"limit 1e1", "/v1/tokens?limit=1e1", "limit"},
		{"limit +5", "/v1/tokens?limit=%2B5", "limit"},
		{"limit 05", "/v1/tokens?limit=05", "limit"},
		{"limit of 30 digits", "/v1/tokens?limit=" + strings.Repeat("1", 30), "limit"},
		{"empty", "/v1/tokens?limit=", "limit"},
		{"no value", "/v1/tokens?cursor", "cursor"},
		{"unknown parameter", "/v1/tokens?page=2", "page"},
		{"parameter in upper case", "/v1/tokens?Limit=2", "Limit"},
		{"stats take none", "/v1/stats?limit=2", "limit"},
		{"health takes none", "/v1/health?x=1", "x"},
		{"token takes none", "/v1/tokens/" + mint + "?pools=1", "pools"},
		{"another range", "/v1/tokens/" + mint + "/history?range=2h", "range"},
		{"range in upper case", "/v1/tokens/" + mint + "/history?range=24H", "range"},
		{"history of no mint", "/v1/tokens/abc/history?range=1h", "mint"},
		{"history takes no limit", "/v1/tokens/" + mint + "/history?limit=5", "limit"},
		{"spec takes none", "/v1/openapi.json?x", "x"},
		{"repeated", "/v1/tokens?limit=5&limit=5", "limit"},
		{"repeated, escaped", "/v1/tokens?limit=5&%6cimit=6", "limit"},
		{"NUL in q", "/v1/tokens?q=%00", "q"},
		{"NUL in limit", "/v1/tokens?limit=%00", "limit"},
		{"NUL in cursor", "/v1/tokens?cursor=%00", "cursor"},
		{"NUL in launchpad", "/v1/tokens?launchpad=%00", "launchpad"},
		{"NUL in mints", "/v1/tokens?mints=%00", "mints"},
		{"NUL in mint", "/v1/tokens/%00", "mint"},
		{"broken escape", "/v1/tokens?q=%zz", "q"},
		{"broken escape in a name", "/v1/tokens?%zz=1", "%zz"},
		{"broken UTF-8", "/v1/tokens?q=%ff", "q"},
		{"blank q", "/v1/tokens?q=+", "q"},
		{"q too long", "/v1/tokens?q=" + strings.Repeat("a", 65), "q"},
		{"9 KB", "/v1/tokens?limit=5&q=" + strings.Repeat("a", 9<<10), "q"},
		{"9 KB of mints", "/v1/tokens?mints=" + strings.Repeat(mint+",", 200), "mints"},
		{"unknown launchpad", "/v1/tokens?launchpad=pump.fun", "launchpad"},
		{"mint too short", "/v1/tokens/" + mint[:31], "mint"},
		{"mint too long", "/v1/tokens/" + mint + mint, "mint"},
		{"mint of another alphabet", "/v1/tokens/0" + mint[1:], "mint"},
		{"101 mints", "/v1/tokens?mints=" + strings.Repeat(mint+",", 100) + mint, "mints"},
		{"one bad mint", "/v1/tokens?mints=" + mint + ",abc", "mints"},
		{"trailing comma", "/v1/tokens?mints=" + mint + ",", "mints"},
		{"mints and limit", "/v1/tokens?limit=5&mints=" + mint, "limit"},
		{"mints and q", "/v1/tokens?q=a&mints=" + mint, "q"},
		{"cursor of another sort", "/v1/tokens?sort=volume&launchpad=met-dbc&cursor=" + byTVL, "cursor"},
		{"cursor of another order", "/v1/tokens?sort=tvl&order=asc&launchpad=met-dbc&cursor=" + byTVL, "cursor"},
		{"cursor of another launchpad", "/v1/tokens?sort=tvl&launchpad=" + string(apitest.First) + "&cursor=" + byTVL, "cursor"},
		{"cursor of all launchpads", "/v1/tokens?sort=tvl&cursor=" + byTVL, "cursor"},
		{"cursor of another q", "/v1/tokens?q=sym1&cursor=" + found, "cursor"},
		{"truncated cursor", tvl + byTVL[:len(byTVL)-3], "cursor"},
		{"half a cursor", tvl + byTVL[:len(byTVL)/2], "cursor"},
		{"padded cursor", tvl + byTVL + "==", "cursor"},
		{"no base64", tvl + "%21%21", "cursor"},
		{"long cursor", tvl + strings.Repeat("A", 5000), "cursor"},
		{"empty object", tvl + "e30", "cursor"},
		{"null", tvl + "bnVsbA", "cursor"},
		{"newer version", tvl + forgeByte(t, byTVL, atVersion, 3), "cursor"},
		{"forged query", tvl + forgeByte(t, byTVL, 1, 'x'), "cursor"},
		{"forged mint", tvl + forgeByte(t, byTVL, -1, ' '), "cursor"},
		{"a value that is not a number", tvl + forge(t, byTVL, func(b []byte) []byte {
			return append(append(b[:atValue:atValue], 0x7f, 0xf8, 0, 0, 0, 0, 0, 1), b[atValue+8:]...)
		}), "cursor"},
		{"a rank without a search", tvl + forgeByte(t, byTVL, atRank, 1), "cursor"},
		{"a rank out of range", "/v1/tokens?q=sym&cursor=" + forgeByte(t, found, atRank, 9), "cursor"},
		{"a text without a symbol", tvl + forge(t, byTVL, func(b []byte) []byte {
			return append(append(b[:atValue+8:atValue+8], 1, 'x'), b[atValue+9:]...)
		}), "cursor"},
		{"another spelling", tvl + forge(t, byTVL, func(b []byte) []byte {
			return append(append(b[:atRank-1:atRank-1], b[atRank-1]|0x80, 0), b[atRank:]...)
		}), "cursor"},
		{"trailing data", tvl + forge(t, byTVL, func(b []byte) []byte { return append(b, 0) }), "cursor"},
		{"unknown creator", "/v1/tokens?creator=me", "creator"},
		{"unknown config", "/v1/tokens?config=met-dbc", "config"},
		{"config and mints", "/v1/tokens?config=" + mint + "&mints=" + mint, "config"},
		{"cursor of another creator", tvl + byTVL + "&creator=" + mint, "cursor"},
	}
	all := strings.Builder{}
	for _, test := range tests {
		response := c.get(test.target)
		p := problem(t, response)
		if p.Status != http.StatusBadRequest || p.Parameter != test.parameter {
			t.Errorf("%s: %d naming %q, want 400 naming %q", test.name, p.Status, p.Parameter, test.parameter)
		}
		all.WriteString(test.name + ": " + p.Detail + "\n")
	}
	golden(t, "bad-input.txt", all.String())
}

func TestProblems(t *testing.T) {
	t.Parallel()
	c := newAPI(t, newBackend(t, nil, apitest.First), uncached)
	tests := []struct {
		name, method, target string
		status               int
		allow                string
	}{
		{"bad-parameter", "GET", "/v1/tokens?limit=0", 400, ""},
		{"token-not-found", "GET", "/v1/tokens/" + apitest.Mint(1), 404, ""},
		{"no-such-path", "GET", "/v2/tokens", 404, ""},
		{"root", "GET", "/", 404, ""},
		{"trailing-slash", "GET", "/v1/tokens/", 404, ""},
		{"unclean-path", "GET", "/v1//tokens", 404, ""},
		{"dots", "GET", "/v1/stats/../tokens", 404, ""},
		{"method", "POST", "/v1/tokens", 405, "GET, HEAD, OPTIONS"},
		{"method-of-a-token", "DELETE", "/v1/tokens/" + apitest.Mint(1), 405, "GET, HEAD, OPTIONS"},
		{"method-of-no-path", "DELETE", "/v2", 404, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := *c
			c.t = t
			response := c.do(httptest.NewRequest(test.method, test.target, nil))
			if response.StatusCode != test.status || response.Header.Get("Allow") != test.allow {
				t.Errorf("status %d, Allow %q", response.StatusCode, response.Header.Get("Allow"))
			}
			body := readAll(t, response)
			golden(t, "problem-"+test.name+".json", body+"\n")
			response.Body = http.NoBody
		})
	}
}

func TestHeadAndOptions(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	fill(t, b, apitest.Tokens(3, apitest.First))
	server := httptest.NewServer(httpapi.New(b.Catalog, uncached, apitest.Quiet()).Handler(httpapi.Functions()...))
	t.Cleanup(server.Close)
	tests := []struct {
		method, path string
		status       int
	}{
		{"HEAD", "/v1/tokens", 200},
		{"HEAD", "/v1/tokens/abc", 400},
		{"HEAD", "/v1/nothing", 404},
		{"OPTIONS", "/v1/tokens", 204},
		{"OPTIONS", "/v1/nothing", 404},
	}
	for _, test := range tests {
		r, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if body := readAll(t, response); response.StatusCode != test.status || test.method == "HEAD" && body != "" {
			t.Errorf("%s %s: %d %q", test.method, test.path, response.StatusCode, body)
		}
		_ = response.Body.Close()
	}
}
