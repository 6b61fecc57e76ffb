package meteora

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// maxBody bounds a decompressed body, some 30 times a real page: a gzip bomb ends here.
const maxBody = 64 << 20

// A scan reads one product once. Its pools leave through out.
type scan struct {
	client *Client
	filter *Filter
	stats  *syncrun.Counts
	retry  *upstream.Retrier
	out    chan token.Pool

	mu     sync.Mutex
	seen   *seen // nil until the first page says how many pools there are
	failed int   // pages given up
	err    error // the first failure
}

// unknownPages lets a leg go on until a page is empty; noPage is behind them all.
const (
	unknownPages = 1 << 40
	noPage       = unknownPages + 1
)

// maxFailedPages is how many pages a scan gives up before it ends: the server is down, not one page of it.
const maxFailedPages = 3

// farFromEnd is how many pages before the last one an empty page cannot be for pools that went while others were read.
const farFromEnd = 2

func (c *Client) newScan(ids []token.LaunchpadID, stats *syncrun.Counts) *scan {
	return &scan{
		client: c, filter: NewFilter(ids), stats: stats, retry: upstream.NewRetrier(c.retry),
		out: make(chan token.Pool, inFlight),
	}
}

// A leg is one way through the pages: from the first on, in one order. The scan's mutex guards it.
type leg struct {
	url     func(page int64) string
	size    int64 // rows asked for
	echoed  int64 // size, where the envelope repeats it; 0 where it does not
	order   string
	first   int64
	next    int64 // the page to ask for next
	last    int64 // the last page that is known to exist
	bound   int64 // the last page that is wanted
	beyond  int64 // a page to read although the envelope's count ends before it
	empty   int64 // the first page with nothing new: the leg ends there whatever other pages say
	refused int64 // the first page that the server would not give
	pages   int64 // as the newest envelope counts them; -1 is unknown
	fresh   int64 // rows that no page had before
}

func newLeg(first, size int64, url func(page int64) string) *leg {
	return &leg{
		url: url, size: size, first: first, next: first, last: first, bound: unknownPages,
		empty: noPage, refused: noPage, pages: -1,
	}
}

func (s *scan) sortedLeg(order string) *leg {
	l := newLeg(1, PageSize, func(page int64) string { return s.client.sortedURL(page, PageSize, order) })
	l.order, l.echoed = order, PageSize
	return l
}

// pages reads all pools from the oldest on. Pages that are refused for being too deep are read from the newest on.
func (s *scan) pages(ctx context.Context) error {
	old := s.sortedLeg(ascending)
	s.read(ctx, old)
	if old.refused == noPage || s.err != nil {
		return s.err
	}
	s.stats.Note(fmt.Sprintf("pages from %d on were refused: the rest was read from the newest pool on", old.refused))
	young := s.sortedLeg(descending)
	if old.pages >= 0 {
		young.bound = old.pages - old.refused + farFromEnd
	}
	s.read(ctx, young)
	if !young.bridges() && s.err == nil {
		s.err = fmt.Errorf("%w: from page %d on, nor from page %d of the newest on", ErrUnreadable,
			old.refused, min(young.refused, young.empty))
	}
	return s.err
}

// bridges reports whether a leg from the newest pool on has found what was refused from the other end, all of it: it came
// to its bound, or where that is unknown to pools that were read before.
func (l *leg) bridges() bool {
	reached := min(l.empty, l.refused)
	if l.bound == unknownPages {
		return l.fresh > 0 && reached == l.empty && reached < noPage
	}
	return l.fresh > 0 && reached >= l.bound
}

// search reads the pages of DAMM v1's search. The server is asked for the launchpads' own; what it returns is looked
// through all the same, and when it returns nothing at all, or will not be asked so, everything is read.
func (s *scan) search(ctx context.Context, ids []token.LaunchpadID) error {
	before := s.stats.Scanned.Load()
	s.read(ctx, s.searchLeg(ids))
	if s.stats.Scanned.Load() > before || s.err != nil && !isFinal(s.err) {
		return s.err
	}
	s.failed, s.err = 0, nil
	s.stats.Note("asked for the launchpads' own pools the server returned none: all were read")
	s.read(ctx, s.searchLeg(nil))
	return s.err
}

func (s *scan) searchLeg(ids []token.LaunchpadID) *leg {
	return newLeg(0, searchPageSize, func(page int64) string { return s.client.searchURL(page, ids) })
}

// read reads the first page, which tells how many there are, and then the others side by side.
func (s *scan) read(ctx context.Context, l *leg) {
	s.work(ctx, l, s.newWorker(ctx, l))
	var workers sync.WaitGroup
	for range min(inFlight, l.last-l.first) {
		workers.Go(func() { s.work(ctx, l, s.newWorker(ctx, l)) })
	}
	workers.Wait()
}

