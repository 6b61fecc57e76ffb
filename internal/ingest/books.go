package ingest

import (
	"context"
	"iter"
	"slices"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/ledger"
	"tokensync/internal/token"
)

// An account is a launchpad's part of the ledger in one run.
type account struct {
	id     token.LaunchpadID
	books  ledger.Books
	stored *ledger.Day     // the newest one in the table; nil when there is none, or none that can be read
	now    ledger.Standing // of the new board
}

// openBooks finds the books of each launchpad that the last run left, and begins those of a new day. A launchpad whose books
// cannot be found stays without: what this run sees is entered by the next one.
func (r *run) openBooks(ctx context.Context, p *plan) {
	r.accounts = map[token.LaunchpadID]*account{}
	now := time.UnixMilli(r.at)
	for _, id := range r.ids {
		a := &account{id: id}
		books, known := p.state.Books[id]
		last, ok, err := r.Runs.LastDay(ctx, id)
		if ok {
			a.stored = &last
		}
		switch {
		case known:
			a.books = books
		case err != nil:
			r.trouble = append(r.trouble, err)
			continue
		case ok:
			a.books = ledger.Resume(&last, now)
			r.Log.WarnContext(ctx, "the books go on from the last day in the table", "launchpad", string(id), "day", last.Date)
		default:
			a.books = ledger.Begin(now)
		}
		if a.books.IsOver(now) {
			a.turnPage(p.previous, now)
		}
		a.books.Owed = slices.DeleteFunc(a.books.Owed, func(day ledger.Day) bool { return r.keepDay(ctx, a, &day) })
		r.accounts[id] = a
	}
}

// turnPage ends a day with what the last board shows, and begins the next.
func (a *account) turnPage(previous *board.Board, now time.Time) {
	var standing ledger.Standing
	for t := range previous.All() {
		if t.Launchpad == a.id {
			standing.Add(&t)
		}
	}
	over := a.books.Day(&standing)
	a.books = a.books.Next(now)
	a.books.Owed = append(a.books.Owed, over)
}

// booking passes changes on and enters what they say of the tokens that are in the lists, or were.
func (r *run) booking(p *plan, changes iter.Seq2[change, error]) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		for c, err := range changes {
			if err == nil {
				r.enter(p, &c)
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

func (r *run) enter(p *plan, c *change) {
	a := r.accounts[c.Launchpad]
	if a == nil {
		return
	}
	isListed, isKnown := c.Status == token.Listed, p.previous.Has(c.Mint)
	switch {
	case !isListed && !isKnown:
	case !isKnown && (c.before.FirstSeenAt == 0 || c.before.FirstSeenAt > a.books.At):
		if p.isFoundInTime(&c.Token) {
			a.books.Launch(&c.Token)
		}
	case !isKnown && c.before.Status == token.Listed:
		// It left the lists and its item does not say so: nor does it say what was entered by then.
	default:
		a.books.Enter(c.before, &c.Token)
	}
	if isListed {
		a.now.Add(&c.Token)
	}
}

// isFoundInTime reports whether a new token can be told from one that was launched long ago and is found only now: it says
// when it was launched, or all older ones have been found.
func (p *plan) isFoundInTime(t *token.Token) bool {
	curve := t.CurveAccount()
	if curve == nil || curve.CreatedAt != 0 {
		return true
	}
	_, wasRead := p.state.Newest[curve.Product]
	return wasRead
}

// nextAccounts returns copies of the accounts, for another board of the run: they replace them once it is published.
func (r *run) nextAccounts() map[token.LaunchpadID]*account {
	next := make(map[token.LaunchpadID]*account, len(r.accounts))
	for id, a := range r.accounts {
		next[id] = &account{id: id, books: a.books.Clone(), stored: a.stored}
	}
	return next
}

// closeBooks ends the entries of the board under way and returns the books for the next run.
func (r *run) closeBooks() map[token.LaunchpadID]ledger.Books {
	books := make(map[token.LaunchpadID]ledger.Books, len(r.accounts))
	for id, a := range r.accounts {
		a.books.Close(&a.now, time.UnixMilli(r.at))
		books[id] = a.books
	}
	return books
}

// keepDays stores the running days that have changed. Those that stay out are for the next run.
func (r *run) keepDays(ctx context.Context) {
	for _, id := range r.ids {
		if a := r.accounts[id]; a != nil {
			day := a.books.Day(&a.now)
			r.keepDay(ctx, a, &day)
		}
	}
}

// keepDay stores a day unless the table has it. It reports whether the table has it now.
func (r *run) keepDay(ctx context.Context, a *account, day *ledger.Day) bool {
	if a.stored != nil && day.Same(a.stored) {
		return true
	}
	if err := r.Runs.SaveDay(ctx, a.id, day); err != nil {
		r.trouble = append(r.trouble, err)
		return false
	}
	a.stored = day
	return true
}
