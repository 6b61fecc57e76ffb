package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tokensync/internal/dev/apitest"
	"tokensync/internal/dynamo"
	"tokensync/internal/token"
)

// send asks with a method and a body.
func (c *client) send(method, target, body string) *http.Response {
	c.t.Helper()
	r := httptest.NewRequestWithContext(c.t.Context(), method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return c.do(r)
}

// decoded returns a response's JSON.
func decoded[T any](t *testing.T, response *http.Response) (v T) {
	t.Helper()
	body := readAll(t, response)
	if err := json.Unmarshal([]byte(body), &v); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%d %s: %v", response.StatusCode, body, err)
	}
	return v
}

type hiding struct {
	Mint   string    `json:"mint"`
	Reason string    `json:"reason"`
	At     time.Time `json:"hidden_at"`
}

type hidings struct {
	Data []hiding `json:"data"`
	Next *string  `json:"next_cursor"`
}

// TestHide hides a token and shows it again: every list, search, sum and look-up knows at a reader's next look.
func TestHide(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	fill(t, b, apitest.Tokens(20, apitest.First))
	c := newAPI(t, b, uncached)
	mint := c.list("/v1/tokens?stage=bonding").mints()[1]
	symbol := decoded[map[string]any](t, c.get("/v1/tokens/"+mint))["symbol"].(string)
	shows := func(want bool) {
		t.Helper()
		b.Look()
		for _, list := range []string{"limit=100", "limit=100&sort=volume&order=asc", "q=" + symbol, "q=" + mint, "q=" + mint[:8]} {
			if got := slices.Contains(c.list("/v1/tokens?"+list).mints(), mint); got != want {
				t.Errorf("%s: it is in the list: %v", list, got)
			}
		}
		status, listed := "listed", 20
		if !want {
			status, listed = "hidden", 19
		}
		cards := decoded[struct{ Pools []any }](t, c.get("/datapi/v1/pools?assetIds="+mint)).Pools
		recent := readAll(t, c.send("POST", "/datapi/v1/pools/gems", `{"recent":{"timeframe":"24h"},"aboutToGraduate":{},"graduated":{}}`))
		if (len(cards) == 1) != want || strings.Contains(recent, mint) != want {
			t.Errorf("%d cards; the front page has it: %v", len(cards), !want)
		}
		rows := c.list("/v1/tokens?mints=" + mint).Data
		if got := decoded[map[string]any](t, c.get("/v1/tokens/"+mint))["status"]; got != status || len(rows) != 1 || rows[0]["status"] != status {
			t.Errorf("its status is %v", got)
		}
		public, operator := decoded[map[string]any](t, c.get("/v1/stats")), decoded[map[string]any](t, c.get("/v1/operator/stats"))
		if public["tokens"] != float64(listed) || operator["tokens"] != public["tokens"] || operator["tokens_hidden"] != float64(20-listed) || operator["tokens_unapproved"] != 0.0 {
			t.Errorf("%v, %v", public, operator)
		}
		if _, ok := public["tokens_hidden"]; ok {
			t.Error("everybody is told how many are hidden")
		}
	}
	shows(true)
	first := decoded[hiding](t, c.send("PUT", "/v1/hidden/"+mint, `{"reason":"an impostor"}`))
	if first.Mint != mint || first.Reason != "an impostor" || time.Since(first.At) > time.Minute {
		t.Errorf("%+v", first)
	}
	shows(false)
	time.Sleep(2 * time.Millisecond) // another one
	again := decoded[hiding](t, c.send("PUT", "/v1/hidden/"+mint, `{"reason":" and a fake  "}`))
	if again.Reason != "and a fake" || !again.At.Equal(first.At) {
		t.Errorf("%+v after %+v", again, first)
	}
	shows(false)
	if list := decoded[hidings](t, c.get("/v1/hidden")); len(list.Data) != 1 || list.Data[0] != again || list.Next != nil {
		t.Errorf("%+v", list)
	}
	for range 2 {
		if response := c.send("DELETE", "/v1/hidden/"+mint, ""); response.StatusCode != http.StatusNoContent || readAll(t, response) != "" {
			t.Errorf("status %d", response.StatusCode)
		}
		shows(true)
	}
	if list := decoded[hidings](t, c.get("/v1/hidden")); len(list.Data) != 0 {
		t.Errorf("%+v", list)
	}
}

