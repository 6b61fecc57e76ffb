package solana

import (
	"context"
	"iter"
	"slices"

	"github.com/mr-tron/base58"
)

// Limits of the RPC methods.
const (
	maxAccounts = 100    // getMultipleAccounts: keys a request
	maxKey      = 1024   // bytes of a pagination key
	pageSize    = 10_000 // getProgramAccountsV2: what a page may hold, or what a node may look at for it
)

// commitment is seconds behind the tip; "finalized" would be half a minute.
const commitment = "confirmed"

// Slice is the part of an account's data that is wanted.
type Slice struct {
	Offset int `json:"offset"`
	Length int `json:"length"`
}

// A query chooses a program's accounts.
type query struct {
	program Key
	part    part // that an account must have; of no bytes it is anything
	slice   Slice
	since   int64 // a slot: only accounts written since, where the node can; 0 means all
}

func (q *query) options() map[string]any {
	filters := []any{}
	if len(q.part.bytes) > 0 {
		filters = append(filters, map[string]any{"memcmp": map[string]any{
			"offset": q.part.offset, "bytes": base58.Encode(q.part.bytes),
		}})
	}
	return map[string]any{
		"encoding": "base64", "commitment": commitment, "dataSlice": q.slice, "filters": filters,
	}
}

func (q *query) params() []any { return []any{q.program.String(), q.options()} }

// pageParams asks for the page that begins after the key after, "" for the first. A node that pages by cursors has other names for the same.
func (q *query) pageParams(after string, byCursor bool) []any {
	options := q.options()
	options["limit"] = pageSize
	if after != "" {
		options["paginationKey"] = after
	}
	if after != "" && byCursor {
		options["cursor"] = after
	}
	if q.since > 0 {
		options["changedSinceSlot"] = q.since
	}
	if q.since > 0 && byCursor {
		options["changedSince"] = q.since
	}
	return []any{q.program.String(), options}
}

// A Page gathers the accounts of one answer. Reset is called before each attempt to read it.
type Page interface {
	Reset()
	Add(*Account)
}

// whole reads the one answer of getProgramAccounts.
func (s *Session) whole(ctx context.Context, q *query, page Page) error {
	return s.scan(ctx, methodScan, q, q.params(), maxAccountsBody, page)
}

// pages reads getProgramAccountsV2 from where at stands to its end.
func (s *Session) pages(ctx context.Context, q *query, at *Position, page Page) iter.Seq[error] {
	return func(yield func(error) bool) {
		seen := map[string]bool{}
		for {
			isLast, err := s.nextPage(ctx, q, at, seen, page)
			if !yield(err) || err != nil || isLast {
				return
			}
		}
	}
}

// nextPage reads the page at which at stands, and moves at past it.
func (s *Session) nextPage(ctx context.Context, q *query, at *Position, seen map[string]bool, page Page) (isLast bool, err error) {
	asked := at.After
	if err := s.scan(ctx, methodScanPages, q, q.pageParams(asked, at.ByCursor), maxPageBody, page); err != nil {
		return false, err
	}
	end := s.answer.page
	at.ByCursor = at.ByCursor || end.key == "" && end.cursor != ""
	next, err := end.next(asked)
	if err != nil {
		return false, err
	}
	if seen[next] {
		return false, malformed("a pagination key that was there before")
	}
	seen[next] = true
	at.After = next
	return next == "", nil
}

// next returns where a page that was asked for with the key asked says to go on, "" when nothing follows.
func (e *pageEnd) next(asked string) (string, error) {
	key := e.key
	if key == "" {
		key = e.cursor
	}
	switch {
	case e.isLast, e.rows == 0 && key == asked: // some keep their key set after the last page
		return "", nil
	case key == "" && (e.hasMore || e.rows >= pageSize):
		return "", malformed("a full page without a key to the next")
	case len(key) > maxKey:
		return "", malformedf("a pagination key of %d bytes", len(key))
	case key != "" && key == asked:
		return "", malformed("a pagination key that leads to itself")
	}
	return key, nil
}

// scan reads one answer of a program's accounts into page. Each must be of the program.
func (s *Session) scan(ctx context.Context, method string, q *query, params []any, limit int64, page Page) error {
	return s.call(ctx, method, params, limit, func(a *answer) error {
		page.Reset()
		return a.accounts(func(_ int, account *Account) error {
			if account == nil || account.Key.IsZero() || !a.hasOwner || account.Owner != q.program {
				return malformed("an account that is not one of the program's")
			}
			page.Add(account)
			if f, ok := page.(*filter); ok && f.foreign {
				return malformed("an account that was not asked for")
			}
			return nil
		})
	})
}

// Accounts looks up keys, a hundred a request, and calls visit for each that exists, with its index in keys. When an
// answer breaks off, visit is called for the same accounts again.
func (s *Session) Accounts(ctx context.Context, keys []Key, slice Slice, visit func(i int, account *Account)) error {
	from := 0
	for chunk := range slices.Chunk(keys, maxAccounts) {
		if err := s.accounts(ctx, chunk, slice, func(i int, account *Account) { visit(from+i, account) }); err != nil {
			return err
		}
		from += len(chunk)
	}
	return nil
}

// Slot returns where the node stands, -1 if it does not say. Whatever is read after it holds all that was written until then.
func (s *Session) Slot(ctx context.Context) (int64, error) {
	if err := s.accounts(ctx, []Key{{}}, Slice{}, func(int, *Account) {}); err != nil {
		return -1, err
	}
	return s.answer.slot, nil
}

// LastSlot returns the slot at which the last answer holds, -1 if the node did not say.
func (s *Session) LastSlot() int64 { return s.answer.slot }

func (s *Session) accounts(ctx context.Context, keys []Key, slice Slice, visit func(int, *Account)) error {
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = k.String()
	}
	params := []any{texts, map[string]any{"encoding": "base64", "commitment": commitment, "dataSlice": slice}}
	return s.call(ctx, methodAccounts, params, maxPageBody, func(a *answer) error {
		err := a.accounts(func(i int, account *Account) error {
			if account == nil || i >= len(keys) {
				return nil
			}
			if !a.hasOwner {
				return malformed("an account without an owner")
			}
			account.Key = keys[i]
			visit(i, account)
			return nil
		})
		if err == nil && a.page.rows != len(keys) {
			err = malformedf("%d accounts where %d were asked for", a.page.rows, len(keys))
		}
		return err
	})
}
