package catalog

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"tokensync/internal/ledger"
	"tokensync/internal/token"
)

// forget is how long books believe that days which have ended are as they were read.
const forget = time.Hour

// books keeps the ledger's days in memory, for those that have ended do not change: a reader of years costs no more than one of
// days. Its zero value is ready; it is safe for concurrent use.
type books struct {
	mu   sync.Mutex
	kept map[token.LaunchpadID]volume
}

// A volume is a launchpad's days, in their order. It never changes.
type volume struct {
	read time.Time // when the first of them was
	days []ledger.Day
}

// lastDate is behind every day.
const lastDate = "9999-12-31"

// days returns a launchpad's days of a span, which the caller may change. Those that may not have ended when they were read last
// are read again.
func (b *books) days(ctx context.Context, from Ledger, id token.LaunchpadID, s span) ([]ledger.Day, error) {
	now := time.Now()
	v, since := b.known(id, now), ""
	if n := len(v.days); n > 0 {
		since = min(v.days[n-1].Date, now.UTC().AddDate(0, 0, -1).Format(time.DateOnly))
	}
	newer, err := from.Days(ctx, id, since, lastDate)
	if err != nil {
		return nil, err
	}
	v.days = append(slices.Clip(v.days[:place(v.days, since)]), newer...)
	b.keep(id, v)
	end := place(v.days, s.to.AddDate(0, 0, 1).Format(time.DateOnly))
	list := slices.Clone(v.days[:end][place(v.days[:end], s.from.Format(time.DateOnly)):])
	for i := range list {
		list[i].Took, list[i].Quotes = slices.Clone(list[i].Took), slices.Clone(list[i].Quotes)
	}
	return list, nil
}

// place returns where the first of days is that is not before a date.
func place(days []ledger.Day, date string) int {
	i, _ := slices.BinarySearchFunc(days, date, func(d ledger.Day, date string) int { return strings.Compare(d.Date, date) })
	return i
}

// known returns what is kept of a launchpad, unless it was read too long ago.
func (b *books) known(id token.LaunchpadID, now time.Time) volume {
	b.mu.Lock()
	defer b.mu.Unlock()
	if v := b.kept[id]; now.Sub(v.read) < forget {
		return v
	}
	return volume{read: now}
}

func (b *books) keep(id token.LaunchpadID, v volume) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		b.kept = map[token.LaunchpadID]volume{}
	}
	b.kept[id] = v
}
