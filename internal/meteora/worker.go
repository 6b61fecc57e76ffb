package meteora

import (
	"context"
	"io"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

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
		client: c, retry: retry, stats: stats, fetch: c.newFetcher(stats),
		decoder: NewDecoder(c.Product(), filter, c.quotes),
	}
}

func (c *Client) newFetcher(stats *syncrun.Counts) *upstream.Fetcher {
	return &upstream.Fetcher{HTTP: c.http, Stats: stats, Pace: c.pace, Agent: c.agent}
}

// count adds the last body's pools to the stats.
func (w *worker) count() {
	w.stats.Scanned.Add(w.decoder.Scanned)
	w.stats.Invalid.Add(w.decoder.Invalid)
}

// read decodes url's body, asking again as often as is worth it. A second attempt yields the pools of the first again.
func (w *worker) read(ctx context.Context, url string) error {
	return w.readAs(ctx, url, func(body io.Reader) io.Reader { return body })
}

// readAs is like read for a body that has to be turned into the shape of a list.
func (w *worker) readAs(ctx context.Context, url string, list func(io.Reader) io.Reader) error {
	return w.retry.Do(ctx, w.stats, func(ctx context.Context) error {
		body, err := w.fetch.Get(ctx, url, maxBody)
		if err != nil {
			return err
		}
		defer body.Close()
		if w.begin != nil {
			w.begin()
		}
		if err := w.decoder.Decode(list(body), w.yield); err != nil {
			return err
		}
		return ctx.Err()
	})
}
