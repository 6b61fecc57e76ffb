// Package dashboard is the operator's page: files that the browser runs, which read everything from the API.
package dashboard

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
)

// uPlot 1.6.32 is Leon Sorokin's, under the MIT licence beside it; it lies here unchanged.
//
//go:embed assets
var assets embed.FS

// Path is where the page is; its files are below it.
const Path = "/dashboard"

const page = "index.html"

// policy lets the page load its own files and ask its own origin, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// file is one asset, ready to be sent.
type file struct {
	kind   string
	tag    string // ETag, of the body
	body   []byte
	packed func() []byte // gzipped when it is first asked for: all of them at once took 20 ms of a cold start
}

// Handler serves the page at Path and its files below it. They hold nothing secret: the page asks for the operator's
// token, and the API for it.
func Handler() (http.Handler, error) {
	files := map[string]*file{}
	err := fs.WalkDir(assets, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := assets.ReadFile(name)
		files[strings.TrimPrefix(name, "assets/")] = newFile(name, body)
		return err
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, below := strings.CutPrefix(r.URL.Path, Path+"/")
		f := files[name]
		if !below {
			f = files[page]
		}
		if f == nil || r.URL.Path != Path && !below {
			http.NotFound(w, r)
			return
		}
		f.serve(w, r)
	}), err
}

func newFile(name string, body []byte) *file {
	sum := sha256.Sum256(body)
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "text/plain; charset=utf-8"
	}
	return &file{kind: kind, tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`, body: body, packed: sync.OnceValue(func() []byte { return pack(body) })}
}

func pack(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(body)
	_ = z.Close() // a buffer takes everything
	return b.Bytes()
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache") // it may be kept, and is asked for again
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Type", f.kind)
	body, tag := f.body, f.tag
	if acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body, tag = f.packed(), strings.TrimSuffix(f.tag, `"`)+`-gzip"`
	}
	h.Set("ETag", tag)
	if matches(r.Header.Get("If-None-Match"), tag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(body) // whoever went away needs no answer
}

func acceptsGzip(r *http.Request) bool {
	return slices.ContainsFunc(strings.Split(r.Header.Get("Accept-Encoding"), ","), func(e string) bool {
		name, q, _ := strings.Cut(strings.TrimSpace(e), ";")
		return name == "gzip" && strings.ReplaceAll(q, " ", "") != "q=0"
	})
}

func matches(header, tag string) bool {
	return slices.ContainsFunc(strings.Split(header, ","), func(t string) bool {
		t = strings.TrimPrefix(strings.TrimSpace(t), "W/")
		return t == tag || t == "*"
	})
}
