// Package httpcache writes bodies that clients may keep: ETag, If-None-Match, gzip.
package httpcache

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// worthPacking is the body from which gzip saves more than it costs, in bytes.
const worthPacking = 1 << 10

// usualRatio is how many times shorter lists of tokens become at least.
const usualRatio = 4

// packedTag marks the tag of a gzipped body: a strong tag stands for exact bytes.
const packedTag = "-gzip"

// A Body is a response's body, ready to be sent again and again. It is safe for concurrent use.
type Body struct {
	bytes  []byte
	tag    string        // without quotes
	packed func() []byte // gzipped when it is first asked for
}

// New returns a body of b, which must not change afterwards. It is gzipped when a client first accepts that, with a level from
// gzip.BestSpeed to gzip.BestCompression.
func New(b []byte, level int) *Body {
	sum := sha256.Sum256(b)
	return &Body{
		bytes: b, tag: base64.RawURLEncoding.EncodeToString(sum[:15]),
		packed: sync.OnceValue(func() []byte { return pack(b, level) }),
	}
}

// packers are used again, those of each level: one takes a megabyte.
var packers [gzip.BestCompression + 1]sync.Pool

// pack returns body gzipped, without a time, so that equal bodies stay equal.
func pack(body []byte, level int) []byte {
	var b bytes.Buffer
	b.Grow(len(body) / usualRatio)
	z, ok := packers[level].Get().(*gzip.Writer)
	if !ok {
		z, _ = gzip.NewWriterLevel(nil, level) // it has a place in packers: there is one
	}
	defer packers[level].Put(z)
	z.Reset(&b)
	_, _ = z.Write(body)
	_ = z.Close() // a buffer takes everything
	return b.Bytes()
}

// Bytes returns the body as it was given.
func (b *Body) Bytes() []byte { return b.bytes }

// Write sends the body with status, gzipped if r accepts that, or 304 Not Modified if the client has it. The caller sets
// Content-Type and Cache-Control.
func (b *Body) Write(w http.ResponseWriter, r *http.Request, status int) {
	body, tag := b.bytes, b.tag
	h := w.Header()
	h.Set("Vary", "Accept-Encoding, Origin") // each origin that may read is told so by its name
	if len(b.bytes) > worthPacking && acceptsGzip(r.Header.Values("Accept-Encoding")) {
		body, tag = b.packed(), b.tag+packedTag
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", quote(tag))
	if held := matching(r.Header.Values("If-None-Match"), tag, b.tag, b.tag+packedTag); held != "" {
		h.Del("Content-Encoding")
		h.Del("Content-Type")
		h.Set("ETag", quote(held))
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have gone; net/http drops it for HEAD
}

func quote(tag string) string { return `"` + tag + `"` }

// matching returns the first of tags that a client already has, compared weakly as If-None-Match demands, or "".
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

// acceptsGzip reports whether Accept-Encoding names gzip, or * and not gzip, with a weight other than 0.
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
