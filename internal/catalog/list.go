package catalog

import (
	"cmp"
	"context"
	"math/big"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"tokensync/internal/token"
)

// List is one page of a list.
type List struct {
	Summaries []string  // token.Summary as JSON, in the list's order
	Next      string    // cursor of the next page; "" on the last
	SyncedAt  time.Time // when the last sync that wrote began; zero before the first
}

// List answers a page. A *ParameterError says what is wrong with the query.
func (c *Catalog) List(ctx context.Context, query Query) (List, error) {
	q, err := query.normal()
	if err != nil {
		return List{}, err
	}
	synced, ids, err := c.sources(ctx)
	if err != nil {
		return List{}, err
	}
	if ids, err = q.partitions(ids); err != nil {
		return List{}, err
	}
	position, err := parseCursor(q.Cursor, &q, ids)
	if err != nil {
		return List{}, err
	}
	if found, err := c.findMint(ctx, &q, ids); err != nil || found != "" {
		return List{Summaries: []string{found}, SyncedAt: synced.At}, err
	}
	list, err := c.merge(ctx, &q, ids, position)
	list.SyncedAt = synced.At
	return list, err
}

// partitions are the launchpads that q reads, in a fixed order.
func (q *Query) partitions(configured []token.LaunchpadID) ([]token.LaunchpadID, error) {
	if q.Launchpad == "" {
		ids := slices.Clone(configured)
		slices.Sort(ids)
		return ids, nil
	}
	if !slices.Contains(configured, q.Launchpad) {
		return nil, badParameter("launchpad", "is not a launchpad that is listed here")
	}
	return []token.LaunchpadID{q.Launchpad}, nil
}

// findMint is the listed token whose mint is q's search text, or "".
func (c *Catalog) findMint(ctx context.Context, q *Query, ids []token.LaunchpadID) (string, error) {
	if !token.IsPublicKey(q.Search) {
		return "", nil
	}
	t, ok, err := c.Tokens.Token(ctx, q.Search)
	if err != nil {
		return "", unavailable("finding a mint", err)
	}
	if !ok || t.Status != token.Listed || !slices.Contains(ids, t.Launchpad) || q.Stage != "" && q.Stage != t.Stage {
		return "", nil
	}
	return t.Summary, nil
}

// stretch is what one launchpad contributes to a page.
type stretch struct {
	id   token.LaunchpadID
	rows []Row
	rest *Position // behind which there may be more than rows
}

// isOpen says that nobody knows yet what comes next.
func (s *stretch) isOpen() bool { return len(s.rows) == 0 && s.rest != nil }

// merge reads one page of each launchpad's index and interleaves them: one query for one launchpad.
func (c *Catalog) merge(ctx context.Context, q *Query, ids []token.LaunchpadID, from *cursor) (List, error) {
	stretches := make([]stretch, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	for i, id := range ids {
		group.Go(func() error {
			rows, rest, err := c.Tokens.Page(ctx, q.page(id, from))
			stretches[i] = stretch{id, rows, rest}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return List{}, unavailable("reading a list", err)
	}
	list := List{Summaries: make([]string, 0, q.Limit)}
	for len(list.Summaries) < q.Limit {
		s := q.first(stretches)
		if s == nil {
			break
		}
		row := s.rows[0]
		s.rows = s.rows[1:]
		list.Summaries = append(list.Summaries, row.Summary)
		from.positions[s.id] = Position{Key: row.Key, Mint: row.Mint}
	}
	more := false
	for _, s := range stretches {
		more = more || len(s.rows) > 0 || s.rest != nil
		if s.isOpen() {
			from.positions[s.id] = *s.rest
		}
	}
	if more {
		list.Next = from.encode()
	}
	return list, nil
}

func (q *Query) page(id token.LaunchpadID, from *cursor) Page {
	p := Page{
		Launchpad: id, Sort: q.Sort, Descending: q.Order == "desc", Limit: q.Limit, Prefix: strings.ToLower(q.Search),
		Stage: q.Stage,
	}
	if after, ok := from.positions[id]; ok {
		p.After = &after
	}
	return p
}

// first is the stretch with the next row, nil when all are used up or one is open. Equal rows come in the order of their
// launchpads.
func (q *Query) first(stretches []stretch) *stretch {
	var best *stretch
	for i := range stretches {
		s := &stretches[i]
		if s.isOpen() {
			return nil
		}
		if len(s.rows) > 0 && (best == nil || q.compare(s.rows[0].Key, best.rows[0].Key) < 0) {
			best = s
		}
	}
	return best
}

// compare orders sort values as the index does.
func (q *Query) compare(a, b string) int {
	order := 1
	if q.Order == "desc" {
		order = -1
	}
	if q.Sort == SortSymbol {
		return order * strings.Compare(a, b)
	}
	x, _, xerr := big.ParseFloat(a, 10, keyBits, big.ToNearestEven)
	y, _, yerr := big.ParseFloat(b, 10, keyBits, big.ToNearestEven)
	if xerr != nil || yerr != nil {
		return order * cmp.Compare(a, b)
	}
	return order * x.Cmp(y)
}

// keyBits tell 38 decimal digits apart.
const keyBits = 160
