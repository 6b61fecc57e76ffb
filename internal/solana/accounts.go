package solana

import (
	"context"
	"iter"
	"slices"

	"github.com/mr-tron/base58"

	"tokensync/internal/upstream"
)

// Limits of the RPC methods.
const (
	maxAccounts = 100  // getMultipleAccounts: keys a request
	pageSize    = 5000 // getProgramAccountsV2: up to 10,000; a page that breaks off is read again as a whole
)

// commitment is seconds behind the tip; "finalized" would be half a minute.
const commitment = "confirmed"

// Slice is the part of an account's data that is wanted.
type Slice struct {
	Offset int `json:"offset"`
	Length int `json:"length"`
}

// Match is bytes that an account's data must have at an offset.
type Match struct {
	Offset int
	Bytes  []byte // at most 128
}

// Query chooses a program's accounts. A node takes at most 4 filters: Size and three matches.
type Query struct {
	Program      Key
	Size         int // of the whole account in bytes; 0 means any
	Matches      []Match
	Slice        Slice
	ChangedSince int64 // a slot: only accounts written since, where the node can; 0 means all
}

func (q *Query) params(paged bool, after string) []any {
	filters := []any{}
	if q.Size > 0 {
		filters = append(filters, map[string]int{"dataSize": q.Size})
	}
	for _, m := range q.Matches {
		filters = append(filters, map[string]any{"memcmp": map[string]any{
			"offset": m.Offset, "bytes": base58.Encode(m.Bytes),
		}})
	}
	options := map[string]any{
		"encoding": "base64", "commitment": commitment, "dataSlice": q.Slice, "filters": filters,
	}
	if paged {
		options["limit"] = pageSize
		if after != "" {
			options["paginationKey"] = after
		}
		if q.ChangedSince > 0 {
			options["changedSinceSlot"] = q.ChangedSince
		}
	}
	return []any{q.Program.String(), options}
}

// A Page gathers the accounts of one answer. Reset is called before each attempt to read it.
type Page interface {
	Reset()
	Add(*Account)
}

// ProgramAccounts reads the accounts that q chooses into page and yields nil whenever page holds a whole answer: pages
// of getProgramAccountsV2 where the node has it, else the one answer of getProgramAccounts. An error is the last.
func (s *Session) ProgramAccounts(ctx context.Context, q Query, page Page) iter.Seq[error] {
	return func(yield func(error) bool) {
		for after := ""; ; {
			next, err := s.programPage(ctx, &q, after, page)
			if err == nil && next != "" && next == after {
				err = upstream.Malformed("paginationKey leads to itself")
			}
			if !yield(err) || err != nil || next == "" {
				return
			}
			after = next
		}
	}
}

func (s *Session) programPage(ctx context.Context, q *Query, after string, page Page) (next string, err error) {
	if !s.noPages {
		next, err = s.programCall(ctx, "getProgramAccountsV2", q.params(true, after), maxPageBody, page)
		if err == nil || after != "" || !refused(err) {
			return next, err
		}
		s.noPages = true
	}
	return s.programCall(ctx, "getProgramAccounts", q.params(false, ""), maxAccountsBody, page)
}

func (s *Session) programCall(ctx context.Context, method string, params []any, limit int64, page Page) (next string, err error) {
	err = s.call(ctx, method, params, limit, func(a *answer) (err error) {
		page.Reset()
		next, err = a.accounts(func(_ int, account *Account) {
			if account == nil {
				account = &Account{Space: -1}
			}
			page.Add(account)
		})
		return err
	})
	return next, err
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

// Slot is where the node stands, -1 if it does not say. Whatever is read after it holds all that was written until then.
func (s *Session) Slot(ctx context.Context) (int64, error) {
	slot := int64(-1)
	params := []any{[]string{Key{}.String()}, map[string]any{"encoding": "base64", "commitment": commitment, "dataSlice": Slice{}}}
	err := s.call(ctx, "getMultipleAccounts", params, maxPageBody, func(a *answer) error {
		_, err := a.accounts(func(int, *Account) {})
		slot = a.slot
		return err
	})
	return slot, err
}

// TellsChanges says whether the node has answered with pages so far: only then does it heed ChangedSince.
func (s *Session) TellsChanges() bool { return !s.noPages }

func (s *Session) accounts(ctx context.Context, keys []Key, slice Slice, visit func(int, *Account)) error {
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = k.String()
	}
	params := []any{texts, map[string]any{"encoding": "base64", "commitment": commitment, "dataSlice": slice}}
	return s.call(ctx, "getMultipleAccounts", params, maxPageBody, func(a *answer) error {
		count := 0
		_, err := a.accounts(func(i int, account *Account) {
			count++
			if account != nil && i < len(keys) {
				account.Key = keys[i]
				visit(i, account)
			}
		})
		if err == nil && count != len(keys) {
			err = upstream.Malformed("%d accounts where %d were asked for", count, len(keys))
		}
		return err
	})
}
