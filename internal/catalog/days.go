package catalog

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"tokensync/internal/board"
	"tokensync/internal/ledger"
	"tokensync/internal/token"
)

// Ledger is where the days are kept.
type Ledger interface {
	// Days reads a launchpad's days between two dates, both included, in their order. Days without a run are left out.
	Days(ctx context.Context, id token.LaunchpadID, from, to string) ([]ledger.Day, error)
}

// Limits of what a client may ask of the ledger.
const (
	DefaultDays = 30
	MaxDays     = 400
)

// DaysQuery asks for days. Its zero value asks for the last DefaultDays of all launchpads.
type DaysQuery struct {
	From, To  string // dates in UTC, both included
	Launchpad token.LaunchpadID
}

// A span is the days between two dates, both included.
type span struct{ from, to time.Time }

// span fills in the defaults and checks the dates. Without a first date there are DefaultDays, up to the last one.
func (q *DaysQuery) span(now time.Time) (span, error) {
	to, err := dateOr("to", q.To, now.UTC().Truncate(24*time.Hour))
	if err != nil {
		return span{}, err
	}
	from, err := dateOr("from", q.From, to.AddDate(0, 0, 1-DefaultDays))
	switch {
	case err != nil:
		return span{}, err
	case from.After(to):
		return span{}, badParameter("from", "is after to")
	case from.AddDate(0, 0, MaxDays-1).Before(to):
		return span{}, badParameter("from", "is more than %d days before the end of to", MaxDays)
	}
	return span{from, to}, nil
}

func dateOr(name, text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, badParameter(name, "is not a date such as 2026-02-05")
	}
	return date, nil
}

// Days is a stretch of the ledger.
type Days struct {
	From, To string
	Days     []Day // in their order; those without a run are left out
}

// Day is one day's books. What is unknown of one launchpad or quote is left out of a sum.
type Day struct {
	Date        string       `json:"date"`
	Launched    int          `json:"launched"`
	Completed   int          `json:"completed"`
	Graduated   int          `json:"graduated"`
	Median      *int64       `json:"median_completion_seconds"` // from launch to completion
	VolumeUSD   token.Number `json:"volume_usd"`
	FeesUSD     token.Number `json:"fees_usd"`
	PartnerUSD  token.Number `json:"partner_usd"`
	CreatorsUSD token.Number `json:"creators_usd"`
	Quotes      []DayInQuote `json:"quotes"`
	From        string       `json:"from"`       // RFC 3339
	UpdatedAt   string       `json:"updated_at"` // likewise
}

// DayInQuote is one quote's part of a day, in whole quote tokens.
type DayInQuote struct {
	QuoteMint   string       `json:"quote_mint"`
	QuoteSymbol string       `json:"quote_symbol"`
	QuoteUSD    token.Number `json:"quote_usd"` // at the day's end
	Volume      token.Number `json:"volume"`
	Estimated   bool         `json:"volume_estimated"`
	Fees        token.Number `json:"fees"`
	Partner     token.Number `json:"partner"`
	Creators    token.Number `json:"creators"`
	PartnerDue  token.Number `json:"partner_unclaimed"` // at the day's end, of all days
	CreatorsDue token.Number `json:"creators_unclaimed"`
}

// Days returns the books of days. A *ParameterError says what is wrong with the query.
func (c *Catalog) Days(ctx context.Context, q DaysQuery) (Days, error) {
	s, err := q.span(time.Now())
	if err != nil {
		return Days{}, err
	}
	b, err := c.Boards.Board(ctx)
	if err != nil {
		return Days{}, unavailable("reading the board", err)
	}
	var ids []token.LaunchpadID
	if b != nil {
		ids = b.Launchpads()
	}
	if q.Launchpad != "" {
		if !slices.Contains(ids, q.Launchpad) {
			return Days{}, badParameter("launchpad", "is not a launchpad that is listed here")
		}
		ids = []token.LaunchpadID{q.Launchpad}
	}
	days, err := c.days(ctx, ids, s)
	return Days{s.from.Format(time.DateOnly), s.to.Format(time.DateOnly), days}, err
}

