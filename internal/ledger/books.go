package ledger

import (
	"maps"
	"time"

	"tokensync/internal/token"
)

// Books are the running day of one launchpad. Times are Unix milliseconds. Sums may be below zero while a node lags
// after the one that was asked before; no Day shows that.
type Books struct {
	Date      string         `json:"date"`  // as time.DateOnly has it, in UTC
	Since     int64          `json:"since"` // when the first books of the launchpad began
	From      int64          `json:"from"`  // when these began: at the last run of the day before
	At        int64          `json:"at"`    // the last run that was entered
	Launched  int            `json:"launched,omitzero"`
	Completed int            `json:"completed,omitzero"`
	Graduated int            `json:"graduated,omitzero"`
	Sums      map[string]Sum `json:"sums,omitempty"` // by quote mint
	Owed      []Day          `json:"owed,omitempty"` // days that are over and are not in the table yet

	lost map[string]Amounts // lifetimes at the last entry, by quote mint, when the board of that is not there any more
}

// Sum is what came in on a day in one quote.
type Sum struct {
	Amounts
	Estimated bool `json:"estimated,omitzero"` // some fee rate is not constant, and with it the volume is not exact
}

// dateOf returns the day of a time.
func dateOf(now time.Time) string { return now.UTC().Format(time.DateOnly) }

// Begin returns the first books of a launchpad. What its tokens have done before now is in no day.
func Begin(now time.Time) Books {
	ms := now.UnixMilli()
	return Books{Date: dateOf(now), Since: ms, From: ms, At: ms}
}

// Resume returns the books that follow on the last day that was stored, where what the last run left is lost.
func Resume(last *Day, now time.Time) Books {
	b := Books{Date: last.Date, Since: last.Since, From: last.From, At: last.At, lost: map[string]Amounts{}}
	b.Launched, b.Completed, b.Graduated = last.Launched, last.Completed, last.Graduated
	for _, q := range last.Quotes {
		b.lost[q.Mint] = q.Lifetime
		b.add(q.Mint, q.Sum)
	}
	if b.IsOver(now) {
		b = b.Next(now)
	}
	return b
}

// IsOver reports whether now is after b's day.
func (b *Books) IsOver(now time.Time) bool { return b.Date < dateOf(now) }

// Next returns the books of the day that now is in. What counters owe, that went backwards, goes with them.
func (b *Books) Next(now time.Time) Books {
	next := Books{Date: dateOf(now), Since: b.Since, From: b.At, At: b.At, Owed: b.Owed, lost: b.lost}
	next.Completed, next.Graduated = min(0, b.Completed), min(0, b.Graduated)
	for mint, sum := range b.Sums {
		if debt := sum.belowZero(); debt != (Amounts{}) {
			next.add(mint, Sum{debt, sum.Estimated})
		}
	}
	return next
}

func (b *Books) add(mint string, more Sum) {
	if b.Sums == nil {
		b.Sums = map[string]Sum{}
	}
	sum := b.Sums[mint]
	b.Sums[mint] = Sum{sum.Add(more.Amounts), sum.Estimated || more.Estimated}
}

// Clone returns books into which more can be entered without a change of b.
func (b *Books) Clone() Books {
	c := *b
	c.Sums = maps.Clone(b.Sums)
	return c
}

// Launch enters a token that no board has had: all that it has done, provided that it was launched since the books of the
// launchpad began. Older ones are only found late.
func (b *Books) Launch(t *token.Token) {
	if t.CreatedAt < b.Since {
		return
	}
	b.Launched++
	b.Completed += count(isComplete(t))
	b.Graduated += count(isGraduated(t))
	if sum, p := counters(t); p != nil {
		b.enter(p, sum)
	}
}

// Enter enters what a token has done between two boards.
func (b *Books) Enter(before, now *token.Token) {
	then, from := counters(before)
	sum, p := counters(now)
	if p == nil || from == nil {
		return // what is known of a curve for the first time has happened before
	}
	b.Completed += count(isComplete(now)) - count(isComplete(before))
	b.Graduated += count(isGraduated(now)) - count(isGraduated(before))
	if sum != then && p.QuoteMint == from.QuoteMint {
		b.enter(p, sum.since(then))
	}
}

func (b *Books) enter(p *token.Pool, gain Amounts) {
	if b.lost == nil && gain != (Amounts{}) {
		b.add(p.QuoteMint, Sum{gain, p.Curve.Earnings.VolumeEstimated})
	}
}

// Close ends the entries of a board, which was made at a moment, with what all tokens have come to. Where the last run's board was lost,
// the difference of lifetimes stands in for that of tokens.
func (b *Books) Close(s *Standing, now time.Time) {
	b.At = now.UnixMilli()
	if b.lost == nil {
		return
	}
	for mint, q := range s.quotes {
		gain := q.lifetime
		if before, ok := b.lost[mint]; ok {
			gain = gain.since(before)
		}
		b.add(mint, Sum{Amounts: gain, Estimated: q.estimated})
	}
	b.lost = nil
}

func isComplete(t *token.Token) bool { return t.Curve.Stage == token.Migrating || isGraduated(t) }

func isGraduated(t *token.Token) bool { return t.Curve.Stage == token.Graduated }

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}
