package dev_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tokensync/internal/dev"
	"tokensync/internal/dev/metadatatest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
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

// TestFacesOfAnIndex: a node with an index of digital assets has the pictures of tokens whose own host is dead, unless they were
// born a moment ago.
func TestFacesOfAnIndex(t *testing.T) {
	t.Parallel()
	const n = 32
	log := new(logBook)
	w := startChain(t, rpctest.Config{Tokens: n, Node: rpctest.Node{Kind: rpctest.ScanCounting}}, log)
	w.Faces.SetDead(true)
	fresh := w.Chain.AddCurves(w.Chain.Token(0).Config, 1)[0]
	run, err := w.Sync(t.Context(), dev.FullSync)
	if err != nil {
		t.Fatal(err)
	}
	indexed := 0
	for i := range n + 1 {
		truth := w.Chain.Token(i)
		var got struct {
			ImageURL    *string            `json:"image_url"`
			Description *string            `json:"description"`
			Links       map[string]*string `json:"links"`
		}
		read(t, w.URL()+"/v1/tokens/"+truth.Mint, &got)
		if has := got.ImageURL != nil; has != (truth.URI != "" && i != fresh) {
			t.Errorf("%d, %q: picture %v", i, truth.URI, has)
		} else if has {
			indexed++
			if *got.ImageURL != "https://cdn.example.com/"+truth.Mint+".png" || *got.Description != "Indexed as "+truth.Mint || got.Links["website"] == nil {
				t.Errorf("%d: %+v", i, got)
			}
		}
	}
	r := run.Record
	if r.FacesFetched != indexed || r.FacesFailed != 1 || r.Products[slices.IndexFunc(r.Products, func(p syncrun.ProductRecord) bool { return p.Product == token.DBC })].RPC["getAssetBatch"] != 1 {
		t.Errorf("%d are indexed: %s", indexed, run.Line)
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
