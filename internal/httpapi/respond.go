package httpapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const contentJSON = "application/json"

// answer is a whole body of JSON.
type answer struct {
	status int // 0 is 200
	body   []byte
}

// entry is an answer that is ready to be sent again and again.
type entry struct {
	answer
	tag    string // of the body, without quotes
	packed func() []byte
}

func newEntry(a answer) *entry {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	sum := sha256.Sum256(a.body)
	e := &entry{answer: a, tag: base64.RawURLEncoding.EncodeToString(sum[:15])}
	e.packed = sync.OnceValue(func() []byte { return pack(a.body) })
	return e
}

// pack is body gzipped, without a time, so that equal bodies stay equal.
func pack(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // the level is valid
	_, _ = z.Write(body)
	_ = z.Close() // a buffer takes everything
	return b.Bytes()
}

// worthPacking is the body from which gzip saves more than it costs, in bytes.
const worthPacking = 1 << 10

// packedTag marks the gzipped body's tag: a strong tag stands for exact bytes.
const packedTag = "-gzip"

// writeCached answers a body that clients may keep: ETag, Cache-Control, 304, gzip.
func (a *API) writeCached(w http.ResponseWriter, r *http.Request, e *entry) {
	body, tag := e.body, e.tag
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", a.caching.header())
	if len(e.body) > worthPacking && acceptsGzip(r.Header.Values("Accept-Encoding")) {
		body, tag = e.packed(), e.tag+packedTag
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", quote(tag))
	if held := matching(r.Header.Values("If-None-Match"), tag, e.tag, e.tag+packedTag); held != "" {
		h.Del("Content-Encoding")
		h.Set("ETag", quote(held))
		w.WriteHeader(http.StatusNotModified)
		return
	}
	send(w, e.status, body)
}

// writeFresh answers a body that nobody may keep.
func writeFresh(w http.ResponseWriter, e *entry) {
	w.Header().Set("Cache-Control", "no-store")
	send(w, e.status, e.body)
}

func send(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentJSON)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have gone; net/http drops it for HEAD
}

func quote(tag string) string { return `"` + tag + `"` }

func (c Caching) header() string {
	return fmt.Sprintf("public, max-age=%d, stale-while-revalidate=%d",
		c.MaxAge/time.Second, c.StaleWhileRevalidate/time.Second)
}

// matching is the first of tags that a client already has, compared weakly as If-None-Match demands; "" for none.
func matching(header []string, tags ...string) string {
	for _, line := range header {
		for held := range strings.SplitSeq(line, ",") {
			held = strings.TrimSpace(held)
			if held == "*" {
				return tags[0]
			}
			for _, tag := range tags {
				if strings.TrimPrefix(held, "W/") == quote(tag) {
					return tag
				}
			}
		}
	}
	return ""
}

// acceptsGzip reads Accept-Encoding: gzip, or * where gzip is not named, unless its weight is 0.
func acceptsGzip(header []string) bool {
	star := false
	for _, line := range header {
		for item := range strings.SplitSeq(line, ",") {
			coding, parameters, _ := strings.Cut(item, ";")
			switch strings.ToLower(strings.TrimSpace(coding)) {
			case "gzip", "x-gzip":
				return !isZero(parameters)
			case "*":
				star = !isZero(parameters)
			}
		}
	}
	return star
}

func isZero(parameters string) bool {
	weight, ok := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(parameters), " ", ""), "q=")
	if !ok {
		return false
	}
	q, err := strconv.ParseFloat(weight, 64)
	return err == nil && q == 0
}
