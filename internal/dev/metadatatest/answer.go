package metadatatest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Kind is what lies behind a URI.
type Kind struct {
	Name string
	Good bool // there is a face
	Bare bool // a good one without a picture
	do   func(w http.ResponseWriter, r *http.Request, i int)
}

// good is what most tokens have, in each place where creators put things.
var good = []Kind{
	{Name: "top", Good: true, do: places(`{"name":"T%[1]d","image":"https://example.com/p/%[1]d.png","description":"Number %[1]d 🚀 to the moon",` +
		`"website":"https://t%[1]d.example/","twitter":"https://x.com/t%[1]d","telegram":"https://t.me/token%[1]d"}`)},
	{Name: "extensions", Good: true, do: places(`{"image":"https://example.com/p/%[1]d.png","description":"Number %[1]d",` +
		`"extensions":{"website":"https://t%[1]d.example/","twitter":"@t%[1]d","telegram":"token%[1]d"}}`)},
	{Name: "properties", Good: true, do: places(`{"description":"Number %[1]d","properties":{"files":[{"uri":"https://example.com/p/%[1]d.png","type":"image/png"}],` +
		`"website":"t%[1]d.example","twitter":"https://twitter.com/t%[1]d"}}`)},
	{Name: "socials", Good: true, do: places(`{"image_url":"ar://AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/%[1]d.png","socials":{"twitter":"t%[1]d","telegram":"token%[1]d"}}`)},
	{Name: "gzip", Good: true, do: zipped},
	{Name: "picture", Good: true, do: picture},
	{Name: "redirect", Good: true, do: func(w http.ResponseWriter, r *http.Request, i int) {
		http.Redirect(w, r, "https://example.com/top/"+strconv.Itoa(i), http.StatusFound)
	}},
	{Name: "no-image", Good: true, Bare: true, do: places(`{"image":"","description":"Number %[1]d has no picture","twitter":"https://x.com/t%[1]d"}`)},
}

// bad is what some have.
var bad = []Kind{
	{Name: "404", do: func(w http.ResponseWriter, r *http.Request, _ int) { http.NotFound(w, r) }},
	{Name: "html", do: func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "<!doctype html><title>Gateway</title><h1>This content is blocked</h1>")
	}},
	{Name: "10mb", do: func(w http.ResponseWriter, _ *http.Request, _ int) {
		_, _ = w.Write(bytes.Repeat([]byte(`{"image":`), 10<<20/9))
	}},
	{Name: "loopback", do: redirect("https://127.0.0.1/latest")},
	{Name: "imds", do: redirect("https://169.254.169.254/latest/meta-data/iam/security-credentials/")},
	{Name: "runtime-api", do: redirect("http://localhost:9001/2018-06-01/runtime/invocation/next")},
	{Name: "bomb", do: bomb},
	{Name: "array", do: places(`[%d]`)},
}

// Slow drips for longer than anyone should wait. No number has it: a test that does not mind asks for it by name.
var Slow = Kind{Name: "slow", do: drip}

// KindOf returns what lies behind https://example.com/<i>: seven in eight have a face.
func KindOf(i int) Kind {
	if i%8 == 7 {
		return bad[i/8%len(bad)]
	}
	return good[(i-i/8)%len(good)]
}

// answer serves /<i>, /<kind>/<i>, and the same with the path of a gateway before it.
func answer(w http.ResponseWriter, r *http.Request) {
	dir, last := path.Split(r.URL.Path)
	i, err := strconv.Atoi(strings.TrimSuffix(last, ".json"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	kind := KindOf(i)
	for _, k := range append(append([]Kind{Slow}, good...), bad...) {
		if k.Name == path.Base(dir) {
			kind = k
		}
	}
	kind.do(w, r, i)
}

func places(format string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, i int) {
		w.Header().Set("Content-Type", "text/plain") // whatever it says
		_, _ = fmt.Fprintf(w, format, i)
	}
}

func redirect(to string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, r *http.Request, _ int) { http.Redirect(w, r, to, http.StatusFound) }
}

func picture(w http.ResponseWriter, _ *http.Request, _ int) {
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write([]byte("\x89PNG\r\n\x1a\n"))
}

func zipped(w http.ResponseWriter, _ *http.Request, i int) {
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	_, _ = fmt.Fprintf(z, `{"image":"https://example.com/p/%[1]d.png","twitter":"https://x.com/t%[1]d"}`, i)
	_ = z.Close()
}

// bomb writes 100 MB of spaces in 100 KB; readers should break off.
func bomb(w http.ResponseWriter, _ *http.Request, _ int) {
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = w.Write(packed())
}

var packed = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	spaces := bytes.Repeat([]byte(" "), 1<<20)
	for range 100 {
		_, _ = z.Write(spaces) // into memory, it never fails
	}
	_ = z.Close()
	return b.Bytes()
})

const dripEvery = 100 * time.Millisecond

func drip(w http.ResponseWriter, r *http.Request, _ int) {
	ticker := time.NewTicker(dripEvery)
	defer ticker.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
		}
	}
}
