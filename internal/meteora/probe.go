package meteora

import (
	"context"
	"io"
	"net/http"
	"time"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// What a Probe asks about: how pools are listed, and how single ones are asked for.
const (
	ByPool   = poolAddress
	ByTokenX = tokenX
	ByTokenY = tokenY
)

// A Question is one way to ask for pools by a field.
type Question struct {
	Form   string   // as the records spell it
	Values []string // those that it names, some of those given where it takes no list
	URL    string
}

// Questions returns the ways to ask for the pools that have one of values in a field, those that are tried first first.
func (c *Client) Questions(field string, values []string) (questions []Question) {
	for _, f := range c.forms(field) {
		some := values[:min(len(values), f.most())]
		questions = append(questions, Question{string(f), some, c.questionURL(f, field, some, 1)})
	}
	return questions
}

// Witnesses returns the ways to ask for one pool alone, by whose silence it may be gone.
func (c *Client) Witnesses(address string) (questions []Question) {
	for _, f := range c.witnesses() {
		one := []string{address}
		questions = append(questions, Question{string(f), one, c.questionURL(f, poolAddress, one, 1)})
	}
	return questions
}

// ListURL asks for a page of all pools as a full scan does, or from the newest on as a refresh does.
func (c *Client) ListURL(page, size int64, newestFirst bool) string {
	if newestFirst {
		return c.sortedURL(page, size, descending)
	}
	return c.sortedURL(page, size, ascending)
}

// SearchURL asks for a page of DAMM v1's search, counted from 0, for the pools of some launchpads.
func (c *Client) SearchURL(page int64, ids ...token.LaunchpadID) string {
	return c.searchURL(page, ids)
}

// FilterURL asks for a page of the pools that have a value in any field.
func (c *Client) FilterURL(field, value string) string {
	query := paged(1, newestPageSize)
	query.Set("filter_by", single.filter(field, []string{value}))
	return c.url("/pools", query)
}

// probeRetry is for somebody who waits: a slip is forgiven, a failure told.
var probeRetry = Retry{Attempts: 3, Budget: 10, Base: 200 * time.Millisecond, Max: time.Second, Patience: 10 * time.Second}

// Probe reads url as a run does, at the same pace and under the same name, and returns the body and the header of the last
// answer; nil when there was none. It counts into stats, and notes there what the server allows. Errors are those of Pools.
func (c *Client) Probe(ctx context.Context, url string, stats *syncrun.Counts) (body []byte, header http.Header, err error) {
	last := &headers{to: c.http.Transport}
	fetch := c.newFetcher(stats)
	fetch.HTTP = &http.Client{Transport: last, CheckRedirect: c.http.CheckRedirect}
	err = upstream.NewRetrier(probeRetry).Do(ctx, stats, func(ctx context.Context) error {
		answer, err := fetch.Get(ctx, url, maxBody)
		if err != nil {
			return err
		}
		defer answer.Close()
		body, err = io.ReadAll(answer)
		return err
	})
	c.pace.Note(stats)
	return body, last.header, err
}

// headers keeps the header of the last answer that passes. It is for one goroutine.
type headers struct {
	to     http.RoundTripper
	header http.Header
}

// RoundTrip asks for one answer.
func (h *headers) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := h.to.RoundTrip(r)
	if err == nil {
		h.header = answer.Header
	}
	return answer, err
}
