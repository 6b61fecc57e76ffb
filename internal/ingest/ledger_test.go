package ingest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"tokensync/internal/dev/rpctest"
	"tokensync/internal/dynamo"
	"tokensync/internal/ingest"
	"tokensync/internal/ledger"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// diary is a world whose sync reads scripted curves, by a clock of its own.
type diary struct {
	*world
	chain *scripted
	now   time.Time
}

func newDiary(t *testing.T) *diary {
	t.Helper()
	d := &diary{newWorld(t), &scripted{product: token.DBC}, time.Date(2026, 2, 5, 12, 0, 0, 0, time.UTC)}
	d.sync.Sources, d.sync.Finders = []ingest.Source{d.chain}, nil
	d.sync.Now = func() time.Time { return d.now }
	return d
}

// curve returns a curve whose fees have come to an amount, and that was launched at a moment.
func (d *diary) curve(name string, born time.Time, fees token.Number) token.Pool {
	share := token.Share{UnclaimedQuote: fees.Mul("0.5")}
	return token.Pool{
		Address: key("curve " + name), Product: token.DBC, Launchpad: token.LaunchpadID(d.ids), Base: token.Asset{Mint: key(name)},
		QuoteMint: token.SOL, QuoteSymbol: "SOL", QuoteUSD: "100", CreatedAt: born.UnixMilli(),
		Curve: token.Curve{Stage: token.Bonding, Creator: key("creator " + name), Earnings: token.Earnings{VolumeQuote: fees.Mul("125"), FeesQuote: fees, Partner: share, Creator: share}},
	}
}

// later lets time pass and syncs in full.
func (d *diary) later(after time.Duration, pools ...token.Pool) syncrun.Record {
	d.t.Helper()
	d.now = d.now.Add(after)
	d.chain.pools = pools
	return d.run()
}

// expect compares the day of now with what it should say.
func (d *diary) expect(what string, launched int, fees token.Number) {
	d.t.Helper()
	days := d.days(d.ids)
	if len(days) == 0 {
		d.t.Errorf("%s: there is no day", what)
		return
	}
	var got token.Number
	day := days[len(days)-1]
	if len(day.Quotes) == 1 {
		got = day.Quotes[0].Fees
	}
	if day.Date != d.now.Format(time.DateOnly) || day.Launched != launched || got != fees {
		d.t.Errorf("%s: %s: launched %d, fees %s, want %d, %s: %+v", what, day.Date, day.Launched, got, launched, fees, day)
	}
}

// TestLedgerBeginsAtTheFirstSync: nothing of what was before is of a day, also where it is found late.
func TestLedgerBeginsAtTheFirstSync(t *testing.T) {
	t.Parallel()
	d := newDiary(t)
	long := d.now.Add(-1000 * time.Hour)
	a, b, undated := d.curve("a", long, "100"), d.curve("b", long, "50"), d.curve("undated", time.UnixMilli(0), "30")
	d.chain.err = syncrun.ErrIncomplete
	d.later(0, a)
	d.expect("the first part of a first sync", 0, "0")
	d.later(time.Minute, a, b, undated)
	d.expect("the second part", 0, "0")
	d.chain.err = nil
	a.Curve.Earnings.FeesQuote = "101"
	d.later(time.Minute, a, b, undated)
	d.expect("a trade", 0, "1")
	d.later(time.Minute, a, b, undated, d.curve("new", d.now.Add(time.Second), "3"))
	d.expect("a launch", 1, "4")
	d.later(time.Minute, a, b, undated, d.curve("new", d.now.Add(time.Second), "3"), d.curve("no time yet", time.UnixMilli(0), "5"))
	d.expect("a launch whose time is not known yet, when all older curves are", 2, "9")
	if days := d.days(d.ids); len(days) != 1 || days[0].Quotes[0].PartnerDue != "94" || days[0].Since != days[0].From {
		t.Errorf("%+v", days)
	}
}