func TestHideRefuses(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	c := newAPI(t, b, uncached)
	path := "/v1/hidden/" + apitest.Mint(1)
	for name, tt := range map[string]struct{ method, target, body, parameter string }{
		"a bad mint":            {"PUT", "/v1/hidden/x", `{"reason":"r"}`, "mint"},
		"a bad mint to show":    {"DELETE", "/v1/hidden/" + strings.Repeat("1", 45), "", "mint"},
		"a mint with a 0":       {"PUT", path[:len(path)-1] + "0", `{"reason":"r"}`, "mint"},
		"nothing":               {"PUT", path, "", "body"},
		"no reason":             {"PUT", path, "{}", "reason"},
		"null":                  {"PUT", path, "null", "reason"},
		"a reason that is null": {"PUT", path, `{"reason":null}`, "reason"},
		"an empty reason":       {"PUT", path, `{"reason":""}`, "reason"},
		"a blank reason":        {"PUT", path, `{"reason":" \n\t"}`, "reason"},
		"an invisible reason":   {"PUT", path, `{"reason":"\u200b\u00ad"}`, "reason"},
		"a control character":   {"PUT", path, `{"reason":"a\u0000b"}`, "reason"},
		"a line break":          {"PUT", path, `{"reason":"a\nb"}`, "reason"},
		"a long reason":         {"PUT", path, `{"reason":"` + strings.Repeat("é", 201) + `"}`, "reason"},
		"a number":              {"PUT", path, `{"reason":1}`, "body"},
		"a list":                {"PUT", path, `["r"]`, "body"},
		"no JSON":               {"PUT", path, `reason=r`, "body"},
		"half of it":            {"PUT", path, `{"reason":"r"`, "body"},
		"two objects":           {"PUT", path, `{"reason":"r"}{"reason":"s"}`, "body"},
		"another field":         {"PUT", path, `{"reason":"r","until":1}`, "body"},
		"a body of 17 KB":       {"PUT", path, `{"reason":"r"}` + strings.Repeat(" ", 17<<10), "body"},
		"a query":               {"PUT", path + "?reason=r", "", "reason"},
		"a bad limit":           {"GET", "/v1/hidden?limit=101", "", "limit"},
		"a bad cursor":          {"GET", "/v1/hidden?cursor=x", "", "cursor"},
		"a bad limit of queue":  {"GET", "/v1/unapproved?limit=0", "", "limit"},
		"a cursor of a list":    {"GET", "/v1/unapproved?cursor=AgAAAAAAAAA", "", "cursor"},
	} {
		if p := problem(t, c.send(tt.method, tt.target, tt.body)); p.Status != http.StatusBadRequest || p.Parameter != tt.parameter {
			t.Errorf("%s: %+v", name, p)
		}
	}
	plain := httptest.NewRequestWithContext(t.Context(), http.MethodPut, path, strings.NewReader(`{"reason":"r"}`))
	plain.Header.Set("Content-Type", "text/plain")
	if p := problem(t, c.do(plain)); p.Status != http.StatusUnsupportedMediaType {
		t.Errorf("plain text: %+v", p)
	}
	if list := decoded[hidings](t, c.get("/v1/hidden")); len(list.Data) != 0 {
		t.Errorf("%+v", list)
	}
	for path, allow := range map[string]string{path: "PUT, DELETE, OPTIONS", "/v1/hidden": "GET, HEAD, OPTIONS"} {
		if response := c.send("POST", path, "{}"); response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != allow {
			t.Errorf("POST %s: %d, Allow %q", path, response.StatusCode, response.Header.Get("Allow"))
		}
	}
}

