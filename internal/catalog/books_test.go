package catalog

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/ledger"
	"tokensync/internal/token"
)

// pages is a ledger that remembers since when it was asked for days.
type pages struct {
	days  []ledger.Day
	since []string
}

func (p *pages) Days(_ context.Context, _ token.LaunchpadID, from, to string) (found []ledger.Day, err error) {
	p.since = append(p.since, from)
	for _, d := range p.days {
		if d.Date >= from && d.Date <= to {
			found = append(found, d)
		}
	}
	return found, nil
}

// TestBooks: what has ended is read once an hour, what goes on each time; whatever is asked for is what the ledger has.
func TestBooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b books
		p := &pages{}
		day := func(ago int) string { return time.Now().UTC().AddDate(0, 0, -ago).Format(time.DateOnly) }
		add := func(date string, launched int) {
			p.days = slices.DeleteFunc(p.days, func(d ledger.Day) bool { return d.Date == date })
			p.days = append(p.days, ledger.Day{Date: date, Launched: launched, Quotes: []ledger.Quote{{Mint: token.SOL}}})
			slices.SortFunc(p.days, func(x, y ledger.Day) int { return strings.Compare(x.Date, y.Date) })
		}
		check := func(from, to int, since string) {
			t.Helper()
			at := func(ago int) time.Time { return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -ago) }
			got, err := b.days(t.Context(), p, "pad", span{at(from), at(to)})
			if err != nil {
				t.Fatal(err)
			}
			if last := p.since[len(p.since)-1]; last != since {
				t.Errorf("read since %q, want %q", last, since)
			}
			want, _ := (&pages{days: p.days}).Days(t.Context(), "", day(from), day(to))
			if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
				t.Errorf("from %s to %s (-want +got):\\n%s", day(from), day(to), diff)
			}
			for i := range got { // a caller adds up
				got[i].Launched, got[i].Quotes[0].Mint = 0, "changed"
			}
		}
		check(30, 0, "")
		for ago := range 10 {
			add(day(20-ago), ago)
		}
		check(30, 0, "")
		check(15, 12, day(11)) // the last run was ten days ago
		add(day(11), 1000)     // and goes on
		add(day(0), 7)
		check(30, 0, day(11))
		add(day(0), 8)
		add(day(1), 9) // a run wrote yesterday's late
		check(20, 0, day(1))
		check(400, 300, day(1))
		time.Sleep(forget)
		check(1, 0, "")
	})
}
