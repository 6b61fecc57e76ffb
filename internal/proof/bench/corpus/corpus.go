// Package corpus holds the pools that all consumers of the benchmark read, and serves them over loopback HTTP.
package corpus

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"

	"tokensync/internal/dev/meteoratest"
)

const pageSize = 1000

// A Corpus is one set of pools in all the shapes that are asked for: pages and one array, plain and gzipped.
type Corpus struct {
	Pools     int
	pages     [][]byte // plain, with their envelopes
	rows      [][]byte // of each page, the elements alone
	pagesGzip [][]byte
	arrayGzip []byte
}

// New takes the pools from the fake Meteora, which knows the shape of the recorded ones.
func New(pools int) (*Corpus, error) {
	fake := meteoratest.New(meteoratest.Config{Pools: pools, RateLimit: map[string]float64{meteoratest.DLMM: 0}})
	c := &Corpus{Pools: pools}
	for page := 1; (page-1)*pageSize < pools; page++ {
		body := fetch(fake, page)
		from, to := bytes.Index(body, []byte(`"data":[`)), len(body)-len("]}")
		if from < 0 || !bytes.HasSuffix(body, []byte("]}")) {
			return nil, fmt.Errorf("page %d is not a page", page)
		}
		c.pages = append(c.pages, body)
		c.rows = append(c.rows, body[from+len(`"data":[`):to])
	}
	c.compress()
	return c, nil
}

func fetch(fake http.Handler, page int) []byte {
	r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/%s/pools?page=%d&page_size=%d&sort_by=pool_created_at:asc",
		meteoratest.DLMM, page, pageSize), nil)
	r.Header.Set("User-Agent", "bench")
	w := httptest.NewRecorder()
	fake.ServeHTTP(w, r)
	return w.Body.Bytes()
}

// compress makes the bodies, which is the slow part: the array on one core, the pages on another.
func (c *Corpus) compress() {
	var work sync.WaitGroup
	work.Go(func() {
		c.arrayGzip = gzipped(func(w io.Writer) { _ = c.writeArray(w, 1) })
	})
	for _, page := range c.pages {
		c.pagesGzip = append(c.pagesGzip, gzipped(func(w io.Writer) { _, _ = w.Write(page) }))
	}
	work.Wait()
}

func gzipped(write func(io.Writer)) []byte {
	var out bytes.Buffer
	gz := gzip.NewWriter(&out)
	write(gz)
	_ = gz.Close() // a buffer does not fail
	return out.Bytes()
}

// writeArray writes all pools as one array, times over.
func (c *Corpus) writeArray(w io.Writer, times int) error {
	separator := "["
	for range times {
		for _, rows := range c.rows {
			if _, err := io.WriteString(w, separator); err != nil {
				return err
			}
			if _, err := w.Write(rows); err != nil {
				return err
			}
			separator = ","
		}
	}
	_, err := io.WriteString(w, "]")
	return err
}

// Sizes returns the bytes of the array, plain and gzipped.
func (c *Corpus) Sizes() (plain, zipped int) {
	for _, rows := range c.rows {
		plain += len(rows) + 1
	}
	return plain + 1, len(c.arrayGzip)
}

// ServeHTTP serves /array?times=1 and /dlmm/pools?page=1.
func (c *Corpus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	zip := r.Header.Get("Accept-Encoding") == "gzip"
	if zip {
		w.Header().Set("Content-Encoding", "gzip")
	}
	if r.URL.Path == "/array" {
		c.serveArray(w, r, zip)
		return
	}
	page, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || page < 1 || page > len(c.pages) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	bodies := c.pages
	if zip {
		bodies = c.pagesGzip
	}
	_, _ = w.Write(bodies[page-1])
}

func (c *Corpus) serveArray(w http.ResponseWriter, r *http.Request, zip bool) {
	if zip {
		_, _ = w.Write(c.arrayGzip)
		return
	}
	times, err := strconv.Atoi(r.URL.Query().Get("times"))
	if err != nil {
		times = 1
	}
	_ = c.writeArray(w, times)
}