// TestHiddenPages: what is hidden comes page by page, each once.
func TestHiddenPages(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	c := newAPI(t, b, uncached)
	var want, got []string
	for i := range 25 { // unknown here, and before the first board
		want = append(want, apitest.Mint(i))
		decoded[hiding](t, c.send("PUT", "/v1/hidden/"+apitest.Mint(i), `{"reason":"r"}`))
	}
	slices.Sort(want)
	for target := "/v1/hidden?limit=10"; target != ""; {
		page := decoded[hidings](t, c.get(target))
		for _, h := range page.Data {
			got = append(got, h.Mint)
		}
		target = ""
		if page.Next != nil {
			target = "/v1/hidden?limit=10&cursor=" + *page.Next
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// TestUnapproved: the queue of strangers' tokens comes page by page, the newest first, and no list has them.
func TestUnapproved(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	tokens := apitest.Tokens(60, apitest.First)
	for i := range tokens {
		if i%2 == 0 {
			tokens[i].Status = token.Unapproved
		}
	}
	if err := b.Publish(t.Context(), tokens, time.Now()); err != nil {
		t.Fatal(err)
	}
	c := newAPI(t, b, uncached)
	if got := len(c.list("/v1/tokens?limit=100").Data); got != 30 {
		t.Errorf("%d are listed", got)
	}
	var queue []map[string]any
	for target := "/v1/unapproved?limit=7"; target != ""; {
		page := c.list(target)
		queue, target = append(queue, page.Data...), ""
		if page.Next != nil {
			target = "/v1/unapproved?limit=7&cursor=" + *page.Next
		}
	}
	unlisted := func(row map[string]any) bool { return row["status"] != "unapproved" }
	if len(queue) != 30 || slices.ContainsFunc(queue, unlisted) {
		t.Errorf("%d tokens: %v", len(queue), queue)
	}
	dated := slices.DeleteFunc(slices.Clone(queue), func(row map[string]any) bool { return row["created_at"] == nil })
	newer := func(a, b map[string]any) int {
		return strings.Compare(b["created_at"].(string), a["created_at"].(string))
	}
	if len(dated) < 20 || !slices.IsSortedFunc(dated, newer) {
		t.Errorf("the newest do not come first: %v", dated)
	}
	if got := decoded[map[string]any](t, c.get("/v1/operator/stats")); got["tokens_unapproved"] != 30.0 || got["tokens"] != 30.0 {
		t.Errorf("%v", got)
	}
	hidden := queue[0]["mint"].(string)
	decoded[hiding](t, c.send("PUT", "/v1/hidden/"+hidden, `{"reason":"spam"}`))
	b.Look()
	if rest := c.list("/v1/unapproved?limit=100").mints(); len(rest) != 29 || slices.Contains(rest, hidden) {
		t.Errorf("%d are left in the queue", len(rest))
	}
}

// halfDown is a store of which one table takes no writes.
type halfDown struct {
	dynamo.API
	table string // "" is none
}

func (d *halfDown) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if *in.TableName == d.table {
		return nil, errors.New("the table is down")
	}
	return d.API.UpdateItem(ctx, in, o...)
}

func (d *halfDown) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	if *in.TableName == d.table {
		return nil, errors.New("the table is down")
	}
	return d.API.DeleteItem(ctx, in, o...)
}

// TestHidingFails: whichever half fails, the answer is a 503, and the same request does it all later.
func TestHidingFails(t *testing.T) {
	t.Parallel()
	store := &halfDown{}
	b := newBackend(t, func(api dynamo.API) dynamo.API { store.API = api; return store }, apitest.First)
	fill(t, b, apitest.Tokens(5, apitest.First))
	c := newAPI(t, b, uncached)
	mint := c.list("/v1/tokens").mints()[0]
	for _, step := range []struct {
		method, body string
		listed       bool // in the end
		status       int
	}{{"PUT", `{"reason":"r"}`, false, http.StatusOK}, {"DELETE", "", true, http.StatusNoContent}} {
		for _, store.table = range []string{b.Tables.Sync, b.Tables.Board} {
			if p := problem(t, c.send(step.method, "/v1/hidden/"+mint, step.body)); p.Status != http.StatusServiceUnavailable {
				t.Errorf("%s: %+v", step.method, p)
			}
			b.Look()
			if got := slices.Contains(c.list("/v1/tokens").mints(), mint); got == step.listed {
				t.Errorf("%s: listed: %v", step.method, got)
			}
		}
		store.table = ""
		response := c.send(step.method, "/v1/hidden/"+mint, step.body)
		b.Look()
		if got := slices.Contains(c.list("/v1/tokens").mints(), mint); response.StatusCode != step.status || got != step.listed {
			t.Errorf("%s: %d, listed: %v", step.method, response.StatusCode, got)
		}
	}
}