// TestLedgerWritesNothingInAQuietRun: only what has changed is stored, and prices alone are no change.
func TestLedgerWritesNothingInAQuietRun(t *testing.T) {
	t.Parallel()
	d := newDiary(t)
	stored := 0
	d.db.put = func(_, pk string) error {
		if pk == "DAY" {
			stored++
		}
		return nil
	}
	a := d.curve("a", d.now.Add(-time.Hour), "1")
	for _, test := range []struct {
		what   string
		after  time.Duration
		change func()
		want   int
	}{
		{"the first run", 0, func() {}, 1},
		{"a quiet one", time.Minute, func() {}, 0},
		{"a moved price", time.Minute, func() { a.QuoteUSD = "101" }, 0},
		{"a trade", time.Minute, func() { a.Curve.Earnings.FeesQuote = "2" }, 1},
		{"a claim", time.Minute, func() { a.Curve.Earnings.Partner = token.Share{UnclaimedQuote: "0", ClaimedQuote: "0.5"} }, 1},
		{"a quiet one again", time.Minute, func() {}, 0},
		{"another day", 24 * time.Hour, func() {}, 1},
		{"a quiet one of that day", time.Minute, func() {}, 0},
	} {
		test.change()
		stored = 0
		d.later(test.after, a)
		if stored != test.want {
			t.Errorf("%s: %d days stored, want %d", test.what, stored, test.want)
		}
	}
}

// TestLedgerOfTokensThatComeAndGo: a token that leaves the lists takes nothing of the day with it, and brings nothing twice.
func TestLedgerOfTokensThatComeAndGo(t *testing.T) {
	t.Parallel()
	d := newDiary(t)
	a, b := d.curve("a", d.now.Add(-time.Hour), "1"), d.curve("b", d.now.Add(-time.Hour), "10")
	rules := `{}`
	d.sync.Listing = &ingest.Listing{
		Text:  func(context.Context) (string, error) { return rules, nil },
		Cache: dynamo.NewCache(dynamo.NewSyncTable(engine.Client(), d.tables.Sync)),
	}
	d.later(0, a, b)
	b.Curve.Earnings.FeesQuote = "12"
	d.later(time.Hour, a, b)
	d.expect("a trade", 0, "2")
	rules = `{"creators":["` + a.Curve.Creator + `"]}`
	b.Curve.Earnings.FeesQuote = "13"
	d.later(time.Hour, a, b)
	d.expect("unapproved", 0, "3")
	d.later(time.Hour, a, b)
	rules = `{}`
	d.later(time.Hour, a, b)
	d.expect("approved again", 0, "3")
	stranger := d.curve("stranger", d.now, "7")
	rules = `{"creators":["` + a.Curve.Creator + `","` + b.Curve.Creator + `"]}`
	d.later(time.Hour, a, b, stranger)
	d.expect("a stranger's token", 0, "3")
}

// TestLedgerAfterADelisting: counters that a token comes back with are entered from where it left.
func TestLedgerAfterADelisting(t *testing.T) {
	t.Parallel()
	d := newDiary(t)
	a, b := d.curve("a", d.now.Add(-time.Hour), "1"), d.curve("b", d.now.Add(-time.Hour), "10")
	d.sync.Finders = []ingest.Finder{&finder{product: token.DBC}} // which knows none, when it is asked
	d.later(0, a, b)
	b.Curve.Earnings.FeesQuote = "12"
	d.later(time.Hour, a, b)
	d.later(time.Hour, a)
	if d.board().Len() != 1 || d.tokens()[b.Base.Mint].Status != token.Delisted {
		t.Fatalf("%d tokens on the board", d.board().Len())
	}
	d.expect("delisted", 0, "2")
	b.Curve.Earnings.FeesQuote = "12.5"
	d.later(time.Hour, a, b)
	d.expect("listed again", 0, "2.5")
}

