// Package peer is what all consumers share, so that they differ in how they read pools and in nothing else.
package peer

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"tokensync/internal/observe"
)

// Result is what a consumer prints.
type Result struct {
	Pools   int64  `json:"pools"`
	Found   int    `json:"found"`
	Digest  string `json:"digest"` // of the addresses found, sorted
	PeakRSS int64  `json:"peak_rss"`
}

// A Task is one run of a consumer.
type Task struct {
	Base  string
	Pages int // 0 is the array
	Times int // how often the array is repeated
	Gzip  bool
	ID    string // the launchpad's

	pools int64
	found []string
}

// Saw counts pools, ours or not.
func (t *Task) Saw(n int) { t.pools += int64(n) }

// Found keeps the address of a pool that is ours.
func (t *Task) Found(address string) { t.found = append(t.found, strings.Clone(address)) }

// Main runs a consumer that reads one body after the other.
func Main(read func(t *Task, body io.Reader) error) {
	MainOf(func(t *Task) error { return t.each(read) })
}

// MainOf runs a consumer that makes its requests itself.
func MainOf(run func(*Task) error) {
	t := new(Task)
	flag.StringVar(&t.Base, "url", "", "base URL")
	flag.IntVar(&t.Pages, "pages", 0, "number of pages; 0 reads the array")
	flag.IntVar(&t.Times, "times", 1, "how often the array is repeated")
	flag.BoolVar(&t.Gzip, "gzip", false, "ask for gzip")
	flag.StringVar(&t.ID, "id", "", "launchpad ID")
	flag.Parse()
	if err := run(t); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	rss, _ := new(observe.Memory).Peak()
	_ = json.NewEncoder(os.Stdout).Encode(Result{Pools: t.pools, Found: len(t.found), Digest: digest(t.found), PeakRSS: rss})
}

func digest(found []string) string {
	slices.Sort(found)
	sum := sha256.Sum256([]byte(strings.Join(found, "\n")))
	return hex.EncodeToString(sum[:8])
}

// urls returns the bodies to read.
func (t *Task) urls() []string {
	if t.Pages == 0 {
		return []string{fmt.Sprintf("%s/array?times=%d", t.Base, t.Times)}
	}
	var urls []string
	for page := 1; page <= t.Pages; page++ {
		urls = append(urls, fmt.Sprintf("%s/dlmm/pools?page=%d", t.Base, page))
	}
	return urls
}

func (t *Task) each(read func(*Task, io.Reader) error) error {
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	for _, url := range t.urls() {
		if err := t.get(client, url, read); err != nil {
			return fmt.Errorf("%s: %w", url, err)
		}
	}
	return nil
}

func (t *Task) get(client *http.Client, url string, read func(*Task, io.Reader) error) error {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if t.Gzip {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", resp.Status)
	}
	return read(t, resp.Body)
}

// Gunzipped returns body's JSON, read with the standard library as net/http would.
func (t *Task) Gunzipped(body io.Reader) (io.Reader, error) {
	if !t.Gzip {
		return body, nil
	}
	return gzip.NewReader(body)
}
