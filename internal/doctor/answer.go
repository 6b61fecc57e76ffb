package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// A list is an answer with rows. What an envelope does not say is -1.
type list struct {
	header                   http.Header
	rows                     []row
	total, pages, page, size int64
}

// A row is a pool as it came.
type row map[string]json.RawMessage

// text reads a string, of an object's field where there are two names.
func (r row) text(names ...string) (text string) {
	raw := r[names[0]]
	if len(names) > 1 {
		var inner row
		_ = json.Unmarshal(raw, &inner)
		return inner.text(names[1:]...)
	}
	_ = json.Unmarshal(raw, &text)
	return text
}

// createdAt reads an integer; 0 for anything else.
func (r row) createdAt() (n int64) {
	_ = json.Unmarshal(r["created_at"], &n)
	return n
}

// ask reads an answer with rows: a page, an array, or one pool.
func (p *product) ask(ctx context.Context, url string) (list, error) {
	body, header, err := p.client.Probe(ctx, url, &p.stats)
	l := list{header: header, total: -1, pages: -1, page: -1, size: -1}
	if err != nil {
		return l, err
	}
	return l, l.read(body)
}

func (l *list) read(body []byte) error {
	if body = bytes.TrimSpace(body); bytes.HasPrefix(body, []byte("[")) {
		return asMalformed(json.Unmarshal(body, &l.rows))
	}
	var fields row
	if err := json.Unmarshal(body, &fields); err != nil {
		return asMalformed(err)
	}
	if fields["data"] == nil {
		l.rows = []row{fields}
		return nil
	}
	if err := json.Unmarshal(fields["data"], &l.rows); err != nil {
		return asMalformed(err)
	}
	for name, to := range map[string]*int64{
		"total": &l.total, "total_count": &l.total, "pages": &l.pages, "page": &l.page, "current_page": &l.page, "page_size": &l.size,
	} {
		if fields[name] != nil {
			_ = json.Unmarshal(fields[name], to)
		}
	}
	return nil
}

func asMalformed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", upstream.ErrMalformed, err)
}

// texts returns the values of a field of all rows, each once, in order, without "".
func (l *list) texts(names ...string) (texts []string) {
	for _, r := range l.rows {
		if t := r.text(names...); t != "" && !slices.Contains(texts, t) {
			texts = append(texts, t)
		}
	}
	return texts
}

// mints returns those of a side that stand in one row alone, and are not a common quote: a question for them has a short answer.
func (l *list) mints(side string) []string {
	times := map[string]int{}
	for _, r := range l.rows {
		times[r.text("token_x", "address")]++
		times[r.text("token_y", "address")]++
	}
	quotes := token.NewQuoteMints()
	return slices.DeleteFunc(l.texts(side, "address"), func(mint string) bool { return quotes[mint] || times[mint] > 1 })
}

// maxDisorder is how far a row may be from its place, in milliseconds: so far the sync lets it be.
const maxDisorder = 60_000

// isSorted reports whether rows are in order of creation.
func (l *list) isSorted(newestFirst bool) bool {
	last := int64(0)
	for _, r := range l.rows {
		at := milliseconds(r.createdAt())
		behind := last - at
		if newestFirst {
			behind = -behind
		}
		if last != 0 && at != 0 && behind > maxDisorder {
			return false
		}
		if at != 0 {
			last = at
		}
	}
	return true
}

// secondsBelow tells seconds from milliseconds: as seconds it is the year 5138.
const secondsBelow = 100_000_000_000

func milliseconds(at int64) int64 {
	if at < secondsBelow {
		return at * 1000
	}
	return at
}

// fields names every field of the rows.
func (l *list) fields() map[string]bool {
	names := map[string]bool{}
	for _, r := range l.rows {
		for name := range r {
			names[name] = true
		}
	}
	return names
}

// shown returns a list for a table, cut.
func shown(texts []string) string {
	const most = 8
	if len(texts) > most {
		return strings.Join(texts[:most], ", ") + fmt.Sprintf(" and %d more", len(texts)-most)
	}
	return strings.Join(texts, ", ")
}
