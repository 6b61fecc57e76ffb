package ingest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/board"
	"tokensync/internal/dev/metadatatest"
	"tokensync/internal/dynamo"
	"tokensync/internal/ingest"
	"tokensync/internal/metadata"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// faceHosts returns the fake hosts, and a client that asks them.
func faceHosts(t *testing.T) (*metadatatest.Server, *metadata.Client) {
	t.Helper()
	s, err := metadatatest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(s.Roots())
	if err != nil {
		t.Fatal(err)
	}
	roots, hosts := x509.NewCertPool(), map[string]string{}
	roots.AppendCertsFromPEM(pem)
	for _, host := range metadatatest.Hosts {
		hosts[host] = s.Address()
	}
	c := metadata.New(metadata.Options{Hosts: hosts, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}})
	t.Cleanup(func() {
		c.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, c
}

// facedWorld has a chain with n tokens, the i-th of which names https://example.com/<i>.
func facedWorld(t *testing.T, n int) (*world, *scripted, *metadatatest.Server) {
	t.Helper()
	w := newWorld(t)
	hosts, client := faceHosts(t)
	w.sync.Faces = w.newFaces(client.Fetch)
	return w, w.readNamed(n), hosts
}

// readNamed makes a chain with n tokens, the i-th of which names https://example.com/<i>, the only source.
func (w *world) readNamed(n int) *scripted {
	chain := &scripted{product: token.DBC}
	for i := range n {
		chain.pools = append(chain.pools, token.Pool{
			Address: key(fmt.Sprint("curve ", i)), Product: token.DBC, Launchpad: token.LaunchpadID(w.ids), CreatedAt: int64(i + 1),
			Base:  token.Asset{Mint: key(fmt.Sprint("faced ", i)), URI: "https://example.com/" + strconv.Itoa(i)},
			Curve: token.Curve{Stage: token.Bonding},
		})
	}
	w.sync.Sources, w.sync.Finders = []ingest.Source{chain}, nil
	return chain
}

func (w *world) newFaces(fetch func(context.Context, string) (token.Face, error)) *ingest.Faces {
	return &ingest.Faces{Fetch: fetch, Cache: dynamo.NewCache(dynamo.NewSyncTable(w.db, w.tables.Sync))}
}

// TestFaces: readers have them when the run is over, and so have the items; bad ones are asked once, and left alone by the
// next run, also in another process.
func TestFaces(t *testing.T) {
	t.Parallel()
	const n = 128 // with all that is wrong
	w, chain, hosts := facedWorld(t, n)
	run := w.run()
	if run.Status != syncrun.Succeeded || run.FacesFetched != n*7/8 || run.FacesFailed != n/8 || run.BoardVersion != 2 || run.TokensNew != n {
		t.Fatalf("%+v", run)
	}
	stored := w.tokens()
	for i := range n {
		kind, got := metadatatest.KindOf(i), w.token(key(fmt.Sprint("faced ", i)))
		if (got.Face.ImageURL != "") != (kind.Good && !kind.Bare) || (got.Face.URI != "") != kind.Good || stored[got.Mint].Face != got.Face {
			t.Errorf("%d, %s: %+v; stored %+v", i, kind.Name, got.Face, stored[got.Mint].Face)
		}
	}
	if page, _ := w.board().Changed(board.Moment{At: run.StartedAt.UnixMilli()}, n); page.Len() != n*7/8 {
		t.Errorf("a client that has read the run's first board reads %d changes", page.Len())
	}
	before := hosts.Requests()
	w.sync.Faces = w.newFaces(w.sync.Faces.Fetch) // another process
	if run := w.run(); run.FacesFetched+run.FacesFailed != 0 || hosts.Requests() != before || run.BoardVersion != 3 || run.ItemsWritten != 0 {
		t.Errorf("%d requests: %+v", hosts.Requests()-before, run)
	}
	chain.pools[7].Base.URI = "https://example.com/9" // its creator has mended it
	chain.pools[0].Base.URI = "https://example.com/7" // and this one has spoilt his
	kept := w.token(chain.pools[0].Base.Mint).Face
	if run := w.run(); run.FacesFetched != 1 || run.FacesFailed != 1 || w.token(chain.pools[7].Base.Mint).Face.ImageURL == "" {
		t.Errorf("%+v", run)
	}
	if got := w.token(chain.pools[0].Base.Mint).Face; got != kept {
		t.Errorf("a face that stood has become %+v", got)
	}
}

// waits returns what the cache keeps of failures, by mint.
func (w *world) waits() map[string]string {
	waits := map[string]string{}
	for _, it := range w.scan(w.tables.Sync, func(it map[string]types.AttributeValue) bool { return strings.HasPrefix(str(it, "sk"), "face#") }) {
		waits[strings.TrimPrefix(str(it, "sk"), "face#")] = str(it, "value")
	}
	return waits
}

// TestFacesDeadHosts: with every host dead a run publishes what it has, and asks once.
func TestFacesDeadHosts(t *testing.T) {
	t.Parallel()
	w, _, hosts := facedWorld(t, 16)
	hosts.SetDead(true)
	if run := w.run(); run.Status != syncrun.Succeeded || run.FacesFailed != 16 || run.BoardVersion != 1 || w.board().Len() != 16 {
		t.Fatalf("%+v", run)
	}
	if waits := w.waits(); len(waits) != 16 || !strings.Contains(waits[key("faced 3")], `"failures":1`) {
		t.Errorf("%v", waits)
	}
}

// TestFacesOfManyTokens: what one run does not get to, the next two do, the newest tokens first.
func TestFacesOfManyTokens(t *testing.T) {
	t.Parallel()
	const n, each = 2500, 1000
	w, chain, _ := facedWorld(t, n)
	chain.pools[n-1].Base.URI = "http://127.0.0.1/1" // of the newest
	asked := map[string]int{}
	var mu sync.Mutex
	refuse := metadata.New(metadata.Options{}).Fetch
	w.sync.Faces = w.newFaces(func(ctx context.Context, uri string) (token.Face, error) {
		mu.Lock()
		asked[uri]++
		mu.Unlock()
		if strings.HasPrefix(uri, "http:") {
			return refuse(ctx, uri)
		}
		return token.Face{URI: uri, ImageURL: "https://img.example/1.png"}, nil
	})
	for i, want := range []struct{ fetched, refused int }{{each - 1, 1}, {each, 0}, {n - 2*each, 0}, {0, 0}} {
		run := w.run()
		if run.FacesFetched != want.fetched || run.FacesFailed != want.refused || run.FacesRefused != want.refused || run.Status != syncrun.Succeeded {
			t.Errorf("run %d: %+v", i, run)
		}
		if oldest := fmt.Sprint("https://example.com/", max(0, n-(i+1)*each)); asked[oldest] != 1 || len(asked) != min(n, (i+1)*each) {
			t.Errorf("run %d: %s was asked for %d times, %d in all", i, oldest, asked[oldest], len(asked))
		}
	}
}

// TestFacesPauses: they grow from a minute to a day, and an address that is refused waits for a day at once.
func TestFacesPauses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
		want []int // minutes
	}{
		{"a dead host", errors.New("refused"), []int{1, 4, 16, 64, 256, 1024, 1440, 1440}},
		{"an address that is never asked", metadata.ErrRefused, []int{1440, 1440}},
	} {
		var w ingest.Wait
		now := time.Unix(1_770_000_000, 0)
		for i, want := range test.want {
			w = w.Next("https://example.com/1", now, test.err)
			until := now.Add(time.Duration(want) * time.Minute)
			if w.Over("https://example.com/1", until.Add(-time.Second)) || !w.Over("https://example.com/1", until) {
				t.Errorf("%s, failure %d: %+v", test.name, i+1, w)
			}
			now = until
		}
		if !w.Over("https://example.com/2", now) {
			t.Errorf("%s: another address waits too", test.name)
		}
	}
}

// TestFacesWithinTheirTime: hosts that never answer take a part of the time that is left, and count as nothing.
func TestFacesWithinTheirTime(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world) {
		w.readNamed(40)
		var mu sync.Mutex
		asked := map[string]bool{}
		w.sync.Faces = w.newFaces(func(ctx context.Context, uri string) (token.Face, error) {
			mu.Lock()
			asked[uri] = true
			mu.Unlock()
			<-ctx.Done()
			return token.Face{}, ctx.Err()
		})
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		run, err := w.sync.Run(ctx, ingest.Event{})
		if err != nil || ctx.Err() != nil || run.Status != syncrun.Succeeded || run.FacesFailed != 0 || len(w.waits()) != 0 || w.board().Len() != 40 {
			t.Errorf("error %v, %v: %+v", err, ctx.Err(), run)
		}
		var newest []string
		for i := 39; i > 31; i-- {
			newest = append(newest, "https://example.com/"+strconv.Itoa(i))
		}
		slices.Sort(newest)
		if got := slices.Sorted(maps.Keys(asked)); !slices.Equal(got, newest) {
			t.Errorf("asked for %v, want the newest", got)
		}
	})
}
