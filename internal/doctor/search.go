package doctor

import (
	"context"
	"fmt"
	"slices"

	"tokensync/internal/meteora"
	"tokensync/internal/token"
)

// examineSearch examines DAMM v1, which lists its pools as a search.
func (p *product) examineSearch(ctx context.Context) {
	first, err := p.ask(ctx, p.client.SearchURL(0))
	p.letIn(err)
	if err != nil {
		p.unasked("pages", "launchpad filter", "look-ups", "fields")
		return
	}
	p.pages(ctx, &first)
	p.padFilter(ctx, &first)
	p.body(first.header)
	p.unit(&first)
	addresses := first.texts("pool_address")
	p.longest(ctx, p.forms(ctx, meteora.ByPool, addresses), addresses)
	p.alone(ctx, addresses)
	p.rows(&first, fieldsOf[p.api.Product])
	p.labels(&first)
	p.rate(first.header)
}

// pages books whether the search can be read page by page.
func (p *product) pages(ctx context.Context, first *list) {
	second, err := p.ask(ctx, p.client.SearchURL(1))
	again := len(second.rows) > 0 && len(first.rows) > 0 && second.rows[0].text("pool_address") == first.rows[0].text("pool_address")
	ok := err == nil && len(first.rows) > 0 && !again
	p.add(Check{
		What: "pages", Expected: "other pools on the next page", Verdict: verdict(ok, Fails), Needed: true,
		Seen:    fmt.Sprintf("%s, then %s, total %d", count(len(first.rows), "row"), is(again, "the same again", rowsOr(&second, err)), first.total),
		Follows: unless(ok, "this product cannot be read to its end"),
	})
}

// padFilter books whether launchpad= chooses.
func (p *product) padFilter(ctx context.Context, first *list) {
	pads := first.texts("launchpad")
	pads = slices.DeleteFunc(pads, func(pad string) bool { return token.CleanSymbol(pad) != pad })
	if len(pads) == 0 {
		p.unasked("launchpad filter")
		return
	}
	l, err := p.ask(ctx, p.client.SearchURL(0, token.LaunchpadID(pads[0])))
	others := slices.ContainsFunc(l.rows, func(r row) bool { return r.text("launchpad") != pads[0] })
	ok := err == nil && len(l.rows) > 0 && !others
	seen := is(ok, "it filters", is(others, "ignored", rowsOr(&l, err)))
	p.add(Check{
		What: "launchpad filter", Expected: "only the launchpad's own", Seen: seen, Verdict: verdict(ok, Costs),
		Follows: unless(ok, "every pool is read, and new ones are found by full scans only"),
	})
}
