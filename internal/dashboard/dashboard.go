// Package dashboard is the operator's page: files that the browser runs, which read everything from the API.
package dashboard

import (
	"compress/gzip"
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"tokensync/internal/httpcache"
)

// uPlot 1.6.32 is Leon Sorokin's, under the MIT licence beside it; it lies here unchanged.
//
//go:embed assets
var assets embed.FS

// Path is where the page is; its files are below it.
const Path = "/dashboard"

const page = "index.html"

// policy lets the page load its own files and ask its own origin, and nothing else; and lets no text become markup or code.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// file is one asset, ready to be sent.
type file struct {
	kind string
	body *httpcache.Body
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
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "text/plain; charset=utf-8"
	}
	return &file{kind: kind, body: httpcache.New(body, gzip.BestCompression)}
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache") // it may be kept, and is asked for again
	h.Set("Content-Type", f.kind)
	f.body.Write(w, r, http.StatusOK)
}
