package meteora

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"tokensync/internal/products"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// maxAnswerPages bounds the pages of one answer: 20,000 pools.
const maxAnswerPages = 20

// An asker reads bodies with few pools, one after the other, and returns all of them, of whatever launchpad.
type asker struct {
	*worker
	pools []token.Pool
}

func (c *Client) newAsker(retry *upstream.Retrier, stats *syncrun.Counts) *asker {
	a := &asker{worker: c.newWorker(everyPool(), retry, stats)}
	a.begin = func() { a.pools = nil }
	a.yield = func(p token.Pool) bool { a.pools = append(a.pools, p); return true }
	return a
}

// list returns the pools of a body, and counts them.
func (a *asker) list(ctx context.Context, url string) ([]token.Pool, error) {
	if err := a.read(ctx, url); err != nil {
		return nil, err
	}
	a.count()
	return a.pools, nil
}

// An answer is what came of one question.
type answer struct {
	pools    []token.Pool
	complete bool // by its own word it has all that was asked for
}

// lacks returns the values that no pool of the answer has.
func (a answer) lacks(field string, values []string) []string {
	got := make(map[string]bool, 2*len(a.pools))
	for i := range a.pools {
		for _, value := range valuesOf(&a.pools[i], field) {
			got[value] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return got[v] })
}

// valuesOf returns what a pool may have in a field. Which of its mints is token_x is not kept.
func valuesOf(p *token.Pool, field string) []string {
	if field == poolAddress {
		return []string{p.Address}
	}
	return []string{p.Base.Mint, p.QuoteMint}
}

// ask asks one question, and reads its answer to the end.
func (a *asker) ask(ctx context.Context, f form, field string, values []string) (answer, error) {
	if f == path {
		return a.askPath(ctx, values[0])
	}
	var got answer
	for page, rows := int64(1), int64(0); page <= maxAnswerPages; page++ {
		pools, err := a.list(ctx, a.client.questionURL(f, field, values, page))
		if err == nil {
			err = checkAsked(pools, field, values)
		}
		if err != nil {
			return answer{}, err
		}
		if total := min(a.decoder.Envelope.Total, maxAnswerPages*PageSize); page == 1 && total > int64(len(pools)) {
			got.pools = make([]token.Pool, 0, total) // growing would take as much again
		}
		got.pools = append(got.pools, pools...)
		rows += a.decoder.Scanned
		var more bool
		if got.complete, more = a.whole(page, rows); !more {
			break
		}
	}
	return got, nil
}

// askPath asks for one pool by its own address; a 404 is a complete answer.
func (a *asker) askPath(ctx context.Context, address string) (answer, error) {
	err := a.readAs(ctx, a.client.questionURL(path, poolAddress, []string{address}, 1), func(pool io.Reader) io.Reader {
		return io.MultiReader(strings.NewReader("["), pool, strings.NewReader("]"))
	})
	var status *StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return answer{complete: true}, nil
	}
	if err == nil {
		a.count()
		err = checkAsked(a.pools, poolAddress, []string{address})
	}
	return answer{a.pools, err == nil && len(a.pools) == 1}, err
}

// checkAsked holds an answer to the question: a server that ignores a filter answers with pools of its own choice.
func checkAsked(pools []token.Pool, field string, values []string) error {
	for i := range pools {
		if !slices.ContainsFunc(valuesOf(&pools[i], field), func(v string) bool { return slices.Contains(values, v) }) {
			return fmt.Errorf("%w: pool %s was not asked for", ErrParameters, pools[i].Address)
		}
	}
	return nil
}

// whole reports whether an answer has come to its end with this page, by the number of its rows so far, and whether there
// is another page worth asking for. An envelope that is not as asked leaves the answer incomplete.
func (a *asker) whole(page, rows int64) (complete, more bool) {
	e := a.decoder.Envelope
	if a.client.api.ByKey == products.Array {
		return !e.Paged && rows < searchPageSize, false
	}
	turned := e.Paged && (e.CurrentPage < 0 || e.CurrentPage == page)
	complete = turned && e.PageSize == PageSize && e.Total >= 0 && rows >= e.Total && page >= e.Pages
	return complete, turned && a.decoder.Scanned > 0 && (rows < e.Total || page < e.Pages)
}

// sample returns some pools that the server lists now, with token_x as the base.
func (a *asker) sample(ctx context.Context) ([]token.Pool, error) {
	const size = 100
	url := a.client.sortedURL(1, size, descending)
	if a.client.api.List == products.SearchPages {
		url = a.client.searchURL(0, nil)
	}
	orient := a.decoder.orient
	a.decoder.orient = func(x, y token.Asset) (token.Asset, token.Asset) { return x, y }
	defer func() { a.decoder.orient = orient }()
	if err := a.read(ctx, url); err != nil {
		return nil, fmt.Errorf("listing pools to ask for: %w", err)
	}
	return a.pools, nil
}
