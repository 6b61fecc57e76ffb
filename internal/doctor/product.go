package doctor

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/mr-tron/base58"

	"tokensync/internal/meteora"
	"tokensync/internal/products"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// A product is one of Meteora's APIs under examination.
type product struct {
	*patient
	client *meteora.Client
	api    products.API
	pads   []token.LaunchpadID
}

func newProduct(client *meteora.Client, api products.API, needed bool, pads []token.LaunchpadID) *patient {
	p := &product{client: client, api: api, pads: pads}
	p.patient = &patient{of: string(api.Product), needed: needed, examine: p.examine, close: client.Close}
	return p.patient
}

func (p *product) examine(ctx context.Context) {
	if p.api.List == products.SearchPages {
		p.examineSearch(ctx)
		return
	}
	first, err := p.ask(ctx, p.client.ListURL(1, meteora.PageSize, false))
	p.letIn(err)
	if err != nil {
		p.unasked("page_size", "orders", "last page", "look-ups", "fields")
		return
	}
	p.pageSize(&first)
	newest := p.orders(ctx, &first)
	p.ends(ctx, &first)
	p.body(first.header)
	p.lookUps(ctx, &newest)
	p.rows(&newest, fieldsOf[p.api.Product])
	p.labels(&newest)
	p.rate(first.header)
}

// letIn books whether the server answers this client at all.
func (p *product) letIn(err error) {
	c := Check{What: "let in", Expected: "200, JSON", Seen: "200, JSON", Verdict: Works, Needed: true}
	if err != nil {
		c.Seen, c.Verdict, c.Follows = whys(err), Fails, "nothing of this product is read"
		if _, refused := errors.AsType[*upstream.RefusedError](err); refused {
			c.Follows = "change METEORA_USER_AGENT, or the address that requests leave from"
		}
	}
	p.add(c)
}

func (p *product) pageSize(l *list) {
	ok := l.size == meteora.PageSize && (len(l.rows) == meteora.PageSize || l.pages <= 1)
	p.add(Check{
		What: "page_size", Expected: fmt.Sprint(meteora.PageSize), Seen: fmt.Sprintf("page_size %d, %s, %d pages, total %d", l.size, count(len(l.rows), "row"), l.pages, l.total),
		Verdict: verdict(ok, Fails), Follows: unless(ok, "a scan ends at once: it would read few pools a page, or the first page for ever"), Needed: true,
	})
}

// orders books both orders, and the unit of created_at; it returns the newest pools.
func (p *product) orders(ctx context.Context, first *list) list {
	sorted := first.isSorted(false)
	p.add(Check{
		What: "oldest first", Expected: "sorted by pool_created_at", Seen: is(sorted, "sorted", "not sorted"),
		Verdict: verdict(sorted, Costs), Follows: unless(sorted, "pages move while they are read: pools may be missed, coverage tells"),
	})
	newest, err := p.ask(ctx, p.client.ListURL(1, meteora.PageSize, true))
	sorted = err == nil && newest.isSorted(true) && (len(first.rows) < 2 || isNewer(&newest, first))
	seen := is(sorted, "sorted", "not sorted")
	if err != nil {
		seen = whys(err)
	}
	p.add(Check{
		What: "newest first", Expected: "sorted by pool_created_at", Seen: seen,
		Verdict: verdict(sorted, Costs), Follows: unless(sorted, "a refresh finds no new pools: only full scans do, and deep pages have no other end"),
	})
	if len(newest.rows) == 0 {
		newest = *first
	}
	p.unit(&newest)
	return newest
}

func isNewer(newest, oldest *list) bool {
	return len(newest.rows) > 0 && milliseconds(newest.rows[0].createdAt()) >= milliseconds(oldest.rows[0].createdAt())
}

func (p *product) unit(l *list) {
	known, seconds := 0, 0
	for _, r := range l.rows {
		if at := r.createdAt(); at > 0 {
			known++
			if at < secondsBelow {
				seconds++
			}
		}
	}
	seen := fmt.Sprintf("%d of %s have one; %s", known, count(len(l.rows), "row"), is(seconds == 0, "milliseconds", is(seconds == known, "seconds", "both units")))
	ok := known > 0 || len(l.rows) == 0
	p.add(Check{
		What: "created_at", Expected: "milliseconds; seconds are read too", Seen: seen,
		Verdict: verdict(ok, Costs), Follows: unless(ok, "ages are unknown, and a refresh cannot tell what is new"),
	})
}