// work reads pages until there are none left for this worker.
func (s *scan) work(ctx context.Context, l *leg, w *worker) {
	for {
		page, ok := s.take(l, w.decoder.survey)
		if !ok {
			return
		}
		err := w.read(ctx, l.url(page))
		if err == nil {
			err = checkPage(w.decoder, page, l.echoed)
		}
		s.settle(l, page, err, w)
		if page == l.first {
			return // it is read alone
		}
	}
}

// take hands out the next page, and has the ages of its rows looked at where the newest pools may be: on the last pages,
// and on the last but one, for the last may turn out to be empty.
func (s *scan) take(l *leg, look *survey) (page int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.next > l.last || s.failed >= maxFailedPages || errors.Is(s.err, ErrParameters) {
		return 0, false
	}
	page = l.next
	l.next++
	look.everyAge = page+1 >= l.last || l.last == unknownPages || l.order == descending
	return page, true
}

// settle books a page that was read, or was not.
func (s *scan) settle(l *leg, page int64, err error, w *worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil && page > l.first && l.order != "" && isFinal(err):
		l.refuse(page)
	case err != nil:
		s.fail(l, page, err)
	default:
		w.count()
		s.learn(l, page, w)
	}
}

// isFinal reports whether the server says that a request is wrong, which a page too deep is to some, but not that it does
// not let the client in.
func isFinal(err error) bool {
	_, refused := errors.AsType[*upstream.RefusedError](err)
	status, ok := errors.AsType[*StatusError](err)
	return ok && !refused && !status.Retryable() && status.Code >= http.StatusBadRequest
}

// fail books a page that is given up.
func (s *scan) fail(l *leg, page int64, err error) {
	s.failed++
	if s.err == nil {
		s.err = fmt.Errorf("page %d: %w", page, err)
	}
	if page == l.first {
		s.failed = maxFailedPages
	}
}

// learn takes from a page where the leg ends: at a page with nothing new, or at the number of pages that the newest
// envelope names. The total proves nothing.
func (s *scan) learn(l *leg, page int64, w *worker) {
	e, look := w.decoder.Envelope, w.decoder.survey
	if e.Total >= 0 {
		s.stats.Total.Store(e.Total)
	}
	if s.seen == nil {
		s.seen = newSeen(e.Total)
	}
	fresh := s.seen.addAll(look.rows)
	s.stats.Unique.Add(fresh)
	l.fresh += fresh
	s.stats.Created(look.newest)
	if look.disorder && l.order != "" {
		s.stats.Note("the pages were not sorted by " + l.order + " as asked: pools may have been missed")
	}
	l.extend(page, w.decoder.Scanned, e)
	switch {
	case fresh > 0 || w.decoder.Scanned > 0 && l.order == descending && l.bound < unknownPages:
	case w.decoder.Scanned == 0 && l.order != descending && page+farFromEnd < l.pages:
		l.refuse(page)
	case w.decoder.Scanned == 0 || l.mayRepeat(page, w.decoder.Scanned, e):
		l.end(page)
	default:
		s.fail(l, page, fmt.Errorf("%w: it holds only pools of other pages", ErrParameters))
	}
}

// extend moves the leg's end to where the newest envelope has it. A count of pages may be rounded down.
func (l *leg) extend(page, rows int64, e Envelope) {
	l.pages, l.last = e.Pages, unknownPages
	if e.Pages >= 0 {
		if page >= e.Pages && rows >= l.size && (e.Total < 0 || e.Total > page*l.size) {
			l.beyond = max(l.beyond, page+1)
		}
		l.last = max(e.Pages, page, l.beyond)
	}
	l.last = min(l.last, l.bound, l.empty, l.refused-1)
}

// mayRepeat reports whether a page may hold nothing but known pools: read from the other end, it meets what was read
// before; past the end, the server repeats its last page; and the last few pools may have moved to a page of their own.
func (l *leg) mayRepeat(page, rows int64, e Envelope) bool {
	pastEnd := e.CurrentPage >= l.first && e.CurrentPage < page
	atEnd := e.Pages >= 0 && (page > e.Pages || page == e.Pages && rows < l.size)
	return l.order == descending || pastEnd || atEnd
}

func (l *leg) end(page int64) {
	l.empty = min(l.empty, page)
	l.last = min(l.last, l.empty)
}

func (l *leg) refuse(page int64) {
	l.refused = min(l.refused, page)
	l.last = min(l.last, l.refused-1)
}

func (s *scan) newWorker(ctx context.Context, l *leg) *worker {
	w := s.client.newWorker(s.filter, s.retry, s.stats)
	w.decoder.survey = &survey{ascending: l.order == ascending}
	w.yield = func(p token.Pool) bool {
		select {
		case s.out <- p:
			return true
		case <-ctx.Done():
			return false
		}
	}
	return w
}
