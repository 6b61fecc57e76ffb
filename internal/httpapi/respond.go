package httpapi

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"tokensync/internal/httpcache"
)

const contentJSON = "application/json"

// answer is a whole body of JSON.
type answer struct {
	status int // 0 is 200
	body   []byte
}

// entry is an answer that is ready to be sent again and again.
type entry struct {
	status int
	body   *httpcache.Body
}

func newEntry(a answer) *entry {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return &entry{status: a.status, body: httpcache.New(a.body, gzip.BestSpeed)}
}

const noStore = "no-store"

// write writes e, which clients may keep as cacheControl says.
func (e *entry) write(w http.ResponseWriter, r *http.Request, cacheControl string) {
	w.Header().Set("Cache-Control", cacheControl)
	setType(w)
	e.body.Write(w, r, e.status)
}

// writeFresh writes a body that nobody may keep.
func writeFresh(w http.ResponseWriter, e *entry) {
	w.Header().Set("Cache-Control", noStore)
	if e.status == http.StatusNoContent {
		w.WriteHeader(e.status)
		return
	}
	setType(w)
	w.Header().Set("Content-Length", strconv.Itoa(len(e.body.Bytes())))
	w.WriteHeader(e.status)
	_, _ = w.Write(e.body.Bytes()) // the client may have gone; net/http drops it for HEAD
}

func setType(w http.ResponseWriter) {
	w.Header().Set("Content-Type", contentJSON)
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

func (c Caching) header() string {
	return fmt.Sprintf("public, max-age=%d, stale-while-revalidate=%d",
		c.MaxAge/time.Second, c.StaleWhileRevalidate/time.Second)
}
