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

// maxBody bounds a decompressed page, some 30 times a real one: a gzip bomb ends here.
const maxBody = 64 << 20

// maxArrayBody bounds DAMM v1's one array; all of DAMM v2's 1.6 million pools would be 2.7 GB.
const maxArrayBody = 8 << 30

// A scan reads one product once. Its pools leave through out.
type scan struct {
	client *Client
	filter *Filter
	stats  *syncrun.Counts
	retry  *upstream.Retrier
	out    chan token.Pool

	mu     sync.Mutex
	next   int64 // the page to ask for next
	last   int64 // the last page that is known to exist
	empty  int64 // the first page that was empty: the scan ends there whatever other pages say
	failed int   // pages given up
	err    error // the first failure
}

// unknownPages lets a scan go on until a page is empty.
const unknownPages = 1 << 40

// maxFailedPages ends a scan that gave up so many pages: the server is down, not one page of it.
const maxFailedPages = 3

func (c *Client) newScan(ids []token.LaunchpadID, stats *syncrun.Counts) *scan {
	return &scan{
		client: c, filter: NewFilter(ids), stats: stats, retry: upstream.NewRetrier(c.retry),
		out: make(chan token.Pool, inFlight), next: 1, last: 1, empty: unknownPages,
	}
}

// pages reads page 1, which tells how many there are, and then the others side by side.
func (s *scan) pages(ctx context.Context) error {
	s.work(ctx, s.newWorker(ctx))
	var workers sync.WaitGroup
	for range min(inFlight, s.last-1) {
		workers.Go(func() { s.work(ctx, s.newWorker(ctx)) })
	}
	workers.Wait()
	return s.err
}

// work reads pages until there are none left for this worker.
func (s *scan) work(ctx context.Context, w *worker) {
	for {
		page, ok := s.take()
		if !ok {
			return
		}
		w.decoder.ages = s.isLast(page)
		s.settle(page, w.page(ctx, page), w)
		if page == 1 {
			return // the first page is read alone
		}
	}
}

// take hands out the next page.
func (s *scan) take() (page int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next > s.last || s.failed >= maxFailedPages || errors.Is(s.err, ErrParameters) {
		return 0, false
	}
	s.next++
	return s.next - 1, true
}

// isLast says whether the newest pools may be on a page: pages come in order of creation. The last but one counts too,
// for the last may turn out to be empty.
func (s *scan) isLast(page int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return page+1 >= s.last || s.last == unknownPages
}

// settle books a page that was read or given up, and learns from it where the scan ends: at an empty page, or at the
// number of pages that the newest envelope names. The total proves nothing.
func (s *scan) settle(page int64, err error, w *worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failed++
		if s.err == nil {
			s.err = fmt.Errorf("page %d: %w", page, err)
		}
		if page == 1 {
			s.failed = maxFailedPages
		}
		return
	}
	w.count()
	s.stats.Created(w.decoder.Newest)
	if w.decoder.Scanned == 0 {
		s.empty = min(s.empty, page)
	}
	s.last = unknownPages
	if pages := w.decoder.Envelope.Pages; pages >= 0 {
		s.last = max(pages, page)
	}
	s.last = min(s.last, s.empty)
}

// array reads DAMM v1's one answer. The server is asked to filter and not trusted to have done it.
func (s *scan) array(ctx context.Context, ids []token.LaunchpadID) error {
	w := s.newWorker(ctx)
	err := w.read(ctx, s.client.arrayURL(ids), maxArrayBody)
	if err != nil {
		return err
	}
	w.count()
	return nil
}

// A worker reads one body after the other with the same buffers.
type worker struct {
	client  *Client
	retry   *upstream.Retrier
	stats   *syncrun.Counts
	fetch   *upstream.Fetcher
	decoder *Decoder
	begin   func()                // before each attempt at a body; may be nil
	yield   func(token.Pool) bool // gets every pool that the decoder's filter chooses
}

func (c *Client) newWorker(filter *Filter, retry *upstream.Retrier, stats *syncrun.Counts) *worker {
	return &worker{
		client: c, retry: retry, stats: stats,
		fetch:   &upstream.Fetcher{HTTP: c.http, Stats: stats},
		decoder: NewDecoder(c.product, filter, c.quotes),
	}
}

// count adds the last body's pools to the stats.
func (w *worker) count() {
	w.stats.Scanned.Add(w.decoder.Scanned)
	w.stats.Invalid.Add(w.decoder.Invalid)
}

func (s *scan) newWorker(ctx context.Context) *worker {
	w := s.client.newWorker(s.filter, s.retry, s.stats)
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

// page reads one page; when that fails, again, from its start.
func (w *worker) page(ctx context.Context, page int64) error {
	if err := w.read(ctx, w.client.pageURL(page), maxBody); err != nil {
		return err
	}
	return checkPage(w.decoder, page, PageSize)
}

// read decodes url's body, asking again as often as is worth it. A second attempt yields the pools of the first again.
func (w *worker) read(ctx context.Context, url string, limit int64) error {
	for attempt := 1; ; attempt++ {
		err := w.try(ctx, url, limit)
		if err == nil {
			return nil
		}
		var status *StatusError
		if errors.As(err, &status) && status.Code == http.StatusTooManyRequests {
			w.stats.Throttle.Add(1)
		}
		if !w.retry.Pause(ctx, attempt, err) {
			return upstream.WithoutURL(err)
		}
		w.stats.Retries.Add(1)
	}
}

func (w *worker) try(ctx context.Context, url string, limit int64) error {
	if err := w.client.limit.Wait(ctx); err != nil {
		return fmt.Errorf("waiting for the rate limit: %w", err)
	}
	body, err := w.fetch.Get(ctx, url, limit)
	if err != nil {
		return err
	}
	defer body.Close()
	if w.begin != nil {
		w.begin()
	}
	if err := w.decoder.Decode(body, w.yield); err != nil {
		return err
	}
	return ctx.Err()
}