// ends books the last page, and the one after it.
func (p *product) ends(ctx context.Context, first *list) {
	if first.pages < 1 {
		p.unasked("last page", "past the end")
		return
	}
	last, err := p.ask(ctx, p.client.ListURL(first.pages, meteora.PageSize, false))
	ok := err == nil && len(last.rows) > 0
	p.add(Check{
		What: "last page", Expected: fmt.Sprintf("rows on page %d", first.pages), Seen: rowsOr(&last, err),
		Verdict: verdict(ok, Costs), Follows: unless(ok, "deep pages are read from the newest pool on, as far as both ends meet"),
	})
	beyond, err := p.ask(ctx, p.client.ListURL(first.pages+1, meteora.PageSize, false))
	same := err == nil && (len(beyond.rows) == 0 || len(last.rows) > 0 && beyond.rows[0].text("address") == last.rows[0].text("address"))
	refused := err != nil && isStatus(err, http.StatusBadRequest, http.StatusNotFound)
	ok = same || refused || err == nil && first.pages == 1
	p.add(Check{
		What: "past the end", Expected: "no rows, or the last page again", Seen: rowsOr(&beyond, err),
		Verdict: verdict(ok, Costs), Follows: unless(ok, "pages end too early: coverage tells how much is missed"),
	})
}

func rowsOr(l *list, err error) string {
	if err != nil {
		return whys(err)
	}
	return count(len(l.rows), "row")
}

func is(yes bool, then, otherwise string) string {
	if yes {
		return then
	}
	return otherwise
}

func isStatus(err error, codes ...int) bool {
	status, ok := errors.AsType[*upstream.StatusError](err)
	return ok && slices.Contains(codes, status.Code)
}

// body books how bodies come.
func (p *product) body(h http.Header) {
	encoding := cmp.Or(h.Get("Content-Encoding"), "none")
	ok := strings.Contains(encoding, "gzip")
	p.add(Check{What: "compression", Expected: "gzip", Seen: encoding, Verdict: verdict(ok, Costs), Follows: unless(ok, "some eight times the bytes")})
}

// rate books what the server says of its limit.
func (p *product) rate(h http.Header) {
	seen := "no x-ratelimit headers"
	for _, note := range p.stats.Notes() {
		if strings.HasPrefix(note, "the server allows") {
			seen = strings.TrimPrefix(note, "the server allows ")
		}
	}
	if reset := h.Get("X-Ratelimit-Reset"); reset != "" {
		seen += ", reset " + reset
	}
	ok := h.Get("X-Ratelimit-Limit") != ""
	p.add(Check{
		What: "rate", Expected: "x-ratelimit-limit, -remaining, -reset", Seen: fmt.Sprintf("%s; %s", seen, count(int(p.stats.Throttle.Load()), "429")),
		Verdict: verdict(ok, Costs), Follows: unless(ok, fmt.Sprintf("%g requests a second, as documented", p.api.Rate)),
	})
}

// lookUps books every form in which pools are asked for.
func (p *product) lookUps(ctx context.Context, newest *list) {
	samples := map[string][]string{meteora.ByPool: newest.texts("address")}
	if p.api.Filters {
		samples[meteora.ByTokenX], samples[meteora.ByTokenY] = newest.mints("token_x"), newest.mints("token_y")
	}
	list := ""
	for _, field := range slices.Sorted(maps.Keys(samples)) {
		works := p.forms(ctx, field, samples[field])
		if field == meteora.ByPool {
			list = works
		}
	}
	p.longest(ctx, list, samples[meteora.ByPool])
	p.alone(ctx, samples[meteora.ByPool])
	if !p.api.Filters {
		p.filters(ctx, newest)
	}
}

// forms books how a field takes values that the server lists, and returns the form of lists that works, or "".
func (p *product) forms(ctx context.Context, field string, values []string) (list string) {
	if len(values) < 2 {
		p.unasked(field)
		return ""
	}
	var seen []string
	single := false
	for _, q := range p.client.Questions(field, values[:2]) {
		missing, odd, err := p.question(ctx, field, q)
		seen = append(seen, q.Form+" "+formSeen(len(q.Values), missing, odd, err))
		if err != nil || missing > 0 || odd {
			continue
		}
		if len(q.Values) > 1 {
			list = cmp.Or(list, q.Form)
		}
		single = single || len(q.Values) == 1
	}
	c := Check{What: "by " + field, Expected: "a list finds the pools just seen", Seen: strings.Join(seen, "; "), Verdict: Works, Needed: true}
	switch {
	case list != "" || !p.api.Filters && p.api.ByKey != products.Array && single:
	case single:
		c.Verdict, c.Follows = Costs, "each value takes a request: a refresh comes to all pools in turns only"
	default:
		c.Verdict, c.Follows = Fails, "known pools cannot be refreshed: full scans only"
	}
	p.add(c)
	return list
}