// TestLedgerWithoutItsBoard goes on from the stored day when the board is lost.
func TestLedgerWithoutItsBoard(t *testing.T) {
	t.Parallel()
	d := newDiary(t)
	a, b := d.curve("a", d.now.Add(-time.Hour), "1"), d.curve("b", d.now.Add(-time.Hour), "10")
	d.later(0, a, b)
	for _, fees := range []token.Number{"10.1", "10.2", "10.3"} { // the item is not written each time
		b.Curve.Earnings.FeesQuote = fees
		d.later(time.Minute, a, b)
	}
	d.expect("before", 0, "0.3")
	d.forget("", "MANIFEST")
	d.restart()
	b.Curve.Earnings.FeesQuote = "10.7"
	d.later(time.Minute, a, b)
	d.expect("after", 0, "0.7")
	b.Curve.Earnings.FeesQuote = "11"
	d.later(time.Minute, a, b, d.curve("new", d.now.Add(time.Second), "4"))
	d.expect("the run after", 1, "5")
	d.forget("", "MANIFEST")
	d.restart()
	d.later(24*time.Hour, a, b, d.curve("new", d.now, "6"))
	d.expect("on another day", 0, "2")
}

// TestLedgerOfCountersThatGoBackwards has no negative volume, and the record says why.
func TestLedgerOfCountersThatGoBackwards(t *testing.T) {
	t.Parallel()
	d := newDiary(t)
	a := d.curve("a", d.now.Add(-time.Hour), "10")
	d.later(0, a)
	at := func(after time.Duration, fees token.Number) string {
		a.Curve.Earnings.FeesQuote, a.Curve.Earnings.VolumeQuote = fees, fees.Mul("125")
		return strings.Join(d.later(after, a).Products[0].Notes, "; ")
	}
	if notes := at(time.Minute, "11"); strings.Contains(notes, "went back") {
		t.Errorf("forwards: %s", notes)
	}
	if notes := at(time.Minute, "8"); !strings.Contains(notes, "the counters of 1 curves went back") {
		t.Errorf("backwards: %q", notes)
	}
	d.expect("backwards", 0, "0")
	at(24*time.Hour, "12")
	d.expect("forwards again, on another day", 0, "2")
	var sum ledger.Amounts
	for _, day := range d.days(d.ids) {
		sum = sum.Add(day.Quotes[0].Amounts)
	}
	if sum.Fees != "2" || sum.Volume != "250" {
		t.Errorf("all days: %+v", sum)
	}
}

// TestLedgerOfAWatch: what each look publishes is entered once, also after one that could not publish.
func TestLedgerOfAWatch(t *testing.T) {
	t.Parallel()
	w := newCurves(t, rpctest.Config{Tokens: 16})
	const step = 1_000_000 // of which neither fees nor their shares are rounded
	sum := func() (sum truth) {
		for _, day := range w.days(w.ids) {
			in := inUnits(t, &day, 9)
			sum.launched, sum.fees, sum.partner = sum.launched+in.launched, sum.fees+in.fees, sum.partner+in.partner
		}
		return sum
	}
	before, first := truthOf(w.chain, w.ids), sum()
	w.chain.Trade(w.bonding()[0], 50*step)
	run := w.watch(func(look int) error {
		w.chain.Advance(5)
		switch look {
		case 1:
			w.chain.Trade(w.bonding()[0], 200*step)
		case 2:
			w.chain.Trade(w.bonding()[1], 300*step)
			w.db.put = w.boardIsDown
		case 3:
			w.db.put = nil
			w.chain.Trade(w.bonding()[0], -100*step)
			w.chain.Advance(100) // block times stray by some seconds
			w.chain.AddCurves(w.ids, 1)
		case 5:
			w.askForFull()
		}
		return nil
	})
	w.run()
	after, got := truthOf(w.chain, w.ids).since(before), sum()
	if run.Watch.Published < 2 || got.fees != after.fees || got.partner != after.partner || got.launched != 1 || first.fees != 0 || after.fees == 0 {
		t.Errorf("%+v, want %+v: %+v", got, after, run.Watch)
	}
}
