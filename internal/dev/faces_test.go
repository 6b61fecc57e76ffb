package dev_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tokensync/internal/dev"
	"tokensync/internal/dev/metadatatest"
	"tokensync/internal/dev/rpctest"
)

// TestFacesOnTheAPI: one sync of the local stack, and its tokens have pictures and links.
func TestFacesOnTheAPI(t *testing.T) {
	t.Parallel()
	const n = 64
	w := startChain(t, rpctest.Config{Tokens: n}, new(logBook))
	run, err := w.Sync(t.Context(), dev.FullSync)
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for i := range n {
		truth := w.Chain.Token(i)
		number, err := strconv.Atoi(strings.TrimPrefix(truth.URI, "https://example.com/"))
		if err != nil {
			continue // it has no metadata
		}
		named++
		var got struct {
			ImageURL *string            `json:"image_url"`
			Links    map[string]*string `json:"links"`
		}
		read(t, w.URL()+"/v1/tokens/"+truth.Mint, &got)
		kind := metadatatest.KindOf(number)
		if (got.ImageURL != nil) != (kind.Good && !kind.Bare) || kind.Name == "top" && got.Links["telegram"] == nil {
			t.Errorf("%d, %s: %+v", number, kind.Name, got)
		}
	}
	if r := run.Record; named < n/2 || r.FacesFetched+r.FacesFailed != named || r.FacesFetched < r.FacesFailed {
		t.Errorf("%d tokens name an address: %s", named, run.Line)
	}
}

func read(t *testing.T, url string, into any) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, response.Status, err)
	}
}
