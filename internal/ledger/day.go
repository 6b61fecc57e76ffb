package ledger

import (
	"cmp"
	"maps"
	"slices"

	"tokensync/internal/token"
)

// Day is one day of a launchpad, as it is kept for ever. Its tags spell the stored items: a field may change its name, its
// tag may not. Times are Unix milliseconds.
type Day struct {
	Date      string  `json:"date"`
	Since     int64   `json:"since"`
	From      int64   `json:"from"` // its books begin at the last run of the day before
	At        int64   `json:"at"`   // the last run that changed something
	Launched  int     `json:"launched,omitzero"`
	Completed int     `json:"completed,omitzero"`
	Graduated int     `json:"graduated,omitzero"`
	Took      []int64 `json:"took,omitempty"` // seconds from launch to completion, of curves that were completed on it; sorted
	Quotes    []Quote `json:"quotes,omitempty"`
}

// Quote is one quote's part of a day.
type Quote struct {
	Mint   string `json:"mint"`
	Symbol string `json:"symbol,omitzero"`
	Sum
	PartnerDue  token.Number `json:"partner_due,omitzero"`  // earned at any time, and not taken at the day's end
	CreatorsDue token.Number `json:"creators_due,omitzero"` // likewise
	USD         token.Number `json:"usd,omitzero"`          // US dollars of one quote token, at the day's end
	Lifetime    Amounts      `json:"lifetime,omitzero"`     // since the launch of every listed curve
}

// Day returns b's day with what tokens have come to at its end.
func (b *Books) Day(s *Standing) Day {
	d := Day{
		Date: b.Date, Since: b.Since, From: b.From, At: b.At,
		Launched: b.Launched, Completed: max(0, b.Completed), Graduated: max(0, b.Graduated), Took: s.took(b.From),
	}
	mints := map[string]*standing{}
	maps.Copy(mints, s.quotes)
	for mint := range b.Sums {
		if mints[mint] == nil {
			mints[mint] = &standing{} // of tokens that have all left the lists
		}
	}
	for _, mint := range slices.Sorted(maps.Keys(mints)) {
		d.Quotes = append(d.Quotes, mints[mint].quote(mint, b.Sums[mint]))
	}
	return d
}

func (q *standing) quote(mint string, sum Sum) Quote {
	zero := q.lifetime.zip(q.lifetime, func(n, _ token.Number) token.Number {
		if n.Known() {
			return "0"
		}
		return ""
	})
	sum.Amounts = sum.Add(zero).atLeastZero()
	return Quote{
		Mint: mint, Symbol: q.symbol, Sum: sum, PartnerDue: q.partnerDue, CreatorsDue: q.creatorsDue, USD: q.usd, Lifetime: q.lifetime,
	}
}

// Same reports whether d and e say the same of a day. Prices alone are no difference: a day's dollars are those of the
// moment at which its books last moved.
func (d *Day) Same(e *Day) bool {
	isSame := d.Date == e.Date && d.From == e.From && d.Launched == e.Launched && d.Completed == e.Completed && d.Graduated == e.Graduated
	return isSame && slices.Equal(d.Took, e.Took) && slices.EqualFunc(d.Quotes, e.Quotes, func(a, b Quote) bool {
		if a.USD.Known() && b.USD.Known() {
			a.USD = b.USD
		}
		return a == b
	})
}

// Add adds the same day of another launchpad to d.
func (d *Day) Add(e *Day) {
	d.Since, d.From, d.At = min(d.Since, e.Since), min(d.From, e.From), max(d.At, e.At)
	d.Launched, d.Completed, d.Graduated = d.Launched+e.Launched, d.Completed+e.Completed, d.Graduated+e.Graduated
	d.Took = slices.Sorted(slices.Values(append(d.Took, e.Took...)))
	for _, q := range e.Quotes {
		i := slices.IndexFunc(d.Quotes, func(other Quote) bool { return other.Mint == q.Mint })
		if i < 0 {
			d.Quotes = append(d.Quotes, q)
			continue
		}
		d.Quotes[i].add(&q)
	}
}

func (q *Quote) add(r *Quote) {
	q.Amounts, q.Estimated = q.Add(r.Amounts), q.Estimated || r.Estimated
	q.PartnerDue, q.CreatorsDue = q.PartnerDue.Add(r.PartnerDue), q.CreatorsDue.Add(r.CreatorsDue)
	q.Lifetime = q.Lifetime.Add(r.Lifetime)
	q.Symbol, q.USD = cmp.Or(q.Symbol, r.Symbol), cmp.Or(q.USD, r.USD)
}

// Median returns the median of sorted seconds, rounded down; ok is false when there are none.
func Median(sorted []int64) (seconds int64, ok bool) {
	n := len(sorted)
	if n == 0 {
		return 0, false
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2, true
}