func formSeen(asked, missing int, odd bool, err error) string {
	switch {
	case err != nil:
		return whys(err)
	case odd:
		return "finds others"
	case missing == asked:
		return "finds nothing"
	case missing > 0:
		return fmt.Sprintf("finds %d of %d", asked-missing, asked)
	}
	return "works"
}

// question asks one, and tells how many of its values are not in the answer, and whether a pool is that was not asked for.
func (p *product) question(ctx context.Context, field string, q meteora.Question) (missing int, odd bool, err error) {
	l, err := p.ask(ctx, q.URL)
	if isStatus(err, http.StatusNotFound) && len(q.Values) == 1 {
		return 1, false, nil
	}
	if err != nil {
		return len(q.Values), false, err
	}
	found := map[string]bool{}
	for _, r := range l.rows {
		values := []string{r.text(cmp.Or(rowKey[p.api.Product], "address"))}
		if field != meteora.ByPool {
			values = []string{r.text("token_x", "address"), r.text("token_y", "address")}
		}
		odd = odd || !slices.ContainsFunc(values, func(v string) bool { return slices.Contains(q.Values, v) })
		for _, v := range values {
			found[v] = true
		}
	}
	for _, v := range q.Values {
		if !found[v] {
			missing++
		}
	}
	return missing, odd, nil
}

// rowKey is the name of a pool's address, where it is not address.
var rowKey = map[token.Product]string{token.DAMMv1: "pool_address"}

// longest books how many addresses one request may name.
func (p *product) longest(ctx context.Context, form string, addresses []string) {
	if form == "" {
		p.unasked("longest URL")
		return
	}
	var seen []string
	for n := min(100, len(addresses)); n > 1; n /= 2 {
		for _, q := range p.client.Questions(meteora.ByPool, addresses[:n]) {
			if q.Form != form {
				continue
			}
			missing, odd, err := p.question(ctx, meteora.ByPool, q)
			seen = append(seen, fmt.Sprintf("%d addresses, %d bytes: %s", len(q.Values), len(q.URL), formSeen(len(q.Values), missing, odd, err)))
			if err == nil && missing == 0 {
				whole := len(seen) == 1
				p.add(Check{
					What: "longest URL", Expected: "100 addresses", Seen: strings.Join(seen, "; "),
					Verdict: verdict(whole, Costs), Follows: unless(whole, "lists are halved: more requests a refresh"),
				})
				return
			}
		}
	}
	p.add(Check{What: "longest URL", Expected: "100 addresses", Seen: strings.Join(seen, "; "), Verdict: Costs, Follows: "lists are halved, down to single values"})
}

// alone books whether a pool is found by its address alone, and whether one that is not there is denied.
func (p *product) alone(ctx context.Context, living []string) {
	var key [32]byte
	_, _ = rand.Read(key[:])
	none := base58.Encode(key[:])
	if len(living) == 0 {
		p.unasked("one pool", "no such pool")
		return
	}
	var seen []string
	proves := false
	for i, q := range p.client.Witnesses(living[0]) {
		missing, odd, err := p.question(ctx, meteora.ByPool, q)
		lives := err == nil && missing == 0 && !odd
		missing, odd, err = p.question(ctx, meteora.ByPool, p.client.Witnesses(none)[i])
		gone := err == nil && missing == 1 && !odd
		proves = proves || lives && gone
		seen = append(seen, fmt.Sprintf("%s finds a living one: %s, denies another: %s", q.Form, is(lives, "yes", "no"), is(gone, "yes", "no")))
	}
	p.add(Check{
		What: "one pool", Expected: "a living one is found, one that is not there is a 404 or no row", Seen: strings.Join(seen, "; "),
		Verdict: verdict(proves, Costs), Follows: unless(proves, "no token is ever delisted: its absence cannot be proven"),
	})
}

// filters books whether the list of DBC takes a filter by config; nobody saw it do so.
func (p *product) filters(ctx context.Context, newest *list) {
	const field = "pool_config_address"
	configs := newest.texts(field)
	if len(configs) == 0 {
		p.unasked("filter by config")
		return
	}
	l, err := p.ask(ctx, p.client.FilterURL(field, configs[0]))
	others := slices.ContainsFunc(l.rows, func(r row) bool { return r.text(field) != configs[0] })
	seen := is(others, "ignored", is(len(l.rows) > 0, "it filters", "no rows"))
	if err != nil {
		seen = whys(err)
	}
	p.add(Check{What: "filter by config", Expected: "ignored: all is streamed", Seen: seen, Verdict: Works})
}