// days reads the days of some launchpads and adds up those of each date.
func (c *Catalog) days(ctx context.Context, ids []token.LaunchpadID, s span) ([]Day, error) {
	byID := make([][]ledger.Day, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	for i, id := range ids {
		group.Go(func() (err error) {
			byID[i], err = c.books.days(ctx, c.Ledger, id, s)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, unavailable("reading the ledger", err)
	}
	byDate := map[string]*ledger.Day{}
	for _, list := range byID {
		for i := range list {
			if day, ok := byDate[list[i].Date]; ok {
				day.Add(&list[i])
			} else {
				byDate[list[i].Date] = &list[i]
			}
		}
	}
	days := make([]Day, 0, len(byDate))
	for _, date := range slices.Sorted(maps.Keys(byDate)) {
		days = append(days, newDay(byDate[date]))
	}
	return days, nil
}

func newDay(d *ledger.Day) Day {
	day := Day{
		Date: d.Date, Launched: d.Launched, Completed: d.Completed, Graduated: d.Graduated, Quotes: make([]DayInQuote, len(d.Quotes)),
		From: token.FormatTime(time.UnixMilli(d.From)), UpdatedAt: token.FormatTime(time.UnixMilli(d.At)),
	}
	if seconds, ok := ledger.Median(d.Took); ok {
		day.Median = &seconds
	}
	for i := range d.Quotes {
		q := &d.Quotes[i]
		day.VolumeUSD, day.FeesUSD = day.VolumeUSD.Add(q.Volume.Mul(q.USD)), day.FeesUSD.Add(q.Fees.Mul(q.USD))
		day.PartnerUSD, day.CreatorsUSD = day.PartnerUSD.Add(q.Partner.Mul(q.USD)), day.CreatorsUSD.Add(q.Creators.Mul(q.USD))
		day.Quotes[i] = DayInQuote{
			QuoteMint: q.Mint, QuoteSymbol: q.Symbol, QuoteUSD: q.USD, Volume: q.Volume, Estimated: q.Estimated, Fees: q.Fees,
			Partner: q.Partner, Creators: q.Creators, PartnerDue: q.PartnerDue, CreatorsDue: q.CreatorsDue,
		}
	}
	return day
}

// Income is what the operator has earned in some days in one quote, as the ledger has it.
type Income struct {
	QuoteMint   string       `json:"quote_mint"`
	QuoteSymbol string       `json:"quote_symbol"`
	Earned      token.Number `json:"earned"`
	EarnedUSD   token.Number `json:"earned_usd"` // each day's at its own price of the quote
}

// Incomes is the operator's income of the last days, today's among them, by quote.
type Incomes struct {
	Today []Income `json:"today"`
	Week  []Income `json:"days_7"`
	Month []Income `json:"days_30"`
}

// lately reads the last days of the launchpads of b, which may be nil.
func (c *Catalog) lately(ctx context.Context, b *board.Board) (*Incomes, error) {
	var ids []token.LaunchpadID
	if b != nil {
		ids = b.Launchpads()
	}
	today := time.Now().UTC().Truncate(24 * time.Hour)
	days, err := c.days(ctx, ids, span{today.AddDate(0, 0, -29), today})
	if err != nil {
		return nil, err
	}
	since := func(n int) []Income {
		first := today.AddDate(0, 0, 1-n).Format(time.DateOnly)
		return income(slices.DeleteFunc(slices.Clone(days), func(d Day) bool { return d.Date < first }))
	}
	return &Incomes{since(1), since(7), since(30)}, nil
}

func income(days []Day) []Income {
	list := []Income{}
	for i := range days {
		for _, q := range days[i].Quotes {
			at := slices.IndexFunc(list, func(sum Income) bool { return sum.QuoteMint == q.QuoteMint })
			if at < 0 {
				at = len(list)
				list = append(list, Income{QuoteMint: q.QuoteMint})
			}
			sum := &list[at]
			sum.QuoteSymbol = cmp.Or(q.QuoteSymbol, sum.QuoteSymbol)
			sum.Earned, sum.EarnedUSD = sum.Earned.Add(q.Partner), sum.EarnedUSD.Add(q.Partner.Mul(q.QuoteUSD))
		}
	}
	slices.SortFunc(list, func(x, y Income) int {
		return cmp.Or(cmp.Compare(y.EarnedUSD.Float64(), x.EarnedUSD.Float64()), cmp.Compare(x.QuoteMint, y.QuoteMint))
	})
	return list
}
