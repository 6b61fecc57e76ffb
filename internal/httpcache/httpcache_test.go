package httpcache_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tokensync/internal/httpcache"
)

func ask(b *httpcache.Body, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "text/plain")
	b.Write(w, r, http.StatusAccepted)
	return w.Result()
}

func TestGzip(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("tokens ", 1000)
	long, short := httpcache.New([]byte(text), gzip.BestSpeed), httpcache.New([]byte("short"), gzip.BestSpeed)
	for _, test := range []struct {
		body   *httpcache.Body
		accept []string
		packed bool
	}{
		{long, nil, false},
		{long, []string{"gzip, deflate, br"}, true},
		{long, []string{"br;q=1, GZIP;q=0.5"}, true},
		{long, []string{"br", "x-gzip"}, true},
		{long, []string{"*"}, true},
		{long, []string{"*;q=0"}, false},
		{long, []string{""}, false},
		{long, []string{"br"}, false},
		{long, []string{"gzip;q=0"}, false},
		{long, []string{"gzip; q=0.0, *"}, false},
		{short, []string{"gzip"}, false},
	} {
		var header []string
		for _, line := range test.accept {
			header = append(header, "Accept-Encoding", line)
		}
		got := ask(test.body, header...)
		body, err := io.ReadAll(got.Body)
		if err != nil || got.StatusCode != http.StatusAccepted || got.Header.Get("Vary") != "Accept-Encoding, Origin" || got.ContentLength != int64(len(body)) {
			t.Errorf("%q: %d, %v, %v", test.accept, got.StatusCode, got.Header, err)
		}
		if packed := got.Header.Get("Content-Encoding") == "gzip"; packed != test.packed {
			t.Errorf("%q: gzipped %v", test.accept, packed)
		} else if packed {
			z, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			body, err = io.ReadAll(z)
			if err != nil {
				t.Error(err)
			}
		}
		if !bytes.Equal(body, test.body.Bytes()) {
			t.Errorf("%q: another body of %d bytes", test.accept, len(body))
		}
	}
}

func TestETag(t *testing.T) {
	t.Parallel()
	b := httpcache.New([]byte(strings.Repeat("tokens ", 1000)), gzip.BestSpeed)
	other := httpcache.New([]byte("others"), gzip.BestSpeed)
	plain, packed := ask(b).Header.Get("ETag"), ask(b, "Accept-Encoding", "gzip").Header.Get("ETag")
	if plain == packed || plain == ask(other).Header.Get("ETag") {
		t.Fatalf("tags %s, gzipped %s, of another body %s", plain, packed, ask(other).Header.Get("ETag"))
	}
	for held, want := range map[string]string{
		plain: plain, "W/" + plain: plain, `"x", ` + plain: plain, packed: packed, "*": plain,
		`"x"`: "", "": "", strings.Trim(plain, `"`): "",
	} {
		got := ask(b, "If-None-Match", held)
		body, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		if want == "" && (got.StatusCode != http.StatusAccepted || len(body) == 0) {
			t.Errorf("If-None-Match %s: status %d", held, got.StatusCode)
		}
		if want != "" && (got.StatusCode != http.StatusNotModified || got.Header.Get("ETag") != want || len(body) > 0 || got.Header.Get("Content-Encoding") != "") {
			t.Errorf("If-None-Match %s: %d, %v", held, got.StatusCode, got.Header)
		}
	}
}
