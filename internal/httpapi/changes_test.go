package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"tokensync/internal/dev/apitest"
	"tokensync/internal/httpapi"
	"tokensync/internal/token"
)

// changes is an answer of GET /v1/changes.
type changes struct {
	Version string           `json:"version"`
	Data    []map[string]any `json:"data"`
	Gone    []string         `json:"gone"`
	More    *bool            `json:"more"`
}

// changes asks for what changed since a version, "" for the version to begin with.
func (c *client) changes(since string) (got changes, response *http.Response) {
	c.t.Helper()
	target := "/v1/changes"
	if since != "" {
		target += "?since=" + since
	}
	response = c.get(target)
	if body := readAll(c.t, response); response.StatusCode != http.StatusOK || json.Unmarshal([]byte(body), &got) != nil {
		c.t.Fatalf("%s: %d %s", target, response.StatusCode, body)
	}
	return got, response
}

// TestChanges: clients may ask each second; without a change that is a 304 for them.
func TestChanges(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	now := time.Now()
	tokens := apitest.Tokens(5, apitest.First)
	publish := func(after time.Duration, tokens ...token.Token) {
		for i := range tokens {
			tokens[i].UpdatedAt = now.Add(after).UnixMilli()
		}
		if err := b.Publish(t.Context(), tokens, now.Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	publish(-time.Minute, tokens...)
	c := newAPI(t, b, uncached)
	begin, _ := c.changes("")
	if begin.Data != nil || begin.Gone != nil || begin.More != nil {
		t.Errorf("without since: %+v", begin)
	}
	all, _ := c.changes(begin.Version)
	if len(all.Data) != 5 || all.Gone == nil || *all.More {
		t.Errorf("from the beginning: %d rows, %+v", len(all.Data), all.Gone)
	}
	quiet, response := c.changes(all.Version)
	if len(quiet.Data) != 0 || quiet.Version != all.Version || response.Header.Get("Cache-Control") != "public, max-age=1, stale-while-revalidate=0" {
		t.Errorf("%+v, %v", quiet, response.Header)
	}
	etag := response.Header.Get("ETag")
	if again := c.get("/v1/changes?since="+all.Version, "If-None-Match", etag); again.StatusCode != http.StatusNotModified || again.Header.Get("ETag") != etag {
		t.Errorf("%d, %v", again.StatusCode, again.Header)
	}
	changed, gone := tokens[1], tokens[2]
	changed.Name, gone.Status = "another", token.Delisted
	publish(-time.Second, changed, gone)
	if late := c.get("/v1/changes?since="+all.Version, "If-None-Match", etag); late.StatusCode != http.StatusOK {
		t.Errorf("%d for what has changed", late.StatusCode)
	}
	got, _ := c.changes(all.Version)
	if len(got.Data) != 1 || got.Data[0]["name"] != "another" || got.Data[0]["pools"] != nil || len(got.Gone) != 1 || got.Gone[0] != gone.Mint || got.Version == all.Version {
		t.Errorf("%+v", got)
	}
}

// TestChangesSinceWhatIsNone is refused, and never answered with everything.
func TestChangesSinceWhatIsNone(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	c := newAPI(t, b, httpapi.DefaultCaching)
	fill(t, b, apitest.Tokens(3, apitest.First))
	begin, _ := c.changes("")
	epoch, at, _ := strings.Cut(begin.Version, ".")
	for since, want := range map[string]int{
		"x": http.StatusBadRequest, "1.2.3.4": http.StatusBadRequest, "%00": http.StatusBadRequest, epoch: http.StatusBadRequest,
		epoch + ".-" + at: http.StatusGone, epoch + "." + at + ".mint": http.StatusBadRequest, epoch + ".z" + at: http.StatusBadRequest,
		strings.Repeat("z", 5000): http.StatusBadRequest, "": http.StatusBadRequest, begin.Version + "&since=" + begin.Version: http.StatusBadRequest,
		epoch + ".1": http.StatusGone, "1" + epoch + "." + at: http.StatusGone,
	} {
		response := c.get("/v1/changes?since=" + since)
		var problem httpapi.Problem
		body := readAll(t, response)
		if response.StatusCode != want || response.Header.Get("Content-Type") != "application/problem+json" ||
			json.Unmarshal([]byte(body), &problem) != nil || problem.Parameter != "since" {
			t.Errorf("since %.40q: %d, want %d: %s", since, response.StatusCode, want, body)
		}
	}
}
