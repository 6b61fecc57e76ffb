package ingest

import (
	"context"
	"iter"
	"slices"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// refresh is what a run in that mode knows beforehand, and what it leaves undone.
type refresh struct {
	marks    map[token.Product]syncrun.Watermark  // products that need no full scan
	known    map[token.Product][]string           // addresses of the listed tokens' pools
	listed   map[token.LaunchpadID][]token.Stored // what was read with them, so that it need not be read again
	followed map[token.Product]bool               // products whose pools were asked for by address, all of them
	newest   map[token.Product]int64              // pools seen in this run, by creation; full runs note it too
	fullDue  bool                                 // a full run was turned away; full runs do not look
	scanned  int                                  // products that had to be scanned in full
	deferred int                                  // listed tokens that only a full scan can settle
}

func newRefresh() refresh {
	return refresh{
		marks: map[token.Product]syncrun.Watermark{}, known: map[token.Product][]string{}, listed: map[token.LaunchpadID][]token.Stored{},
		followed: map[token.Product]bool{}, newest: map[token.Product]int64{},
	}
}

// planRefresh chooses the products that can be refreshed and reads which pools are known of them. A product that cannot
// be is scanned as in a full run; a source that is no Follower always is.
func (r *run) planRefresh(ctx context.Context) error {
	if r.record.Mode != ModeRefresh {
		return nil
	}
	marks, fullDue, err := r.Runs.Watermarks(ctx)
	if err != nil {
		return err
	}
	r.refresh.fullDue = fullDue
	for _, source := range r.Sources {
		product := source.Product()
		if _, ok := source.(Follower); !ok {
			continue
		}
		i := slices.IndexFunc(marks, func(m syncrun.Watermark) bool { return m.Product == product })
		switch {
		case fullDue:
			r.scanInstead(ctx, product, "a full scan could not run when it was due")
		case i < 0:
			r.scanInstead(ctx, product, "it was never read to the end")
		case !sameIDs(marks[i].Launchpads, r.ids):
			r.scanInstead(ctx, product, "the launchpad IDs have changed")
		default:
			r.refresh.marks[product] = marks[i]
		}
	}
	return r.readKnown(ctx)
}

func sameIDs(a, b []token.LaunchpadID) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func (r *run) scanInstead(ctx context.Context, product token.Product, why string) {
	delete(r.refresh.marks, product)
	r.refresh.scanned++
	r.Log.WarnContext(ctx, "a full scan instead of a refresh", "product", string(product), "reason", why)
}

// settleMode calls a refresh that had to scan everything what it was: a full run.
func (r *run) settleMode() {
	if r.record.Mode == ModeRefresh && len(r.refresh.marks) == 0 && r.refresh.scanned > 0 {
		r.record.Mode = ModeFull
	}
}

// maxListed bounds what a refresh keeps of the table: some 7 MB. Of a larger launchpad it reads the lists twice.
const maxListed = 10_000

// readKnown collects the pools of the listed tokens by address.
func (r *run) readKnown(ctx context.Context) error {
	if len(r.refresh.marks) == 0 {
		return nil
	}
	for _, id := range r.ids {
		var listed []token.Stored
		for stored, err := range r.Tokens.Listed(ctx, id) {
			if err != nil {
				return err
			}
			if len(listed) <= maxListed {
				listed = append(listed, stored)
			}
			for _, key := range stored.Known {
				if _, ok := r.refresh.marks[key.Product]; ok {
					r.refresh.known[key.Product] = append(r.refresh.known[key.Product], key.Address)
				}
			}
		}
		if len(listed) <= maxListed {
			r.refresh.listed[id] = listed
		}
	}
	return nil
}

// listedOf streams what is in a launchpad's lists, from the table if it was not kept.
func (r *run) listedOf(ctx context.Context, id token.LaunchpadID) iter.Seq2[token.Stored, error] {
	kept, ok := r.refresh.listed[id]
	if !ok {
		return r.Tokens.Listed(ctx, id)
	}
	return func(yield func(token.Stored, error) bool) {
		for i := range kept {
			if !yield(kept[i], nil) {
				return
			}
		}
	}
}

// follow gathers the pools of one product that are new, and those that are known. A known pool that Meteora no longer
// returns, or returns for another launchpad, keeps its stored values: absence proves nothing, and only a full scan settles it.
func (r *run) follow(ctx context.Context, source Follower, mark syncrun.Watermark, stats *syncrun.Counts) error {
	if err := r.collect(source.Newest(ctx, r.ids, mark.Newest, stats), stats); err != nil {
		return err
	}
	known := slices.DeleteFunc(r.refresh.known[mark.Product], r.pools.hasAddress)
	if err := r.collect(r.ours(source.ByAddress(ctx, known, stats)), stats); err != nil {
		return err
	}
	r.keep[mark.Product], r.refresh.followed[mark.Product] = true, true
	return nil
}

// ours passes on the pools of our launchpads.
func (r *run) ours(pools iter.Seq2[token.Pool, error]) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		for p, err := range pools {
			if (err != nil || slices.Contains(r.ids, p.Launchpad)) && !yield(p, err) {
				return
			}
		}
	}
}

// leftToFull says whether a refresh has seen nothing of a listed token and leaves it as it is. It counts those that only
// a full scan can settle.
func (r *run) leftToFull(stored *token.Stored) bool {
	if r.record.Mode != ModeRefresh {
		return false
	}
	lost := slices.ContainsFunc(stored.Known, func(k token.PoolKey) bool {
		return r.refresh.followed[k.Product] && !r.pools.hasAddress(k.Address)
	})
	if stored.Known == nil || lost {
		r.refresh.deferred++
	}
	return !r.pools.has(stored.Mint)
}

// saveWatermarks stores how far each product has been read, once everything that was found is in the table.
func (r *run) saveWatermarks(ctx context.Context) {
	if r.record.TokensUnwritten > 0 {
		return
	}
	for i, source := range r.Sources {
		product := r.record.Products[i]
		if _, ok := source.(Follower); !ok || product.Status != syncrun.Succeeded {
			continue
		}
		mark := syncrun.Watermark{Product: product.Product, At: r.start, Launchpads: r.ids}
		// A pool from the future would hide all that are created until then.
		mark.Newest = min(max(r.refresh.newest[mark.Product], r.refresh.marks[mark.Product].Newest), r.start.UnixMilli())
		if err := r.Runs.SaveWatermark(ctx, mark); err != nil {
			r.Log.WarnContext(ctx, "the next refresh has more to read", "error", err.Error())
		}
	}
	r.settleFullDue(ctx)
}

// settleFullDue takes back what turnedAway asked for.
func (r *run) settleFullDue(ctx context.Context) {
	if !r.refresh.fullDue {
		return
	}
	if err := r.Runs.SetFullDue(ctx, false); err != nil {
		r.Log.WarnContext(ctx, "another full scan will follow", "error", err.Error())
	}
}
